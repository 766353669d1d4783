"""An outside issuer answered whether it takes money back.

A merchant's refund is done by a yes and undone by a no: what is left of its payment grows again and
the merchant is owed it again. A cancellation's money lies here until the issuer takes it. What must
hold: a yes counts however late it comes; after its own no it is nobody's until an operator looks.
"""

from tillgate import bookkeeping
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.states import ATTEMPT, AttemptState, RefundEvent
from tillgate.engine.decide import answers, parts
from tillgate.engine.decide.refund import closed_if_all_is_back
from tillgate.engine.issuer import Answer
from tillgate.engine.verb import Moment
from tillgate.engine.working_set import Rows


def take_refund_answer(rows: Rows, attempt: Attempt, answer: Answer, moment: Moment) -> None:
    """Take in what became of money on its way back."""
    before = attempt
    if (attempt.state, answers.event_of(answer)) in ATTEMPT:
        attempt = answers.answered(attempt, answer, moment)
    elif answers.is_late_yes(attempt, answer):
        attempt = attempt.replaced(late_approved_at_ms=moment.now_ms)
    elif answers.is_late_no(attempt, answer):
        attempt = attempt.replaced(contradicted_at_ms=moment.now_ms)
    rows.update(attempt)
    if _went_back(attempt) and not _went_back(before):
        parts.put_journal(rows, bookkeeping.returned(attempt, at_ms=moment.now_ms))
    if before.is_open and not attempt.is_open and attempt.merchant_refund_id:
        _end_refund(rows, attempt, moment)


def _end_refund(rows: Rows, attempt: Attempt, moment: Moment) -> None:
    refund = rows.must(Refund, attempt.merchant_id, attempt.merchant_refund_id)
    order = rows.must(Acquirement, attempt.merchant_id, attempt.merchant_trans_id)
    order = order.replaced(refunds_open=order.refunds_open - 1)
    # A process whose clock is behind must not wait with the answer until it has caught up.
    ended_at_ms = max(moment.now_ms, refund.created_at_ms)
    if attempt.state is AttemptState.APPROVED:
        refund = refund.stepped(RefundEvent.APPROVED, ended_at_ms=ended_at_ms)
    else:
        refund = refund.stepped(
            RefundEvent.DECLINED, ended_at_ms=ended_at_ms, failure=attempt.declined_code
        )
        order = order.replaced(refunded=order.refunded - refund.amount)
        undone = bookkeeping.refund_declined(attempt, reference=refund.reference, at_ms=ended_at_ms)
        parts.put_journal(rows, undone)
    rows.update(refund)
    rows.update(closed_if_all_is_back(order, ended_at_ms))


def _went_back(refund: Attempt) -> bool:
    return refund.state is AttemptState.APPROVED or refund.late_approved_at_ms is not None
