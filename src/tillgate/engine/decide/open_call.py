"""A page called tradePay: find or create the order, and open a cashier for this call.

The order of the checks is the result codes' (U3): freshness of a new order, merchant, contract,
content, state. What must hold: an existing order answers by its state before the orderStr's age is
judged; the same callId gets what it got before; an order that was cancelled before it was created
stays closed.
"""

from collections.abc import Sequence
from typing import final

from tillgate.acquiring.acquirement import Acquirement, CloseReason, Terms
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.call import Call, Final, Form
from tillgate.acquiring.merchant import Merchant, check_sells
from tillgate.acquiring.payer import Payer
from tillgate.engine.commands import OpenCall
from tillgate.engine.decide import judging, parts
from tillgate.engine.decide.open_order import new_order
from tillgate.engine.decide.paying import (
    Ask,
    No,
    Opened,
    Try,
    agreement_keys,
    pay,
    payer_keys,
)
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result

AGREEMENT_OR_CASHIER_PAY = "AGREEMENT_OR_CASHIER_PAY"
"""The product that debits an agreement when there is one (U14)."""


@final
class OpenCallVerb:
    """Decides `OpenCall`."""

    outcome = Opened | Ask | Final

    def lookups(self, command: OpenCall) -> Sequence[Lookup]:
        """Need nothing resolved: every key is in the order itself."""
        return ()

    def keys(self, command: OpenCall, found: Found) -> Sequence[Key]:
        """Name the order, its merchant and this call; and the agreement that may be debited."""
        terms = command.terms
        call = Key(Call, (terms.merchant_id, terms.merchant_trans_id, command.call_id))
        named = [call, *parts.order_keys(terms.merchant_id, terms.merchant_trans_id)]
        if command.agreement_id and command.payer_id and command.evidence:
            currency = terms.amount.currency.code
            named += agreement_keys(terms.merchant_id, command.agreement_id, currency)
            named += payer_keys(command.payer_id, currency)
            named += judging.device_keys(command.payer_id, command.evidence.signals)
        return named

    def decide(
        self,
        command: OpenCall,
        rows: Rows,
        found: Found,
        moment: Moment,
    ) -> Opened | Ask | Final:
        """Debit an agreement, open a cashier, or return the outcome by the order's state."""
        terms = command.terms
        call = rows.get(Call, terms.merchant_id, terms.merchant_trans_id, command.call_id)
        if call is not None:
            _check_caller(call, command)
        repeated = _repeated(rows, call, terms)
        if repeated is not None:
            return repeated
        order = _order(command, rows, moment)
        if order.is_over(moment.now_ms):
            order = parts.close_order(rows, order, CloseReason.EXPIRED, now_ms=moment.now_ms)
        told = parts.outcome_of_order(order)
        if told is not None:
            return (
                told
                if call is None or order.attempt_open
                else parts.end_call(rows, call, order, told)
            )
        if call is None:
            call = _call(command, moment)
            rows.insert(call)
        debited = _debit(command, call, order, rows=rows, moment=moment)
        return debited or Opened(expires_at_ms=order.expires_at_ms)


def _debit(
    command: OpenCall, call: Call, order: Acquirement, *, rows: Rows, moment: Moment
) -> Ask | Final | None:
    """Debit the payer's agreement without a PIN, once; None leads to the cashier (U14)."""
    may = order.product_code == AGREEMENT_OR_CASHIER_PAY and not order.agreement_tried
    # A call of the page form has no session: its cashier may be signed in to by anybody.
    if not may or command.form is not Form.WALLET or call.payer_id != command.payer_id:
        return None
    if not command.agreement_id or command.evidence is None or command.payer_id is None:
        return None
    agreement = rows.get(Agreement, order.merchant_id, command.agreement_id)
    payer = rows.get(Payer, command.payer_id)
    if agreement is None or payer is None or payer.is_locked:
        return None
    is_theirs = agreement.is_active and agreement.payer_id == payer.payer_id
    if not is_theirs or agreement.currency != order.amount.currency.code:
        return None
    tried = Try(call, order, payer, command.evidence, agreement, holds=False)
    outcome = pay(rows, tried, moment)
    return None if isinstance(outcome, No) else outcome


def _check_caller(call: Call, command: OpenCall) -> None:
    """Refuse a wallet's payer a call that was opened for another one."""
    if command.form is Form.WALLET and call.payer_id not in {None, command.payer_id}:
        sentence = "This callId belongs to another payer; start the payment again."
        raise Refused(Result.ACCESS_DENIED, sentence)


def _repeated(rows: Rows, call: Call | None, terms: Terms) -> Final | None:
    """Return what the call was told, whatever became of its merchant since; money has moved."""
    if call is None or not call.result_code:
        return None
    order = rows.must(Acquirement, call.merchant_id, call.merchant_trans_id)
    return parts.recorded(call, order) if order.is_same(terms) else None


def _order(command: OpenCall, rows: Rows, moment: Moment) -> Acquirement:
    terms = command.terms
    order = rows.get(Acquirement, terms.merchant_id, terms.merchant_trans_id)
    if order is None:
        _check_fresh(terms, moment)
    merchant = rows.get(Merchant, terms.merchant_id)
    check_sells(merchant, contract=terms.settle_contract_id, currency=terms.amount.currency.code)
    if order is None:
        order = new_order(terms, rows, command.signals, moment)
    elif order.close_reason is not CloseReason.NEVER_CREATED:
        order.check_same(terms)
    return order


def _check_fresh(terms: Terms, moment: Moment) -> None:
    """Refuse to create an order from an orderStr that is too old or from the future (U10)."""
    age_ms = moment.now_ms - terms.req_time_ms
    if age_ms > moment.settings.order_str_age_ms_max:
        limit_s = moment.settings.order_str_age_ms_max // SECOND_MS
        sentence = (
            f"The orderStr was signed {age_ms // SECOND_MS} s ago and opens an order for"
            f" {limit_s} s only; sign a new one."
        )
        raise Refused(Result.REQUEST_EXPIRED, sentence, path="head.reqTime")
    if -age_ms > moment.settings.order_str_ahead_ms_max:
        sentence = "reqTime lies ahead of the gateway's time; check the clock that signs."
        raise Refused(Result.REQUEST_EXPIRED, sentence, path="head.reqTime")


def _call(command: OpenCall, moment: Moment) -> Call:
    return Call(
        merchant_id=command.terms.merchant_id,
        merchant_trans_id=command.terms.merchant_trans_id,
        call_id=command.call_id,
        token_hash=command.token_hash,
        currency=command.terms.amount.currency.code,
        form=command.form,
        payer_id=command.payer_id,
        created_at_ms=moment.now_ms,
    )
