"""What is wrong with a scenario's file: which words there are, and how a value is written.

It turns the decoder's fault into a sentence and decides nothing about right or wrong. What must
hold: allowed words come from the types, so that none is told that the reader would refuse; a
fault that has no sentence here is told as it is, never swallowed.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final, get_args

import msgspec
from msgspec import inspect

from tillgate.sandbox.scenarios.steps import AGE_PATTERN, LENGTH_PATTERN, NAME_PATTERN, AnyStep

TAG: Final = "do"
STEPS: Final[Mapping[str, type[msgspec.Struct]]] = {
    str(each.__struct_config__.tag): each for each in get_args(AnyStep)
}
"""Each kind of step by its word."""
_KINDS: Final = {
    "str": "text",
    "int": "a whole number",
    "float": "a number with a point",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_PATTERNS: Final = {
    AGE_PATTERN: "a duration is written as in 90s, 15m; -15m is ahead of time",
    LENGTH_PATTERN: "a duration is written as in 90s, 15m",
    NAME_PATTERN: "a name is a small letter, then letters, digits and dashes, at most 40 in all",
}


def in_words(fault: str, owner: type[msgspec.Struct], member: str) -> str:
    """Return a fault as a sentence.

    Args:
        fault: what the decoder says, without the place.
        owner: what the member at fault is a member of.
        member: its name, or "" when the owner itself is at fault.
    """
    for pattern, say in _SAYINGS:
        if found := pattern.fullmatch(fault):
            return say(found, owner, member)
    return fault


def _unknown(found: re.Match[str], owner: type[msgspec.Struct], _: str) -> str:
    tag = owner.__struct_config__.tag_field
    return _choice(found[1], [*([tag] if tag else []), *owner.__struct_encode_fields__])


def _invalid(found: re.Match[str], owner: type[msgspec.Struct], member: str) -> str:
    return _choice(found[1], STEPS if member == TAG else _values(owner, member))


def _missing(found: re.Match[str], _: type[msgspec.Struct], __: str) -> str:
    said = f"the member {found[1]} is missing"
    return f"{said}; it is one of {', '.join(STEPS)}" if found[1] == TAG else said


def _too_long(found: re.Match[str], _: type[msgspec.Struct], __: str) -> str:
    one, more = ("character", "characters") if found[1] == "str" else ("entry", "entries")
    what = one if found[3] == "1" else more
    return f"it has {'at least' if found[2] == '>=' else 'at most'} {found[3]} {what}"


def _misspelt(found: re.Match[str], _: type[msgspec.Struct], __: str) -> str:
    return _PATTERNS.get(found[1], found[0])


def _other_kind(found: re.Match[str], _: type[msgspec.Struct], __: str) -> str:
    wanted = " or ".join(_KINDS.get(each, each) for each in found[1].split(" | "))
    got = f", not {_KINDS.get(found[2], found[2])}" if found[2] else ""
    return f"it should be {wanted}{got}"


_SAYINGS: Final[Sequence[tuple[re.Pattern[str], Callable[[re.Match[str], Any, str], str]]]] = (
    (re.compile("Object contains unknown field `(.*)`", re.DOTALL), _unknown),
    (re.compile("Invalid (?:enum )?value '?(.*?)'?", re.DOTALL), _invalid),
    (re.compile("Object missing required field `(.*)`"), _missing),
    (re.compile("Expected `(str|array)` of length (>=|<=) ([0-9]+)"), _too_long),
    (re.compile("Expected `str` matching regex '(.*)'"), _misspelt),
    (re.compile("Expected `([a-z |]+)`(?:, got `([a-z]+)`)?"), _other_kind),
)
"""The decoder's sentences."""


def _choice(given: str, allowed: Iterable[str]) -> str:
    """Return that a word is none, and those there are, the nearest first."""
    words = list(allowed)
    near = get_close_matches(given, words, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else "."
    listed = ", ".join([*near, *(each for each in words if each not in near)])
    return f"{given!r} is not known here{hint} There are {listed}"


def _values(owner: type[msgspec.Struct], member: str) -> Sequence[str]:
    """Return the words that a member takes."""
    info = inspect.type_info(owner)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    for field in fields:
        if field.encode_name == member:
            kind = field.type
            kind = kind.item_type if isinstance(kind, inspect.ListType) else kind
            return (
                [str(each) for each in kind.values] if isinstance(kind, inspect.LiteralType) else []
            )
    return []
