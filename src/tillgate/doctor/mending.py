"""Mends a signature of which one character was changed, lost or added on the way.

It mends PKCS#1 v1.5 alone, whose check is quick. What must hold: the number of tries is bounded;
whatever is given back is opened by the key, which its padding proves, so no mending is a guess.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final

from tillgate.doctor.opening import open_signature
from tillgate.protocol.keys import PublicKey

TRIES_MAX: Final = 6_000
"""At some 30 microseconds a try for the commonest size of key, a fifth of a second."""
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TEXT: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def mended(signature: str, key: PublicKey) -> Iterator[tuple[str, bytes]]:
    """Yield the first mending that the key opens, with words."""
    text = signature.strip()
    wanted = 4 * ((key.signature_bytes + 2) // 3)
    if not _TEXT.fullmatch(text) or abs(len(text) - wanted) > 1:
        return
    tries = 0
    for words, other in _others(text):
        raw = _decoded(other)
        if raw is None or len(raw) != key.signature_bytes:
            continue
        tries += 1
        if tries > TRIES_MAX:
            return
        if key.recover(raw) is not None and open_signature(raw, key):
            yield words, raw
            return


def _others(text: str) -> Iterator[tuple[str, str]]:
    size = len(text)
    for place in range(size - 1):
        swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
        yield f"With characters {place + 1} and {place + 2} changing places, it fits.", swapped
    for place in range(size):
        shorter = text[:place] + text[place + 1 :]
        yield f"Without character {place + 1} it fits.", shorter
    for place in range(size):
        if text[place].isalpha():
            words = f"With character {place + 1} in the other case it fits."
            yield words, text[:place] + text[place].swapcase() + text[place + 1 :]
    # The ends first: that is where characters are lost.
    places = sorted(range(size + 1), key=lambda place: min(place, size - place))
    for place in places:
        for letter in _ALPHABET:
            yield (
                f"With one more character at place {place + 1} it fits.",
                text[:place] + letter + text[place:],
            )
    for place in places[:size]:
        for letter in _ALPHABET:
            words = f"With another character at place {place + 1} it fits."
            yield words, text[:place] + letter + text[place + 1 :]


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def no_mending(signature: str, key: PublicKey) -> Iterator[tuple[str, bytes]]:  # noqa: ARG001  The shape of `mended`.
    """Mend nothing."""
    return iter(())
