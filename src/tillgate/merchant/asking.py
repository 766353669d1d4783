"""One question to the gateway and what may be believed of its answer: no clock, no network.

`write` makes the signed bytes of a request; `judge` holds what came back against it. An answer is
believed only if it is small, came with HTTP 200, is signed by one of the gateway's keys, has the
request's function, clientId and reqMsgId, and echoes the business ids that were asked for.
Everything else is *not known*: never a no (U12), and each way of it has a name of its own.
What must hold: nothing is believed of bytes that the gateway did not sign for this request's
number; whether such a refusal speaks of this request's content is for `plans` to weigh.
"""

from enum import Enum, unique
from types import MappingProxyType
from typing import Any, Generic, TypeVar, final

import msgspec

from tillgate.kernel.clock import parse_rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.merchant.secret import Secret
from tillgate.protocol import functions
from tillgate.protocol.envelope import Cut, Kind, NotAnEnvelope, Verified, cut
from tillgate.protocol.function import Function
from tillgate.protocol.keys import PrivateKey, PublicKey
from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.messages.head import RequestHead, request_head
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify
from tillgate.protocol.validation import read

B = TypeVar("B", bound=msgspec.Struct)

HTTP_OK = 200
HTTP_BUSY = frozenset({429, 502, 503, 504})
"""What a machine in front of the gateway says when it could not pass the request on in time."""

ECHOED = (
    "merchant_id",
    "merchant_trans_id",
    "acquirement_id",
    "merchant_refund_id",
    "merchant_agreement_id",
    "refund_amount",
    "order_amount",
)
"""Members of a request's body that mean the same in the body of its response."""


@unique
class Cause(Enum):
    """Why an outcome is not known: (sentence, was certainly nothing done, may it pass soon)."""

    UNREACHABLE = ("The gateway could not be reached, so nothing was asked.", True, True)
    BUSY = (
        "The gateway was too busy for this message; of a copy of it, nothing is known.",
        False,
        True,
    )
    TIMED_OUT = ("The gateway did not answer in time.", False, False)
    TORN = ("The connection ended before the answer was whole.", False, True)
    HTTP_BUSY = ("A machine on the way was too busy or got no answer.", False, True)
    HTTP_STATUS = ("The answer's HTTP status is not 200.", False, False)
    TOO_LARGE = ("The answer is larger than an answer may be.", False, False)
    NOT_AN_ENVELOPE = ("The answer is no response envelope.", False, False)
    UNSIGNED = ("The answer is not signed, so anybody may have written it.", False, False)
    BAD_SIGNATURE = (
        (
            "None of the gateway's keys that were given signed the gateway's answer: check its"
            " public key (gateway_public_key; at the command line --gateway-key)."
        ),
        False,
        False,
    )
    OTHER_FUNCTION = ("The answer is for another function.", False, False)
    OTHER_CLIENT = ("The answer is for another client.", False, False)
    OTHER_REQUEST = ("The answer is for another request.", False, False)
    ILL_FORMED = ("A member of the answer is missing or wrong.", False, False)
    OTHER_SUBJECT = ("The answer speaks of something that was not asked for.", False, False)
    SYSTEM_ERROR = ("The gateway failed in the middle and cannot tell the result.", False, True)
    STATUS_UNKNOWN = ("The gateway does not know the result yet.", False, False)
    QUERY_REFUSED = ("The gateway refused to say.", False, False)
    REFUSED_UNREAD = (
        (
            "The gateway refused a message with this one's number before it looked at what was"
            " asked: most likely the private key is wrong, or base_url or the clock, so check"
            " them. A spoilt copy is answered so, too: it is no proof that nothing was done."
        ),
        False,
        False,
    )
    REPEAT_REFUSED = (
        "A repeat was refused before the first try was looked up, so that one is still open.",
        False,
        False,
    )

    def __init__(
        self,
        sentence: str,
        nothing_done: bool,  # noqa: FBT001  An enum unpacks the row that is its value.
        passing: bool,  # noqa: FBT001  As above.
    ) -> None:
        """Unpack a row of the table."""
        self.sentence = sentence
        self.nothing_done = nothing_done
        self.passing = passing


