"""An operator decides a payment that risk held back: released or refused.

What must hold: what ended meanwhile, the order, the agreement or the payer's account, is never
released; a released payment of the built-in wallet is paid in this commit or declined for want of
funds, one of an outside issuer is asked for by the worker; a decision is made once.
"""

from collections.abc import Sequence
from typing import final

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.merchant import Merchant, check_active
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.payer import WALLET, Payer
from tillgate.acquiring.states import ATTEMPT, AttemptEvent, AttemptState, after
from tillgate.engine.commands import DecideReview
from tillgate.engine.decide import parts
from tillgate.engine.decide.answer_attempt import refuse_held
from tillgate.engine.decide.operator_verb import Registered, check_named
from tillgate.engine.decide.paying import allowance_keys, settle_paid, take_from_wallet
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result


@final
class DecideReviewVerb:
    """Decides `DecideReview`."""

    outcome = Registered

    def lookups(self, command: DecideReview) -> Sequence[Lookup]:
        """Resolve the attempt to its payer and call, which never change."""
        return [
            parts.attempt_lookup(command.merchant_id, command.merchant_trans_id, command.attempt_no)
        ]

    def keys(self, command: DecideReview, found: Found) -> Sequence[Key]:
        """Name the attempt, its order and call, the payer, its money and limits, and the log."""
        log = Key(OperatorAction, (command.operation_id,))
        attempt = found[0]
        if not isinstance(attempt, Attempt):
            return [log]
        order = (command.merchant_id, command.merchant_trans_id)
        agreement = (command.merchant_id, attempt.merchant_agreement_id)
        return [
            log,
            Key(Agreement, agreement),
            attempt.key,
            Key(Call, (*order, attempt.call_id)),
            *parts.order_keys(*order),
            Key(Payer, (attempt.payer_id,)),
            parts.balance_key(attempt.payer_id, attempt.amount.currency.code),
            *allowance_keys(attempt),
        ]

    def decide(self, command: DecideReview, rows: Rows, found: Found, moment: Moment) -> Registered:
        """Release or refuse, and log it."""
        check_named(command)
        key = (command.merchant_id, command.merchant_trans_id)
        seen = found[0]
        attempt = rows.get(Attempt, *key, command.attempt_no) if seen is not None else None
        if attempt is None:
            raise Refused(Result.ORDER_NOT_EXIST, "There is no such attempt to decide.")
        if attempt.state is not AttemptState.REVIEW:
            sentence = f"Attempt {command.attempt_no} is {attempt.state}; nothing waits for you."
            raise Refused(Result.ORDER_STATUS_INVALID, sentence)
        moment = moment.following(attempt.asked_at_ms)
        if command.release:
            _release(rows, attempt, moment)
        else:
            refuse_held(rows, attempt, Result.RISK_REJECT, moment)
        rows.insert(parts.logged(command, "risk decide", str(attempt.key), now_ms=moment.now_ms))
        return Registered(subject=str(attempt.key), changed=True)


def _release(rows: Rows, attempt: Attempt, moment: Moment) -> None:
    order = rows.must(Acquirement, attempt.merchant_id, attempt.merchant_trans_id)
    check_active(rows.get(Merchant, attempt.merchant_id), path="")
    if order.cancel_requested:
        refuse_held(rows, attempt, Result.ORDER_IS_CLOSED, moment)
        return
    if attempt.merchant_agreement_id and not _stands(rows, attempt):
        refuse_held(rows, attempt, Result.EXPIRED_ACCESS_TOKEN, moment)
        return
    if rows.must(Payer, attempt.payer_id).is_erased:  # One that is only locked gave the PIN before.
        refuse_held(rows, attempt, Result.USER_STATUS_ABNORMAL, moment)
        return
    asked = attempt.replaced(
        state=after(ATTEMPT, attempt.state, AttemptEvent.RELEASED), next_ask_at_ms=moment.now_ms
    )
    if attempt.issuer != WALLET:
        rows.update(asked)
        return
    if not take_from_wallet(rows, attempt.payer_id, order):
        refuse_held(rows, attempt, Result.USER_BALANCE_NOT_ENOUGH, moment)
        return
    rows.update(
        asked.replaced(
            state=after(ATTEMPT, asked.state, AttemptEvent.APPROVED), answered_at_ms=moment.now_ms
        )
    )
    call = rows.must(Call, attempt.merchant_id, attempt.merchant_trans_id, attempt.call_id)
    settle_paid(rows, call, order, payer_id=attempt.payer_id, issuer=WALLET, at=moment)


def _stands(rows: Rows, attempt: Attempt) -> bool:
    """Tell whether the agreement still stands by which the money would be taken."""
    return rows.must(Agreement, attempt.merchant_id, attempt.merchant_agreement_id).is_active
