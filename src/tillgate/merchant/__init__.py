"""The SDK: what a merchant's server needs to be paid and to know it.

It builds and signs order strings, verifies notifications and redirects from their raw text, matches
them with what was ordered, and acknowledges. It leans on kernel and protocol alone, so it installs
without a server's libraries. What must hold: nothing a merchant is told here is unverified.
"""

from tillgate.merchant.client import Merchant
from tillgate.merchant.errors import (
    InvalidMessage,
    InvalidSignature,
    OrderMismatch,
    UnknownOrder,
    VerificationError,
)
from tillgate.merchant.events import UNCHECKED, PaymentEvent, PaymentReturn
from tillgate.merchant.order import Order

__all__ = [
    "UNCHECKED",
    "InvalidMessage",
    "InvalidSignature",
    "Merchant",
    "Order",
    "OrderMismatch",
    "PaymentEvent",
    "PaymentReturn",
    "UnknownOrder",
    "VerificationError",
]
