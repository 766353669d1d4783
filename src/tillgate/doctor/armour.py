"""Recognises a private key in PEM by where it says to begin, and other keys by what names them.

What must hold: words about a key are none; each pattern reads its input in one pass; a key that is
found has its whole span told, or the whole input's where there is no telling how far it goes.
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

_DASHES: Final = rb"(?:-|%2[Dd]){5}"
_BLANK: Final = rb"(?: |\+|%20)"
_WORDS: Final = rb"(?:[A-Z0-9]{1,16}%(b)b){0,3}PRIVATE%(b)bKEY%(d)b" % {
    b"d": _DASHES,
    b"b": _BLANK,
}
_BEGIN: Final = re.compile(rb"%bBEGIN%b%b" % (_DASHES, _BLANK, _WORDS))
"""Where a key in PEM begins, also one that was percent-encoded as a form or an address is."""
_EDGE: Final = re.compile(
    rb"%(d)b(?:BEGIN|(END)%(b)b%(w)b)"
    % {
        b"d": _DASHES,
        b"b": _BLANK,
        b"w": _WORDS,
    }
)
"""Where it ends, or where another begins because it was cut off."""
MARK: Final = re.compile(rb"PRIVATE(?: |\+|%20)KEY|PuTTY-User-Key-File|openssh-key-v1")
_AFTER_MARK_BYTES: Final = 320
"""How far behind a mark a key begins: what names it, and its headers, stand between."""
_MATERIAL: Final = re.compile(
    rb"(?=[a-z0-9+/]{0,29}[A-Z])(?=[A-Z0-9+/]{0,29}[a-z])[A-Za-z0-9+/]{30}"
)
"""What is no word of a sentence and no path, for an error may well speak of a PRIVATE KEY."""
_HEADER: Final = re.compile(rb"(?:Proc-Type|DEK-Info):[^\r\n\\]*")
"""What stands before a key in PKCS#1 under a passphrase."""
_BETWEEN: Final = re.compile(rb"""[\r\n\t"'\\>,.]""")
"""What may stand between the lines of a key in PEM, and in its base64 never."""
_LINE_BYTES_MIN: Final = 16
"""How long a piece between blanks is at least to be no word, but a line of a key."""


def armours(raw: bytes) -> Iterator[tuple[int, int]]:
    """Yield the keys in PEM; one that was cut off ends where another begins, or with the bytes."""
    place = 0
    while begin := _BEGIN.search(raw, place):
        edge = _EDGE.search(raw, begin.end())
        is_whole = edge is not None and edge[1] is not None
        stop = edge.start() if edge else len(raw)
        place = edge.end() if edge and is_whole else stop
        if _is_key(
            raw[begin.end() : min(stop, begin.end() + _AFTER_MARK_BYTES)], is_whole=is_whole
        ):
            yield begin.start(), place


def _is_key(begun: bytes, *, is_whole: bool) -> bool:
    """Tell whether what follows where a key is said to begin is one, and no word about one.

    Without an end anything may follow: the key stands there at once, or in lines of usual length.
    """
    text = unquote_to_bytes(begun)
    pieces = _BETWEEN.sub(b"", text if is_whole else _HEADER.sub(b"", text)).split()
    joined = b"".join(piece for piece in pieces if len(piece) >= _LINE_BYTES_MIN)
    if is_whole:
        return _MATERIAL.search(joined) is not None
    is_at_once = bool(pieces) and joined.startswith(pieces[0])
    return bool(_MATERIAL.search(begun) or (is_at_once and _MATERIAL.match(joined)))


def is_marked(raw: bytes, found: list[tuple[int, int]]) -> bool:
    """Tell whether a key follows a mark outside the keys in PEM that were found."""
    places = iter((*found, (len(raw), len(raw))))
    start, end = next(places)
    for mark in MARK.finditer(raw):
        while mark.start() >= end:
            start, end = next(places)
        if mark.start() < start and _MATERIAL.search(
            raw, mark.end(), min(start, mark.end() + _AFTER_MARK_BYTES)
        ):
            return True
    return False
