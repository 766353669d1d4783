"""An issuer answered: yes, no, or not yet; to a debit or to a refund.

The table of DESIGN section 1: a yes after the order's time is a valid payment; a yes with a cancel
noted is booked and given back in one commit; a yes after a no goes to suspense and is given back; a
second yes changes nothing; no timer ends an attempt. What must hold: only an explicit answer does,
and none of an issuer that was not asked: a review is an operator's to decide.
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate import bookkeeping
from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.call import Call, Final, Form
from tillgate.acquiring.call import final as final_outcome
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.states import (
    ATTEMPT,
    AcquirementEvent,
    AttemptEvent,
    AttemptState,
    after,
)
from tillgate.engine.commands import AnswerAttempt, ClaimAttempt
from tillgate.engine.decide import answers, parts
from tillgate.engine.decide.answer_refund import take_refund_answer
from tillgate.engine.decide.paying import (
    Opened,
    allowance_keys,
    question,
    release_allowances,
    settle_paid,
)
from tillgate.engine.issuer import Answer, Question
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import CallbackCode, Result


class Claimed(msgspec.Struct, frozen=True, kw_only=True, tag="claimed"):
    """The attempt is this worker's to ask about, or `question` is None: somebody else's."""

    issuer: str = ""
    kind: AttemptKind = AttemptKind.DEBIT
    question: Question | None = None


@final
class AnswerAttemptVerb:
    """Decides `AnswerAttempt`."""

    outcome = Final | Opened

    def lookups(self, command: AnswerAttempt) -> Sequence[Lookup]:
        """Resolve the attempt to the call that made it."""
        return [
            parts.attempt_lookup(command.merchant_id, command.merchant_trans_id, command.attempt_no)
        ]

    def keys(self, command: AnswerAttempt, found: Found) -> Sequence[Key]:
        """Name the attempt, its call and order, and the limits or the refund it counts in."""
        attempt = found[0]
        if not isinstance(attempt, Attempt):
            return []
        call = Key(Call, (attempt.merchant_id, attempt.merchant_trans_id, attempt.call_id))
        order = parts.order_keys(command.merchant_id, command.merchant_trans_id)
        named = [attempt.key, call, *order, *allowance_keys(attempt)]
        if attempt.merchant_refund_id:
            named.append(Key(Refund, (attempt.merchant_id, attempt.merchant_refund_id)))
        return named

    def decide(
        self,
        command: AnswerAttempt,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> Final | Opened:
        """Take the answer in and return what the call that asked is told now."""
        if found[0] is None:
            raise Refused(Result.ORDER_NOT_EXIST, "There is no such attempt to answer.")
        key = (command.merchant_id, command.merchant_trans_id)
        attempt = rows.must(Attempt, *key, command.attempt_no)
        order = rows.must(Acquirement, *key)
        moment = moment.following(
            attempt.asked_at_ms, attempt.answered_at_ms, attempt.late_approved_at_ms
        )
        if attempt.kind is AttemptKind.REFUND:
            take_refund_answer(rows, attempt, command.answer, moment)
            return _told(rows, attempt, order)
        if attempt.state is AttemptState.REVIEW or attempt.issuer == WALLET:
            return parts.unknown(order) if attempt.is_open else _told(rows, attempt, order)
        if (attempt.state, answers.event_of(command.answer)) not in ATTEMPT:
            _take_contradiction(rows, attempt, order, answer=command.answer, moment=moment)
            return _told(rows, attempt, order)
        call = rows.must(Call, *key, attempt.call_id)
        attempt = answers.answered(attempt, command.answer, moment)
        rows.update(attempt)
        if attempt.is_open:
            return parts.unknown(order)
        if attempt.state is AttemptState.DECLINED:
            return take_no(rows, attempt, call, moment)
        return _take_yes(rows, attempt, call, moment)


@final
class ClaimAttemptVerb:
    """Decides `ClaimAttempt`."""

    outcome = Claimed

    def lookups(self, command: ClaimAttempt) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: ClaimAttempt, found: Found) -> Sequence[Key]:
        """Name the attempt."""
        key = (command.merchant_id, command.merchant_trans_id, str(command.attempt_no))
        return [Key(Attempt, key)]

    def decide(
        self,
        command: ClaimAttempt,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> Claimed:
        """Take the next ask, unless another worker took it or the answer is in."""
        key = (command.merchant_id, command.merchant_trans_id)
        attempt = rows.get(Attempt, *key, command.attempt_no)
        taken = attempt is None or not attempt.is_open or attempt.asks != command.asks
        if attempt is None or taken or attempt.next_ask_at_ms > moment.now_ms:
            return Claimed()
        settings = moment.settings
        lease_ms = settings.issuer_wait_ms_max + settings.issuer_ask_again_ms
        attempt = attempt.replaced(asks=attempt.asks + 1, next_ask_at_ms=moment.now_ms + lease_ms)
        rows.update(attempt)
        return Claimed(issuer=attempt.issuer, kind=attempt.kind, question=question(attempt))


def ask_refund(
    rows: Rows, order: Acquirement, attempt: Attempt, *, purpose: AttemptPurpose, moment: Moment
) -> Acquirement:
    """Ask an outside issuer to take a whole payment back: an attempt that a worker carries out."""
    number = order.attempt_count + 1
    rows.insert(
        parts.refund_attempt(
            attempt, number, money=attempt.amount, purpose=purpose, now_ms=moment.now_ms
        )
    )
    order = order.replaced(attempt_count=number)
    rows.update(order)
    return order


def _take_yes(rows: Rows, attempt: Attempt, call: Call, moment: Moment) -> Final:
    order = rows.must(Acquirement, attempt.merchant_id, attempt.merchant_trans_id)
    if not order.cancel_requested:
        return settle_paid(
            rows, call, order, payer_id=attempt.payer_id, issuer=attempt.issuer, at=moment
        )
    now_ms = moment.now_ms
    closed = order.stepped(
        AcquirementEvent.PAID_AND_GIVEN_BACK,
        attempt_open=0,
        paid_attempt=attempt.attempt_no,
        paid_at_ms=now_ms,
        closed_at_ms=now_ms,
        close_reason=CloseReason.CANCELLED,
        payer_id=attempt.payer_id,
        issuer=attempt.issuer,
        refunded=order.amount,
    )
    rows.update(closed)
    paid = bookkeeping.payment(
        closed, issuer=attempt.issuer, payer_id=attempt.payer_id, at_ms=now_ms
    )
    parts.put_journal(rows, paid)
    give_back(rows, closed, reference=f"cancel:{closed.acquirement_id}", moment=moment)
    closed = ask_refund(rows, closed, attempt, purpose=AttemptPurpose.CANCELLATION, moment=moment)
    parts.notify(rows, closed, Result.ORDER_IS_CLOSED, now_ms=now_ms)
    told = final_outcome(CallbackCode.FAILED, result=Result.ORDER_IS_CLOSED)
    return parts.end_call(rows, call, closed, told)


def give_back(rows: Rows, order: Acquirement, *, reference: str, moment: Moment) -> None:
    """Book the refund of a whole payment; the wallet's payer has the money with this commit."""
    if order.payer_id is None or order.issuer is None:
        return
    entry = bookkeeping.refund(
        order,
        order.amount,
        issuer=order.issuer,
        payer_id=order.payer_id,
        reference=reference,
        at_ms=moment.now_ms,
    )
    parts.put_journal(rows, entry)


