"""Messages out of whatever was pasted: an order string, a literal, an HTTP dump, a log line.

It peels what lies around a message, layer by layer, and says which layers would be a fault on the
wire. It judges no signature. What must hold: the input, the layers and the messages are bounded;
any bytes are read, if only as no message at all.
"""

import ast
import base64
import binascii
import html
import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple, final
from urllib.parse import unquote, unquote_plus

import msgspec

from tillgate.doctor import dumps, pastes
from tillgate.doctor.addresses import signed_address
from tillgate.doctor.dumps import Dump
from tillgate.doctor.findings import Code
from tillgate.doctor.steps import Step
from tillgate.protocol.order_string import unescape_js

INPUT_BYTES_MAX: Final = 1024 * 1024
MESSAGES_MAX: Final = 16
LAYERS_MAX: Final = 6
_LOOKED_AT_MAX: Final = 8 * INPUT_BYTES_MAX
"""How many bytes of objects that prove to be no envelopes are read: they may lie in each other."""
_LOOK_BYTES: Final = 32 * 1024
"""What each of them counts at least."""
_CHARSETS: Final = (("gb18030", "GBK"), ("big5hkscs", "Big5"), ("cp1252", "Windows-1252"))
_START: Final = re.compile(
    r"""\{\s*"(?:request|response)"\s*:"""
    r"""|\{\s*\\+"(?:request|response)\\+"\s*:"""
    r"""|\{\s*&(?:quot|\#34|\#x22);(?:request|response)&"""
    r"""|%7B(?:%0A|%20|\+)*%22(?:request|response)%22"""
    r"""|%(?:25){1,3}7B(?:%(?:25){1,3}(?:0A|20)|\+)*%(?:25){1,3}22(?:request|response)%"""
    r"""|eyJ(?:yZXF1ZXN0|yZXNwb25zZ)[A-Za-z0-9+/=_-]*""",
    re.IGNORECASE,
)
_WRAPPERS: Final = (
    "orderStr",
    "order_str",
    "order_string",
    "orderString",
    "orderInfo",
    "data",
    "body",
)
_VERSION: Final = re.compile(r"""["']?\bversion["']?\s*:\s*["']([0-9.]{1,16})["']""")
_ORDER: Final = re.compile(
    r"""\{\s*\\*"request(?:(?!\{\s*\\*"request).)*?\}\s*(?=["'`,])""", re.DOTALL
)
"""An order string beside a version; it ends before another begins, so one pass finds them all."""


@final
class Read(msgspec.Struct, frozen=True, kw_only=True):
    """A message, still unverified.

    Attributes:
        text: its text in UTF-8: an envelope, or an address.
        is_address: whether it is a redirect's address.
        steps: the layers around it that would be faults on the wire.
        dump: the HTTP message it stood in, or None.
        bridge_version: the version handed to tradePay beside it, or "".
    """

    text: bytes
    is_address: bool = False
    steps: tuple[Step, ...] = ()
    dump: Dump | None = None
    bridge_version: str = ""


class _Layer(NamedTuple):
    text: str
    steps: tuple[Step, ...] = ()


class _Held(NamedTuple):
    """What one part holds: a layer, whether it is an address, and whether it looks like either."""

    layer: _Layer
    is_address: bool = False
    is_message: bool = True


def read(raw: bytes) -> list[Read]:
    """Return the messages in some bytes, at most MESSAGES_MAX; none when nothing is in them."""
    text, steps = _text(raw[:INPUT_BYTES_MAX])
    parts = [(dump, _bridge_version(part), _held(part, dump)) for dump, part in dumps.split(text)]
    # What a client says of itself around a message is no message that went wrong.
    is_one_here = any(each.is_message for _, _, held in parts for each in held)
    found = [
        Read(
            text=each.layer.text.encode("utf-8", "surrogatepass"),
            is_address=each.is_address,
            steps=(*steps, *each.layer.steps, *(dump.steps if dump else ())),
            dump=dump,
            bridge_version=version,
        )
        for dump, version, held in parts
        for each in held
        if each.is_message or not is_one_here
    ]
    return found[:MESSAGES_MAX]


def _held(part: str, dump: Dump | None) -> list[_Held]:
    """Return the messages of one part; when none can be read, those of a mended one, if they can.

    A paste is mended only as a last resort, and it is told.
    """
    held = list(islice(_messages(part, dump), MESSAGES_MAX))
    if any(_is_readable(each) for each in held):
        return held
    for words, text in pastes.mended(part):
        mended = list(islice(_messages(text, dump), MESSAGES_MAX))
        if any(_is_readable(each) for each in mended):
            step = Step(Code.PASTE_MENDED, words)
            return [
                each._replace(layer=_Layer(each.layer.text, (step, *each.layer.steps)))
                for each in mended
            ]
    return held


def _is_readable(held: _Held) -> bool:
    return held.is_address or (held.is_message and _is_json(held.layer.text))


