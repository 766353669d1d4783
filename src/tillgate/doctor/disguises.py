"""What may have been done to a whole text before it was signed, or after: encodings, wraps, cuts.

A disguise turns the text that was sent into the one that may have been signed. What must hold: the
list is fixed, the likeliest first; a disguise that does not apply gives None or the text unchanged.
"""

import base64
import hashlib
import html
import json
import re
import textwrap
from collections.abc import Callable, Iterator
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from tillgate.doctor.findings import Code
from tillgate.doctor.steps import Step
from tillgate.protocol.order_string import escape_js

Change = Callable[[str], "str | bytes"]
_COMPONENT_SAFE: Final = "-_.!~*'()"
_URI_SAFE: Final = _COMPONENT_SAFE + ";,/?:@&=+$#"
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_BLANKS: Final = re.compile(r"\s+")
_PERCENT: Final = re.compile(r"%[0-9A-F]{2}")


class Disguise(NamedTuple):
    """A change of the whole text, with the step that it is; common ones are paired with more."""

    step: Step
    change: Change
    is_common: bool


@cache
def disguises() -> tuple[Disguise, ...]:
    """Return every disguise, the likeliest of each kind first."""
    return tuple(
        Disguise(Step(code, detail), change, is_common=place < common)
        for rows, common in (
            (_ends(), 3),
            (_charsets(), 8),
            (_escapes(), 5),
            (_values(), 3),
            (_encodings(), 6),
            (_cuts(), 2),
            (_digests(), 8),
        )
        for place, (code, detail, change) in enumerate(rows)
    )


_Row = tuple[Code, str, Change]


def _ends() -> Iterator[_Row]:
    newline = Code.TRAILING_NEWLINE
    yield newline, "What was signed ends in a line end (\\n).", lambda text: text + "\n"
    yield newline, "What was signed ends in \\r\\n.", lambda text: text + "\r\n"
    mark = "What was signed begins with a byte order mark."
    yield Code.BYTE_ORDER_MARK, mark, lambda text: "\ufeff" + text
    yield newline, "What was signed ends in a blank.", lambda text: text + " "
    yield newline, "What was signed begins with a line end.", lambda text: "\n" + text
    yield newline, "What was signed begins with a blank.", lambda text: " " + text
    yield newline, "What was signed ends in two line ends.", lambda text: text + "\n\n"
    yield newline, "What was signed has a line end on either side.", lambda text: f"\n{text}\n"
    yield newline, "What was signed ends in a byte of zero.", lambda text: text + "\0"
    yield Code.LINE_ENDS, "What was signed has \\r\\n.", _windows
    yield Code.LINE_ENDS, "What was signed has \\n.", lambda text: text.replace("\r\n", "\n")
    yield Code.LINE_ENDS, "What was signed has \\r.", lambda text: _unix(text).replace("\n", "\r")
    yield (
        Code.LINE_ENDS,
        "What was signed has \\n inside a value where \\r\\n was sent.",
        lambda text: text.replace("\\r\\n", "\\n"),
    )
    yield (
        Code.LINE_ENDS,
        "What was signed has \\r\\n inside a value where \\n was sent.",
        lambda text: text.replace("\\r\\n", "\\n").replace("\\n", "\\r\\n"),
    )


def _windows(text: str) -> str:
    return _unix(text).replace("\n", "\r\n")


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _charsets() -> Iterator[_Row]:
    code = Code.CHARACTER_SET
    for name, words in (
        ("gbk", "GBK"),
        ("gb18030", "GB18030"),
        ("big5hkscs", "Big5"),
        ("latin-1", "ISO-8859-1"),
        ("cp1252", "Windows-1252"),
        ("ascii", "ASCII"),
        ("utf-16-le", "UTF-16"),
        ("utf-16", "UTF-16 with its mark"),
        ("utf-16-be", "UTF-16"),
        ("shift_jis", "Shift_JIS"),
        ("euc_kr", "EUC-KR"),
    ):
        lossy = f"The text was signed in {words}, what it lacks written as ?, and sent in UTF-8."
        yield code, lossy, _written_in(name, "replace")
    for name, words in (
        ("latin-1", "ISO-8859-1"),
        ("cp1252", "Windows-1252"),
        ("gbk", "GBK"),
        ("big5hkscs", "Big5"),
    ):
        signed = f"The text that was signed is UTF-8 read as {words} and written as UTF-8 again."
        yield code, signed, _misread_as(name, "replace")
        lost = f"The text that was signed is UTF-8 read as {words}, what does not fit left out."
        yield code, lost, _misread_as(name, "ignore")
        sent = f"The text that was sent is UTF-8 read as {words} and written as UTF-8 again."
        yield code, sent, _read_again(name)
    yield code, "Characters beyond 16 bits were signed as two halves (CESU-8).", _cesu
    yield (
        code,
        "Characters beyond 16 bits were signed as ?.",
        lambda text: re.sub("[\U00010000-\U0010ffff]", "?", text),
    )
    yield (
        code,
        "Characters beyond 16 bits were signed as ??.",
        lambda text: re.sub("[\U00010000-\U0010ffff]", "??", text),
    )
    yield (
        code,
        "Characters beyond 16 bits were left out of what was signed.",
        lambda text: re.sub("[\U00010000-\U0010ffff]", "", text),
    )
    yield (
        code,
        "Characters beyond ASCII were left out of what was signed.",
        lambda text: text.encode("ascii", "ignore"),
    )


