"""Other spellings of one value: an amount, a time, a string that holds JSON.

What must hold: a spelling says the same to a hasty reader (that is why it is confused), and their
number is small and fixed for each value.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Final

from tillgate.doctor.findings import Code
from tillgate.doctor.spacing import COMPACT, EVERYDAY
from tillgate.doctor.spelling import PLAIN, text_of
from tillgate.doctor.tree import Items, Members, Node, NotATree, parse, template
from tillgate.kernel.money import currency

_DIGITS_MAX: Final = 15
_NUMBER: Final = re.compile(r'("?)(-?[0-9]{1,15})(?:\.([0-9]{1,6}))?\1')
_TIME: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_OFFSETS_H: Final = (0, 8, -8)
_FAR_OFFSETS_H: Final = (9, 7, 1, 2, -5, -4, -7, 5.5)
_JSON_BYTES_MAX: Final = 2048


def amount_spellings(lexeme: str, name: str, unit: str) -> Iterator[tuple[Code, str, str]]:
    """Yield other spellings of an amount, each with words."""
    found = _NUMBER.fullmatch(lexeme)
    if not found:
        return
    quotes, whole, fraction = found[1], found[2], found[3] or ""
    yield Code.NUMBERS_RESPELLED, "It was signed as a number.", lexeme.strip('"')
    yield Code.NUMBERS_RESPELLED, "It was signed as a string.", f'"{lexeme.strip(chr(34))}"'
    for mark in ('"', ""):
        for digits in ("0", "00", "000"):
            yield (
                Code.NUMBERS_RESPELLED,
                "It was signed with decimals.",
                f"{mark}{whole}.{digits}{mark}",
            )
        if fraction:
            yield Code.NUMBERS_RESPELLED, "It was signed without decimals.", f"{mark}{whole}{mark}"
            yield (
                Code.NUMBERS_RESPELLED,
                "It was signed in minor units.",
                f"{mark}{int(whole + fraction)}{mark}",
            )
            yield (
                Code.NUMBERS_RESPELLED,
                "It was signed with fewer decimals.",
                f"{mark}{whole}.{fraction.rstrip('0')}{mark}",
            )
    if name != "value" and not unit:
        return
    yield from _scaled(int(whole), quotes, unit)


def _scaled(minor: int, quotes: str, unit: str) -> Iterator[tuple[Code, str, str]]:
    try:
        exponent = currency(unit).exponent
    except ValueError:
        exponent = 2
    for places in dict.fromkeys((exponent, 2, 3)):
        if not places:
            continue
        scale = 10**places
        sign = "-" if minor < 0 else ""
        major, rest = divmod(abs(minor), scale)
        for mark in dict.fromkeys((quotes, '"', "")):
            words = "It was signed in major units."
            yield Code.NUMBERS_RESPELLED, words, f"{mark}{sign}{major}.{rest:0{places}d}{mark}"
            shorter = f"{major}.{rest:0{places}d}".rstrip("0")
            yield (
                Code.NUMBERS_RESPELLED,
                words,
                f"{mark}{sign}{shorter}{'0' if shorter.endswith('.') else ''}{mark}",
            )
            if not rest:
                fewer = "Another number was signed: a 100th or a 1000th of it."
                yield Code.CHANGED, fewer, f"{mark}{sign}{major}{mark}"
            if len(str(minor)) < _DIGITS_MAX:
                yield (
                    Code.CHANGED,
                    "Another number was signed: 10, 100 or 1000 times as much.",
                    f"{mark}{minor * scale}{mark}",
                )
    yield Code.NUMBERS_RESPELLED, "It was signed with a leading zero.", f'"0{minor}"'
    yield Code.NUMBERS_RESPELLED, "It was signed with commas.", f'"{minor:,}"'


def time_spellings(lexeme: str) -> Iterator[tuple[str, str]]:
    """Yield other spellings of a time, and of the same instant elsewhere, each with words."""
    found = _TIME.fullmatch(lexeme.strip('"'))
    if not found:
        return
    fraction, offset = found[3] or "", found[4] or "+00:00"
    try:
        plain = "+00:00" if offset == "Z" else offset
        at = datetime.fromisoformat(f"{found[1]}T{found[2]}{plain}")
        yield from _respelled(at, fraction)
    except (ValueError, OverflowError):
        return


def _respelled(at: datetime, fraction: str) -> Iterator[tuple[str, str]]:
    words = "It was signed in another spelling."
    for seconds in (-1, 1, -2, 2, -3, 3):
        moved = (at + timedelta(seconds=seconds)).isoformat()
        yield "It was taken again: a few seconds lie between.", f'"{moved}"'
    elsewhere = "The same instant was signed with another offset."
    own = at.utcoffset() or timedelta()
    zones = (own, *(timedelta(hours=hours) for hours in _OFFSETS_H))
    for zone in dict.fromkeys(zones):
        local = at.astimezone(timezone(zone)).replace(tzinfo=None)
        said = words if zone == own else elsewhere
        for ends in _offset_spellings(zone):
            for part in dict.fromkeys((fraction, "", ".000")):
                yield said, f'"{local.isoformat()}{part}{ends}"'
        yield said, f'"{local.isoformat(sep=" ")}"'
        yield said, f'"{local.isoformat(sep=" ")}{_offset_spellings(zone)[0]}"'
    for hours in _FAR_OFFSETS_H:
        zone = timedelta(hours=hours)
        local = at.astimezone(timezone(zone)).replace(tzinfo=None)
        yield elsewhere, f'"{local.isoformat()}{fraction}{_offset_spellings(zone)[0]}"'
    yield "It was signed as seconds since 1970.", str(int(at.timestamp()))
    yield "It was signed as milliseconds since 1970.", str(int(at.timestamp()) * 1000)
    yield "It was signed as milliseconds since 1970.", f'"{int(at.timestamp()) * 1000}"'


def _offset_spellings(zone: timedelta) -> tuple[str, ...]:
    minutes = int(zone.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    spelled = (f"{sign}{hours:02d}:{rest:02d}", f"{sign}{hours:02d}{rest:02d}", "")
    return (*spelled, "Z") if not minutes else spelled


def json_spellings(value: Node) -> Iterator[tuple[str, Node]]:
    """Yield what a string of JSON may have been instead, or an object instead of a string."""
    if not isinstance(value, str):
        for spacing in EVERYDAY[:2]:
            inner = spacing.join(template(value))
            yield "It was signed as a string that holds JSON.", PLAIN.write(inner)
            yield "It was signed as a string that holds JSON.", PLAIN.write(_plain(inner))
        return
    try:
        text = text_of(value)
        inner_tree = parse(text) if len(text) <= _JSON_BYTES_MAX else "null"
    except (ValueError, NotATree, TypeError):
        return
    if not isinstance(inner_tree, Members | Items):
        return
    yield "It was signed as an object, not as a string.", inner_tree
    yield "It was signed as a string of a string of JSON.", PLAIN.write(PLAIN.write(text))
    parts = template(inner_tree)
    for spacing in (COMPACT, *EVERYDAY):
        yield "Its inner JSON was signed in another layout.", PLAIN.write(spacing.join(parts))
    if text == "{}":
        yield "It was signed as an empty string.", '""'
        yield "It was signed as null.", "null"


def _plain(text: str) -> str:
    try:
        return json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))
    except (ValueError, RecursionError):
        return text
