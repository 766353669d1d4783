"""What is done to the characters of strings between signing and sending.

Trimming, percent and form encoding, escaping for HTML, other forms of the same characters. What
must hold: an edit changes strings alone, all of them at once or one, and their number is bounded.
"""

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from html import escape, unescape
from itertools import product
from typing import Final
from urllib.parse import quote, unquote, unquote_plus

from tillgate.doctor.findings import Code
from tillgate.doctor.places import Place
from tillgate.doctor.spelling import PLAIN, text_of
from tillgate.doctor.steps import Edit, Step
from tillgate.doctor.tree import Node, mapped

_BLANKS_MAX: Final = 6


def string_edits(tree: Node, places: list[Place]) -> Iterator[Edit]:
    """Yield the edits of strings: all of them at once, and one at a time."""
    for code, words, change in _CHANGES:
        leaf = _on_text(change)
        edited = mapped(tree, leaf)
        if edited == tree:
            continue
        yield Edit(Step(code, words), edited, is_common=True)
        for place in places:
            if isinstance(place.value, str) and (lexeme := leaf(place.value)) != place.value:
                yield Edit(Step(code, words, place.path), place.with_values([lexeme]))
    yield from _pluses(places)


def _pluses(places: list[Place]) -> Iterator[Edit]:
    """Yield the values in which some blanks were a plus."""
    words = "A value was signed with + where a blank was sent."
    for place in places:
        if not isinstance(place.value, str) or not 0 < place.value.count(" ") <= _BLANKS_MAX:
            continue
        parts = place.value.split(" ")
        for chosen in product(" +", repeat=len(parts) - 1):
            lexeme = "".join(map("".join, zip(parts, (*chosen, ""), strict=True)))
            if lexeme != place.value:
                step = Step(Code.VALUES_RESPELLED, words, place.path)
                yield Edit(step, place.with_values([lexeme]), is_common=chosen.count("+") == 1)


def _on_text(change: Callable[[str], str]) -> Callable[[str], str]:
    def leaf(lexeme: str) -> str:
        if lexeme[0] != '"':
            return lexeme
        try:
            text = text_of(lexeme)
            changed = change(text)
        except (ValueError, UnicodeError):
            return lexeme
        return lexeme if changed == text else PLAIN.write(changed)

    return leaf


_TYPOGRAPHIC: Final[Mapping[int, str]] = {
    0x2018: "'",
    0x2019: "'",
    0x201C: '"',
    0x201D: '"',
    0x2013: "-",
    0x2014: "-",
    0x00A0: " ",
}
_Change = tuple[Code, str, Callable[[str], str]]
_RESPELLED: Final = Code.VALUES_RESPELLED
_CHANGES: Final[tuple[_Change, ...]] = (
    (_RESPELLED, "Blanks around a value were taken off before signing.", str.strip),
    (_RESPELLED, "A value was signed with a blank after it.", lambda text: text + " "),
    (_RESPELLED, "A value was signed with a line end after it.", lambda text: text + "\n"),
    (_RESPELLED, "A value was percent-decoded before signing.", unquote),
    (_RESPELLED, "A value was decoded as a form before signing.", unquote_plus),
    (_RESPELLED, "A value was percent-encoded before signing.", lambda text: quote(text, safe="")),
    (
        _RESPELLED,
        "A value was percent-encoded before signing, slashes kept.",
        lambda text: quote(text, safe="/:?=&-_.!~*'()"),
    ),
    (
        _RESPELLED,
        "A value was signed with + where a blank was sent.",
        lambda text: text.replace(" ", "+"),
    ),
    (
        _RESPELLED,
        "A value was signed with a blank where + was sent.",
        lambda text: text.replace("+", " "),
    ),
    (
        _RESPELLED,
        "A value was escaped for HTML before signing.",
        lambda text: escape(text).replace("&#x27;", "&#039;"),
    ),
    (_RESPELLED, "A value was escaped for HTML before signing.", escape),
    (
        _RESPELLED,
        "A value was escaped for HTML before signing, quotes kept.",
        lambda text: escape(text, quote=False),
    ),
    (_RESPELLED, "A value that was sent is escaped for HTML; the plain one was signed.", unescape),
    (
        _RESPELLED,
        "A value was signed in Unicode's composed form (NFC).",
        lambda text: unicodedata.normalize("NFC", text),
    ),
    (
        _RESPELLED,
        "A value was signed in Unicode's decomposed form (NFD).",
        lambda text: unicodedata.normalize("NFD", text),
    ),
    (
        _RESPELLED,
        "A value was signed in Unicode's compatible form (NFKC).",
        lambda text: unicodedata.normalize("NFKC", text),
    ),
    (
        _RESPELLED,
        "Curly quotes and long dashes were signed as plain ones.",
        lambda text: text.translate(_TYPOGRAPHIC),
    ),
    (
        _RESPELLED,
        "Blanks in a row were one when it was signed.",
        lambda text: " ".join(text.split(" ")),
    ),
    (_RESPELLED, "A value was signed in small letters.", str.lower),
    (_RESPELLED, "A value was signed in capitals.", str.upper),
    (
        Code.CHARACTER_SET,
        "A value that was sent is UTF-8 read as ISO-8859-1; the plain one was signed.",
        lambda text: text.encode("latin-1").decode(),
    ),
    (
        Code.CHARACTER_SET,
        "A value was read as ISO-8859-1 before signing; it is UTF-8.",
        lambda text: text.encode().decode("latin-1"),
    ),
    (
        Code.CHARACTER_SET,
        "A value was signed with ? for what is beyond ASCII.",
        lambda text: text.encode("ascii", "replace").decode(),
    ),
)
