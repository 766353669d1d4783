"""One id through a payment: from the page's call to the merchant's acknowledgement.

The id is made from the merchant and its order number alone, so every process, worker and restart
comes to the same one without asking anybody, and a merchant's support can find it as well. It says
nothing to who does not know the order number. What must hold: no text of a merchant or payer is
ever written into a line or a span in its place.
"""

import hashlib
from typing import Final

import structlog

from tillgate.edge.desk import Desk

DIGITS: Final = 16


def payment_id(merchant_id: str, number: str) -> str:
    """Return the id of what a merchant numbered: an order, or an agreement; "" without a number."""
    if not number:
        return ""
    named = f"{merchant_id}\0{number}".encode(errors="surrogatepass")
    return hashlib.sha256(named).hexdigest()[:DIGITS]


def follow(desk: Desk, merchant_id: str, number: str) -> None:
    """Have every line and span of this request carry the payment's id from now on."""
    payment = payment_id(merchant_id, number)
    if payment:
        structlog.contextvars.bind_contextvars(payment=payment)
        desk.traces.note(payment=payment)
