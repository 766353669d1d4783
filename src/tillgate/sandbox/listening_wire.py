"""What a listener and a sandbox's gateway say to each other, inside signed envelopes.

A listener's request brings at most one answer of the merchant's server and asks for what lies
there; the gateway's response brings notifications as they were signed, and its verdict on the
answer. It decides sizes alone. What must hold: whatever fits these types fits into an envelope of
the protocol; it needs no library of the server, since merchants' machines load it.
"""

from typing import Annotated, Final, final

import msgspec

from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.messages.head import RequestHead, ResponseHead

FUNCTION: Final = "tillgate.sandbox.notifications"
PATH: Final = "/sandbox/notifications"
WAIT_S_MAX: Final = 25
TAKE_MAX: Final = 8
HOLDING_MAX: Final = 64
ANSWER_BYTES_MAX: Final = 40 * 1024
"""Of a merchant's answer; as base64 it still fits into an envelope of 64 KiB."""
FAILURES: Final = frozenset(
    {"CONNECT", "TLS", "TIMEOUT", "BROKEN_OFF", "PROTOCOL", "TOO_LARGE", "REDIRECT"}
)
"""Ways in which there may be no whole answer from the merchant's server."""

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+\Z")]


@final
class Answered(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the merchant's server answered to one notification.

    Attributes:
        status: the HTTP status, once an answer began.
        body: what came back, as base64.
        failure: one of `FAILURES`, or "" when the answer is whole.
    """

    parcel_id: Id
    elapsed_ms: Annotated[int, msgspec.Meta(ge=0, le=3_600_000)]
    status: Annotated[int, msgspec.Meta(ge=100, le=999)] | None = None
    body: Annotated[str, msgspec.Meta(max_length=4 * (ANSWER_BYTES_MAX // 3 + 1))] = ""
    failure: Annotated[str, msgspec.Meta(max_length=32)] = ""
    sentence: Annotated[str, msgspec.Meta(max_length=300)] = ""


@final
class Listen(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a listener asks.

    Attributes:
        listener: the same for as long as it runs; the newest listener of a client gets all.
        wait_s: how long it waits for something to come.
        take: how many notifications it takes at most; 0 only brings an answer.
        holding: those that it has and has not answered; they are not sent again.
        ends: whether it ends now.
        run: what the gateway called its run in its last answer; "" in the first question. A
            question with another one does nothing: its answer tells the run alone.
    """

    listener: Id
    run: Annotated[str, msgspec.Meta(max_length=64)] = ""
    wait_s: Annotated[int, msgspec.Meta(ge=0, le=WAIT_S_MAX)] = 0
    take: Annotated[int, msgspec.Meta(ge=0, le=TAKE_MAX)] = 0
    holding: Annotated[tuple[Id, ...], msgspec.Meta(max_length=HOLDING_MAX)] = ()
    answer: Answered | None = None
    ends: bool = False


@final
class Told(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A notification: the exact text that was signed, and where it would have gone."""

    parcel_id: str
    url: str
    text: str


@final
class Verdict(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What the gateway makes of an answer; `is_late` when nobody waited for it any more."""

    parcel_id: str
    verdict: str
    acknowledged: bool
    sentence: str
    is_late: bool = False


@final
class Listened(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What a listener is answered; `run` is another one after each start of the gateway."""

    result_info: ResultInfo
    run: str = ""
    notifications: tuple[Told, ...] = ()
    verdict: Verdict | None = None


@final
class ListenContent(msgspec.Struct, frozen=True, kw_only=True):
    """What a listener signs."""

    head: RequestHead
    body: Listen


@final
class ListenedContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the gateway signs."""

    head: ResponseHead
    body: Listened
