"""The head of every message (PROTOCOL 2.3, 2.4): who asks what, when, under which number.

What must hold: `reserve` is always written as "{}" (C13), and a response's head echoes version,
function, clientId and reqMsgId of its request.
"""

from typing import Annotated, final

from tillgate.kernel.clock import parse_rfc3339, rfc3339
from tillgate.protocol.conditions import when
from tillgate.protocol.members import Message, member, secret
from tillgate.protocol.rules import DATETIME, IDENTIFIER, JSON_OBJECT, one_of

AGREEMENT_PAY = "alipay.intl.acquiring.agreement.pay"
"""The one function whose head carries a token."""
VERSIONS = ("2.0.0", "2.0.1", "2.0.2", "2.0.3", "2.0.4")
"""Treated alike and echoed (U13)."""

Version = Annotated[
    str, member("API version", sample="2.0.0", length=8, rule=one_of(*VERSIONS, type_name="string"))
]
FunctionName = Annotated[
    str,
    member(
        "API interface",
        sample="alipay.intl.acquiring.cashier.wap.pay",
        length=128,
        rule=IDENTIFIER,
    ),
]
ClientIdText = Annotated[
    str,
    member(
        "client id, given by the acquirer; identifies the calling system and its keys",
        sample="4Q5XSH6SSG02T006",
        length=32,
        rule=IDENTIFIER,
    ),
]
ReqMsgIdText = Annotated[
    str,
    member(
        "request message id, unique for each system request; not a business key",
        sample="2b76d599f8072d042b68bc2f43be4211",
        length=64,
        rule=IDENTIFIER,
    ),
]
Reserve = Annotated[
    str,
    member("reserved for future use, key and value", sample="{}", length=256, rule=JSON_OBJECT),
]


@final
class RequestHead(Message, frozen=True, kw_only=True):
    """The head of a request."""

    version: Version
    function: FunctionName
    client_id: ClientIdText
    req_time: Annotated[
        str, member("request time", sample="2018-12-04T22:00:53-08:00", rule=DATETIME)
    ]
    req_msg_id: ReqMsgIdText
    reserve: Reserve | None = None
    access_token: (
        Annotated[
            str,
            secret(
                "the payer's token; agreement.pay only",
                sample="M9WkKnmRGFflrgEp2ORH5sMIkH9L59AXK6SFkdzAi5000969",
                length=64,
                rule=IDENTIFIER,
            ),
            when("function", AGREEMENT_PAY),
        ]
        | None
    ) = None
    sign_type: (
        Annotated[
            str,
            member(
                "signature algorithm; must agree with the client's profile",
                sample="RSA2",
                length=64,
                rule=IDENTIFIER,
            ),
        ]
        | None
    ) = None

    @property
    def req_time_ms(self) -> int:
        """Return the request time as an instant."""
        return parse_rfc3339(self.req_time)


@final
class ResponseHead(Message, frozen=True, kw_only=True):
    """The head of a response; only function and reqMsgId are leaned on (U7), the rest may lack."""

    version: Version | None = None
    function: FunctionName
    client_id: ClientIdText | None = None
    resp_time: (
        Annotated[
            str,
            member(
                "response time",
                sample="2018-12-04T22:00:54-08:00",
                rule=DATETIME,
                other_name="reqTime",
            ),
        ]
        | None
    ) = None
    req_msg_id: ReqMsgIdText
    reserve: Reserve | None = None


def request_head(
    function: str,
    *,
    client_id: str,
    req_msg_id: str,
    now_ms: int,
    version: str = "2.0.0",
    access_token: str | None = None,
) -> RequestHead:
    """Return a fresh head for a request made at `now_ms`."""
    return RequestHead(
        version=version,
        function=function,
        client_id=client_id,
        req_time=rfc3339(now_ms),
        req_msg_id=req_msg_id,
        reserve="{}",
        access_token=access_token,
    )


def response_head(request: RequestHead, *, now_ms: int) -> ResponseHead:
    """Return the head of the answer to a request, made at `now_ms`."""
    return ResponseHead(
        version=request.version,
        function=request.function,
        client_id=request.client_id,
        resp_time=rfc3339(now_ms),
        req_msg_id=request.req_msg_id,
        reserve="{}",
    )
