"""Where scenarios come from: the files of this package, and files of the user's own.

It reads and names faults. What must hold: a bad file is answered with its name, the step and the
member at fault, and nothing of a batch is played when one of its files is bad; a file's name is its
scenario's.
"""

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from tillgate.kernel.errors import TillgateError
from tillgate.sandbox.scenarios.expectations import Expected, Matcher
from tillgate.sandbox.scenarios.steps import Scenario, Step
from tillgate.sandbox.scenarios.wording import STEPS, TAG, in_words

FILE_BYTES_MAX: Final = 256 * 1024
_NAME: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_ENTRY: Final = re.compile(r"\[(\d+)\]")
WORDS: Final = "every word there is: tillgate scenario schema"
_AT_STEP: Final = re.compile(r"^\$\.steps\[(\d+)\]((?:\.steps\[\d+\])?)(.*)$")


class BadScenario(TillgateError):
    """A file is no scenario, or there is none of this name; the text says where and what to do."""


class Named(NamedTuple):
    """A scenario and its name."""

    name: str
    scenario: Scenario


def names() -> list[str]:
    """Return the names of the scenarios that come with Tillgate, in order."""
    return sorted(
        each.name.removesuffix(".json")
        for each in resources.files(__package__).iterdir()
        if each.name.endswith(".json")
    )


def own(name: str) -> Named:
    """Return a scenario that comes with Tillgate.

    Raises:
        BadScenario: there is none of this name.
    """
    if not _NAME.fullmatch(name) or name not in names():
        step = "see them with: tillgate scenario list"
        raise BadScenario(f"There is no scenario {name!r}; {step}; a file ends in .json.")
    raw = (resources.files(__package__) / f"{name}.json").read_bytes()
    return Named(name, read(raw, f"{name}.json"))


def find(given: str) -> Named:
    """Return a scenario by its name, or by a file that ends in .json.

    Raises:
        BadScenario: there is none, or the file is bad.
    """
    if not given.endswith(".json"):
        return own(given)
    path = Path(given)
    try:
        with path.open("rb") as file:
            raw = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise BadScenario(f"{given} cannot be read ({error.strerror}).") from error
    if len(raw) > FILE_BYTES_MAX:
        raise BadScenario(f"{given} is larger than 256 KiB, so it is no scenario.")
    if not _NAME.fullmatch(path.stem):
        rule = "small letters, digits and single dashes, as in paid-twice.json"
        raise BadScenario(f"{given}: a scenario's file is named with {rule}.")
    return Named(path.stem, read(raw, given))


def read(raw: bytes, file: str) -> Scenario:
    """Return the scenario in these bytes.

    Raises:
        BadScenario: it is none; the text names the file, the step and the member.
    """
    try:
        return msgspec.json.decode(raw, type=Scenario)
    except msgspec.ValidationError as error:
        raise BadScenario(f"{file}: {_where(raw, str(error))}; {WORDS}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadScenario(f"{file} is no JSON{_broken_at(raw)}; {WORDS}.") from error


def _where(raw: bytes, fault: str) -> str:
    """Return a fault with the step and the member it is in, in words."""
    what, _, path = fault.rpartition(" - at `") if " - at `" in fault else (fault, "", "")
    # The name of a member may be at fault itself: "key` in `" and the object's path.
    path = path.rstrip("`").removeprefix("key` in `")
    found = _AT_STEP.match(path)
    if found is None:
        member = path.removeprefix("$").lstrip(".")
        return _told(_entries(member), in_words(what, Scenario, _bare(member)))
    number, inner = int(found[1]), found[2]
    tree = msgspec.json.decode(raw)
    step: Any = tree["steps"][number]
    place = f"step {number + 1}"
    if inner:
        within = int(inner[len(".steps[") : -1])
        step, place = step["steps"][within], f"{place}, step {within + 1} in it"
    word = step.get(TAG) if isinstance(step, dict) else None
    if isinstance(word, str):
        place = f"{place} ({word})"
    member = found[3].lstrip(".")
    owner, own = STEPS.get(str(word), Step), member
    if member.startswith("expect["):
        owner, own = Matcher, member.partition("]")[2].lstrip(".")
    named = ", ".join(filter(len, (place, _member(step, member))))
    return _told(named, in_words(what, owner, _bare(own)))


def _told(place: str, sentence: str) -> str:
    return f"{place}: {sentence}" if place else sentence


def _bare(member: str) -> str:
    """Return a member's name without the entry at fault."""
    return member.partition("[")[0]


def _entries(member: str) -> str:
    """Return a member with its entry in words, counted from 1."""
    counted = _ENTRY.sub(lambda found: f", entry {int(found[1]) + 1}", member)
    return counted.replace("[...]", "")


def _member(step: object, member: str) -> str:
    """Return the member at fault, or "" for the step itself; of an expectation, with its path."""
    if not isinstance(step, dict) or not member.startswith("expect["):
        return _entries(member)
    expect = step.get("expect")
    for path, value in expect.items() if isinstance(expect, dict) else ():
        try:
            msgspec.convert(value, type=Expected)
        except msgspec.ValidationError:
            return f"expect {path!r}"
    return "expect"


def _broken_at(raw: bytes) -> str:
    """Return where bytes stop being JSON, where that can be told."""
    try:
        json.loads(raw)
    except json.JSONDecodeError as error:
        return f" in line {error.lineno}, column {error.colno}"
    except (UnicodeDecodeError, RecursionError):
        return ""
    return ""


def schema() -> dict[str, Any]:
    """Return the JSON schema of a scenario's file, made from the types."""
    made = msgspec.json.schema(Scenario)
    title = "A scenario of `tillgate scenario run`"
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **made}
