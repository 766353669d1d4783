"""Risk: every try to pay was judged, the judgement was kept, and what followed is what it said.

A decision is a row that is never changed, so that each must still fit its order and its place among
the others. What must hold: nothing was paid that was refused, and what was held for an operator
went on only by an operator's word in the log.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum, unique

from tillgate.acquiring.attempt import Attempt, AttemptKind
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.risk.judge import Outcome
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.states import AttemptState
from tillgate.bookkeeping.audit.papers import Check, Papers, ascend, fault, name_of
from tillgate.bookkeeping.audit.tries import is_paid_by_wallet, lets_pay, wallet_decision
from tillgate.ledger.audit import Finding

REVIEW_ACTION = "risk decide"
"""What the operators' log calls a decision on a review."""
CANCELLED_CODE = "ORDER_IS_CLOSED"
"""Why a payment that was held is declined when its merchant cancels the order."""


@unique
class RiskFault(StrEnum):
    """What can be wrong with the decisions of risk."""

    TRY_NOT_JUDGED = "TRY_NOT_JUDGED"
    DECISION_IGNORED = "DECISION_IGNORED"
    DECISION_WITHOUT_TRY = "DECISION_WITHOUT_TRY"
    DECISIONS_OUT_OF_ORDER = "DECISIONS_OUT_OF_ORDER"
    REVIEW_NOT_LOGGED = "REVIEW_NOT_LOGGED"


def check_judged(papers: Papers) -> Iterator[Finding]:
    """Each payment and each debit was judged, and went on as the judgement said."""
    judged = {(*name_of(row), row.decision_no): row for row in papers.decisions}
    for attempt in papers.attempts:
        is_older = attempt.asked_at_ms < papers.judged_since_ms
        if attempt.kind is not AttemptKind.DEBIT or is_older:
            continue
        decision = judged.get((*name_of(attempt), attempt.attempt_no))
        if decision is None or not _is_of(decision, attempt):
            sentence = "No decision of risk is kept for this try."
            yield fault(RiskFault.TRY_NOT_JUDGED, sentence, attempt.reference)
        elif not _was_heeded(decision, attempt):
            sentence = f"Risk said {decision.outcome}; the attempt is {attempt.state} all the same."
            yield fault(RiskFault.DECISION_IGNORED, sentence, attempt.reference)
    for name, order in papers.orders.items():
        is_new = (order.paid_at_ms or 0) >= papers.judged_since_ms
        if is_paid_by_wallet(order) and is_new and wallet_decision(papers, order) is None:
            sentence = "No decision of risk let this payment through."
            yield fault(RiskFault.TRY_NOT_JUDGED, sentence, name)


def check_decisions(papers: Papers) -> Iterator[Finding]:
    """Each decision is of a try that its order counted, and they follow each other in time."""
    for name, decisions in papers.decisions_of.items():
        order = papers.orders.get(name)
        counted = order.attempt_count if order is not None else 0
        for row in decisions:
            is_of_order = order is not None and row.amount == order.amount
            if not is_of_order or not 1 <= row.decision_no <= counted:
                sentence = f"Decision {row.decision_no} is of no try of its order."
                yield fault(RiskFault.DECISION_WITHOUT_TRY, sentence, name)
        created_at_ms = order.created_at_ms if order is not None else None
        if not ascend(created_at_ms, *(row.at_ms for row in decisions)):
            sentence = "Decisions of later numbers are older than those before them."
            yield fault(RiskFault.DECISIONS_OUT_OF_ORDER, sentence, name)


def check_reviews(papers: Papers) -> Iterator[Finding]:
    """A review that is over was ended by an operator, once, and one that waits by nobody.

    A merchant who cancels the order ends its review, too, and is in no operator's log.
    """
    logged = [row.subject for row in papers.actions if row.action == REVIEW_ACTION]
    reviewed = {
        (*name_of(row), row.decision_no)
        for row in papers.decisions
        if row.outcome is Outcome.REVIEW
    }
    for attempt in papers.attempts:
        waits = attempt.state is AttemptState.REVIEW
        was_held = waits or (*name_of(attempt), attempt.attempt_no) in reviewed
        wanted = 1 if was_held and not waits else 0
        count = logged.count(str(attempt.key))
        is_cancelled = wanted == 1 and attempt.declined_code == CANCELLED_CODE
        if (
            attempt.kind is AttemptKind.DEBIT
            and count != wanted
            and not (is_cancelled and not count)
        ):
            sentence = f"The log has {count} decisions of operators on it; there must be {wanted}."
            yield fault(RiskFault.REVIEW_NOT_LOGGED, sentence, attempt.reference)


CHECKS: Sequence[Check] = (check_judged, check_decisions, check_reviews)


def _is_of(decision: RiskDecision, attempt: Attempt) -> bool:
    said = (decision.payer_id, decision.amount, decision.at_ms, decision.is_agreement)
    by_agreement = bool(attempt.merchant_agreement_id)
    return said == (attempt.payer_id, attempt.amount, attempt.asked_at_ms, by_agreement)


def _was_heeded(decision: RiskDecision, attempt: Attempt) -> bool:
    """Tell whether an attempt may be there: let through, or held and perhaps decided since."""
    if decision.outcome is Outcome.REVIEW:
        return True
    # The built-in wallet leaves an attempt only where an operator was asked.
    is_held = attempt.state is AttemptState.REVIEW or attempt.issuer == WALLET
    return lets_pay(decision) and not is_held