def _text(raw: bytes) -> tuple[str, tuple[Step, ...]]:
    """Return bytes as text, with what that took."""
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        step = Step(Code.CHARACTER_SET, "The message is UTF-16.")
        return raw.decode("utf-16", "replace"), (step,)
    if raw.startswith(b"\xef\xbb\xbf"):
        text, steps = _text(raw[3:])
        return text, (Step(Code.BYTE_ORDER_MARK, "It stands before the message."), *steps)
    try:
        return raw.decode(), ()
    except UnicodeDecodeError:
        pass
    for name, words in _CHARSETS:
        try:
            text = raw.decode(name)
        except UnicodeDecodeError:
            continue
        return text, (Step(Code.CHARACTER_SET, f"The message is not UTF-8; it may be {words}."),)
    step = Step(Code.CHARACTER_SET, "The message is not UTF-8.")
    return raw.decode("latin-1"), (step,)


def _messages(part: str, dump: Dump | None) -> Iterator[_Held]:
    """Yield the messages of one part."""
    found = False
    place, spent = 0, 0
    while (start := _START.search(part, place)) and spent < _LOOKED_AT_MAX:
        layer, end = _cut_out(part, start.start())
        if layer.text.startswith("{") and not _is_envelope(layer.text):
            # A member of somebody else's that is named request, as in a HAR file: look inside it.
            spent += max(end - place, _LOOK_BYTES)
            place = start.end()
            continue
        found, place = True, end
        yield _Held(_peeled(layer))
    if found:
        return
    if dump and dump.address and "signature=" in dump.address:
        yield _Held(_Layer(dump.address), is_address=True)
        return
    if "signature=" in part and (address := signed_address(part)):
        yield _Held(_address(address), is_address=True)
        return
    if part.strip():
        whole = _peeled(_Layer(part.strip()))
        yield _Held(whole, is_message=bool(_START.match(whole.text)))


def _is_envelope(text: str) -> bool:
    """Tell whether an object is an envelope, if only a broken one, and not just named like it."""
    try:
        members = msgspec.json.decode(text, type=_Wrapped)
        value = bytes(members.request) or bytes(members.response)
        if members.signature is not None or not value.startswith(b"{"):
            return True
        inner = msgspec.json.decode(value, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return True
    return "head" in inner or "body" in inner


def _address(found: str) -> _Layer:
    """Return an address as it was before a page's markup escaped it."""
    bare = found[found.find("http") :] if "http" in found else found
    if "&amp;" not in bare:
        return _Layer(bare)
    return _Layer(html.unescape(bare), (Step(Code.HTML_ESCAPED, "Its & is written &amp;."),))


def _cut_out(text: str, start: int) -> tuple[_Layer, int]:
    """Return the message that begins here, with the quotes of its literal, and where it ends."""
    if text[start] == "{" and (end := _object_end(text, start)):
        quote = text[start - 1] if start else ""
        is_literal = quote in "\"'`" and text[end : end + 1] == quote
        is_escaped = text[start + 1 :].lstrip().startswith("\\")
        if is_literal and is_escaped:
            return _Layer(f"{quote}{text[start:end]}{quote}"), end + 1
        if is_literal:
            return _Layer(_of_literal(text[start:end], text[max(0, start - 2) : start])), end + 1
        return _Layer(text[start:end], tuple(_left_over(text[:start], text[end:]))), end
    if text[start] in "%e":
        end = next((at for at in range(start, len(text)) if text[at] in "\"'`&\r\n<> "), len(text))
        return _Layer(text[start:end]), end
    return _Layer(text[start:].strip()), len(text)


def _of_literal(text: str, before: str) -> str:
    """Return what stands between quotes that a message need not escape: as it is, if that is JSON.

    A shell's apostrophes leave it as it is; those of JavaScript and Python double its backslashes.
    """
    if _is_json(text):
        return text
    try:
        inner = unescape_js(text)
        if before.startswith("b"):
            inner = inner.encode("latin-1").decode()
    except (ValueError, OverflowError):
        return text
    return inner if _is_json(inner) else text


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text.encode("utf-8", "surrogatepass"))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False
    return True


def _left_over(before: str, rest: str) -> Iterator[Step]:
    """Tell of a closing mark too many right after a message; before it none may have opened."""
    if (
        before.strip("\ufeff \r\n\t")[-1:] not in {":", "[", ","}
        and rest
        and rest[0] in "}]"
        and not rest.strip("}] \r\n\t")
    ):
        yield Step(Code.NOT_AN_ENVELOPE, f"A {rest[0]} too many stands after its end.")


