r"""How writers of JSON spell the characters of a string: plain, as \uXXXX, with \/ and so on.

What must hold: every spelling of a string stands for the same characters; the list is fixed and the
likeliest come first.
"""

import json
import re
from collections.abc import Callable
from typing import Final, final

import msgspec

from tillgate.doctor.findings import Code
from tillgate.doctor.tree import Template

_SHORT: Final = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_ESCAPES: Final = (
    {chr(number): f"\\u{number:04x}" for number in range(0x20)}
    | _SHORT
    | {
        '"': '\\"',
        "\\": "\\\\",
    }
)
_PLAIN: Final = re.compile(r'[\x00-\x1f"\\]')
_LENIENT: Final = json.JSONDecoder(strict=False)
_BEYOND_ASCII: Final = re.compile(r"[^\x00-\x7f]")
_GO: Final = re.compile("[<>&\u2028\u2029]")
_GSON: Final = re.compile("[<>&='\u2028\u2029]")
_DOTNET: Final = re.compile(r"[<>&'+`]")
_PHP_HEX: Final = re.compile(r"[<>&']")


@final
class Spelling(msgspec.Struct, frozen=True, kw_only=True):
    """A way to spell strings.

    Attributes:
        words: how it looks, read on after "strings are written".
        code: what it is called when it is the difference.
        escaped: the characters beyond what JSON demands that are written as escapes.
        upper: whether the digits of an escape are capitals.
        ascii_only: whether whatever is beyond ASCII is an escape.
        slash: what a slash is written as.
        quote: what a quotation mark is written as.
    """

    words: str
    code: Code
    escaped: re.Pattern[str] | None = None
    upper: bool = False
    ascii_only: bool = False
    slash: str = "/"
    quote: str = '\\"'

    def write(self, text: str) -> str:
        """Return a string as a lexeme of JSON, quotes included."""
        inner = _PLAIN.sub(self._demanded, text)
        if self.ascii_only:
            inner = _BEYOND_ASCII.sub(self._unicode, inner)
        if self.escaped:
            inner = self.escaped.sub(self._unicode, inner)
        if self.slash == "<\\/":
            inner = inner.replace("</", self.slash)
        elif self.slash != "/":
            inner = inner.replace("/", self.slash)
        return f'"{inner}"'

    def _demanded(self, found: re.Match[str]) -> str:
        return self.quote if found[0] == '"' else _ESCAPES[found[0]]

    def _unicode(self, found: re.Match[str]) -> str:
        units = found[0].encode("utf-16-be", "surrogatepass")
        digits = [units[place : place + 2].hex() for place in range(0, len(units), 2)]
        return "".join(f"\\u{each.upper() if self.upper else each}" for each in digits)


def _grid() -> tuple[Spelling, ...]:
    slashes = (("/", ""), ("\\/", " and slashes as \\/"), ("<\\/", " and </ as <\\/"))
    marks: tuple[tuple[re.Pattern[str] | None, str], ...] = (
        (None, ""),
        (_GO, ", with < > & as \\u003c \\u003e \\u0026"),
        (_GSON, ", with < > & = ' as \\u003c \\u003e \\u0026 \\u003d \\u0027"),
    )
    spellings = [
        Spelling(
            words=f"{words}{slash_words}{mark_words}",
            code=_code(slash=slash, is_marked=escaped is not None),
            escaped=escaped,
            upper=upper,
            ascii_only=ascii_only,
            slash=slash,
        )
        for escaped, mark_words in marks
        for slash, slash_words in slashes
        for ascii_only, upper, words in (
            (False, False, "with plain characters"),
            (True, False, "with \\u escapes"),
            (True, True, "with \\u escapes in capitals"),
        )
    ]
    return (*spellings, *_others())


def _code(*, slash: str, is_marked: bool) -> Code:
    if is_marked:
        return Code.HTML_CHARACTERS_ESCAPED
    return Code.SLASHES_ESCAPED if slash != "/" else Code.UNICODE_ESCAPED


def _others() -> tuple[Spelling, ...]:
    html = Code.HTML_CHARACTERS_ESCAPED
    return (
        Spelling(
            words="as .NET's System.Text.Json writes them",
            code=html,
            escaped=_DOTNET,
            upper=True,
            ascii_only=True,
            quote="\\u0022",
        ),
        Spelling(
            words="as PHP writes them with its JSON_HEX flags",
            code=html,
            escaped=_PHP_HEX,
            upper=True,
            ascii_only=True,
            slash="\\/",
            quote="\\u0022",
        ),
        Spelling(
            words="as PHP writes them with its JSON_HEX flags, characters and slashes plain",
            code=html,
            escaped=_PHP_HEX,
            upper=True,
            quote="\\u0022",
        ),
    )


SPELLINGS: Final = _grid()
"""Every spelling, the likeliest first."""
PLAIN: Final = SPELLINGS[0]


def respelled(
    parts: Template, write: Callable[[str], str], known: dict[str, str] | None = None
) -> Template:
    """Return a template whose strings are written in another way.

    Args:
        parts: the template.
        write: the other way.
        known: what was written this way before, which is kept up.
    """
    known = {} if known is None else known
    written: Template = []
    for part in parts:
        if part.__class__ is not str or part[0] != '"':
            written.append(part)
            continue
        lexeme = known.get(part)
        if lexeme is None:
            lexeme = known[part] = _again(part, write)
        written.append(lexeme)
    return written


def _again(lexeme: str, write: Callable[[str], str]) -> str:
    try:
        return write(text_of(lexeme))
    except ValueError:
        return lexeme


def text_of(lexeme: str) -> str:
    """Return the characters a string stands for; ValueError when it is spelled wrongly."""
    return str(_LENIENT.decode(lexeme))


def code_of(sent: Template, signed: Template) -> Code:
    """Name the difference of two spellings of the same strings by what really differs."""
    before = "".join([part for part in sent if isinstance(part, str)])
    after = "".join([part for part in signed if isinstance(part, str)])
    if before.replace("\\/", "/") == after.replace("\\/", "/"):
        return Code.SLASHES_ESCAPED
    marks = ("\\u003c", "\\u003e", "\\u0026", "\\u0027", "\\u003d", "\\u0022", "\\u002b")
    if any(mark in before.lower() or mark in after.lower() for mark in marks):
        return Code.HTML_CHARACTERS_ESCAPED
    return Code.UNICODE_ESCAPED
