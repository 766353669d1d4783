"""Every scenario passes, and none passes whatever happens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tillgate.cli.root import run
from tillgate.sandbox.scenarios import files
from tillgate.sandbox.scenarios.expectations import Matcher
from tillgate.sandbox.scenarios.link import Link
from tillgate.sandbox.scenarios.runner import play
from tillgate.sandbox.scenarios.stage import Cast
from tillgate.sandbox.scenarios.steps import AnyStep, Scenario
from tillgate.sandbox.testing import Sandbox

FOLDER: Final = Path(files.__file__).parent
SCHEMA: Final = FOLDER / "schema" / "scenario.schema.json"
LEAST: Final = 60


@pytest.fixture(scope="module")
def cast() -> Iterator[Cast]:
    """Return who plays, at one gateway for all."""
    with Sandbox() as gateway:
        link = Link(gateway.origin, gateway.data)
        with Cast(link) as made:
            yield made
        link.close()


def test_list_and_folder_agree() -> None:
    """What is listed lies in the folder, and all of it is a scenario."""
    stems = sorted(path.stem for path in FOLDER.glob("*.json"))
    assert files.names() == stems
    assert len(stems) >= LEAST
    titles = [files.own(name).scenario.title for name in stems]
    assert len(set(titles)) == len(titles), "two scenarios say the same"


def test_each_scenario_expects_something_at_its_end() -> None:
    """A scenario whose last step expects nothing would pass without having been looked at."""
    silent = [name for name in files.names() if not files.own(name).scenario.steps[-1].expect]
    assert silent == []


def test_every_kind_of_step_and_expectation_is_played() -> None:
    """The files use all of the format, so that all of it is tried by playing them."""
    steps = [step for name in files.names() for step in all_steps(files.own(name).scenario)]
    used = {str(step.__struct_config__.tag) for step in steps}
    assert {str(kind.__struct_config__.tag) for kind in AnyStep.__args__} == used
    given = [value.given() for step in steps for value in step.expect.values() if is_matcher(value)]
    assert {"oneOf", "otherThan", "has", "matches", "absent", "atLeast", "length"} <= {
        name for each in given for name in each
    }


def test_the_schema_is_the_types() -> None:
    """The committed schema is what the types say; renew it with `tillgate scenario schema`."""
    assert msgspec.json.decode(SCHEMA.read_bytes()) == msgspec.to_builtins(files.schema())


def test_the_files_keep_the_schema() -> None:
    """Each file is valid by the schema, as an editor judges it."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415  Slow to load, used here alone.

    judge = Draft202012Validator(msgspec.json.decode(SCHEMA.read_bytes()))
    for name in files.names():
        faults = list(
            judge.iter_errors(msgspec.json.decode((FOLDER / f"{name}.json").read_bytes()))
        )
        assert faults == [], name


@pytest.mark.parametrize("name", files.names())
def test_it_passes(cast: Cast, name: str) -> None:
    """The gateway does what the scenario says."""
    played = play(files.own(name).scenario, name, cast)
    last = played.steps[-1]
    assert played.passed, f"step {last.number} ({last.do}): {last.error} {last.differences}"


def spoilt() -> Iterator[Any]:
    """Yield, for each kind of step that expects something, a scenario and where it is spoilt."""
    seen: set[str] = set()
    shortest = sorted(files.names(), key=lambda name: len(files.own(name).scenario.steps))
    for name in shortest:
        for index, step in enumerate(files.own(name).scenario.steps):
            kind = str(step.__struct_config__.tag)
            if step.expect and kind not in seen:
                seen.add(kind)
                yield pytest.param(name, index, id=f"{kind}-of-{name}")


@pytest.mark.parametrize(("name", "index"), list(spoilt()))
def test_a_spoilt_expectation_fails(cast: Cast, name: str, index: int) -> None:
    """Whatever kind of step it is, it fails there, and says what was expected and what came."""
    scenario = files.own(name).scenario
    step = scenario.steps[index]
    path = next(iter(step.expect))
    steps = list(scenario.steps)
    steps[index] = msgspec.structs.replace(step, expect={**step.expect, path: "spoilt"})
    played = play(msgspec.structs.replace(scenario, steps=steps), name, cast)
    assert not played.passed
    last = played.steps[-1]
    assert (last.number, last.error) == (index + 1, "")
    [difference] = last.differences
    assert (difference.path, difference.expected) == (path, '"spoilt"')


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ({"do": "pay"}, "no step before has made the order 'order'"),
        ({"do": "cashier", "call": "c", "act": "look"}, "opened a cashier by the call 'c'"),
        ({"do": "agree"}, "no step before has prepared the agreement"),
        ({"do": "sign", "amount": "ten"}, "amount: "),
        ({"do": "sign", "tamper": {"no such text": "x"}}, "is not in the message"),
        ({"do": "sign", "set": {"body.nothing.here": "x"}}, "leads nowhere"),
        ({"do": "sign", "set": {"body.x": "${nobody}"}}, "${nobody} is not kept"),
        ({"do": "sign", "save": {"x": "content.body"}}, "save: there is no text"),
        ({"do": "operate", "command": "NoSuch"}, "/control answered HTTP 422"),
        ({"do": "register", "currencies": ["hkd"]}, "A currency is an ISO 4217 code"),
        ({"do": "notified", "agreement": "none"}, "no step before has prepared the agreement"),
        ({"do": "forge", "agreement": "none"}, "no step before has prepared the agreement"),
        ({"do": "prepare", "repeat": "nothing"}, "sent anything as 'nothing'"),
    ],
)
def test_a_step_that_cannot_be_done_says_why(cast: Cast, step: dict[str, Any], says: str) -> None:
    """A step that cannot be done fails its scenario with a sentence."""
    made = msgspec.convert({**_WORDS, "steps": [step]}, type=Scenario)
    played = play(made, "made", cast)
    assert not played.passed
    assert says in played.steps[0].error


