"""What is kept of risk: the signals of an order, each decision, and which payer used which device.

Rows hold hashes and rule names, nothing personal. What must hold: a decision is never changed; one
that an operator makes is a row of its own (an operator's action), and the next judgement of the
same order has the next number.
"""

from typing import ClassVar

from tillgate.acquiring.risk.evidence import Evidence
from tillgate.acquiring.risk.judge import Judgement, Outcome
from tillgate.acquiring.risk.signals import Signals
from tillgate.kernel.ids import MerchantId, MerchantTransId, PayerId
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record


class OrderRisk(Record, frozen=True, kw_only=True):
    """What riskInfo said when an order was created.

    Attributes:
        device: the hash of the device, or "".
        signals: `Signals` as JSON.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "merchant_trans_id")

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    device: str
    signals: str


class RiskDecision(Record, frozen=True, kw_only=True):
    """One judgement of one order.

    Attributes:
        decision_no: numbers the judgements of an order from 1.
        amount: what was to be paid.
        rules: the names of the rules that fired.
        is_agreement: an agreement was to be debited, without a PIN.
        signals: `Signals` as JSON, as they were judged.
        device: the hash of the device, or "".
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "merchant_trans_id", "decision_no")

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    decision_no: int
    payer_id: PayerId
    at_ms: int
    amount: Money
    outcome: Outcome
    score: int
    rules: tuple[str, ...]
    is_agreement: bool
    signals: str
    device: str


class DeviceSeen(Record, frozen=True, kw_only=True):
    """A device on which a payer confirmed a payment."""

    key_fields: ClassVar[tuple[str, ...]] = ("payer_id", "device")

    payer_id: PayerId
    device: str
    first_seen_at_ms: int
    last_seen_at_ms: int

    def seen(self, at_ms: int) -> "DeviceSeen":
        """Return the row after the device was seen again; a late notice never goes back."""
        return self.replaced(last_seen_at_ms=max(self.last_seen_at_ms, at_ms))


def order_risk(
    merchant_id: MerchantId, merchant_trans_id: MerchantTransId, signals: Signals
) -> OrderRisk:
    """Return what is kept of riskInfo with a new order."""
    return OrderRisk(
        merchant_id=merchant_id,
        merchant_trans_id=merchant_trans_id,
        device=signals.device,
        signals=signals.text(),
    )


def decision(
    judgement: Judgement,
    evidence: Evidence,
    *,
    merchant_id: MerchantId,
    merchant_trans_id: MerchantTransId,
    decision_no: int,
    payer_id: PayerId,
    amount: Money,
    at_ms: int,
) -> RiskDecision:
    """Return what is kept of a judgement."""
    return RiskDecision(
        merchant_id=merchant_id,
        merchant_trans_id=merchant_trans_id,
        decision_no=decision_no,
        payer_id=payer_id,
        at_ms=at_ms,
        amount=amount,
        outcome=judgement.outcome,
        score=judgement.score,
        rules=judgement.rules,
        is_agreement=evidence.is_agreement,
        signals=evidence.signals.text(),
        device=evidence.signals.device,
    )
