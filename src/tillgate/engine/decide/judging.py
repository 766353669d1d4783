"""Risk at the moment of paying: the judgement is made, kept, and the device remembered.

Evidence was read without locks and may be a moment old; exact limits are not here. What must hold:
every try to pay leaves its decision with the rules that fired, in the commit of what followed.
"""

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.risk.evidence import Evidence
from tillgate.acquiring.risk.judge import Outcome, judge
from tillgate.acquiring.risk.limits import check_limits
from tillgate.acquiring.risk.records import DeviceSeen, decision, order_risk
from tillgate.acquiring.risk.signals import Signals
from tillgate.engine.verb import Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.record import Key


def device_keys(payer_id: str, signals: Signals) -> list[Key]:
    """Name the row that remembers this payer on this device, when there is a device."""
    return [Key(DeviceSeen, (payer_id, signals.device))] if signals.device else []


def keep_signals(rows: Rows, order: Acquirement, signals: Signals) -> None:
    """Keep what riskInfo said with a new order; nothing when it was not there."""
    if signals.is_present:
        rows.insert(order_risk(order.merchant_id, order.merchant_trans_id, signals))


def judge_here(
    rows: Rows, order: Acquirement, payer: Payer, evidence: Evidence, *, moment: Moment
) -> Outcome:
    """Judge a try to pay this order, keep the decision, and return what follows from it."""
    judgement = judge(evidence, order.amount, moment.settings.risk)
    kept = decision(
        judgement,
        evidence,
        merchant_id=order.merchant_id,
        merchant_trans_id=order.merchant_trans_id,
        decision_no=order.attempt_count,
        payer_id=payer.payer_id,
        amount=order.amount,
        at_ms=moment.now_ms,
    )
    rows.insert(kept)
    return judgement.outcome


def check_approximate(order: Acquirement, evidence: Evidence, moment: Moment) -> None:
    """Raise `Refused` when an approximate limit of the merchant or the device is passed."""
    check_limits(evidence, order.amount, moment.settings.approximate)


def remember_device(rows: Rows, payer: Payer, evidence: Evidence, now_ms: int) -> None:
    """Remember a device on which this payer was let through to pay."""
    device = evidence.signals.device
    if not device:
        return
    known = rows.get(DeviceSeen, payer.payer_id, device)
    if known is not None:
        rows.update(known.seen(now_ms))
        return
    rows.insert(
        DeviceSeen(
            payer_id=payer.payer_id,
            device=device,
            first_seen_at_ms=now_ms,
            last_seen_at_ms=now_ms,
        )
    )
