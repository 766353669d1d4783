"""How the text of a signature may have been spoiled: blanks, hex, another alphabet, once too often.

It tries what would make bytes of the right length out of the text. What must hold: what a receiver
takes as it is comes first and alone; the number of ways is small and fixed.
"""

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple
from urllib.parse import unquote

from tillgate.doctor.findings import Code
from tillgate.doctor.steps import Step
from tillgate.protocol import signature

DEPTH_MAX: Final = 6
"""How many spoilings may lie upon each other."""
READINGS_MAX: Final = 200
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2}[: ]?)+")
_BYTES_REPR: Final = re.compile(r"""b(['"])(.*)\1""", re.DOTALL)
_ARMOUR: Final = re.compile(r"-----[A-Z ]+-----")


class Written(NamedTuple):
    """A reading of a signature's text: what had to be mended, and the bytes."""

    steps: tuple[Step, ...]
    raw: bytes


def read(text: str, *, length: int) -> tuple[Written, ...]:
    """Return the ways in which a text may be a signature of this length, the plainest first."""
    accepted = signature.decode(text, length=length)
    if accepted is not None:
        return (Written((), accepted),)
    if len(text) > 2 * signature.SIGNATURE_CHARACTERS_MAX:
        return ()
    found: dict[bytes, Written] = {}
    for reading, _ in zip(_read(text, length, ()), range(READINGS_MAX), strict=False):
        known = found.get(reading.raw)
        if known is None or len(reading.steps) < len(known.steps):
            found[reading.raw] = reading
    return tuple(sorted(found.values(), key=lambda reading: len(reading.steps)))


def lengths(text: str) -> frozenset[int]:
    """Return how many bytes a well-written signature text decodes to, once and twice."""
    found = set[int]()
    current = text
    for _ in range(2):
        raw = _decoded(current)
        if raw is None:
            break
        found.add(len(raw))
        current = raw.decode("ascii", "replace")
    return frozenset(found)


def _read(text: str, length: int, steps: tuple[Step, ...]) -> Iterator[Written]:
    raw = _decoded(text)
    if raw is not None and len(raw) == length:
        yield Written(steps, raw)
        return
    if len(steps) >= DEPTH_MAX:
        return
    for code, detail, mend in _MENDINGS:
        mended = mend(text)
        if mended and mended != text:
            yield from _read(mended, length, (*steps, Step(code, detail)))
    yield from _hex(text, length, steps)
    if raw is not None and raw.isascii() and raw:
        again = Step(Code.SIGNATURE_ENCODED_AGAIN, "There is base64 inside its base64.")
        before = sum(step == again for step in steps)
        # Base64 of base64 is one of the protocol's own forms; only what is beyond it is a fault.
        inner = raw.decode("ascii")
        accepted = signature.decode(text, length=length) is not None
        yield from _read(inner, length, steps if accepted and not before else (*steps, again))


def _hex(text: str, length: int, steps: tuple[Step, ...]) -> Iterator[Written]:
    if not _HEX.fullmatch(text):
        return
    digits = re.sub("[: ]", "", text)
    inner = bytes.fromhex(digits)
    step = Step(Code.SIGNATURE_HEX, "It is hex.")
    if len(inner) == length:
        yield Written((*steps, step), inner)
    elif inner.isascii():
        yield from _read(inner.decode("ascii"), length, (*steps, step))


def _decoded(text: str) -> bytes | None:
    if not _BASE64.fullmatch(text):
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _without_repr(text: str) -> str:
    found = _BYTES_REPR.fullmatch(text.strip())
    return found[2] if found else text


def _plus_back(text: str) -> str:
    return text.strip().replace(" ", "+") if "\n" not in text and "\r" not in text else text


def _one_line(text: str) -> str:
    plain = text.replace("\\r", "").replace("\\n", "").replace("\\/", "/")
    return re.sub(r"\s+", "", plain)


def _padded(text: str) -> str:
    if text.endswith("=") or not re.fullmatch(r"[A-Za-z0-9+/_-]+", text):
        return text
    return text + "=" * (-len(text) % 4)


def _plain_alphabet(text: str) -> str:
    return text.replace("-", "+").replace("_", "/") if "+" not in text and "/" not in text else text


_MENDINGS: Final[tuple[tuple[Code, str, Callable[[str], str]], ...]] = (
    (Code.SIGNATURE_PLUS_LOST, "With + for each blank it can be read.", _plus_back),
    (Code.SIGNATURE_LINE_BREAKS, "Without them it can be read.", _one_line),
    (Code.SIGNATURE_URL_SAFE, "In the plain alphabet it can be read.", _plain_alphabet),
    (Code.SIGNATURE_UNPADDED, "With it the signature can be read.", _padded),
    (
        Code.SIGNATURE_UNREADABLE,
        "It is the Python form of bytes, b'…': write signature.decode().",
        _without_repr,
    ),
    (
        Code.SIGNATURE_UNREADABLE,
        "It stands in quotation marks of its own.",
        lambda text: text.strip().strip("\"'"),
    ),
    (
        Code.SIGNATURE_UNREADABLE,
        "It stands between lines of dashes.",
        lambda text: _ARMOUR.sub("", text),
    ),
    (Code.SIGNATURE_UNREADABLE, "It is escaped for HTML.", html.unescape),
    (Code.SIGNATURE_ENCODED_AGAIN, "It is percent-encoded.", unquote),
)
