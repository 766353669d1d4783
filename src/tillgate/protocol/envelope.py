"""The envelope: `{"request": {…}, "signature": "…"}`, or `response`, and the exact bytes inside.

`cut` takes a message apart without believing it: it gives the bytes that were signed as they came,
and only as much of the head as is needed to find the sender's keys. Content is read from a
`Verified`, which `signature` makes after its check. Refused by name: too large, not UTF-8, not
JSON, too deep, not an envelope, two members of one name at the top. Doubles and U+0000 inside are
refused only when the content is read, since by U3 the signature is judged before.
What must hold: the bytes verified and the bytes decoded are the same slice of the message.
"""

from enum import Enum, StrEnum, unique
from typing import Any, final

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol import scan

MESSAGE_BYTES_MAX = 64 * 1024


@unique
class Kind(StrEnum):
    """Which way a message goes."""

    REQUEST = "request"
    RESPONSE = "response"


@unique
class Fault(Enum):
    """Why a text is no envelope: (sentence)."""

    TOO_LARGE = f"The message is larger than {MESSAGE_BYTES_MAX} bytes; send less."
    NOT_UTF8 = "The message is not UTF-8; write it as UTF-8 without a byte order mark."
    NOT_JSON = "The message is not JSON"
    TOO_DEEP = (
        f"Objects and lists nest deeper than {scan.JSON_DEPTH_MAX} levels; send a flatter one."
    )
    NOT_AN_ENVELOPE = 'The message is not {"request": {"head": …, "body": …}, "signature": "…"}'
    DUPLICATE_MEMBER = "The message has two members of one name"
    JS_ESCAPED = (
        "The order string is still escaped for a JavaScript literal; hand tradePay the text that "
        "the literal stands for, or sign with js off where no literal is written."
    )


@final
class NotAnEnvelope(Refused):
    """The text is no envelope at all; a door for servers answers HTTP 400."""

    def __init__(self, fault: Fault, detail: str = "", *, path: str = "") -> None:
        """Name the fault, with a detail after its sentence."""
        self.fault = fault
        large = fault is Fault.TOO_LARGE
        result = Result.REQUEST_TOO_LARGE if large else Result.MSG_PARSE_ERROR
        super().__init__(result, f"{fault.value}{detail}", path=path)


@final
class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """What the head says of itself, unverified: enough to find a key and to name an answer.

    A member that is absent or is no string is "".
    """

    version: str
    function: str
    client_id: str
    req_msg_id: str
    sign_type: str


@final
class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """A message taken apart and not yet believed.

    Attributes:
        kind: which way it goes.
        signed: the exact bytes the signature is over.
        signature: the signature as it was written, or None when there is none.
        claims: what the unverified head says.
        unverified: the content as plain Python; only a doctor may look before the signature fits.
        unreadable: why the content is refused although it may be signed (U18), or None.
    """

    kind: Kind
    signed: bytes
    signature: str | None
    claims: Claims
    unverified: dict[str, Any]
    unreadable: Refused | None


