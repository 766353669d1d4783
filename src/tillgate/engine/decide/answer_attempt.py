"""An issuer answered: yes, no, or not yet; to a debit or to a refund.

The table of DESIGN section 1: a yes after the order's time is a valid payment; a yes with a cancel
noted is booked and given back in one commit; a yes after a no goes to suspense and is given back; a
second yes changes nothing; no timer ends an attempt. What must hold: only an explicit answer does.
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate import bookkeeping
from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.call import Call, Final
from tillgate.acquiring.call import final as final_outcome
from tillgate.acquiring.states import (
    ATTEMPT,
    AcquirementEvent,
    AttemptEvent,
    AttemptState,
    after,
)
from tillgate.engine.commands import AnswerAttempt, ClaimAttempt
from tillgate.engine.decide import parts
from tillgate.engine.decide.confirm import question, settle_paid
from tillgate.engine.issuer import Answer, Approved, Declined, Question, Unknown
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import MerchantId, MerchantTransId
from tillgate.kernel.record import Key
from tillgate.kernel.results import CallbackCode, Result, Status

DOUBLINGS_MAX = 20
"""Past this the longest wait has long been reached."""


class Claimed(msgspec.Struct, frozen=True, kw_only=True, tag="claimed"):
    """The attempt is this worker's to ask about, or `question` is None: somebody else's."""

    issuer: str = ""
    kind: AttemptKind = AttemptKind.DEBIT
    question: Question | None = None


@final
class AnswerAttemptVerb:
    """Decides `AnswerAttempt`."""

    outcome = Final

    def lookups(self, command: AnswerAttempt) -> Sequence[Lookup]:
        """Resolve the attempt to the call that made it."""
        return [_lookup(command.merchant_id, command.merchant_trans_id, command.attempt_no)]

    def keys(self, command: AnswerAttempt, found: Found) -> Sequence[Key]:
        """Name the attempt, its call and its order."""
        attempt = found[0]
        if not isinstance(attempt, Attempt):
            return []
        call = Key(Call, (attempt.merchant_id, attempt.merchant_trans_id, attempt.call_id))
        order = parts.order_keys(command.merchant_id, command.merchant_trans_id)
        return [attempt.key, call, *order]

    def decide(
        self,
        command: AnswerAttempt,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> Final:
        """Take the answer in and return what the call that asked is told now."""
        if found[0] is None:
            raise Refused(Result.ORDER_NOT_EXIST, "There is no such attempt to answer.")
        key = (command.merchant_id, command.merchant_trans_id)
        attempt = rows.must(Attempt, *key, command.attempt_no)
        order = rows.must(Acquirement, *key)
        call = rows.must(Call, *key, attempt.call_id)
        if attempt.kind is AttemptKind.REFUND:
            _take_refund_answer(rows, attempt, command.answer, moment)
            return parts.recorded(call, order)
        if (attempt.state, _event(command.answer)) not in ATTEMPT:
            _take_contradiction(rows, attempt, order, answer=command.answer, moment=moment)
            return parts.recorded(call, order)
        attempt = _answered(attempt, command.answer, moment)
        rows.update(attempt)
        if attempt.is_open:
            return parts.unknown(order)
        if attempt.state is AttemptState.DECLINED:
            return _take_no(rows, attempt, call, moment)
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
    """Ask an outside issuer to take money back: an attempt that a worker carries out."""
    number = order.attempt_count + 1
    rows.insert(
        Attempt(
            merchant_id=attempt.merchant_id,
            merchant_trans_id=attempt.merchant_trans_id,
            attempt_no=number,
            kind=AttemptKind.REFUND,
            purpose=purpose,
            state=AttemptState.ASKED,
            issuer=attempt.issuer,
            payer_id=attempt.payer_id,
            amount=attempt.amount,
            call_id=attempt.call_id,
            asked_at_ms=moment.now_ms,
            next_ask_at_ms=moment.now_ms,
            asks=0,
        )
    )
    order = order.replaced(attempt_count=number)
    rows.update(order)
    return order


def _take_yes(rows: Rows, attempt: Attempt, call: Call, moment: Moment) -> Final:
    order = rows.must(Acquirement, attempt.merchant_id, attempt.merchant_trans_id)
    if not order.cancel_requested:
        return settle_paid(
            rows, call, order, payer_id=attempt.payer_id, issuer=attempt.issuer, moment=moment
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


def _take_no(rows: Rows, attempt: Attempt, call: Call, moment: Moment) -> Final:
    order = rows.must(Acquirement, attempt.merchant_id, attempt.merchant_trans_id)
    order = order.replaced(attempt_open=0)
    rows.update(order)
    if order.cancel_requested:
        order = parts.close_order(rows, order, CloseReason.CANCELLED, now_ms=moment.now_ms)
    elif order.is_over(moment.now_ms):
        order = parts.close_order(rows, order, CloseReason.EXPIRED, now_ms=moment.now_ms)
    told = final_outcome(CallbackCode.FAILED, result=Result[attempt.declined_code])
    return parts.end_call(rows, call, order, told)


def _take_contradiction(
    rows: Rows, attempt: Attempt, order: Acquirement, *, answer: Answer, moment: Moment
) -> None:
    """Take in an answer that comes after the last word: a late yes is money, a late no a note."""
    if _is_late_no(attempt, answer):
        rows.update(attempt.replaced(contradicted_at_ms=moment.now_ms))
    if not _is_late_yes(attempt, answer):
        return
    rows.update(attempt.replaced(late_approved_at_ms=moment.now_ms))
    parts.put_journal(rows, bookkeeping.late_approval(attempt, at_ms=moment.now_ms))
    ask_refund(rows, order, attempt, purpose=AttemptPurpose.LATE_APPROVAL, moment=moment)


def _take_refund_answer(rows: Rows, attempt: Attempt, answer: Answer, moment: Moment) -> None:
    """Take in what became of money on its way back; a yes counts however late it comes."""
    before = attempt
    if (attempt.state, _event(answer)) in ATTEMPT:
        attempt = _answered(attempt, answer, moment)
    elif _is_late_yes(attempt, answer):
        attempt = attempt.replaced(late_approved_at_ms=moment.now_ms)
    elif _is_late_no(attempt, answer):
        attempt = attempt.replaced(contradicted_at_ms=moment.now_ms)
    rows.update(attempt)
    if _went_back(attempt) and not _went_back(before):
        parts.put_journal(rows, bookkeeping.returned(attempt, at_ms=moment.now_ms))


def _is_late_yes(attempt: Attempt, answer: Answer) -> bool:
    declined = attempt.state is AttemptState.DECLINED and attempt.late_approved_at_ms is None
    return declined and isinstance(answer, Approved)


def _is_late_no(attempt: Attempt, answer: Answer) -> bool:
    approved = attempt.state is AttemptState.APPROVED and attempt.contradicted_at_ms is None
    return approved and isinstance(answer, Declined)


def _went_back(refund: Attempt) -> bool:
    return refund.state is AttemptState.APPROVED or refund.late_approved_at_ms is not None


def _event(answer: Answer) -> AttemptEvent:
    match answer:
        case Approved():
            return AttemptEvent.APPROVED
        case Declined():
            return AttemptEvent.DECLINED
        case Unknown():
            return AttemptEvent.NO_ANSWER


def _answered(attempt: Attempt, answer: Answer, moment: Moment) -> Attempt:
    state = after(ATTEMPT, attempt.state, _event(answer))
    if isinstance(answer, Unknown):
        return attempt.replaced(
            state=state, next_ask_at_ms=moment.now_ms + _wait_ms(attempt, moment)
        )
    code = _declined_code(answer) if isinstance(answer, Declined) else ""
    return attempt.replaced(state=state, answered_at_ms=moment.now_ms, declined_code=code)


def _declined_code(answer: Declined) -> str:
    """Return the issuer's code if it is one of ours and says no; an issuer may say anything."""
    named = Result.__members__.get(answer.result)
    says_no = named is not None and named.status is Status.FAILURE
    return answer.result if says_no else Result.UNAVAILABLE_PAYMENT_METHOD.name


def _wait_ms(attempt: Attempt, moment: Moment) -> int:
    """Return how long after this unknown answer the issuer is asked again."""
    settings = moment.settings
    doublings = min(max(attempt.asks - 1, 0), DOUBLINGS_MAX)
    return min(settings.issuer_ask_again_ms << doublings, settings.issuer_ask_again_ms_max)


def _lookup(merchant_id: MerchantId, merchant_trans_id: MerchantTransId, attempt_no: int) -> Lookup:
    return Lookup(
        Attempt,
        (
            ("merchant_id", merchant_id),
            ("merchant_trans_id", merchant_trans_id),
            ("attempt_no", attempt_no),
        ),
    )
