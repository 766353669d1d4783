r"""The orderStr that a page hands to `tradePay`: as JSON text, and as a JavaScript literal.

PROTOCOL 3.5. It is a sealed request on its way through a page. Signing comes first and escaping
for a literal after, so extendInfo, which is JSON in a string, reaches `\\\"`. What must hold: a
literal made here evaluates to the very text that was signed, may stand in quotes of either kind
inside a page's `<script>`, and a text that still is escaped is told so by name.
"""

import re

import msgspec

from tillgate.protocol.envelope import Cut, Fault, Kind, NotAnEnvelope, cut
from tillgate.protocol.functions import write
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.messages.head import RequestHead
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal

_LITERAL_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "'": "\\'",
    "\n": "\\n",
    "\r": "\\r",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
    "<": "\\u003c",
}
"""`<` hides `</script>` and `<!--` from the page's parser; the rest would end the literal."""

_TO_ESCAPE = re.compile(r"[\\\"'\n\r\u2028\u2029<]")
_ESCAPE = re.compile(r"\\(u\{[0-9A-Fa-f]{1,6}\}|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|\r\n|.)", re.DOTALL)
_SIMPLE = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "v": "\v", "0": "\0"}
_CONTINUATIONS = frozenset({"\n", "\r", "\r\n", "\u2028", "\u2029"})


def build(head: RequestHead, body: msgspec.Struct, key: PrivateKey, profile: Profile) -> str:
    """Return the order string of a request, as JSON text."""
    return seal(Kind.REQUEST, write(head, body), key, profile).decode()


def read(order_str: str) -> Cut:
    """Take an order string apart without believing it, as `envelope.cut` does.

    Raises:
        NotAnEnvelope: the fault says why; JS_ESCAPED when it still is a JavaScript literal.
    """
    try:
        raw = order_str.encode()
    except UnicodeEncodeError as fault:
        raise NotAnEnvelope(Fault.NOT_UTF8) from fault
    return cut(raw, Kind.REQUEST)


def escape_js(text: str) -> str:
    """Return the text as it is written between the quotes of a JavaScript literal."""
    return _TO_ESCAPE.sub(lambda found: _LITERAL_ESCAPES[found[0]], text)


def unescape_js(text: str) -> str:
    """Return what a JavaScript literal with this text between its quotes evaluates to.

    Raises:
        ValueError: an escape is cut short, or names no character.
    """
    if re.search(r"(?<!\\)(?:\\\\)*\\\Z", text):
        raise ValueError("the text ends in the middle of an escape")
    units = _ESCAPE.sub(_unescape, text)
    return units.encode("utf-16", "surrogatepass").decode("utf-16")


def _unescape(found: re.Match[str]) -> str:
    escape = found[1]
    if escape in _CONTINUATIONS:
        return ""
    if len(escape) == 1:
        if escape in "ux":
            raise ValueError("an escape is cut short")
        return _SIMPLE.get(escape, escape)
    return chr(int(escape[1:].strip("{}"), 16))