@final
class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A message whose signature fits, or whose lack of one was accepted in so many words.

    Only `signature.verify` and `signature.accept_unsigned` make one; `functions` reads it.

    Attributes:
        cut: the message, of which the claims may now be believed.
        key_fingerprint: which key the signature fits, or "" when there is none.
    """

    cut: Cut
    key_fingerprint: str

    @property
    def claims(self) -> Claims:
        """Return what the head says."""
        return self.cut.claims


class _Members(msgspec.Struct, frozen=True):
    request: msgspec.Raw = msgspec.Raw()
    response: msgspec.Raw = msgspec.Raw()
    signature: str | None = None


_DECODER = msgspec.json.Decoder(_Members)


def cut(raw: bytes, kind: Kind = Kind.REQUEST) -> Cut:
    """Take a message apart without believing it.

    Raises:
        NotAnEnvelope: it is no envelope of this kind; the fault says why.
    """
    text = checked_text(raw, bytes_max=MESSAGE_BYTES_MAX)
    if text.lstrip().startswith(('{\\"', '"{\\"')):
        raise NotAnEnvelope(Fault.JS_ESCAPED)
    signed, signature = _members(raw, kind)
    try:
        tree, doubles = scan.plain(text), list[scan.Place]()
    except scan.DuplicateMember:
        tree, doubles = scan.plain_with_duplicates(text)
    except ValueError as fault:
        raise NotAnEnvelope(Fault.NOT_JSON, f": {fault}.") from fault
    for place in doubles:
        if len(place) == 1 or place[0] != kind.value:
            path = scan.path_of(place)
            raise NotAnEnvelope(
                Fault.DUPLICATE_MEMBER, f": {path} is given twice; give it once.", path=path
            )
    content = tree[kind.value]
    return Cut(
        kind=kind,
        signed=signed,
        signature=signature,
        claims=_claims(content),
        unverified=content,
        unreadable=_unreadable(text, doubles),
    )


def _unreadable(text: str, doubles: list[scan.Place]) -> Refused | None:
    if doubles:
        path = scan.path_of(doubles[0][1:])
        sentence = f"{path} is given twice; give each member once."
        return Refused(Result.PARAM_ILLEGAL, sentence, path=path)
    if scan.has_nul(text):
        return Refused(Result.PARAM_ILLEGAL, "A string holds the character U+0000; leave it out.")
    return None


def wrap(kind: Kind, signed: bytes, signature: str) -> bytes:
    """Return the envelope around bytes that were signed; they go in exactly as they are."""
    return b'{"%b":%b,"signature":%b}' % (
        kind.value.encode(),
        signed,
        msgspec.json.encode(signature),
    )


def wrap_unsigned(kind: Kind, content: bytes) -> bytes:
    """Return the envelope around content that nobody signed."""
    return b'{"%b":%b}' % (kind.value.encode(), content)


def checked_text(raw: bytes, *, bytes_max: int) -> str:
    """Return a message as text once it is known to be small, UTF-8 and shallow.

    Raises:
        NotAnEnvelope: it is not.
    """
    if len(raw) > bytes_max:
        raise NotAnEnvelope(Fault.TOO_LARGE)
    try:
        text = raw.decode()
    except UnicodeDecodeError as fault:
        raise NotAnEnvelope(Fault.NOT_UTF8) from fault
    if text.startswith("\ufeff"):
        raise NotAnEnvelope(Fault.NOT_UTF8)
    if scan.is_too_deep(text):
        raise NotAnEnvelope(Fault.TOO_DEEP)
    return text


def _members(raw: bytes, kind: Kind) -> tuple[bytes, str | None]:
    """Return the bytes of the value of this kind, and the signature."""
    try:
        members = _DECODER.decode(raw)
    except msgspec.ValidationError as fault:
        raise NotAnEnvelope(Fault.NOT_AN_ENVELOPE, f": {fault}.") from fault
    except (msgspec.DecodeError, RecursionError, ValueError) as fault:
        raise NotAnEnvelope(Fault.NOT_JSON, f": {fault}.") from fault
    value, other = bytes(members.request), bytes(members.response)
    if kind is Kind.RESPONSE:
        value, other = other, value
    if other:
        raise NotAnEnvelope(Fault.NOT_AN_ENVELOPE, f"; a {kind.value} is wanted here.")
    if not value:
        raise NotAnEnvelope(Fault.NOT_AN_ENVELOPE, f"; it has no member {kind.value}.")
    if not value.startswith(b"{"):
        raise NotAnEnvelope(Fault.NOT_AN_ENVELOPE, f"; {kind.value} is not an object.")
    return value, members.signature


def _claims(content: dict[str, Any]) -> Claims:
    head = content.get("head")
    if not isinstance(head, dict):
        head = {}
    return Claims(
        version=_word(head, "version"),
        function=_word(head, "function"),
        client_id=_word(head, "clientId"),
        req_msg_id=_word(head, "reqMsgId"),
        sign_type=_word(head, "signType"),
    )


def _word(head: dict[str, Any], name: str) -> str:
    value = head.get(name)
    return value if isinstance(value, str) else ""
