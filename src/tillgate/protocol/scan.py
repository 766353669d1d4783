"""One pass over JSON text for what a typed decoder does not see: doubles, depth, U+0000.

It decides nothing about members; `envelope` judges what is found. What must hold: it takes time and
memory linear in the text, and never recurses deeper than `JSON_DEPTH_MAX`.
"""

import json
import re
from typing import Any, TypeAlias, final

JSON_DEPTH_MAX = 32
"""How deep objects and lists may nest; the deepest message of the protocol has 6 levels."""

Place: TypeAlias = tuple[str | int, ...]
"""Where a member stands: the names of members and the numbers of items that lead to it.

Its text is made for what is told alone: a thousand doubles below one long name are a small message.
"""
_INTEGER_DIGITS_MAX = 18
_TOKEN = re.compile(r'\\.|["{}\[\]]', re.DOTALL)
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


@final
class DuplicateMember(ValueError):
    """An object has two members of one name."""


@final
class _Pairs(list[tuple[str, Any]]):
    """An object as it was written, doubles included."""


def is_too_deep(text: str) -> bool:
    """Tell whether objects and lists nest deeper than is allowed."""
    if text.count("{") + text.count("[") <= JSON_DEPTH_MAX:
        return False
    depth = 0
    inside_text = False
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark == '"':
            inside_text = not inside_text
        elif not inside_text and mark in "{[":
            depth += 1
            if depth > JSON_DEPTH_MAX:
                return True
        elif not inside_text and mark in "}]":
            depth -= 1
    return False


def has_nul(text: str) -> bool:
    r"""Tell whether a string of the text holds U+0000, which JSON writes as \u0000."""
    return "\\u0000" in text and _NUL.search(text) is not None


def plain(text: str) -> Any:  # noqa: ANN401  Any JSON value.
    """Return JSON text as plain Python.

    Raises:
        DuplicateMember: an object has two members of one name, however they are spelled.
        ValueError: the text is not JSON.
    """
    return _whole_characters(text, _STRICT.decode(text))


def plain_with_duplicates(text: str) -> tuple[Any, list[Place]]:
    """Return JSON text as plain Python, the last of two members winning, and where they stood."""
    found: list[Place] = []
    tree = _last_wins(_KEEPING.decode(text), (), found)
    return _whole_characters(text, tree), found


def path_of(place: Place) -> str:
    """Return a place as it is told: `body.order.items[2].name`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return "".join(steps).removeprefix(".")


def _whole_characters(text: str, tree: Any) -> Any:  # noqa: ANN401  Any JSON value.
    r"""Return the tree; ValueError when one of its strings holds half of a pair like \ud83d."""
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(tree, ensure_ascii=False).encode()
        except UnicodeEncodeError as fault:
            message = "a string holds an unpaired surrogate"
            raise ValueError(message) from fault
    return tree


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateMember
    return members


def _last_wins(value: Any, place: Place, found: list[Place]) -> Any:  # noqa: ANN401  Any value.
    if isinstance(value, _Pairs):
        members: dict[str, Any] = {}
        for name, inner in value:
            here = (*place, name)
            if name in members:
                found.append(here)
            members[name] = _last_wins(inner, here, found)
        return members
    if isinstance(value, list):
        return [_last_wins(item, (*place, number), found) for number, item in enumerate(value)]
    return value


def _number(text: str) -> int | float:
    """Read an integer; one with very many digits becomes a float, since Python refuses those."""
    return int(text) if len(text) <= _INTEGER_DIGITS_MAX else float(text)


def _refuse_constant(name: str) -> Any:  # noqa: ANN401  It never returns.
    raise ValueError(f"{name} is not JSON")


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_number, parse_constant=_refuse_constant
)
_KEEPING = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=_number, parse_constant=_refuse_constant
)
