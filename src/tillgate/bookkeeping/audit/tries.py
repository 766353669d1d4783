"""What was spent, try by try: each payment and each open try that risk let through.

A payment of the built-in wallet leaves no attempt, so it is found by the decision that was made in
its commit. What must hold: a try counts until it was declined, and nothing counts twice.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import AttemptKind
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.risk.judge import Outcome
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.states import AttemptState
from tillgate.bookkeeping.audit.papers import Name, Papers, name_of
from tillgate.kernel.money import Money


class Spent(NamedTuple):
    """One amount that counts against limits.

    `agreement_id` is "" where it is not known, or where the payer gave a PIN (`is_agreement`).
    """

    order: Name
    payer_id: str
    money: Money
    at_ms: int
    is_agreement: bool
    agreement_id: str = ""


def tries(papers: Papers) -> Iterator[Spent]:
    """Return everything that counts, of the time since there is risk and its limits."""
    for attempt in papers.attempts:
        is_debit = attempt.kind is AttemptKind.DEBIT and attempt.state is not AttemptState.DECLINED
        if is_debit and attempt.asked_at_ms >= papers.judged_since_ms:
            yield Spent(
                name_of(attempt),
                attempt.payer_id,
                attempt.amount,
                attempt.asked_at_ms,
                is_agreement=bool(attempt.merchant_agreement_id),
                agreement_id=attempt.merchant_agreement_id,
            )
    for order in papers.acquirements:
        decision = wallet_decision(papers, order)
        if decision is not None:
            yield Spent(
                name_of(order),
                decision.payer_id,
                order.amount,
                decision.at_ms,
                is_agreement=decision.is_agreement,
            )


def is_paid_by_wallet(order: Acquirement) -> bool:
    """Tell whether the built-in wallet paid at once, with no attempt."""
    return order.was_paid and order.issuer == WALLET and not order.paid_attempt


def wallet_decision(papers: Papers, order: Acquirement) -> RiskDecision | None:
    """Return the decision that let a payment of the built-in wallet through, if there is one."""
    if not is_paid_by_wallet(order):
        return None
    let = [
        row
        for row in papers.decisions_of.get(name_of(order), ())
        if (row.at_ms, row.payer_id) == (order.paid_at_ms, order.payer_id) and lets_pay(row)
    ]
    return let[-1] if let else None


def lets_pay(row: RiskDecision) -> bool:
    """Tell whether a payment may follow a decision at once; a PIN answers what asks for one."""
    asked = row.outcome is Outcome.ASK_PIN and not row.is_agreement
    return row.outcome is Outcome.ACCEPT or asked
