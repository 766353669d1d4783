"""Texts that differ from the one that was sent in one character, one time or one amount.

They are tried by the thousand, so a text's beginning is hashed once and its rest again and again.
What must hold: the number of texts and of bytes hashed is bounded; what is found is proved.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from tillgate.doctor.opening import Opened, Scheme

BYTES_MAX: Final = 160 * 1024 * 1024
"""How many bytes are hashed at most: a text of 1.2 KB is tried whole, a long one in part."""
TEXTS_MAX: Final = 300_000
SECONDS_MAX: Final = 900
AMOUNTS_MAX: Final = 20_000
_LIKELY: Final = bytes(range(0x20, 0x7F)) + b"\n\r\t"
_TIME: Final = re.compile(rb'"reqTime"\s*:\s*"([^"]{19,40})"')
_AMOUNT: Final = re.compile(rb'"value"\s*:\s*"?([0-9]{1,12})')


def one_character(sent: bytes, goal: Opened) -> bytes | None:
    """Return the text that was signed if one byte more, less or other makes it, or None.

    Only for a plain digest; PSS would take twice as long and is rare.
    """
    if goal.scheme is Scheme.PSS or not goal.hash_name:
        return None
    state = hashlib.new(goal.hash_name, usedforsecurity=False)
    bytes_left, texts_left = BYTES_MAX, TEXTS_MAX
    for place in range(len(sent) + 1):
        rests = _rests(sent, place)
        texts_left -= len(rests)
        bytes_left -= len(rests) * (len(sent) - place)
        if bytes_left < 0 or texts_left < 0:
            return None
        for rest in rests:
            tried = state.copy()
            tried.update(rest)
            if tried.digest() == goal.digest:
                return sent[:place] + rest
        state.update(sent[place : place + 1])
    return None


def _rests(sent: bytes, place: int) -> list[bytes]:
    """Return what may have stood from this place on: a byte less, another one, or one more."""
    here, after = sent[place:], sent[place + 1 :]
    rests = [after] if here else []
    for number in _LIKELY:
        one = bytes((number,))
        if here:
            rests.append(one + after)
        rests.append(one + here)
    if here and here[0] >= 0x80:  # noqa: PLR2004  Beyond ASCII: a byte of a character of several.
        rests += [bytes((number,)) + after for number in range(0x80, 0x100)]
    return rests


def other_time(sent: bytes, goal: Opened) -> bytes | None:
    """Return the text that was signed if its reqTime lies up to 15 minutes off, or None."""
    return _tried(sent, goal, _TIME, _times)


def other_amount(sent: bytes, goal: Opened) -> bytes | None:
    """Return the text that was signed if one amount is another number, or None."""
    return _tried(sent, goal, _AMOUNT, _amounts)


def _tried(
    sent: bytes,
    goal: Opened,
    pattern: re.Pattern[bytes],
    others: Callable[[bytes], Iterator[bytes]],
) -> bytes | None:
    for found in pattern.finditer(sent):
        start, end = found.span(1)
        before, after = sent[:start], sent[end:]
        for other in others(found[1]):
            text = before + other + after
            if goal.is_of(text):
                return text
    return None


def _times(written: bytes) -> Iterator[bytes]:
    try:
        text = written.decode("ascii")
        at = datetime.fromisoformat(text)
    except (UnicodeDecodeError, ValueError):
        return
    for seconds in range(1, SECONDS_MAX + 1):
        for sign in (-1, 1):
            other = (at + timedelta(seconds=sign * seconds)).isoformat(sep="T")[:19]
            yield (other + text[19:]).encode()


def _amounts(written: bytes) -> Iterator[bytes]:  # noqa: ARG001  The shape of `_times`.
    for number in range(1, AMOUNTS_MAX + 1):
        yield str(number).encode()
    for number in range(AMOUNTS_MAX + 100, 100 * AMOUNTS_MAX + 1, 100):
        yield str(number).encode()
