"""What of a message a report may show: a few bytes around a difference, and names that are known.

A report is made to be pasted in public. What must hold: letters and digits of a message are never
shown unless values were asked for, an excerpt has at most eight bytes on either side, and a name is
shown only when the protocol knows it.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

import msgspec

from tillgate.protocol.functions import ALL_FUNCTIONS
from tillgate.protocol.members import members_of
from tillgate.protocol.messages.head import RequestHead, ResponseHead
from tillgate.protocol.redirect import ReturnParameters

EXCERPT_BYTES: Final = 8
OPEN_EXCERPT_BYTES: Final = 40
"""How much of either side is shown where values were asked for."""
MASK: Final = "•"
LEGEND: Final = "▸ where they begin to differ, • a letter or digit, ¶ a line end, ␣ a blank"
"""What the marks of an excerpt mean, for whoever shows one."""
_CHARACTER_BYTES_MAX: Final = 4
_CONTINUED: Final = 0x80
"""How each byte of a character of UTF-8 begins but the first, in its two highest bits."""
_VISIBLE: Final = {
    "\n": "¶",
    "\r": "(CR)",
    "\t": "(tab)",
    " ": "␣",
    "\0": "(NUL)",
    "\ufeff": "(mark)",
}
_OTHER_NAMES: Final = frozenset(
    {"request", "response", "head", "body", "signature", "sign", "value", "currency"}
)


def excerpts(sent: bytes, signed: bytes, *, is_open: bool = False) -> tuple[str, str]:
    """Return what stands around the first difference of two texts, in each of them."""
    place = _first_difference(sent, signed)
    if place is None:
        return "", ""
    size = OPEN_EXCERPT_BYTES if is_open else EXCERPT_BYTES
    return _shown(sent, place, size, is_open=is_open), _shown(signed, place, size, is_open=is_open)


def _first_difference(sent: bytes, signed: bytes) -> int | None:
    if sent == signed:
        return None
    pairs = zip(sent, signed, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(sent), len(signed)))


def _shown(text: bytes, place: int, size: int, *, is_open: bool) -> str:
    """Return what stands around a place, cut where characters begin."""
    here = _border(text, place, -1)
    start = _border(text, max(0, here - size), +1)
    end = _border(text, min(len(text), here + size), -1)
    before, after = text[start:here], text[here:end]
    return f"{_part(before, is_open=is_open)}▸{_part(after, is_open=is_open)}"


def _border(text: bytes, place: int, step: int) -> int:
    """Return the nearest place where a character of UTF-8 begins, or the place itself."""
    for at in range(place, place + step * _CHARACTER_BYTES_MAX, step):
        if at in {0, len(text)} or (0 < at < len(text) and text[at] & 0xC0 != _CONTINUED):
            return at
    return place


def _part(raw: bytes, *, is_open: bool) -> str:
    text = raw.decode("utf-8", "replace")
    visible = "".join(_VISIBLE.get(each, each) for each in _masked(text, is_open=is_open))
    return "".join(each if each.isprintable() else MASK for each in visible)


def _masked(text: str, *, is_open: bool) -> Iterator[str]:
    if is_open:
        yield from text
        return
    for at, character in enumerate(text):
        is_escape = at > 0 and text[at - 1] == "\\" and character in "bfnrtu"
        is_mark = character in _VISIBLE or (character.isascii() and not character.isalnum())
        yield character if is_mark or is_escape else MASK


def known_path(path: str) -> str:
    """Return a path in which names that the protocol does not know are masked."""
    return re.sub(r"[^.\[\]0-9][^.\[\]]*", lambda found: _known_name(found[0]), path)


def _known_name(name: str) -> str:
    return name if name in _names() else MASK * 3


@cache
def _names() -> frozenset[str]:
    names = set(_OTHER_NAMES)
    waiting: list[type[msgspec.Struct]] = [RequestHead, ResponseHead, ReturnParameters]
    for function in ALL_FUNCTIONS:
        waiting += [each for each in (function.request, function.response) if each]
    while waiting:
        for each in members_of(waiting.pop()):
            names |= {each.name, each.other_name} - {""}
            waiting += [part for part in (each.part, each.shape) if part]
    return frozenset(names)
