"""A merchant gives a part or all of a payment back (PROTOCOL 4.4, U20).

The built-in wallet's payer has the money with this commit; an outside issuer is asked, and the
refund counts against what is left from then on. What must hold: refunds never sum to more than was
paid, nor pass the merchant's debt limit; the same merchantRefundId gives the first answer; refunds
that total the payment close it once all of them are done.
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate import bookkeeping
from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt, AttemptPurpose
from tillgate.acquiring.debt import debt_key
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.refund import Refund, check_refundable
from tillgate.acquiring.states import AcquirementEvent, AcquirementState, RefundState
from tillgate.engine.commands import AskRefund
from tillgate.engine.decide import parts
from tillgate.engine.decide.debts import take_back
from tillgate.engine.decide.paying import Ask, ask_of
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment, ResolutionStale
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Broken, Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result


class Refunding(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a refund; `ask` is set when an outside issuer must be asked now."""

    refund: Refund
    ask: Ask | None = None


@final
class AskRefundVerb:
    """Decides `AskRefund`."""

    outcome = Refunding

    def lookups(self, command: AskRefund) -> Sequence[Lookup]:
        """Resolve our number to the merchant's own, and to who paid."""
        fields = (("merchant_id", command.merchant_id), ("acquirement_id", command.acquirement_id))
        return [Lookup(Acquirement, fields)]

    def keys(self, command: AskRefund, found: Found) -> Sequence[Key]:
        """Name the refund, the order, what paid it, and both sides' rows that count money."""
        named = [
            Key(Refund, (command.merchant_id, command.merchant_refund_id)),
            Key(Merchant, (command.merchant_id,)),
            debt_key(command.merchant_id, command.amount.currency.code),
        ]
        order = found[0]
        if not isinstance(order, Acquirement):
            return named
        named.append(order.key)
        if order.payer_id:
            named.append(parts.balance_key(order.payer_id, order.amount.currency.code))
            named.append(Key(Attempt, (*order.key.parts, str(order.paid_attempt))))
        return named

    def decide(self, command: AskRefund, rows: Rows, found: Found, moment: Moment) -> Refunding:
        """Give back, ask for it, or return what the same refund came to."""
        merchant = rows.get(Merchant, command.merchant_id)
        if merchant is None:
            raise Refused(Result.MERCHANT_NOT_REGISTERED, path="body.merchantId")
        seen = found[0]
        if not isinstance(seen, Acquirement):
            raise Refused(Result.ORDER_NOT_EXIST, path="body.acquirementId")
        before = rows.get(Refund, command.merchant_id, command.merchant_refund_id)
        if before is not None:
            before.check_same(command.acquirement_id, command.amount)
            return Refunding(refund=before)
        order = rows.must(Acquirement, *seen.key.parts)
        check_refundable(order, command.amount, now_ms=moment.now_ms, merchant=merchant)
        path = "body.refundAmount.value"
        take_back(rows, merchant, command.amount, seen=command.owed, path=path)
        if seen.payer_id != order.payer_id:
            raise ResolutionStale
        return _give_back(rows, order, command, moment)


def closed_if_all_is_back(order: Acquirement, now_ms: int) -> Acquirement:
    """Return the order closed when everything went back and no issuer is still asked."""
    is_all = order.refunded == order.amount and not order.refunds_open
    if not is_all or order.state is not AcquirementState.TRADE_SUCCESS:
        return order
    return order.stepped(
        AcquirementEvent.REFUNDED_IN_FULL,
        closed_at_ms=now_ms,
        close_reason=CloseReason.REFUNDED,
    )


def _give_back(rows: Rows, order: Acquirement, command: AskRefund, moment: Moment) -> Refunding:
    moment = moment.following(order.paid_at_ms)
    payer_id, issuer, now_ms = order.payer_id, order.issuer, moment.now_ms
    if payer_id is None or issuer is None:
        message = f"{order.key} is paid by nobody"
        raise Broken(message)
    is_wallet = issuer == WALLET
    refund = Refund(
        merchant_id=order.merchant_id,
        merchant_refund_id=command.merchant_refund_id,
        merchant_trans_id=order.merchant_trans_id,
        acquirement_id=order.acquirement_id,
        client_id=command.client_id,
        amount=command.amount,
        reason=command.reason,
        state=RefundState.DONE if is_wallet else RefundState.ASKED,
        created_at_ms=now_ms,
        ended_at_ms=now_ms if is_wallet else None,
    )
    entry = bookkeeping.refund(
        order,
        refund.amount,
        issuer=issuer,
        payer_id=payer_id,
        reference=refund.reference,
        at_ms=now_ms,
    )
    parts.put_journal(rows, entry)
    order = order.replaced(refunded=order.refunded + refund.amount)
    if is_wallet:
        parts.credit(rows, payer_id, refund.amount)
        rows.insert(refund)
        rows.update(closed_if_all_is_back(order, now_ms))
        return Refunding(refund=refund)
    return _ask_issuer(rows, order, refund, moment)


def _ask_issuer(rows: Rows, order: Acquirement, refund: Refund, moment: Moment) -> Refunding:
    number, settings = order.attempt_count + 1, moment.settings
    paid = rows.must(Attempt, *order.key.parts, order.paid_attempt)
    attempt = parts.refund_attempt(
        paid, number, money=refund.amount, purpose=AttemptPurpose.REFUND, now_ms=moment.now_ms
    ).replaced(
        merchant_refund_id=refund.merchant_refund_id,
        asks=1,
        next_ask_at_ms=moment.now_ms + settings.issuer_wait_ms_max + settings.issuer_ask_again_ms,
    )
    rows.insert(attempt)
    rows.update(order.replaced(attempt_count=number, refunds_open=order.refunds_open + 1))
    refund = refund.replaced(attempt_no=number)
    rows.insert(refund)
    return Refunding(refund=refund, ask=ask_of(attempt))