def _object_end(text: str, start: int) -> int:
    """Return where the object that begins here ends, however deep its quotes are escaped, or 0."""
    opening = re.compile(r'\{\s*(\\*)(?:"|&quot;|&#34;|&#x22;)').match(text, start)
    if opening is None:
        return 0
    mark = re.compile(r'(?<!\\)(\\*+)("|&quot;|&#34;|&#x22;)|[{}]')
    level, depth, inside = len(opening[1]), 0, False
    for token in mark.finditer(text, start):
        if token[2]:
            inside = not inside if len(token[1]) == level else inside
            continue
        if inside:
            continue
        depth += 1 if token[0] == "{" else -1
        if depth == 0:
            return token.end()
    return 0


def _peeled(layer: _Layer) -> _Layer:
    """Take off what lies around a message."""
    for _ in range(LAYERS_MAX):
        inner = _inner(layer.text.strip())
        if inner is None:
            return _Layer(layer.text.strip(), layer.steps)
        layer = _Layer(inner.text, (*layer.steps, *inner.steps))
    return layer


def _inner(text: str) -> _Layer | None:
    """Return what lies under one layer, or None when this is the message."""
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'`":
        return _literal(text)
    if re.match(r'\{\s*\\+"', text):
        return _unescaped(text, Step(Code.JS_ESCAPED, _JS_WORDS))
    if re.match(r"\{\s*&(?:quot|#34|#x22);", text):
        return _Layer(html.unescape(text), (Step(Code.HTML_ESCAPED, ""),))
    if encoded := re.match(r"(?:[A-Za-z_]{1,32}=)?(%(?:25)*7B)", text, re.IGNORECASE):
        return _from_percent(text, encoded.start(1))
    if text.startswith("eyJ"):
        return _from_base64(text)
    if text.startswith("{'"):
        return _from_python(text)
    return _unwrapped(text) if text.startswith("{") else None


_JS_WORDS: Final = (
    "If this is what tradePay was handed, the page escaped it twice; if you copied it from between "
    "the quotes of a page, the message is what the literal stands for."
)


def _literal(text: str) -> _Layer | None:
    inner = text[1:-1]
    return _unescaped(inner) if inner.lstrip().startswith(("{", "\\", "%", "eyJ", "&")) else None


def _unescaped(text: str, *steps: Step) -> _Layer | None:
    try:
        return _Layer(unescape_js(text), steps)
    except (ValueError, OverflowError):
        return None


def _from_percent(text: str, start: int) -> _Layer:
    """Decode what was percent-encoded, however often: each time more hides its percent signs."""
    inner, times = text[start:], 0
    while inner.startswith("%") and times < LAYERS_MAX:
        inner, times = unquote_plus(inner) if "+" in inner else unquote(inner), times + 1
    words = f"It was encoded {times} times." if times > 1 else ""
    return _Layer(inner, (Step(Code.URL_ENCODED, words),))


def _from_base64(text: str) -> _Layer | None:
    plain = "".join(text.split()).replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return _Layer(decoded, (Step(Code.BASE64_ENCODED, ""),))


def _from_python(text: str) -> _Layer | None:
    """Read what str() makes of a Python dict, which looks like JSON and is none."""
    try:
        value = ast.literal_eval(text)
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
    words = "It is what str() makes of a Python dict; json.dumps() makes JSON."
    return _Layer(written, (Step(Code.NOT_AN_ENVELOPE, words),))


class _Wrapped(msgspec.Struct):
    """An object around a message."""

    request: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()
    signature: Any = None


def _unwrapped(text: str) -> _Layer | None:
    """Return the message inside an object of the merchant's own, or one serialised twice."""
    try:
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None
    for kind in ("request", "response"):
        if kind in members and bytes(members[kind]).startswith(b'"'):
            return _serialised_twice(members, kind)
    if "request" in members or "response" in members:
        return None
    for name in _WRAPPERS:
        if name in members:
            return _wrapped(bytes(members[name]).decode())
    return None


def _wrapped(value: str) -> _Layer | None:
    if value.startswith('"'):
        inner = msgspec.json.decode(value.encode(), type=str)
        return _Layer(inner) if inner.lstrip().startswith(("{", "%", "eyJ")) else None
    return _Layer(value) if value.startswith("{") else None


def _serialised_twice(members: Mapping[str, msgspec.Raw], kind: str) -> _Layer | None:
    inner = msgspec.json.decode(members[kind], type=str)
    if not inner.lstrip().startswith("{"):
        return None
    signature = bytes(members.get("signature", msgspec.Raw(b"null"))).decode()
    words = f"{kind} is a string that holds JSON; it should be the object itself."
    text = f'{{"{kind}":{inner.strip()},"signature":{signature}}}'
    return _Layer(text, (Step(Code.DOUBLE_ENCODED, words, kind),))


def _bridge_version(part: str) -> str:
    """Return the version that is handed to tradePay beside an order string, or ""."""
    if "tradePay" not in part:
        return ""
    after = part[part.index("tradePay") :]
    found = _VERSION.search(_ORDER.sub("", after))
    return found[1] if found else ""
