"""The file of a recorded session: messages as they were, verdicts, public keys, nothing secret.

`tillgate record` writes it, the doctor opens it, `tillgate replay` sends from it. It decides how
the file looks and what of it may be believed; what is masked `sandbox.recording_masks` decides.
What must hold: a text that is kept is kept byte for byte, so its signature still verifies; of a
message with a secret in it no bytes are kept at all, only its members with the secret ones masked;
a file of a version that is not known is refused, never guessed at.
"""

import base64
import binascii
from collections.abc import Iterator
from enum import StrEnum, unique
from typing import Any, Final, Literal, final

import msgspec

from tillgate.kernel.errors import TillgateError
from tillgate.protocol.envelope import Kind
from tillgate.protocol.keys import PublicKey, load_public_key
from tillgate.protocol.profile import Digest

FORMAT: Final = "tillgate-recording"
VERSION: Final = 1
RECORDING_BYTES_MAX: Final = 32 * 1024 * 1024
EXCHANGES_MAX: Final = 10_000
MASK: Final = "(masked)"


class RecordingRefused(TillgateError):
    """A file is no recording that can be read; the text says why and what to do."""


@unique
class ExchangeKind(StrEnum):
    """Who spoke to whom."""

    FUNCTION = "function"
    """A merchant's server called a function."""
    ORDER = "order"
    """A page handed the gateway an orderStr."""
    CALLBACK = "callback"
    """A page's callback was told how its call ended."""
    NOTIFICATION = "notification"
    """The gateway told a merchant's server."""


@unique
class SignatureVerdict(StrEnum):
    """What became of the merchant's signature."""

    GOOD = "good"
    BAD = "bad"
    MISSING = "missing"
    UNREAD = "unread"
    """Nobody could look: no envelope, no such client, no key, or no answer."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A part of the file; members that it does not know are left alone."""


@final
class Text(_Part, frozen=True, kw_only=True):
    """One message.

    Attributes:
        size: how many bytes it had.
        text: the exact bytes, as the UTF-8 text they are; None when they are not kept.
        base64: the exact bytes when they are not UTF-8.
        shown: the members of a message whose bytes are not kept, the secret ones masked.
        masked: the JSON paths that are masked; "*" is all of it.
    """

    size: int
    text: str | None = None
    base64: str | None = None
    shown: Any = None
    masked: tuple[str, ...] = ()

    @property
    def raw(self) -> bytes | None:
        """Return the exact bytes, or None when they are not kept.

        Raises:
            RecordingRefused: what stands there is no base64.
        """
        if self.base64 is None:
            return None if self.text is None else self.text.encode()
        try:
            return base64.b64decode(self.base64, validate=True)
        except (binascii.Error, ValueError) as error:
            raise RecordingRefused("A message of the recording is no base64.") from error


@final
class Judged(_Part, frozen=True, kw_only=True):
    """The merchant's signature, on its request or on its acknowledgement.

    Attributes:
        key: the fingerprint of the key that it fits, or "".
        finding: the code of the doctor's first finding, or "".
        sentence: why it does not fit, in the doctor's words, or "".
    """

    verdict: SignatureVerdict
    key: str = ""
    finding: str = ""
    sentence: str = ""


@final
class Exchange(_Part, frozen=True, kw_only=True):
    """One message and what was answered.

    Attributes:
        seq: its number; they grow.
        at: when it began, RFC 3339 with milliseconds, by the gateway's clock.
        client_id: whose keys it is about; "" when it names none.
        order: the order's or the agreement's number, as far as it says one.
        function: the name in the head, or "".
        to: where a notification went: the URL without its query, or `listener`.
        status: the HTTP status, or None when no answer came.
        result: the result code, or the callback's.
        verdict: what the gateway made of an acknowledgement.
        sentence: the same, or what the result says, for people.
    """

    seq: int
    at: str
    kind: ExchangeKind
    client_id: str = ""
    order: str = ""
    function: str = ""
    to: str = ""
    status: int | None = None
    elapsed_ms: int = 0
    request: Text | None = None
    answer: Text | None = None
    signature: Judged | None = None
    result: str = ""
    verdict: str = ""
    sentence: str = ""


@final
class RecordedKey(_Part, frozen=True, kw_only=True):
    """The public half of a key that signs what is recorded.

    Attributes:
        owner: `gateway` or `client`.
        client_id: whose key it is; "" for the gateway's.
        digest: the digest of the client's profile; the gateway signs for a client with it, too.
    """

    owner: Literal["gateway", "client"]
    fingerprint: str
    pem: str
    client_id: str = ""
    digest: Digest = Digest.RSA2


