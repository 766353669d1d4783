"""Orders that end without a buyer: cancelled by the merchant, or out of time.

What must hold: a cancel while an issuer is asked is only noted, and answered "unknown"; one of a
payment that is held for an operator ends it, since nobody was asked; a paid order is given back in
the same commit as the cancel, within its merchant's debt limit; an order that was never created
leaves a tombstone, so that a late orderStr finds it closed (U19).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import final

import msgspec

from tillgate.acquiring.acquirement import (
    Acquirement,
    CloseReason,
    Terms,
    new_acquirement_id,
    open_acquirement,
)
from tillgate.acquiring.attempt import Attempt, AttemptPurpose
from tillgate.acquiring.call import Call
from tillgate.acquiring.debt import debt_key
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.states import AcquirementEvent, AcquirementState, AttemptState
from tillgate.engine.commands import Cancel, Expire
from tillgate.engine.decide import parts
from tillgate.engine.decide.answer_attempt import ask_refund, give_back, refuse_held
from tillgate.engine.decide.debts import take_back
from tillgate.engine.decide.paying import allowance_keys
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment, ResolutionStale
from tillgate.engine.working_set import Rows
from tillgate.kernel.clock import HONG_KONG, MINUTE_MS, SECOND_MS
from tillgate.kernel.errors import Broken, Refused
from tillgate.kernel.ids import AcquirementId
from tillgate.kernel.money import zero
from tillgate.kernel.record import Key, Record
from tillgate.kernel.results import Result

CANCEL_BUFFER_MS = 15 * MINUTE_MS
"""How long after midnight of Hong Kong yesterday's payments may still be cancelled (U19)."""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the order: its state and when it closed, or that a cancel is only noted."""

    acquirement_id: AcquirementId
    state: AcquirementState
    noted: bool = False
    at_ms: int | None = None


@final
class CancelVerb:
    """Decides `Cancel`."""

    outcome = Ended

    def lookups(self, command: Cancel) -> Sequence[Lookup]:
        """Read who paid, which never changes then, and what is held for an operator."""
        fields = _order_fields(command)
        held = (*fields, ("state", AttemptState.REVIEW.value))
        return [Lookup(Acquirement, fields), Lookup(Attempt, held)]

    def keys(self, command: Cancel, found: Found) -> Sequence[Key]:
        """Name the order, what paid it or is held, and both sides' rows that count money."""
        named = parts.order_keys(command.merchant_id, command.merchant_trans_id)
        order = found[0]
        if isinstance(order, Acquirement) and order.payer_id:
            currency = order.amount.currency.code
            named.append(parts.balance_key(order.payer_id, currency))
            named.append(debt_key(order.merchant_id, currency))
            attempt = (order.merchant_id, order.merchant_trans_id, str(order.paid_attempt))
            named.append(Key(Attempt, attempt))
        held = found[1]
        if isinstance(held, Attempt):
            call = (held.merchant_id, held.merchant_trans_id, held.call_id)
            named += [held.key, Key(Call, call), *allowance_keys(held)]
        return named

    def decide(self, command: Cancel, rows: Rows, found: Found, moment: Moment) -> Ended:
        """Close, note, give back or leave a tombstone."""
        order = rows.get(Acquirement, command.merchant_id, command.merchant_trans_id)
        if order is None:
            order = _tombstone(command, rows, moment)
        elif order.attempt_open:
            if not order.cancel_requested:
                rows.update(order.replaced(cancel_requested=True))
            if not _end_held(rows, found[1], moment):
                return _ended(order, noted=True)
            order = rows.must(Acquirement, *order.key.parts)
        elif order.waits:
            reason = CloseReason.EXPIRED if order.is_over(moment.now_ms) else CloseReason.CANCELLED
            order = parts.close_order(rows, order, reason, now_ms=moment.now_ms)
        elif order.close_reason in (None, CloseReason.REFUNDED):
            if not isinstance(found[0], Acquirement) or found[0].payer_id != order.payer_id:
                raise ResolutionStale
            order = _undo_payment(rows, order, command, moment)
        return _ended(order)


