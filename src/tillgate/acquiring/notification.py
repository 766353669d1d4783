"""Notifications: what is owed to a merchant's server, when the next send is due, when it ends.

The ladder is the protocol's: at once, then after 2m, 10m, 10m, 1h, 2h, 6h, 15h, until acknowledged
(PROTOCOL 6.1). A row carries every fact its message needs, so that each send can be a new system
request with the current key (U21).
"""

from enum import StrEnum, unique
from typing import ClassVar

from tillgate.acquiring.states import AcquirementState, NotificationState
from tillgate.kernel.clock import HOUR_MS, MINUTE_MS
from tillgate.kernel.ids import (
    AcquirementId,
    ClientId,
    MerchantId,
    MerchantTransId,
    NotificationId,
)
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record, Unique

LADDER_MS = (
    2 * MINUTE_MS,
    10 * MINUTE_MS,
    10 * MINUTE_MS,
    1 * HOUR_MS,
    2 * HOUR_MS,
    6 * HOUR_MS,
    15 * HOUR_MS,
)
"""Waits after each failed send; the send after the last wait is the last."""
SENDS_MAX = len(LADDER_MS) + 1


@unique
class NotificationKind(StrEnum):
    """What a notification tells."""

    PAYMENT = "PAYMENT"
    AGREEMENT_CANCELLED = "AGREEMENT_CANCELLED"


class Notification(Record, frozen=True, kw_only=True):
    """A message owed to a merchant: an outbox row.

    Attributes:
        notification_id: derived from the acquirement and what is told.
        kind: a payment's end, or that an agreement was cancelled; the latter has no order, and
            `happened_at_ms` says when.
        merchant_agreement_id: the agreement that was cancelled, else "".
        happened_at_ms: when what is told happened, for an agreement.
        result: name of the result code that the message carries.
        pay_status: the acquirement's state that is told.
        sends: how many sends were claimed; fences leases.
        due_at_ms: when the next send may be claimed.
        lease_until_ms: until when the last claim holds.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "notification_id")
    unique: ClassVar[tuple[Unique, ...]] = (
        Unique(
            ("merchant_id", "merchant_trans_id", "pay_status"),
            where=(("kind", (NotificationKind.PAYMENT.value,)),),
        ),
    )

    merchant_id: MerchantId
    notification_id: NotificationId
    merchant_trans_id: MerchantTransId
    acquirement_id: AcquirementId
    client_id: ClientId
    version: str
    url: str
    result: str
    pay_status: AcquirementState
    amount: Money
    paid_at_ms: int | None
    extend_info: str
    state: NotificationState
    created_at_ms: int
    due_at_ms: int
    sends: int = 0
    lease_until_ms: int = 0
    ended_at_ms: int | None = None
    kind: NotificationKind = NotificationKind.PAYMENT
    merchant_agreement_id: str = ""
    happened_at_ms: int | None = None


class NotificationSend(Record, frozen=True, kw_only=True):
    """One send: what went out and what came back.

    Attributes:
        request: the exact bytes that were sent.
        status: the HTTP status, or None when no answer came.
        response: the first 64 KiB of the answer.
        verdict: `ACKNOWLEDGED`, `ACKNOWLEDGED_UNSIGNED`, or the name of what was wrong.
        sentence: the same for people.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "notification_id", "send_no")

    merchant_id: MerchantId
    notification_id: NotificationId
    send_no: int
    sent_at_ms: int
    elapsed_ms: int
    request: bytes
    status: int | None
    response: bytes
    verdict: str
    sentence: str
