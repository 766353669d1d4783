"""The SDK: what a merchant's server needs to be paid and to know it.

It builds and signs order strings, verifies notifications and redirects from their raw text, matches
them with what was ordered, and acknowledges; and it asks the gateway, believing only answers that
are signed for the question. It leans on kernel and protocol alone, so it installs without a
server's libraries. What must hold: nothing a merchant is told here is unverified.
"""

from tillgate.merchant.asking import Cause
from tillgate.merchant.async_client import AsyncMerchant
from tillgate.merchant.client import Merchant
from tillgate.merchant.connection import Connection, Repeating
from tillgate.merchant.errors import (
    AgreementMismatch,
    InvalidMessage,
    InvalidSignature,
    NotConnected,
    OrderMismatch,
    UnknownOrder,
    VerificationError,
)
from tillgate.merchant.events import (
    UNCHECKED,
    AgreementEvent,
    AgreementReturn,
    PaymentEvent,
    PaymentReturn,
)
from tillgate.merchant.order import Order
from tillgate.merchant.outcomes import (
    AccessToken,
    Agreement,
    AgreementCancelled,
    AgreementPage,
    Cancelled,
    CashierPage,
    Closed,
    NotFound,
    Paid,
    Refunded,
    RefundLine,
    Refusal,
    Unknown,
    Waiting,
)
from tillgate.merchant.secret import Secret
from tillgate.protocol.auth_redirect import AuthResult

__all__ = [
    "UNCHECKED",
    "AccessToken",
    "Agreement",
    "AgreementCancelled",
    "AgreementEvent",
    "AgreementMismatch",
    "AgreementPage",
    "AgreementReturn",
    "AsyncMerchant",
    "AuthResult",
    "Cancelled",
    "CashierPage",
    "Cause",
    "Closed",
    "Connection",
    "InvalidMessage",
    "InvalidSignature",
    "Merchant",
    "NotConnected",
    "NotFound",
    "Order",
    "OrderMismatch",
    "Paid",
    "PaymentEvent",
    "PaymentReturn",
    "RefundLine",
    "Refunded",
    "Refusal",
    "Repeating",
    "Secret",
    "Unknown",
    "UnknownOrder",
    "VerificationError",
    "Waiting",
]
