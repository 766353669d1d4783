"""What the shop remembers of its orders: in memory, since nothing is ever shipped.

What must hold: an order's status changes only on a verified notification.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import NamedTuple, final

from tillgate.kernel.clock import Clock, rfc3339
from tillgate.kernel.ids import IdFactory
from tillgate.merchant import Order

ORDERS_KEPT = 1_000
ANY = "AGREEMENT_OR_CASHIER_PAY"
"""Debits the payer's agreement where there is one, else asks at the cashier."""
AMOUNT = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")


class Goods(NamedTuple):
    """What the shop sells."""

    title: str
    detail: str


DRESS = Goods("Women Summer Dress", "Coral, size M")
CLUB = Goods("Style club, one month", "New designs first, free alterations")


@final
@dataclass(slots=True)
class ShopOrder:
    """An order with what the shop knows of its payment."""

    order: Order
    status: str = "waiting for payment"


@final
class OrderBook:
    """The shop's orders by number."""

    def __init__(self, clock: Clock, ids: IdFactory) -> None:
        """Start without orders."""
        self._clock = clock
        self.ids = ids
        self._orders: OrderedDict[str, ShopOrder] = OrderedDict()

    def place(
        self, amount: str, *, currency: str, shop: str, goods: Goods = DRESS, product: str = ANY
    ) -> Order:
        """Take an order of so much, in major units as typed.

        Args:
            amount: how much, as in "10.00".
            currency: of what.
            shop: the shop's own origin.
            goods: what is sold.
            product: whether an agreement may be debited, as the protocol names it.

        Raises:
            ValueError: the amount is none, with a sentence for the customer.
        """
        if not AMOUNT.fullmatch(amount):
            raise ValueError("amount is a number in major units, as in 10.00")
        day = rfc3339(self._clock.now_ms())[:19].translate(str.maketrans("", "", "-:T"))
        order = Order(
            merchant_trans_id=f"{day}{self.ids.digits(7)}",
            title=goods.title,
            detail=goods.detail,
            amount=f"{amount} {currency}",
            notify_url=f"{shop}/shop/notify",
            return_url=f"{shop}/shop/result",
            product_code=product,
        )
        self._orders[order.merchant_trans_id] = ShopOrder(order)
        while len(self._orders) > ORDERS_KEPT:
            self._orders.popitem(last=False)
        return order

    def find(self, merchant_trans_id: str) -> Order | None:
        """Return what was ordered under this number."""
        known = self._orders.get(merchant_trans_id)
        return known.order if known else None

    def known(self, merchant_trans_id: str) -> ShopOrder | None:
        """Return the order with its status."""
        return self._orders.get(merchant_trans_id)

    def refund_id(self, known: ShopOrder) -> str:
        """Return a new number for a refund of this order; a page keeps it until it is done."""
        return f"R{known.order.merchant_trans_id}-{self.ids.digits(4)}"

    def paid(self, merchant_trans_id: str, *, is_paid: bool) -> None:
        """Note what a verified notification says."""
        known = self._orders.get(merchant_trans_id)
        if known:
            known.status = "paid, confirmed by the notification" if is_paid else "closed, unpaid"