def _cesu(text: str) -> bytes:
    halves = text.encode("utf-16-be")
    units = (
        halves[place : place + 2].decode("utf-16-be", "surrogatepass") for place in _even(halves)
    )
    return "".join(units).encode("utf-8", "surrogatepass")


def _even(halves: bytes) -> range:
    return range(0, len(halves), 2)


def _escapes() -> Iterator[_Row]:
    code = Code.TEXT_ENCODED
    js = "The text was escaped for a JavaScript literal, then signed."
    yield code, js, lambda text: text.replace("\\", "\\\\").replace('"', '\\"')
    yield code, js, escape_js
    yield code, "A JSON string of the text was signed, in quotes.", _json_string
    yield code, "The text was escaped for HTML, then signed.", html.escape
    yield (
        code,
        "The text was escaped for HTML, then signed.",
        lambda text: html.escape(text).replace("&#x27;", "&#039;"),
    )
    yield (
        code,
        "A JSON string of the text was signed, in quotes and with \\u escapes.",
        json.dumps,
    )
    yield code, "The text was escaped twice for JavaScript, then signed.", _twice_escaped
    yield code, "The text was put in quotes, then signed.", lambda text: f'"{text}"'
    yield code, "Quotation marks alone were escaped, then the text was signed.", _quotes_escaped
    single = "Apostrophes were escaped as well (addslashes), then the text was signed."
    yield code, single, lambda text: re.sub(r"([\\\"'])", r"\\\1", text)
    lost = "The text lost its backslashes (stripslashes) before it was signed."
    yield code, lost, lambda text: _ESCAPED.sub(r"\1", text)
    yield code, lost, lambda text: text.replace("\\", "")
    yield code, 'Inner \\" became " before the text was signed.', _quotes_unescaped
    yield (
        code,
        "The text was escaped for HTML, but for apostrophes, then signed.",
        lambda text: html.escape(text, quote=False).replace('"', "&quot;"),
    )
    yield (
        code,
        "The text was escaped for HTML, but for quotes, then signed.",
        lambda text: html.escape(text, quote=False),
    )
    yield code, "The text was escaped for HTML, then signed.", _html_numbers
    yield code, "The text that was sent is escaped for HTML, what was signed is not.", html.unescape


def _json_string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _twice_escaped(text: str) -> str:
    return escape_js(escape_js(text))


def _quotes_escaped(text: str) -> str:
    return text.replace('"', '\\"')


def _quotes_unescaped(text: str) -> str:
    return text.replace('\\"', '"')


def _html_numbers(text: str) -> str:
    return html.escape(text, quote=False).replace('"', "&#34;").replace("'", "&#39;")


def _encodings() -> Iterator[_Row]:
    code = Code.TEXT_ENCODED
    ways: tuple[tuple[str, Callable[[str], str]], ...] = (
        ("percent-encoded (encodeURIComponent)", lambda text: quote(text, safe=_COMPONENT_SAFE)),
        ("percent-encoded as a form (URLEncoder, urlencode)", quote_plus),
        ("percent-encoded", lambda text: quote(text, safe="")),
        ("percent-encoded, slashes kept", quote),
        ("percent-encoded (encodeURI)", lambda text: quote(text, safe=_URI_SAFE)),
    )
    plain = "The text was written as base64, then signed."
    yield code, plain, lambda text: base64.b64encode(text.encode())
    for words, encode in ways:
        yield code, f"The text was {words}, then signed.", encode
    for words, encode in ways:
        lower = f"The text was {words} with small digits, then signed."
        yield code, lower, _with_small_digits(encode)
    yield code, plain, lambda text: base64.urlsafe_b64encode(text.encode())
    yield (
        code,
        "The text was written as base64 with line ends, then signed.",
        lambda text: base64.encodebytes(text.encode()),
    )
    for width in (64, 76):
        yield (
            code,
            "The text was written as base64 with line ends, then signed.",
            _folded(width),
        )
    yield code, "The text was written as hex, then signed.", lambda text: text.encode().hex()
    yield (
        code,
        "The text was written as hex, then signed.",
        lambda text: text.encode().hex().upper(),
    )
    yield code, "Every letter was made small before signing.", str.lower
    yield code, "Every letter was made a capital before signing.", str.upper
    yield (
        code,
        "The Python form of bytes (b'…') was signed.",
        lambda text: str(text.encode()),
    )


