"""What a merchant is told, once it is verified: values to act upon.

A `PaymentEvent` comes from a notification and is the word to act on; a `PaymentReturn` comes with
the buyer's browser and is as true, but a buyer may never arrive. `match` holds either against what
was ordered. What must hold: only `Merchant` makes them, after the signature was checked.
"""

from collections.abc import Callable
from enum import Enum
from typing import Final, Literal, final

import msgspec

from tillgate.kernel.money import Money
from tillgate.merchant.errors import InvalidMessage, OrderMismatch, UnknownOrder
from tillgate.merchant.order import Order
from tillgate.merchant.secret import Secret
from tillgate.protocol.auth_redirect import AuthResult
from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.messages.head import RequestHead


class Unchecked(Enum):
    """The type of `UNCHECKED`."""

    UNCHECKED = "the match with what was ordered is made elsewhere"


UNCHECKED: Final = Unchecked.UNCHECKED
"""Pass this as `expect` to say that you compare the amount with your order yourself."""

Expect = Callable[[str], Order | None] | Literal[Unchecked.UNCHECKED]
"""Finds an order by its number, or `UNCHECKED`."""


@final
class PaymentEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A verified notification.

    Attributes:
        merchant_trans_id: your order number; handle each number once, since sends are repeated.
        result: what became of the payment.
        acquirement_id: the acquirer's number of the order, or None when it did not succeed.
        amount: what was ordered, or None when it did not succeed.
        payment_time_ms: when the buyer paid, or None.
        pay_status: state of the payment by the acquirer's word, or None.
        merchant_id: who is paid, or None when the acquirer did not say.
        key_fingerprint: which gateway key signed it.
        head: the head of the message, for `acknowledge`.
    """

    merchant_trans_id: str
    result: ResultInfo
    acquirement_id: str | None
    amount: Money | None
    payment_time_ms: int | None
    pay_status: str | None
    merchant_id: str | None
    key_fingerprint: str
    head: RequestHead

    @property
    def paid(self) -> bool:
        """Tell whether the order is paid; if not, it never will be by this attempt."""
        return self.result.result_status == "S"


@final
class PaymentReturn(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer's browser brought back, verified.

    Attributes:
        merchant_trans_id: your order number.
        result: what is known; status U means that the payment may still succeed.
        acquirement_id: the acquirer's number of the order.
        amount: what was ordered.
        merchant_id: who is paid.
        resp_time_ms: when the gateway signed it.
    """

    merchant_trans_id: str
    result: ResultInfo
    acquirement_id: str
    amount: Money
    merchant_id: str
    resp_time_ms: int

    @property
    def paid(self) -> bool:
        """Tell whether the order is paid; if not, wait for the notification or query."""
        return self.result.result_status == "S"


@final
class AgreementEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A verified notification that an agreement was ended, by the payer or by yourself.

    Attributes:
        agreement_id: your number of the agreement; it debits nothing any more.
        cancelled_at_ms: when it was ended.
        key_fingerprint: which gateway key signed it.
        head: the head of the message, for `acknowledge`.
    """

    agreement_id: str
    cancelled_at_ms: int
    key_fingerprint: str
    head: RequestHead


@final
class AgreementReturn(msgspec.Struct, frozen=True, kw_only=True):
    """What a payer's browser brought back from the page of an agreement.

    Attributes:
        agreement_id: your number of the agreement; compare it with the one you asked for.
        result: SUCCESS, FAIL (the payer did not agree) or ERROR (begin anew later).
        auth_code: what `apply_token` takes within ten minutes; None unless it is SUCCESS.
    """

    agreement_id: str
    result: AuthResult
    auth_code: Secret | None


def match(event: PaymentEvent | PaymentReturn, expect: Expect, merchant_id: str) -> None:
    """Hold an event against what was ordered.

    Raises:
        OrderMismatch: merchant, order number, amount or currency differ.
        UnknownOrder: `expect` found no order.
        InvalidMessage: a success does not say the amount.
    """
    if event.merchant_id is not None and event.merchant_id != merchant_id:
        raise OrderMismatch("merchantId", ordered=merchant_id, received=event.merchant_id)
    if event.paid and event.amount is None:
        raise InvalidMessage("a success must say the amount", path="body.orderAmount")
    if isinstance(expect, Unchecked):
        return
    order = expect(event.merchant_trans_id)
    if order is None:
        raise UnknownOrder(event.merchant_trans_id)
    if order.merchant_trans_id != event.merchant_trans_id:
        raise OrderMismatch(
            "merchantTransId", ordered=order.merchant_trans_id, received=event.merchant_trans_id
        )
    if event.amount is not None and event.amount != order.money:
        raise OrderMismatch("orderAmount", ordered=str(order.money), received=str(event.amount))
