"""The payer confirms: the built-in wallet pays in this one commit, an outside issuer is asked.

What must hold: money moves at most once per order; a confirm that is sent again after its answer
was lost gets the answer of the first; whoever did not pay is told 5000, never 9000.
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate import bookkeeping
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.call import Call, Final
from tillgate.acquiring.call import final as final_outcome
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import PIN_TRIES_MAX, WALLET, Payer
from tillgate.acquiring.states import AcquirementEvent, AttemptState
from tillgate.engine.commands import CancelCall, Confirm, LockOut
from tillgate.engine.decide import at_cashier, parts
from tillgate.engine.issuer import Question
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import MerchantId, MerchantTransId, PayerId
from tillgate.kernel.record import Key
from tillgate.kernel.results import CallbackCode, Result
from tillgate.ledger.entries import Balance


class Ask(msgspec.Struct, frozen=True, kw_only=True, tag="ask"):
    """The intent is committed: now ask this issuer, then answer the attempt."""

    merchant_id: MerchantId
    merchant_trans_id: MerchantTransId
    attempt_no: int
    issuer: str
    question: Question


@final
class ConfirmVerb:
    """Decides `Confirm`."""

    outcome = Ask | Final

    def lookups(self, command: Confirm) -> Sequence[Lookup]:
        """Resolve the token."""
        return at_cashier.lookups(command.token_hash)

    def keys(self, command: Confirm, found: Found) -> Sequence[Key]:
        """Name the call, its order, the payer and the payer's balance."""
        named = at_cashier.keys(found)
        call = found[0]
        if isinstance(call, Call):
            named.append(parts.balance_key(command.payer_id, call.currency))
        return [*named, Key(Payer, (command.payer_id,))]

    def decide(self, command: Confirm, rows: Rows, found: Found, moment: Moment) -> Ask | Final:
        """Pay, ask, or say why not."""
        place = at_cashier.arrive(rows, found, moment)
        payer = rows.must(Payer, command.payer_id)
        check_same_payer(place.call, payer)
        if payer.pin_tries_used:
            payer = payer.replaced(pin_tries_used=0)
            rows.update(payer)
        if place.told is not None:
            return place.told
        if not rows.must(Merchant, place.order.merchant_id).active:
            told = final_outcome(CallbackCode.FAILED, result=Result.MERCHANT_STATUS_ABNORMAL)
            return parts.end_call(rows, place.call, place.order, told)
        if payer.issuer != WALLET:
            return _ask(rows, place, payer, moment)
        return _pay(rows, place, payer, moment)


@final
class LockOutVerb:
    """Decides `LockOut`."""

    outcome = Final

    def lookups(self, command: LockOut) -> Sequence[Lookup]:
        """Resolve the token."""
        return at_cashier.lookups(command.token_hash)

    def keys(self, command: LockOut, found: Found) -> Sequence[Key]:
        """Name the call, its order and the payer."""
        return [*at_cashier.keys(found), Key(Payer, (command.payer_id,))]

    def decide(self, command: LockOut, rows: Rows, found: Found, moment: Moment) -> Final:
        """End the call: the paying account is locked."""
        place = at_cashier.arrive(rows, found, moment)
        payer = rows.must(Payer, command.payer_id)
        check_same_payer(place.call, payer)
        if place.told is not None:
            return place.told
        if payer.pin_tries_used < PIN_TRIES_MAX:
            raise Refused(Result.ORDER_STATUS_INVALID, "The account is not locked; try again.")
        told = final_outcome(CallbackCode.FAILED, result=Result.USER_STATUS_ABNORMAL)
        return parts.end_call(rows, place.call, place.order, told)