_CAUSES_OF_CODES = MappingProxyType(
    {
        Result.REQUEST_TRAFFIC_EXCEED_LIMIT.name: Cause.BUSY,
        Result.SYSTEM_ERROR.name: Cause.SYSTEM_ERROR,
        "UNKNOWN_EXCEPTION": Cause.SYSTEM_ERROR,  # Another site's word for it (C15).
    }
)
"""What codes of status U mean; any other is just not known yet."""


@final
class Question(msgspec.Struct, Generic[B], frozen=True, kw_only=True):
    """What a function is asked.

    Attributes:
        function: the function.
        body: the body of the request.
        answer: the type of the body of its response.
        access_token: the payer's token, where the function needs one.
    """

    function: Function
    body: msgspec.Struct
    answer: type[B]
    access_token: Secret | None = None

    def __repr__(self) -> str:
        """Name the function alone: a body may hold a token."""
        return f"<Question {self.function.name}>"


@final
class Asked(msgspec.Struct, Generic[B], frozen=True, kw_only=True):
    """A question as it was sent."""

    question: Question[B]
    client_id: str
    req_msg_id: str
    raw: bytes

    def __repr__(self) -> str:
        """Name the function and the message alone."""
        return f"<Asked {self.question.function.name} as {self.req_msg_id}>"


@final
class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What came back over HTTP, unbelieved."""

    status: int
    raw: bytes

    def __repr__(self) -> str:
        """Say how much came back: it may hold a token."""
        return f"<Reply {self.status} of {len(self.raw)} bytes>"


@final
class NotKnown(msgspec.Struct, frozen=True, kw_only=True):
    """No answer that can be believed, or one that says that it does not know.

    Attributes:
        cause: why.
        detail: more about it, in a sentence, or "".
        result_code: the code of a signed answer whose status is U, or "".
    """

    cause: Cause
    detail: str = ""
    result_code: str = ""

    @property
    def sentence(self) -> str:
        """Return what happened."""
        return f"{self.cause.sentence} {self.detail}".rstrip()

    @classmethod
    def refused(cls, cause: Cause, info: ResultInfo) -> "NotKnown":
        """Return that a signed refusal settles nothing, and name its code."""
        detail = f"{info.result_code}: {info.result_msg}" if info.result_msg else info.result_code
        return cls(cause=cause, detail=detail, result_code=info.result_code)


@final
class Said(msgspec.Struct, Generic[B], frozen=True, kw_only=True):
    """An answer that is believed: yes, or no.

    Attributes:
        body: the body of the response.
        info: its result; the status is S or F.
        resp_time_ms: when the gateway said so, or None.
    """

    body: B
    info: ResultInfo
    resp_time_ms: int | None

    @property
    def done(self) -> bool:
        """Tell whether it is a yes."""
        return self.info.result_status == "S"

    def __repr__(self) -> str:
        """Say the result alone: a body may hold a token."""
        return f"<Said {self.info.result_code}>"


@final
class Signer(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, and with which keys both sides sign."""

    client_id: str
    key: PrivateKey
    gateway_keys: tuple[PublicKey, ...]
    profile: Profile

    def write(self, question: Question[B], *, req_msg_id: str, now_ms: int) -> Asked[B]:
        """Return the signed request.

        Raises:
            Refused: PARAM_MISSING or PARAM_ILLEGAL, as the gateway would answer, with the path.
        """
        body = msgspec.json.encode(question.body)
        read(type(question.body), body, lambda: msgspec.json.decode(body))
        token = question.access_token
        head = request_head(
            question.function.name,
            client_id=self.client_id,
            req_msg_id=req_msg_id,
            now_ms=now_ms,
            access_token=token.reveal() if token else None,
        )
        text = msgspec.json.encode(head)
        read(RequestHead, text, lambda: msgspec.json.decode(text))
        raw = seal(Kind.REQUEST, functions.write_raw(head, body), self.key, self.profile)
        return Asked(question=question, client_id=self.client_id, req_msg_id=req_msg_id, raw=raw)

    def judge(self, asked: Asked[B], reply: Reply) -> Said[B] | NotKnown:
        """Hold a reply against what was asked."""
        if reply.status != HTTP_OK:
            cause = Cause.HTTP_BUSY if reply.status in HTTP_BUSY else Cause.HTTP_STATUS
            return NotKnown(cause=cause, detail=f"It is {reply.status}.")
        try:
            taken = cut(reply.raw, Kind.RESPONSE)
        except NotAnEnvelope as fault:
            large = fault.result is Result.REQUEST_TOO_LARGE
            cause = Cause.TOO_LARGE if large else Cause.NOT_AN_ENVELOPE
            return NotKnown(cause=cause, detail="" if large else fault.sentence)
        if not taken.signature:
            return NotKnown(cause=Cause.UNSIGNED, detail=_claimed(taken))
        try:
            verified = verify(taken, self.gateway_keys, self.profile)
        except Refused as refused:
            return NotKnown(cause=Cause.BAD_SIGNATURE, detail=fault_of(refused))
        return _other(asked, verified) or _read(asked, verified)