def take_no(rows: Rows, attempt: Attempt, call: Call, moment: Moment) -> Final | Opened:
    """Take in that a debit was declined; what follows depends on who wanted it.

    A payer with a PIN is told; a page's agreement was tried once and leaves the cashier (U14); a
    merchant's own debit closes its order (U23).
    """
    release_allowances(rows, attempt)
    order = rows.must(Acquirement, attempt.merchant_id, attempt.merchant_trans_id)
    order = order.replaced(attempt_open=0)
    rows.update(order)
    result = Result[attempt.declined_code]
    if order.cancel_requested:
        order = parts.close_order(rows, order, CloseReason.CANCELLED, now_ms=moment.now_ms)
    elif call.form is Form.SERVER:
        order = order.replaced(failure=result.name)
        order = parts.close_order(rows, order, CloseReason.DECLINED, now_ms=moment.now_ms)
    elif order.is_over(moment.now_ms):
        order = parts.close_order(rows, order, CloseReason.EXPIRED, now_ms=moment.now_ms)
    elif attempt.merchant_agreement_id:
        return Opened(expires_at_ms=order.expires_at_ms)
    told = final_outcome(CallbackCode.FAILED, result=result)
    return parts.end_call(rows, call, order, told)


def refuse_held(rows: Rows, attempt: Attempt, result: Result, moment: Moment) -> None:
    """Decline what risk held back: nobody was asked, so nothing can come of it later."""
    moment = moment.following(attempt.asked_at_ms)
    declined = attempt.replaced(
        state=after(ATTEMPT, attempt.state, AttemptEvent.DECLINED),
        answered_at_ms=moment.now_ms,
        declined_code=result.name,
    )
    rows.update(declined)
    call = rows.must(Call, attempt.merchant_id, attempt.merchant_trans_id, attempt.call_id)
    take_no(rows, declined, call, moment)


def _told(rows: Rows, attempt: Attempt, order: Acquirement) -> Final | Opened:
    """Return what the call was told, or that its cashier is open: an agreement's no ends no call.

    An answer to a refund, or one that contradicts, may come when the call has been dropped.
    """
    call = rows.get(Call, attempt.merchant_id, attempt.merchant_trans_id, attempt.call_id)
    if call is not None and call.result_code:
        return parts.recorded(call, order)
    over = parts.outcome_of_order(order) if call is None else None
    return over or Opened(expires_at_ms=order.expires_at_ms)


def _take_contradiction(
    rows: Rows, attempt: Attempt, order: Acquirement, *, answer: Answer, moment: Moment
) -> None:
    """Take in an answer that comes after the last word: a late yes is money, a late no a note."""
    if answers.is_late_no(attempt, answer):
        rows.update(attempt.replaced(contradicted_at_ms=moment.now_ms))
    if not answers.is_late_yes(attempt, answer):
        return
    rows.update(attempt.replaced(late_approved_at_ms=moment.now_ms))
    parts.put_journal(rows, bookkeeping.late_approval(attempt, at_ms=moment.now_ms))
    ask_refund(rows, order, attempt, purpose=AttemptPurpose.LATE_APPROVAL, moment=moment)
