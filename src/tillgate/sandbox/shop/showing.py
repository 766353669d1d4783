"""What the shop's pages show, as plain values for the templates.

It asks nobody and changes nothing. What must hold: what an address says is shown as believed only
when its signature was verified.
"""

from typing import Any
from urllib.parse import parse_qsl

from tillgate.kernel.errors import TillgateError
from tillgate.merchant import AsyncMerchant
from tillgate.sandbox.shop.after import Standing
from tillgate.sandbox.shop.automatic import Back
from tillgate.sandbox.shop.orders import OrderBook, ShopOrder

FIELDS_MAX = 64


def result_view(merchant: AsyncMerchant, book: OrderBook, query: str) -> dict[str, Any]:
    """Return what the gateway's signed way back says, or why it is not believed."""
    shown: dict[str, Any] = {
        "verified": False,
        "is_paid": False,
        "reason": None,
        "number": "",
        "fields": _fields(query),
    }
    try:
        event = merchant.return_url(query, expect=book.find)
    except TillgateError as error:
        return {**shown, "reason": str(error)}
    return {
        **shown,
        "verified": True,
        "is_paid": event.paid,
        "number": event.merchant_trans_id,
    }


def agreed_view(back: Back) -> dict[str, Any]:
    """Return how a customer came back from the wallet's page."""
    return {"came": back.came.value, "reason": back.reason}


def order_view(known: ShopOrder, standing: Standing, *, refund_id: str) -> dict[str, Any]:
    """Return an order: what the shop knows by notification, and what the gateway says now."""
    order = known.order
    left = order.money
    for line in standing.refunds:
        left = left if line.status == "FAIL" else left - line.amount
    return {
        "merchant_trans_id": order.merchant_trans_id,
        "title": order.title,
        "amount": str(order.money),
        "status": known.status,
        "state": standing.state,
        "sentence": standing.sentence,
        "refunds": [
            {"amount": str(line.amount), "status": line.status} for line in standing.refunds
        ],
        "left": left.major(),
        "currency": order.money.currency.code,
        "refund_id": refund_id,
        "may_refund": standing.is_paid and left.is_positive,
        "may_cancel": standing.state == "waiting" or (standing.is_paid and not standing.refunds),
    }


def _fields(query: str) -> list[tuple[str, str]]:
    """Return the first fields of an address, for people to look at."""
    few = "&".join(query.split("&", FIELDS_MAX)[:FIELDS_MAX])
    return parse_qsl(few, keep_blank_values=True)
