"""The message that tells a merchant of a payment or an agreement, made anew for each send (U21).

It writes what the row says and asks nobody. What must hold: each send is a system request of its
own, with its own reqMsgId, its own reqTime and the gateway's current key; the facts never change.
"""

from typing import Final, final

import msgspec

from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.ids import ReqMsgId
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Kind
from tillgate.protocol.functions import write
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.messages import notify_cancel, notify_pay
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.messages.head import request_head
from tillgate.protocol.messages.notify_cancel import NotifyCancelBody
from tillgate.protocol.messages.notify_pay import NotifyPayBody
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal

FUNCTION_NAMES: Final = {
    NotificationKind.PAYMENT: notify_pay.FUNCTION.name,
    NotificationKind.AGREEMENT_CANCELLED: notify_cancel.FUNCTION.name,
}


@final
class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One system request: the bytes that go out, and what an acknowledgement must echo."""

    function: str
    req_msg_id: ReqMsgId
    sent_at_ms: int
    raw: bytes


def notify_message(
    row: Notification, *, req_msg_id: ReqMsgId, now_ms: int, key: PrivateKey, profile: Profile
) -> Message:
    """Return the signed message of a notification, as sent at `now_ms`."""
    function = FUNCTION_NAMES[row.kind]
    head = request_head(
        function,
        client_id=row.client_id,
        req_msg_id=req_msg_id,
        now_ms=now_ms,
        version=row.version,
    )
    raw = seal(Kind.REQUEST, write(head, _body(row)), key, profile)
    return Message(function=function, req_msg_id=req_msg_id, sent_at_ms=now_ms, raw=raw)


def _body(row: Notification) -> NotifyPayBody | NotifyCancelBody:
    if row.kind is NotificationKind.AGREEMENT_CANCELLED:
        return NotifyCancelBody(
            auth_merchant_id=row.merchant_id,
            merchant_agreement_id=row.merchant_agreement_id,
            cancel_time=rfc3339(row.happened_at_ms or row.created_at_ms),
        )
    return NotifyPayBody(
        result_info=ResultInfo.of(Result[row.result]),
        acquirement_id=row.acquirement_id,
        merchant_trans_id=row.merchant_trans_id,
        order_amount=WireMoney.of(row.amount),
        payment_time=None if row.paid_at_ms is None else rfc3339(row.paid_at_ms),
        pay_status=row.pay_status.value,
        merchant_id=row.merchant_id,
        extend_info=row.extend_info or None,
    )
