"""A merchant debits an agreement with an access token (PROTOCOL 4.2, U23).

No page is involved: the call that every payment has is one of the form SERVER. What must hold: a
declined debit closes its order with the reason; a repeat of the same order gets what became of it,
whatever became of the token since, unless the token is another payer's, who was not debited; a
token serves only its client and merchant (U16).
"""

from collections.abc import Sequence
from typing import final

import msgspec

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.agreement import Agreement, Grant, GrantKind, check_grant
from tillgate.acquiring.call import Call, Form
from tillgate.acquiring.merchant import Merchant, check_sells
from tillgate.acquiring.payer import Payer, check_payer
from tillgate.engine.commands import Debit
from tillgate.engine.decide import judging, parts
from tillgate.engine.decide.open_order import new_order
from tillgate.engine.decide.paying import Ask, No, Try, agreement_keys, pay, payer_keys
from tillgate.engine.ports import Lookup
from tillgate.engine.verb import Found, Moment
from tillgate.engine.working_set import Rows
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import CallId
from tillgate.kernel.record import Key
from tillgate.kernel.results import Result

CALL_ID = CallId("agreement.pay")
"""The one call of an order that has no page; the bridge's own have 16 characters or more."""


class Debited(msgspec.Struct, frozen=True, kw_only=True, tag="debited"):
    """What became of the debit: the order as it is now, and the name of its result."""

    order: Acquirement
    result: str
    sentence: str = ""


@final
class DebitVerb:
    """Decides `Debit`."""

    outcome = Ask | Debited

    def lookups(self, command: Debit) -> Sequence[Lookup]:
        """Need nothing resolved: the door resolved the token to what never changes."""
        return ()

    def keys(self, command: Debit, found: Found) -> Sequence[Key]:
        """Name the order and its call, the token and agreement, the payer, and what risk keeps."""
        terms = command.terms
        currency = terms.amount.currency.code
        return [
            *parts.order_keys(terms.merchant_id, terms.merchant_trans_id),
            Key(Call, (terms.merchant_id, terms.merchant_trans_id, CALL_ID)),
            Key(Grant, (terms.merchant_id, command.access_hash)),
            *agreement_keys(terms.merchant_id, command.merchant_agreement_id, currency),
            *payer_keys(command.payer_id, currency),
            *judging.device_keys(command.payer_id, command.evidence.signals),
        ]

    def decide(self, command: Debit, rows: Rows, found: Found, moment: Moment) -> Ask | Debited:
        """Debit, ask an issuer, or say what became of this order before."""
        terms = command.terms
        order = rows.get(Acquirement, terms.merchant_id, terms.merchant_trans_id)
        grant = rows.get(Grant, terms.merchant_id, command.access_hash)
        grant = check_grant(grant, GrantKind.ACCESS, terms.client_id, path="head.accessToken")
        agreement = _resolved(rows, grant, command)
        if order is not None and order.is_same(terms):
            _check_same_payer(order, rows, command)
            return debited(order)
        _check_standing(grant, agreement, moment)
        merchant = rows.get(Merchant, terms.merchant_id)
        currency = terms.amount.currency.code
        check_sells(merchant, contract=terms.settle_contract_id, currency=currency)
        if currency != agreement.currency:
            sentence = f"The payer agreed to payments in {agreement.currency}."
            path = "body.order.orderAmount.currency"
            raise Refused(Result.CURRENCY_NOT_SUPPORT, sentence, path=path)
        if order is not None:
            return _met(order, command)
        payer = check_payer(rows.get(Payer, command.payer_id))
        order = new_order(terms, rows, command.signals, moment)
        call = _call(command, moment)
        rows.insert(call)
        tried = Try(call, order, payer, command.evidence, agreement)
        outcome = pay(rows, tried, moment)
        if isinstance(outcome, Ask):
            return outcome
        if isinstance(outcome, No):
            decline(rows, order.key, outcome.result, moment)
        return debited(rows.must(Acquirement, *order.key.parts))


def decline(rows: Rows, key: Key, result: Result, moment: Moment) -> Acquirement:
    """Close an order whose debit was declined, and say why (U23)."""
    order = rows.must(Acquirement, *key.parts).replaced(failure=result.name)
    return parts.close_order(rows, order, CloseReason.DECLINED, now_ms=moment.now_ms)


def debited(order: Acquirement) -> Debited:
    """Return what the merchant is told of a debit by the state of its order."""
    if order.attempt_open or order.waits:
        return Debited(order=order, result=Result.PAYMENT_IN_PROCESS.name)
    if order.was_paid and order.close_reason is not CloseReason.CANCELLED:
        return Debited(order=order, result=Result.SUCCESS.name)
    return Debited(order=order, result=order.failure or Result.ORDER_IS_CLOSED.name)


def _check_same_payer(order: Acquirement, rows: Rows, command: Debit) -> None:
    """Refuse a repeat by another payer's token: its merchant would think that payer debited.

    Of a debit that was not paid the call alone knows the payer; a call may be forgotten in time.
    """
    terms = command.terms
    call = rows.get(Call, terms.merchant_id, terms.merchant_trans_id, CALL_ID)
    payer_id = order.payer_id or (call.payer_id if call else command.payer_id)
    if payer_id != command.payer_id:
        sentence = (
            f"Order {terms.merchant_trans_id} was debited by another payer's token;"
            " use a new merchantTransId for another debit."
        )
        raise Refused(Result.REPEAT_REQ_INCONSISTENT, sentence, path="head.accessToken")


def _met(order: Acquirement, command: Debit) -> Debited:
    """Refuse an order of another content; a tombstone has none and says that it is closed."""
    if order.close_reason is not CloseReason.NEVER_CREATED:
        order.check_same(command.terms)
    return debited(order)


def _resolved(rows: Rows, grant: Grant, command: Debit) -> Agreement:
    """Return the token's agreement; refuse a command that names another one or another's payer."""
    named = command.merchant_agreement_id
    agreement = rows.get(Agreement, grant.merchant_id, named)
    is_of_token = agreement is not None and grant.merchant_agreement_id == named
    if agreement is None or not is_of_token or agreement.payer_id != command.payer_id:
        raise Refused(Result.INVALID_ACCESS_TOKEN, path="head.accessToken")
    return agreement


def _check_standing(grant: Grant, agreement: Agreement, moment: Moment) -> None:
    """Refuse a new debit by a token that is over, or whose agreement is."""
    if not agreement.is_active or moment.now_ms >= grant.expires_at_ms:
        raise Refused(Result.EXPIRED_ACCESS_TOKEN, path="head.accessToken")


def _call(command: Debit, moment: Moment) -> Call:
    terms = command.terms
    return Call(
        merchant_id=terms.merchant_id,
        merchant_trans_id=terms.merchant_trans_id,
        call_id=CALL_ID,
        token_hash=f"none:{command.operation_id}",
        currency=terms.amount.currency.code,
        form=Form.SERVER,
        payer_id=command.payer_id,
        created_at_ms=moment.now_ms,
    )
