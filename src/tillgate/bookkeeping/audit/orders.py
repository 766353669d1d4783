"""Orders and attempts: whether their states agree with their times, numbers and each other.

A state is one fact and its timestamps are the same fact again; they are written together and must
never part. What must hold: at most one debit of an order is not declined; the order knows which.
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum, unique

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.states import AcquirementState, AttemptState
from tillgate.bookkeeping.audit.papers import Check, Papers, ascend, fault, name_of
from tillgate.ledger.audit import Finding

PAID_STATES = (AcquirementState.TRADE_SUCCESS, AcquirementState.TRADE_FINISHED)
PAID_REASONS = (CloseReason.CANCELLED, CloseReason.REFUNDED)
"""Why an order may be closed that was paid."""
UNPAID_REASONS = (
    CloseReason.EXPIRED,
    CloseReason.CANCELLED,
    CloseReason.NEVER_CREATED,
    CloseReason.DECLINED,
)
"""Why an order may be closed that was not."""


@unique
class OrderFault(StrEnum):
    """What can be wrong with orders and attempts by themselves."""

    ORDER_STATE_DIFFERS = "ORDER_STATE_DIFFERS"
    ATTEMPT_STATE_DIFFERS = "ATTEMPT_STATE_DIFFERS"
    ATTEMPT_WITHOUT_ORDER = "ATTEMPT_WITHOUT_ORDER"
    ATTEMPT_NOT_COUNTED = "ATTEMPT_NOT_COUNTED"
    ATTEMPT_OPEN_DIFFERS = "ATTEMPT_OPEN_DIFFERS"
    ATTEMPT_CALL_DIFFERS = "ATTEMPT_CALL_DIFFERS"
    SEVERAL_DEBITS = "SEVERAL_DEBITS"


def check_orders(papers: Papers) -> Iterator[Finding]:
    """An order's times, payer and refund are those of its state."""
    for order in papers.acquirements:
        for sentence, holds in _of_order(order).items():
            if not holds:
                yield fault(OrderFault.ORDER_STATE_DIFFERS, sentence, name_of(order))


def check_attempts(papers: Papers) -> Iterator[Finding]:
    """An attempt's times and code are those of its state."""
    for attempt in papers.attempts:
        for sentence, holds in _of_attempt(attempt).items():
            if not holds:
                yield fault(OrderFault.ATTEMPT_STATE_DIFFERS, sentence, attempt.reference)


def check_numbers(papers: Papers) -> Iterator[Finding]:
    """Each attempt belongs to an order that counted it."""
    for attempt in papers.attempts:
        order = papers.orders.get(name_of(attempt))
        if order is None:
            sentence = "The attempt asks for an order that is not there."
            yield fault(OrderFault.ATTEMPT_WITHOUT_ORDER, sentence, attempt.reference)
        elif not 1 <= attempt.attempt_no <= order.attempt_count:
            sentence = f"The order counts {order.attempt_count} attempts only."
            yield fault(OrderFault.ATTEMPT_NOT_COUNTED, sentence, attempt.reference)


def check_open(papers: Papers) -> Iterator[Finding]:
    """An order waits for the one debit that has no yes or no yet, and has no second one."""
    for name, order in papers.orders.items():
        debits = [a for a in papers.attempts_of.get(name, ()) if a.kind is AttemptKind.DEBIT]
        standing = [a.attempt_no for a in debits if a.state is not AttemptState.DECLINED]
        waiting = [a.attempt_no for a in debits if a.is_open] or [0]
        if len(standing) > 1:
            sentence = f"Debits {standing} are all not declined; at most one may be."
            yield fault(OrderFault.SEVERAL_DEBITS, sentence, name)
        if order.attempt_open not in waiting:
            sentence = f"The order waits for attempt {order.attempt_open}; open are {waiting}."
            yield fault(OrderFault.ATTEMPT_OPEN_DIFFERS, sentence, name)


