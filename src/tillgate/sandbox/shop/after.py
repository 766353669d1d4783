"""After the payment: what the gateway says of an order, a part given back, the whole cancelled.

Each function asks the gateway through the SDK. What must hold: the state on a page is the answer to
a query, not a memory; a refund carries a number of the shop's own, so pressing twice gives back
once; what is not known is shown as not known.
"""

from typing import NamedTuple, assert_never, final

from tillgate.merchant import (
    AsyncMerchant,
    Cancelled,
    Closed,
    NotFound,
    Order,
    Paid,
    Refunded,
    RefundLine,
    Unknown,
    Waiting,
)
from tillgate.sandbox.shop.automatic import Outcome, not_done


class Standing(NamedTuple):
    """How an order stands at the gateway, as a page shows it."""

    state: str
    refunded: str = ""
    refunds: tuple[RefundLine, ...] = ()
    sentence: str = ""

    @property
    def is_paid(self) -> bool:
        """Tell whether there is something to give back."""
        return self.state == "paid"


@final
class After:
    """What the shop does about an order that was placed."""

    def __init__(self, merchant: AsyncMerchant) -> None:
        """Ask in the name of `merchant`."""
        self._merchant = merchant

    async def standing(self, order: Order) -> Standing:
        """Ask how an order stands."""
        found = await self._merchant.query(order.merchant_trans_id)
        match found:
            case Paid():
                return Standing("paid", str(found.refunded or ""), found.refunds)
            case Waiting():
                return Standing("waiting")
            case Closed():
                state = "closed" if found.paid_at_ms is None else "given-back"
                return Standing(state, str(found.refunded or ""), found.refunds)
            case NotFound():
                return Standing("not-found")
            case Unknown():
                return Standing("unknown", sentence=found.sentence)
            case _:
                assert_never(found)

    async def refund(self, order: Order, *, refund_id: str, amount: str) -> Outcome:
        """Give a part back; the same number gives it back once.

        Raises:
            ValueError: the amount is none.
        """
        given = await self._merchant.refund(
            refund_id=refund_id,
            amount=f"{amount} {order.money.currency}",
            merchant_trans_id=order.merchant_trans_id,
            reason="Given back by the shop",
        )
        return Outcome("done") if isinstance(given, Refunded) else not_done(given)

    async def cancel(self, order: Order) -> Outcome:
        """Close the order as if it had never been; what was paid goes back whole."""
        gone = await self._merchant.cancel(order.merchant_trans_id)
        return Outcome("done") if isinstance(gone, Cancelled) else not_done(gone)