def test_a_merchant_that_a_scenario_leaves_suspended_is_nobody_elses(cast: Cast) -> None:
    """What fails in the middle must not fail all that is played after it."""
    steps = [
        {"do": "register"},
        {"do": "register", "active": False},
        {"do": "sign"},
        {"do": "pay", "expect": {"resultCode": "9000"}},
    ]
    played = play(msgspec.convert({**_WORDS, "steps": steps}, type=Scenario), "made", cast)
    assert not played.passed
    assert played.steps[-1].result["result"] == "MERCHANT_STATUS_ABNORMAL"
    assert play(files.own("paid").scenario, "paid", cast).passed


NOBODY: Final = {"do": "pay", "payer": "nobody"}


@pytest.mark.parametrize(
    "steps",
    [
        [{"do": "sign"}, NOBODY],
        [{"do": "sign"}, {"do": "together", "steps": [{"do": "pay"}, NOBODY]}],
        [{"do": "prepare"}, {"do": "agree", "payer": "nobody"}],
        [{"do": "prepare"}, {"do": "withdraw", "payer": "nobody"}],
    ],
)
def test_a_payer_who_is_not_let_in_fails_the_step(cast: Cast, steps: list[dict[str, Any]]) -> None:
    """A mistyped payer must not leave a scenario passed that paid nothing."""
    played = play(msgspec.convert({**_WORDS, "steps": steps}, type=Scenario), "made", cast)
    assert not played.passed
    assert "does not let in 'nobody': " in played.steps[-1].error
    assert "such as rich or poor" in played.steps[-1].error


def test_a_step_that_expects_its_payer_to_be_refused_passes(cast: Cast) -> None:
    """What a wallet answers to a stranger is a situation like any other."""
    steps = [
        {"do": "sign"},
        {**NOBODY, "expect": {"result": "USER_NOT_EXIST"}},
        {"do": "pay", "expect": {"resultCode": "9000"}},
        {"do": "query"},
    ]
    played = play(msgspec.convert({**_WORDS, "steps": steps}, type=Scenario), "made", cast)
    assert played.passed, played.steps


def test_values_are_kept_for_later_steps(cast: Cast) -> None:
    """What a step saves, later steps can name."""
    steps = [
        {"do": "sign", "save": {"mine": "merchantTransId"}},
        {"do": "pay", "expect": {"resultCode": "9000"}},
        {"do": "query", "expect": {"body.merchantTransId": "${mine}"}},
        {"do": "operate", "command": "TopUp", "members": {"payer_id": "poor", "money": _MONEY}},
    ]
    played = play(msgspec.convert({**_WORDS, "steps": steps}, type=Scenario), "made", cast)
    assert played.passed, played.steps[-1]


def test_the_books_are_clean_afterwards(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing that was played, chosen or spoilt has put the books out of balance."""
    assert play(files.own("paid").scenario, "paid", cast).passed
    assert run(["ledger", "audit", "--data", str(cast.link.data), "--json"]) == 0
    # The gateway of this very process may log in between.
    [said] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    found = msgspec.json.decode(said)
    assert found["clean"]
    assert found["read"]["orders"]


def all_steps(scenario: Scenario) -> Iterator[Any]:
    """Yield every step, those that are made together included."""
    for step in scenario.steps:
        yield step
        yield from getattr(step, "steps", [])


def is_matcher(value: object) -> bool:
    """Tell whether an expectation is no plain value."""
    return isinstance(value, Matcher)


_MONEY: Final = {"minor": 100, "currency": {"code": "HKD", "exponent": 2}}
_WORDS: Final = {
    "title": "A case that a test made",
    "why": "A test wants to see what becomes of it.",
    "merchant": "Nothing, since no merchant ever sees it.",
    "tags": ["test"],
}