def check_asking(papers: Papers) -> Iterator[Finding]:
    """The call that waits for the answer to a debit is there: without it none can be booked."""
    waiting = {
        (*name_of(call), call.call_id): call.payer_id
        for call in papers.calls
        if not call.result_code
    }
    for attempt in papers.attempts:
        name = (*name_of(attempt), attempt.call_id)
        is_asked = attempt.kind is AttemptKind.DEBIT and attempt.is_open
        if is_asked and waiting.get(name) != attempt.payer_id:
            sentence = f"No call {attempt.call_id!r} of {attempt.payer_id} waits for its answer."
            yield fault(OrderFault.ATTEMPT_CALL_DIFFERS, sentence, attempt.reference)


CHECKS: Sequence[Check] = (
    check_orders,
    check_attempts,
    check_numbers,
    check_open,
    check_asking,
)


def _of_order(order: Acquirement) -> Mapping[str, bool]:
    """Return sentences that must hold, each with whether it does."""
    paid, closed = order.was_paid, order.state is AcquirementState.TRADE_CLOSED
    is_outside = paid and order.issuer != WALLET
    is_all_back = order.refunded == order.amount and not order.refunds_open
    return {
        "An order that succeeded has a time of payment.": paid or order.state not in PAID_STATES,
        "An order that waits was not paid.": not (paid and order.waits),
        "An order is closed exactly if it has a time and a reason of closing.": (
            closed == (order.closed_at_ms is not None) == (order.close_reason is not None)
        ),
        "A closed order has a reason that fits whether it was paid.": (
            not closed or order.close_reason in (PAID_REASONS if paid else UNPAID_REASONS)
        ),
        "A paid order names who paid and who held the money, and no other does.": (
            paid == (order.payer_id is not None) == (order.issuer is not None)
        ),
        "The paying attempt is named if an outside issuer paid, and never if nobody did.": (
            (paid or not order.paid_attempt) and (order.paid_attempt > 0 or not is_outside)
        ),
        "A code of failure is named exactly if an automatic debit was declined.": (
            bool(order.failure) == (order.close_reason is CloseReason.DECLINED)
        ),
        "An agreement that was tried was counted as a try.": (
            not order.agreement_tried or order.attempt_count > 0
        ),
        "Nothing is given back of what was not paid, nor more than was paid.": (
            0 <= order.refunded.minor <= (order.amount.minor if paid else 0)
            and order.refunded.currency == order.amount.currency
        ),
        "A paid order is closed exactly when all of it is given back and no issuer still asked.": (
            not paid or closed == is_all_back
        ),
        "Times follow each other: created, paid, closed.": ascend(
            order.created_at_ms, order.paid_at_ms, order.closed_at_ms
        ),
        "Only an order that waits has an open attempt.": order.waits or not order.attempt_open,
        "A cancel that was noted waits for an open attempt, or has closed the order.": (
            not order.cancel_requested
            or order.attempt_open > 0
            or order.close_reason is CloseReason.CANCELLED
        ),
    }


def _of_attempt(attempt: Attempt) -> Mapping[str, bool]:
    """Return sentences that must hold, each with whether it does."""
    declined = attempt.state is AttemptState.DECLINED
    approved = attempt.state is AttemptState.APPROVED
    return {
        "An attempt is answered exactly if it is not open.": (
            attempt.is_open == (attempt.answered_at_ms is None)
        ),
        "An attempt has a code of refusal exactly if it is declined.": (
            declined == bool(attempt.declined_code)
        ),
        "Only a declined attempt is approved late.": (
            declined or attempt.late_approved_at_ms is None
        ),
        "Only an approved attempt is contradicted.": (
            approved or attempt.contradicted_at_ms is None
        ),
        "The amount is above zero.": attempt.amount.is_positive,
        "A review asks nobody.": attempt.state is not AttemptState.REVIEW or not attempt.asks,
        "What is asked fits why it is asked.": (
            (attempt.kind is AttemptKind.DEBIT) == (attempt.purpose is AttemptPurpose.PAYMENT)
        ),
        "Times follow each other: asked, answered, answered again.": ascend(
            attempt.asked_at_ms,
            attempt.answered_at_ms,
            attempt.late_approved_at_ms,
            attempt.contradicted_at_ms,
        ),
    }
