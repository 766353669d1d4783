"""What a step is expected to come to: a value, or a matcher, at a path into the step's result.

It compares and decides nothing else. What must hold: a path that leads nowhere is `absent` and
equals nothing; a difference names the path, what was expected and what came.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, final

import msgspec

Scalar = str | int | bool | None
_SHOWN_MAX: Final = 200


@final
class Matcher(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename="camel",
    omit_defaults=True,
):
    """An expectation that is no plain value; exactly one member is given.

    Attributes:
        one_of: it is one of these.
        other_than: it is there, and is not this.
        has: it is a text that contains this.
        matches: it is a text that this regular expression matches whole.
        absent: true, it is not there; false, it is.
        at_least: it is a number of at least so much.
        at_most: it is a number of at most so much.
        length: it is a list or text of this length.
    """

    one_of: tuple[Scalar, ...] | msgspec.UnsetType = msgspec.UNSET
    other_than: Scalar | msgspec.UnsetType = msgspec.UNSET
    has: str | msgspec.UnsetType = msgspec.UNSET
    matches: str | msgspec.UnsetType = msgspec.UNSET
    absent: bool | msgspec.UnsetType = msgspec.UNSET
    at_least: int | msgspec.UnsetType = msgspec.UNSET
    at_most: int | msgspec.UnsetType = msgspec.UNSET
    length: int | msgspec.UnsetType = msgspec.UNSET

    def __post_init__(self) -> None:
        """Refuse a matcher of none or several members, and a pattern that is none."""
        if len(self.given()) != 1:
            names = ", ".join(self.__struct_encode_fields__)
            message = f"give exactly one of {names}"
            raise ValueError(message)
        if isinstance(self.matches, str):
            try:
                re.compile(self.matches)
            except re.error as error:
                message = f"matches: {error}"
                raise ValueError(message) from None

    def given(self) -> dict[str, Any]:
        """Return the members that are given."""
        names = zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True)
        values = {said: getattr(self, name) for name, said in names}
        return {name: value for name, value in values.items() if value is not msgspec.UNSET}

    def __str__(self) -> str:
        """Return it as it is written."""
        return msgspec.json.encode(self.given()).decode()


Expected = Scalar | Matcher


@final
class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where a result is not what was expected."""

    path: str
    expected: str
    got: str


@final
class Absent:
    """What stands at a path that leads nowhere."""

    def __repr__(self) -> str:
        """Say so."""
        return "(absent)"


ABSENT: Final = Absent()


def at_path(result: object, path: str) -> object:
    """Return what stands at a dotted path, or `ABSENT`."""
    place = result
    for part in path.split("."):
        if isinstance(place, Mapping) and part in place:
            place = place[part]
        elif isinstance(place, list) and part.lstrip("-").isdigit():
            index = int(part)
            if not -len(place) <= index < len(place):
                return ABSENT
            place = place[index]
        else:
            return ABSENT
    return place


def differences(result: object, expected: Mapping[str, Expected]) -> list[Difference]:
    """Return every expectation that a result does not meet."""
    found = []
    for path, wanted in expected.items():
        got = at_path(result, path)
        if not _is_met(got, wanted):
            said = str(wanted) if isinstance(wanted, Matcher) else _shown(wanted)
            found.append(Difference(path=path, expected=said, got=_shown(got)))
    return found


def _is_met(got: object, wanted: Expected) -> bool:
    if not isinstance(wanted, Matcher):
        return _same(got, wanted)
    ((name, value),) = wanted.given().items()
    match name:
        case "oneOf":
            return any(_same(got, each) for each in value)
        case "otherThan":
            return got is not ABSENT and not _same(got, value)
        case "has":
            return isinstance(got, str) and str(value) in got
        case "matches":
            return isinstance(got, str) and re.fullmatch(str(value), got) is not None
        case "absent":
            return (got is ABSENT) is value
        case "atLeast":
            return _reaches(got, least=value, most=None)
        case "atMost":
            return _reaches(got, least=None, most=value)
        case _:
            return isinstance(got, str | list) and len(got) == int(value)


def _same(got: object, wanted: Scalar) -> bool:
    return type(got) is type(wanted) and got == wanted


def _reaches(got: object, *, least: int | None, most: int | None) -> bool:
    if not isinstance(got, int) or isinstance(got, bool):
        return False
    return (least is None or got >= least) and (most is None or got <= most)


def _shown(value: object) -> str:
    text = repr(value) if value is ABSENT else msgspec.json.encode(value, enc_hook=str).decode()
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"