@final
class ExpireVerb:
    """Decides `Expire`."""

    outcome = Ended

    def lookups(self, command: Expire) -> Sequence[Lookup]:
        """Need nothing resolved."""
        return ()

    def keys(self, command: Expire, found: Found) -> Sequence[Key]:
        """Name the order."""
        return parts.order_keys(command.merchant_id, command.merchant_trans_id)

    def decide(self, command: Expire, rows: Rows, found: Found, moment: Moment) -> Ended:
        """Close the order if its time is over; otherwise change nothing."""
        order = rows.must(Acquirement, command.merchant_id, command.merchant_trans_id)
        if order.is_over(moment.now_ms):
            order = parts.close_order(rows, order, CloseReason.EXPIRED, now_ms=moment.now_ms)
        return _ended(order)


def is_cancellable(paid_at_ms: int, now_ms: int) -> bool:
    """Tell whether a payment may still be cancelled: its day in Hong Kong, and 15 minutes (U19)."""
    paid = datetime.fromtimestamp(paid_at_ms // SECOND_MS, tz=HONG_KONG)
    midnight = paid.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return now_ms < int(midnight.timestamp()) * SECOND_MS + CANCEL_BUFFER_MS


def _end_held(rows: Rows, seen: Record | None, moment: Moment) -> bool:
    """End a payment that is held for an operator, if it still is: nobody was asked for it."""
    held = rows.get(Attempt, *seen.key.parts) if seen is not None else None
    if held is None or held.state is not AttemptState.REVIEW:
        return False
    refuse_held(rows, held, Result.ORDER_IS_CLOSED, moment)
    return True


def _undo_payment(rows: Rows, order: Acquirement, command: Cancel, moment: Moment) -> Acquirement:
    if order.paid_at_ms is None or order.payer_id is None:
        message = f"{order.key} is paid by nobody"
        raise Broken(message)
    if not is_cancellable(order.paid_at_ms, moment.now_ms):
        raise Refused(Result.CANCEL_EXPIRED)
    if order.refunded.is_positive:
        raise Refused(Result.REFUND_TRANSACTION_EXIST)
    moment = moment.following(order.paid_at_ms)
    take_back(rows, rows.must(Merchant, order.merchant_id), order.amount, seen=command.owed)
    closed = order.stepped(
        AcquirementEvent.CANCELLED,
        closed_at_ms=moment.now_ms,
        close_reason=CloseReason.CANCELLED,
        refunded=order.amount,
    )
    rows.update(closed)
    give_back(rows, closed, reference=f"cancel:{closed.acquirement_id}", moment=moment)
    if closed.issuer == WALLET:
        parts.credit(rows, order.payer_id, closed.amount)
    else:
        attempt = rows.must(Attempt, *order.key.parts, order.paid_attempt)
        closed = ask_refund(
            rows, closed, attempt, purpose=AttemptPurpose.CANCELLATION, moment=moment
        )
    parts.withdraw_success(rows, closed, now_ms=moment.now_ms)
    return closed


def _tombstone(command: Cancel, rows: Rows, moment: Moment) -> Acquirement:
    """Leave a closed order of no amount, so that a late orderStr finds it closed."""
    merchant = rows.get(Merchant, command.merchant_id)
    if merchant is None:
        raise Refused(Result.MERCHANT_NOT_REGISTERED, path="body.merchantId")
    terms = Terms(
        merchant_id=command.merchant_id,
        merchant_trans_id=command.merchant_trans_id,
        client_id=command.client_id,
        version="",
        product_code="",
        amount=zero(merchant.currencies[0] if merchant.currencies else "HKD"),
        title="",
        req_time_ms=moment.now_ms,
    )
    waiting = open_acquirement(
        terms,
        acquirement_id=new_acquirement_id(moment.now_ms, moment.ids),
        now_ms=moment.now_ms,
        life_ms=0,
    )
    order = waiting.stepped(
        AcquirementEvent.CANCELLED,
        closed_at_ms=moment.now_ms,
        close_reason=CloseReason.NEVER_CREATED,
    )
    rows.insert(order)
    return order


def _ended(order: Acquirement, *, noted: bool = False) -> Ended:
    return Ended(
        acquirement_id=order.acquirement_id,
        state=order.state,
        noted=noted,
        at_ms=order.closed_at_ms,
    )


def _order_fields(command: Cancel) -> tuple[tuple[str, str | int], ...]:
    return (
        ("merchant_id", command.merchant_id),
        ("merchant_trans_id", command.merchant_trans_id),
    )
