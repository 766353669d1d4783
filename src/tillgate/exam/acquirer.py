"""The acquirer that the exam plays: it writes notifications as a gateway does, and signs them.

A lie is made from an order that differs from the merchant's own in one member. What must hold: a
right message is written and sealed by the very functions the gateway uses; each is a system request
of its own, with its own reqMsgId, while the facts of a payment stay the same.
"""

import hashlib
from typing import Final, final

import msgspec

from tillgate.exam.orders import Ordered
from tillgate.kernel.clock import HOUR_MS, SECOND_MS, Clock, rfc3339
from tillgate.kernel.ids import IdFactory
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Kind, wrap_unsigned
from tillgate.protocol.functions import write
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.messages import notify_cancel, notify_pay, pay_query
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.messages.head import request_head
from tillgate.protocol.messages.notify_cancel import NotifyCancelBody
from tillgate.protocol.messages.notify_pay import NotifyPayBody
from tillgate.protocol.messages.pay_query import PayQueryAnswer
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal

LATE_MS: Final = 15 * HOUR_MS
"""The last gap between two sends."""
_SERIAL_DIGITS: Final = 27
_PAID_BEFORE_MS: Final = 2 * SECOND_MS


@final
class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """What the exam signs with.

    Attributes:
        gateway: the key whose public half the merchant has.
        stranger: a key that nobody knows.
        retired: the key the gateway had before, or None when there is none to try.
    """

    gateway: PrivateKey
    stranger: PrivateKey
    retired: PrivateKey | None = None


@final
class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A notification: its bytes, and what an acknowledgement must echo."""

    function: str
    client_id: str
    req_msg_id: str
    version: str
    content: bytes
    raw: bytes


@final
class Acquirer:
    """Writes and signs messages about orders."""

    def __init__(self, keys: Keys, profile: Profile, *, clock: Clock, ids: IdFactory) -> None:
        """Take its parts; every payment of this exam was made just before now."""
        self.keys = keys
        self._profile, self._clock, self._ids = profile, clock, ids
        self._began_ms = clock.now_ms()

    def paid(
        self, order: Ordered, *, key: PrivateKey | None = None, sent_ago_ms: int = 0
    ) -> Message:
        """Return the message that an order is paid."""
        paid_at_ms = self._began_ms - _PAID_BEFORE_MS - sent_ago_ms
        body = NotifyPayBody(
            result_info=ResultInfo.of(Result.SUCCESS),
            acquirement_id=self._acquirement(order),
            merchant_trans_id=order.merchant_trans_id,
            order_amount=WireMoney.of(order.money),
            payment_time=rfc3339(paid_at_ms),
            pay_status="TRADE_SUCCESS",
            merchant_id=order.merchant_id,
        )
        return self._sealed(order, body, key=key, sent_ago_ms=sent_ago_ms)

    def closed(self, order: Ordered, *, sent_ago_ms: int = 0) -> Message:
        """Return the message that an order was closed and is not paid, or not any more."""
        body = NotifyPayBody(
            result_info=ResultInfo.of(Result.ORDER_IS_CLOSED),
            acquirement_id=self._acquirement(order),
            merchant_trans_id=order.merchant_trans_id,
            order_amount=WireMoney.of(order.money),
            pay_status="TRADE_CLOSED",
            merchant_id=order.merchant_id,
        )
        return self._sealed(order, body, key=None, sent_ago_ms=sent_ago_ms)

    def unsigned(self, order: Ordered) -> Message:
        """Return a right message that nobody signed."""
        right = self.paid(order)
        return msgspec.structs.replace(right, raw=wrap_unsigned(Kind.REQUEST, right.content))

    def other_content(self, order: Ordered, signed: Ordered) -> Message:
        """Return that an order is paid, under a signature over another order's message."""
        lie, right = self.paid(order), self.paid(signed)
        raw = right.raw.replace(right.content, lie.content, 1)
        return msgspec.structs.replace(lie, raw=raw)

    def two_requests(self, order: Ordered, signed: Ordered) -> tuple[Message, Message]:
        """Return a signed message of one order with a second `request` about another beside it.

        The second stands before the signed one in the first message, and after it in the other.
        """
        lie, right = self.paid(order), self.paid(signed)
        before = b'{"request":%b,%b' % (lie.content, right.raw.removeprefix(b"{"))
        after = b'%b,"request":%b}' % (right.raw.removesuffix(b"}"), lie.content)
        changed = msgspec.structs.replace
        return changed(lie, raw=before), changed(lie, raw=after)

    def query_answer(self, order: Ordered) -> Message:
        """Return a signed answer to a query of an unpaid order, posted as if it were told.

        Its resultInfo says S, since the query went well; its payStatus says WAIT_BUYER_PAY.
        """
        body = PayQueryAnswer(
            result_info=ResultInfo.of(Result.SUCCESS),
            acquirement_id=self._acquirement(order),
            merchant_trans_id=order.merchant_trans_id,
            merchant_id=order.merchant_id,
            order_amount=WireMoney.of(order.money),
            pay_status="WAIT_BUYER_PAY",
        )
        return self._sealed(order, body, function=pay_query.FUNCTION.name)

    def ended(
        self,
        order: Ordered,
        agreement: str,
        *,
        merchant_id: str = "",
        key: PrivateKey | None = None,
    ) -> Message:
        """Return the message that an agreement was ended; ids but its own come from an order.

        Another merchant than the order's makes a lie of it.
        """
        body = NotifyCancelBody(
            auth_merchant_id=merchant_id or order.merchant_id,
            merchant_agreement_id=agreement,
            cancel_time=rfc3339(self._began_ms),
        )
        return self._sealed(order, body, key=key, function=notify_cancel.FUNCTION.name)

    def _sealed(
        self,
        order: Ordered,
        body: msgspec.Struct,
        *,
        key: PrivateKey | None = None,
        sent_ago_ms: int = 0,
        function: str = notify_pay.FUNCTION.name,
    ) -> Message:
        head = request_head(
            function,
            client_id=order.client_id,
            req_msg_id=self._ids.token(),
            now_ms=self._clock.now_ms() - sent_ago_ms,
            version=order.version,
        )
        content = write(head, body)
        return Message(
            function=function,
            client_id=order.client_id,
            req_msg_id=head.req_msg_id,
            version=order.version,
            content=content,
            raw=seal(Kind.REQUEST, content, key or self.keys.gateway, self._profile),
        )

    def _acquirement(self, order: Ordered) -> str:
        """Return the acquirer's number of an order: the same one each time it is told."""
        date = rfc3339(self._began_ms)[:10].replace("-", "")
        digest = hashlib.sha256(order.merchant_trans_id.encode()).digest()
        serial = int.from_bytes(digest) % 10**_SERIAL_DIGITS
        return f"{date}{serial:0{_SERIAL_DIGITS}d}"