def fault_of(refused: Refused) -> str:
    """Return what is wrong with a signature, but not the next step: that is for its sender."""
    return f"{refused.sentence.partition(';')[0].rstrip('.')}."


def _claimed(taken: Cut) -> str:
    """Return what an unsigned answer claims, for people: the first thing they ask."""
    try:
        info = taken.unverified["body"]["resultInfo"]
        name, known = str(info["resultCode"]), Result.__members__
    except (KeyError, TypeError):
        return ""
    return f"It claims {name}." if name in known else ""


def _other(asked: Asked[Any], verified: Verified) -> NotKnown | None:
    """Return why a signed answer is not the one to this request, or None."""
    claims = verified.claims
    for claimed, sent, cause in (
        (claims.function, asked.question.function.name, Cause.OTHER_FUNCTION),
        (claims.client_id, asked.client_id, Cause.OTHER_CLIENT),
        (claims.req_msg_id, asked.req_msg_id, Cause.OTHER_REQUEST),
    ):
        if claimed != sent:
            return NotKnown(cause=cause)
    return None


def _read(asked: Asked[B], verified: Verified) -> Said[B] | NotKnown:
    question = asked.question
    try:
        response = functions.open_response(verified, question.answer, question.function)
    except Refused as refused:
        return NotKnown(cause=Cause.ILL_FORMED, detail=refused.message)
    # Every response body starts with resultInfo (U1); the types cannot say so of all of them.
    info: ResultInfo = response.body.result_info  # type: ignore[attr-defined]  # As said.
    if info.result_status not in {"S", "F"}:
        return NotKnown(
            cause=_CAUSES_OF_CODES.get(info.result_code, Cause.STATUS_UNKNOWN),
            detail=info.result_msg or "",
            result_code=info.result_code,
        )
    for name, sent in _echoed(question.body).items():
        said = getattr(response.body, name, None)
        if said is not None and said != sent:
            return NotKnown(cause=Cause.OTHER_SUBJECT, detail=f"Its {name} is not the request's.")
    at = response.head.resp_time
    return Said(body=response.body, info=info, resp_time_ms=parse_rfc3339(at) if at else None)


def _echoed(body: msgspec.Struct) -> dict[str, object]:
    """Return what of a request's body an answer may repeat, and must repeat rightly."""
    found = {name: getattr(body, name, None) for name in ECHOED}
    found["order_amount"] = getattr(getattr(body, "order", None), "order_amount", None)
    return {name: value for name, value in found.items() if value is not None}