def _values() -> Iterator[_Row]:
    yield (
        Code.VALUES_RESPELLED,
        "Every blank was taken out before signing, also those inside values.",
        lambda text: _BLANKS.sub("", text),
    )
    yield (
        Code.VALUES_RESPELLED,
        "What was signed has + where a blank was sent: the text was read as a form on the way.",
        lambda text: text.replace(" ", "+"),
    )
    yield (
        Code.VALUES_RESPELLED,
        "What was signed has a blank where + was sent.",
        lambda text: text.replace("+", " "),
    )
    yield (
        Code.VALUES_RESPELLED,
        "What was signed has %20 where a blank was sent.",
        lambda text: text.replace(" ", "%20"),
    )
    yield (
        Code.VALUES_RESPELLED,
        "The text was percent-decoded as a form before it was signed.",
        unquote_plus,
    )
    yield Code.VALUES_RESPELLED, "The text was percent-decoded before it was signed.", unquote
    yield (
        Code.VALUES_RESPELLED,
        "Blanks in a row were made one before signing, also those inside values.",
        lambda text: _BLANKS.sub(" ", text),
    )


def _lower_percent(text: str) -> str:
    return _PERCENT.sub(lambda found: found[0].lower(), text)


def _cuts() -> Iterator[_Row]:
    whole, part = Code.WHOLE_ENVELOPE_SIGNED, Code.PART_SIGNED
    for kind in ("request", "response"):
        named = f"What was signed includes the name {kind}, without the outer braces."
        yield whole, named, _between(f'"{kind}":', "")
        yield whole, named, _between(f'"{kind}": ', "")
        yield whole, named, _between(f"{kind}=", "")
        yield whole, named, _between(f"{kind}", "")
        yield whole, named, _between(f'{{"{kind}":', ',"signature":"')
        yield whole, named, _between(f'{{"{kind}":', ",")
        yield whole, named, _between(f'{{"{kind}":', "")
    yield part, "The outer braces were left out of what was signed.", lambda text: text[1:-1]
    yield part, "The last brace was left out of what was signed.", lambda text: text[:-1]
    yield part, "The first brace was left out of what was signed.", lambda text: text[1:]
    yield whole, "One brace too many was signed at the end.", lambda text: text + "}"
    yield whole, "The comma after the text was signed, too.", lambda text: text + ","
    yield (
        whole,
        "The name of the signature after the text was signed, too.",
        lambda text: text + ',"signature"',
    )
    yield (
        whole,
        "The name of the signature after the text was signed, too.",
        lambda text: text + ',"signature":',
    )
    yield part, "Nothing at all was signed: the text was empty.", lambda _: ""


def _digests() -> Iterator[_Row]:
    for form, write in _FORMS:
        for name, words in (
            ("sha256", "SHA-256"),
            ("md5", "MD5"),
            ("sha1", "SHA-1"),
            ("sha512", "SHA-512"),
        ):
            yield (
                Code.DIGEST_SIGNED,
                f"What was signed is the {words} digest of the text, {form}.",
                _digested(name, write),
            )


_FORMS: Final[tuple[tuple[str, Callable[[bytes], bytes]], ...]] = (
    ("as bytes", bytes),
    ("as hex", lambda digest: digest.hex().encode()),
    ("as hex in capitals", lambda digest: digest.hex().upper().encode()),
    ("as base64", base64.b64encode),
)


def _written_in(charset: str, errors: str) -> Change:
    return lambda text: text.encode(charset, errors)


def _misread_as(charset: str, errors: str) -> Change:
    return lambda text: text.encode().decode(charset, errors)


def _read_again(charset: str) -> Change:
    return lambda text: text.encode(charset).decode()


def _with_small_digits(encode: Callable[[str], str]) -> Change:
    return lambda text: _lower_percent(encode(text))


def _between(before: str, after: str) -> Change:
    return lambda text: f"{before}{text}{after}"


def _folded(width: int) -> Change:
    return lambda text: "\r\n".join(textwrap.wrap(base64.b64encode(text.encode()).decode(), width))


def _digested(name: str, write: Callable[[bytes], bytes]) -> Change:
    return lambda text: write(hashlib.new(name, text.encode(), usedforsecurity=False).digest())
