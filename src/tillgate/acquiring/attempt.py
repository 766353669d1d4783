"""Attempts: everything that asks somebody, with what was asked and what is known of the answer.

An issuer's answer is Approved, Declined or Unknown; Unknown is a value, it never ends a payment,
and a later question resolves it. What must hold: at most one debit that is not declined per
acquirement, and no timer ever turns an unknown into a no (DESIGN section 1).
"""

from enum import StrEnum, unique
from typing import ClassVar

from tillgate.acquiring.states import AttemptState
from tillgate.kernel.ids import CallId, MerchantId, MerchantTransId, PayerId
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record, Unique


@unique
class AttemptKind(StrEnum):
    """What is asked."""

    DEBIT = "DEBIT"
    REFUND = "REFUND"
    REVIEW = "REVIEW"


@unique
class AttemptPurpose(StrEnum):
    """Why it is asked; says from which account a refund is paid."""

    PAYMENT = "PAYMENT"
    CANCELLATION = "CANCELLATION"
    REFUND = "REFUND"
    LATE_APPROVAL = "LATE_APPROVAL"


class Attempt(Record, frozen=True, kw_only=True):
    """One question to an issuer.

    Attributes:
        attempt_no: numbers the attempts of an acquirement from 1; also names it to the issuer.
        asks: how often the issuer was asked; fences the leases of workers.
        next_ask_at_ms: when a worker asks again, while there is no yes or no.
        declined_code: the result code of a no, else "".
        late_approved_at_ms: when a yes arrived after the no; the money went to suspense.
        merchant_refund_id: the refund that a merchant asked for, for purpose REFUND, else "".
        merchant_agreement_id: the agreement that is debited without a PIN, else "".
        contradicted_at_ms: when a no arrived after the yes; for the operator to look at.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "merchant_trans_id", "attempt_no")
    unique: ClassVar[tuple[Unique, ...]] = (
        Unique(
            ("merchant_id", "merchant_trans_id"),
            where=(("kind", ("DEBIT",)), ("state", ("ASKED", "REVIEW", "UNKNOWN", "APPROVED"))),
        ),
    )

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    attempt_no: int
    kind: AttemptKind
    purpose: AttemptPurpose
    state: AttemptState
    issuer: str
    payer_id: PayerId
    amount: Money
    call_id: CallId
    asked_at_ms: int
    next_ask_at_ms: int
    asks: int = 1
    answered_at_ms: int | None = None
    declined_code: str = ""
    late_approved_at_ms: int | None = None
    contradicted_at_ms: int | None = None
    merchant_refund_id: str = ""
    merchant_agreement_id: str = ""

    @property
    def is_open(self) -> bool:
        """Tell whether there is neither yes nor no."""
        return self.state in (AttemptState.ASKED, AttemptState.UNKNOWN, AttemptState.REVIEW)

    @property
    def reference(self) -> str:
        """Return the name under which the issuer knows this attempt; the same at every ask."""
        return f"{self.merchant_id}/{self.merchant_trans_id}/{self.attempt_no}"
