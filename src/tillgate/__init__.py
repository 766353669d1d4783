"""Tillgate: a complete in-app payment system that speaks `alipay.intl.acquiring.cashier.wap.pay`.

This module is the public face of the package. It decides which names a merchant may lean on and
nothing else: each name is loaded from its home on first use, so that `import tillgate` costs no
more than this file, and the base install never reaches for a library of the server.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tillgate.kernel.errors import Broken, Refused, TillgateError, Unavailable
    from tillgate.kernel.money import Money
    from tillgate.merchant import (
        UNCHECKED,
        AccessToken,
        Agreement,
        AgreementCancelled,
        AgreementEvent,
        AgreementMismatch,
        AgreementPage,
        AgreementReturn,
        AsyncMerchant,
        AuthResult,
        Cancelled,
        CashierPage,
        Cause,
        Closed,
        Connection,
        InvalidMessage,
        InvalidSignature,
        Merchant,
        NotConnected,
        NotFound,
        Order,
        OrderMismatch,
        Paid,
        PaymentEvent,
        PaymentReturn,
        Refunded,
        RefundLine,
        Refusal,
        Repeating,
        Secret,
        Unknown,
        UnknownOrder,
        VerificationError,
        Waiting,
    )
    from tillgate.protocol.keys import KeyRefused
    from tillgate.protocol.profile import Profile

__version__ = "0.1.0"

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
    "Broken",
    "Cancelled",
    "CashierPage",
    "Cause",
    "Closed",
    "Connection",
    "InvalidMessage",
    "InvalidSignature",
    "KeyRefused",
    "Merchant",
    "Money",
    "NotConnected",
    "NotFound",
    "Order",
    "OrderMismatch",
    "Paid",
    "PaymentEvent",
    "PaymentReturn",
    "Profile",
    "RefundLine",
    "Refunded",
    "Refusal",
    "Refused",
    "Repeating",
    "Secret",
    "TillgateError",
    "Unavailable",
    "Unknown",
    "UnknownOrder",
    "VerificationError",
    "Waiting",
    "__version__",
]

_HOMES = {
    "Broken": "tillgate.kernel.errors",
    "KeyRefused": "tillgate.protocol.keys",
    "Money": "tillgate.kernel.money",
    "Profile": "tillgate.protocol.profile",
    "Refused": "tillgate.kernel.errors",
    "TillgateError": "tillgate.kernel.errors",
    "Unavailable": "tillgate.kernel.errors",
}
"""Where a public name lives when that is not `tillgate.merchant`."""


if not TYPE_CHECKING:  # A type checker would take any misspelt name for one of ours.

    def __getattr__(name: str) -> object:
        """Load a public name from its home."""
        if name not in __all__:
            message = f"module {__name__!r} has no attribute {name!r}"
            raise AttributeError(message)
        import importlib

        value = getattr(importlib.import_module(_HOMES.get(name, "tillgate.merchant")), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """List the public names, loaded or not."""
    return sorted({*globals(), *__all__})