@final
class CancelCallVerb:
    """Decides `CancelCall`."""

    outcome = Final

    def lookups(self, command: CancelCall) -> Sequence[Lookup]:
        """Resolve the token."""
        return at_cashier.lookups(command.token_hash)

    def keys(self, command: CancelCall, found: Found) -> Sequence[Key]:
        """Name the call and its order."""
        return at_cashier.keys(found)

    def decide(self, command: CancelCall, rows: Rows, found: Found, moment: Moment) -> Final:
        """End this call; the order keeps waiting for another until its time is over."""
        place = at_cashier.arrive(rows, found, moment)
        if place.told is not None:
            return place.told
        told = final_outcome(CallbackCode.BUYER_CANCELLED)
        return parts.end_call(rows, place.call, place.order, told)


def check_same_payer(call: Call, payer: Payer) -> None:
    """Refuse anybody but the payer for whom the cashier was opened, or who signed in there."""
    if call.payer_id != payer.payer_id:
        sentence = "This cashier belongs to another payer; start the payment again."
        raise Refused(Result.ACCESS_DENIED, sentence)


def _pay(rows: Rows, place: at_cashier.AtCashier, payer: Payer, moment: Moment) -> Final:
    call, order = place.call, place.order
    balance = rows.get(Balance, *parts.balance_key(payer.payer_id, call.currency).parts)
    if balance is None or balance.money < order.amount:
        rows.update(order.replaced(attempt_count=order.attempt_count + 1))
        told = final_outcome(CallbackCode.FAILED, result=Result.USER_BALANCE_NOT_ENOUGH)
        return parts.end_call(rows, call, order, told)
    rows.update(balance.replaced(money=balance.money - order.amount))
    order = order.replaced(attempt_count=order.attempt_count + 1)
    return settle_paid(rows, call, order, payer_id=payer.payer_id, issuer=WALLET, moment=moment)


def settle_paid(
    rows: Rows, call: Call, order: Acquirement, *, payer_id: PayerId, issuer: str, moment: Moment
) -> Final:
    """Book a payment, close the call with 9000 and owe the merchant the good news."""
    now_ms = moment.now_ms
    paid = order.stepped(
        AcquirementEvent.PAID,
        paid_at_ms=now_ms,
        payer_id=payer_id,
        issuer=issuer,
        paid_attempt=order.attempt_open,
        attempt_open=0,
    )
    rows.update(paid)
    entry = bookkeeping.payment(paid, issuer=issuer, payer_id=payer_id, at_ms=now_ms)
    parts.put_journal(rows, entry)
    parts.notify(rows, paid, Result.SUCCESS, now_ms=now_ms)
    told = final_outcome(CallbackCode.PAID, result=Result.SUCCESS, sentence="The order is paid.")
    return parts.end_call(rows, call, paid, told)


def _ask(rows: Rows, place: at_cashier.AtCashier, payer: Payer, moment: Moment) -> Ask:
    call, order = place.call, place.order
    number = order.attempt_count + 1
    wait_ms = moment.settings.issuer_wait_ms_max + moment.settings.issuer_ask_again_ms
    attempt = Attempt(
        merchant_id=order.merchant_id,
        merchant_trans_id=order.merchant_trans_id,
        attempt_no=number,
        kind=AttemptKind.DEBIT,
        purpose=AttemptPurpose.PAYMENT,
        state=AttemptState.ASKED,
        issuer=payer.issuer,
        payer_id=payer.payer_id,
        amount=order.amount,
        call_id=call.call_id,
        asked_at_ms=moment.now_ms,
        next_ask_at_ms=moment.now_ms + wait_ms,
    )
    rows.insert(attempt)
    rows.update(order.replaced(attempt_count=number, attempt_open=number))
    return Ask(
        merchant_id=order.merchant_id,
        merchant_trans_id=order.merchant_trans_id,
        attempt_no=number,
        issuer=payer.issuer,
        question=question(attempt),
    )


def question(attempt: Attempt) -> Question:
    """Return what the issuer is asked for this attempt."""
    return Question(
        reference=attempt.reference,
        payer_id=attempt.payer_id,
        amount=attempt.amount,
        asked_at_ms=attempt.asked_at_ms,
        asks=attempt.asks,
    )
