"""Identifiers: one type each, made by a factory that is handed in and parsed once at the edge.

Types are told apart by the type checker; at run time they are text. What must hold: nothing here
makes an identifier by itself, so that a simulator with a seed can hand in the same ones again.
"""

from typing import NewType, Protocol

ClientId = NewType("ClientId", str)
"""The calling system behind a set of keys (PROTOCOL 1.1), at most 32 characters."""
MerchantId = NewType("MerchantId", str)
"""Who is paid (MID), at most 64 characters."""
MerchantTransId = NewType("MerchantTransId", str)
"""The merchant's own order number, at most 64 characters; idempotency key of a payment."""
MerchantRefundId = NewType("MerchantRefundId", str)
"""The merchant's own refund number, at most 64 characters; idempotency key of a refund."""
MerchantAgreementId = NewType("MerchantAgreementId", str)
"""The merchant's own number of an agreement, at most 32 characters."""
AcquirementId = NewType("AcquirementId", str)
"""Our number for an order: 35 digits that start with the date (PROTOCOL 1.1)."""
PayerId = NewType("PayerId", str)
"""Whose money it is."""
CallId = NewType("CallId", str)
"""One `tradePay` call of one page, made by the bridge (PROTOCOL 11.4)."""
OperationId = NewType("OperationId", str)
"""One command, however often it is sent; stored with its effect."""
EntryId = NewType("EntryId", str)
"""One balanced record in the ledger."""
NotificationId = NewType("NotificationId", str)
"""One message owed to a merchant."""
ReqMsgId = NewType("ReqMsgId", str)
"""One system request (PROTOCOL 2.3), at most 64 characters; never a business key."""


class IdFactory(Protocol):
    """Makes identifiers; the real one draws from the system, a simulator's from its seed."""

    def token(self) -> str:
        """Return 128 random bits as 32 lower-case hexadecimal digits."""
        ...

    def digits(self, length: int) -> str:
        """Return `length` random decimal digits."""
        ...
