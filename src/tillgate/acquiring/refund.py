"""Refunds: money that a merchant gives back, part by part, under numbers of its own.

A refund counts against what is left of its payment from the moment it is asked; one that an outside
issuer declines counts no longer. What must hold: the same merchantRefundId with the same content is
the same refund (U17), and refunds never sum to more than was paid (U20).
"""

from typing import ClassVar

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.states import REFUND, RefundEvent, RefundState, after
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import (
    AcquirementId,
    ClientId,
    MerchantId,
    MerchantRefundId,
    MerchantTransId,
)
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.kernel.results import Result


class Refund(Record, frozen=True, kw_only=True):
    """A refund as we hold it.

    Attributes:
        reason: what the merchant said; shown to the buyer.
        attempt_no: the attempt that asks an outside issuer, 0 when the built-in wallet paid.
        ended_at_ms: when it was done or declined.
        failure: name of the result code of a declined refund, else "".
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "merchant_refund_id")

    merchant_id: MerchantId
    merchant_refund_id: MerchantRefundId
    merchant_trans_id: MerchantTransId
    acquirement_id: AcquirementId
    client_id: ClientId
    amount: Money
    reason: str
    state: RefundState
    created_at_ms: int
    attempt_no: int = 0
    ended_at_ms: int | None = None
    failure: str = ""

    @property
    def reference(self) -> str:
        """Return the name under which the ledger knows this refund."""
        return f"refund:{self.acquirement_id}:{self.merchant_refund_id}"

    def stepped(self, event: RefundEvent, **changes: object) -> "Refund":
        """Return the refund after an event of the table, with further fields changed."""
        return self.replaced(state=after(REFUND, self.state, event), **changes)

    def check_same(self, acquirement_id: str, amount: Money) -> None:
        """Raise `Refused` naming the first member in which a repeat differs (U17)."""
        sentence = (
            f"Refund {self.merchant_refund_id} exists with another {{}};"
            " use a new merchantRefundId for another refund."
        )
        for path, name, ours, theirs in (
            ("body.acquirementId", "acquirementId", self.acquirement_id, acquirement_id),
            (
                "body.refundAmount.currency",
                "currency",
                self.amount.currency.code,
                amount.currency.code,
            ),
            ("body.refundAmount.value", "amount", self.amount.minor, amount.minor),
        ):
            if ours != theirs:
                raise Refused(Result.REPEAT_REQ_INCONSISTENT, sentence.format(name), path=path)


def check_refundable(order: Acquirement, amount: Money, *, now_ms: int, merchant: Merchant) -> None:
    """Raise `Refused` with the first reason why this much of an order cannot go back now.

    Args:
        order: the order to give back from.
        amount: how much of it.
        now_ms: the instant by which the window is judged (U9).
        merchant: whose window counts; its debt limit is judged apart (`acquiring/debt.py`).
    """
    if amount.currency != order.amount.currency:
        sentence = f"The payment was in {order.amount.currency.code}; refund it in that currency."
        raise Refused(Result.CURRENCY_NOT_SAME, sentence, path="body.refundAmount.currency")
    if order.paid_at_ms is None:
        waits = order.waits and not order.is_over(now_ms)
        result = Result.ORDER_STATUS_INVALID if waits else Result.ORDER_IS_CLOSED
        sentence = "The order was not paid, so there is nothing to refund; cancel it instead."
        raise Refused(result, sentence, path="body.acquirementId")
    if order.close_reason is CloseReason.CANCELLED:
        sentence = "The payment was cancelled and given back whole; there is nothing to refund."
        raise Refused(Result.ORDER_IS_CLOSED, sentence, path="body.acquirementId")
    if now_ms >= order.paid_at_ms + merchant.refund_window_ms:
        raise Refused(Result.AGREEMENT_REFUND_TIME_EXCEEDS_LIMIT, path="body.acquirementId")
    left = order.amount - order.refunded
    if left < amount:
        sentence = f"{left} is left of this payment to refund, and {amount} was asked."
        raise Refused(Result.AMOUNT_EXCEEDS_LIMIT, sentence, path="body.refundAmount.value")