@final
class SignedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a recording whose bytes are kept, and what to hold it against.

    Attributes:
        label: what it is, for people: its number, what it is and the order.
        keys: the public keys of whoever must have signed it; none of somebody unknown.
    """

    exchange: Exchange
    label: str
    kind: Kind
    raw: bytes
    keys: tuple[PublicKey, ...]
    digest: Digest


@final
class Recording(_Part, frozen=True, kw_only=True):
    """A recorded session.

    Attributes:
        made_by: the version of tillgate that wrote it.
        origin: the gateway's origin.
        begun_at: when recording began.
        ended_at: when it ended.
        missed: exchanges that the gateway had forgotten before they could be written down.
        masking: what is masked, in words.
    """

    format: str
    version: int
    made_by: str
    origin: str
    begun_at: str
    ended_at: str
    masking: str
    keys: tuple[RecordedKey, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    missed: int = 0

    def keys_of(self, client_id: str) -> tuple[PublicKey, ...]:
        """Return a client's public keys; the gateway's for ""."""
        owner = "client" if client_id else "gateway"
        return tuple(
            load_public_key(key.pem.encode())
            for key in self.keys
            if key.owner == owner and key.client_id == client_id
        )

    def digest_of(self, client_id: str) -> Digest:
        """Return the digest with which a client and the gateway sign to each other."""
        found = (key.digest for key in self.keys if client_id and key.client_id == client_id)
        return next(found, Digest.RSA2)

    def signed_messages(self) -> Iterator[SignedMessage]:
        """Yield every message whose bytes are kept: each request, then what was answered."""
        for exchange in self.exchanges:
            is_told = exchange.kind is ExchangeKind.NOTIFICATION
            sides = (
                (exchange.request, Kind.REQUEST, is_told),
                (exchange.answer, Kind.RESPONSE, not is_told),
            )
            for side, kind, by_gateway in sides:
                raw = side.raw if side is not None else None
                # What a page is answered is nobody's envelope.
                if raw and (kind is Kind.REQUEST or exchange.kind is not ExchangeKind.ORDER):
                    signer = "" if by_gateway else exchange.client_id
                    is_known = by_gateway or exchange.client_id
                    yield SignedMessage(
                        exchange=exchange,
                        label=f"{exchange.seq} {exchange.kind} {kind} {exchange.order}".rstrip(),
                        kind=kind,
                        raw=raw,
                        keys=self.keys_of(signer) if is_known else (),
                        digest=self.digest_of(exchange.client_id),
                    )


class _Sign(msgspec.Struct, frozen=True, kw_only=True):
    format: str
    version: int


def is_recording(raw: bytes) -> bool:
    """Tell whether a text says of itself that it is a recording, of whatever version."""
    try:
        return msgspec.json.decode(raw, type=_Sign).format == FORMAT
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False


def read_recording(raw: bytes) -> Recording:
    """Return the recording in a file.

    Raises:
        RecordingRefused: it is none, or of a version that is not known here.
    """
    if len(raw) > RECORDING_BYTES_MAX:
        raise RecordingRefused("The file is larger than 32 MiB; record a shorter session.")
    try:
        sign = msgspec.json.decode(raw, type=_Sign)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        sign = _Sign(format="", version=0)
    if sign.format != FORMAT:
        raise RecordingRefused("The file is no recording; make one: tillgate record --out FILE")
    if sign.version != VERSION:
        sentence = f"The recording has version {sign.version}, and this tillgate reads {VERSION}"
        raise RecordingRefused(f"{sentence}; use the tillgate that wrote it, or record again.")
    try:
        recording = msgspec.json.decode(raw, type=Recording)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordingRefused(f"The recording is damaged: {error}.") from error
    if len(recording.exchanges) > EXCHANGES_MAX:
        raise RecordingRefused(f"The recording has more than {EXCHANGES_MAX} exchanges.")
    return recording


def write_recording(recording: Recording) -> bytes:
    """Return the file of a recording: JSON that people can read."""
    return msgspec.json.format(msgspec.json.encode(recording), indent=1) + b"\n"


def schema() -> dict[str, Any]:
    """Return the JSON Schema of the file."""
    made = msgspec.json.schema(Recording)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
