"""Query, cancel and refund a payment, and open a cashier for an order that a server posted.

What must hold: every lookup is by merchant and id, so another merchant's record does not exist
(U16); a query says what is true now, whether a worker has passed or not.
"""

from collections.abc import Sequence

from tillgate.acquiring.acquirement import Acquirement, CloseReason, Terms
from tillgate.acquiring.call import Call, Final, Form
from tillgate.acquiring.debt import Owed
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.refund import Refund, check_refundable
from tillgate.acquiring.states import AcquirementState
from tillgate.acquiring.states import RefundState as State
from tillgate.edge.asking import ask_refund
from tillgate.edge.closing import settled
from tillgate.edge.desk import Desk
from tillgate.edge.executed import once_executed
from tillgate.edge.orders import order_signals, order_terms
from tillgate.edge.posted import Posted
from tillgate.edge.secrets import digest
from tillgate.edge.tokens import cashier_token
from tillgate.engine.commands import AskRefund, Cancel, OpenCall
from tillgate.engine.decide.end_order import Ended
from tillgate.engine.decide.parts import EXPIRED
from tillgate.engine.decide.paying import Opened
from tillgate.engine.decide.refund import Refunding
from tillgate.engine.ports import Select
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Broken, Refused
from tillgate.kernel.ids import (
    AcquirementId,
    CallId,
    MerchantId,
    MerchantRefundId,
    MerchantTransId,
)
from tillgate.kernel.results import CallbackCode, Result
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.messages.pay_cancel import PayCancelAnswer, PayCancelBody
from tillgate.protocol.messages.pay_query import (
    REFUNDS_MAX,
    PayQueryAnswer,
    PayQueryBody,
    RefundState,
)
from tillgate.protocol.messages.refund import RefundAnswer, RefundBody
from tillgate.protocol.messages.wap_pay import CashierAnswer, PayBody

CALL_ID = "cashier.wap.pay"
"""The first call of an order whose server asked for a cashier; later ones have a number."""
CALLS_MAX = 50
"""How often a buyer may leave such a cashier, while the order waits, and get another one."""
REFUND_STATUSES = {State.DONE: "SUCCESS", State.ASKED: "PROCESSING", State.FAILED: "FAIL"}


async def pay_query(desk: Desk, _: Posted, body: PayQueryBody) -> PayQueryAnswer:
    """Tell the state of a payment (PROTOCOL 4.3)."""
    merchant = await must_merchant(desk, body.merchant_id)
    order = await _find(desk, body)
    if order is None:
        raise Refused(Result.ORDER_NOT_EXIST, path=_named_by(body))
    order = await settled(desk, order)
    query = Select(
        record=Refund,
        equals=(
            ("merchant_id", order.merchant_id),
            ("merchant_trans_id", order.merchant_trans_id),
        ),
        order_by=("-created_at_ms",),
        limit=REFUNDS_MAX,
    )
    refunds: Sequence[Refund] = await desk.reader.select(query)
    state = order.state_at(desk.clock.now_ms(), merchant.refund_window_ms)
    return PayQueryAnswer(
        result_info=ResultInfo.of(Result.SUCCESS),
        acquirement_id=None if _is_tombstone(order) else order.acquirement_id,
        merchant_trans_id=order.merchant_trans_id,
        merchant_id=order.merchant_id,
        order_amount=WireMoney.of(order.amount) if order.amount.is_positive else None,
        pay_status=state.value,
        payment_time=rfc3339(order.paid_at_ms) if order.paid_at_ms is not None else None,
        refunded_amount=WireMoney.of(order.refunded) if order.refunded.is_positive else None,
        refunds=[_refund_state(refund) for refund in refunds] or None,
        extend_info=order.extend_info or None,
    )


async def pay_cancel(desk: Desk, posted: Posted, body: PayCancelBody) -> PayCancelAnswer:
    """End a payment, paid or not; one that was never created is closed beforehand (U19)."""
    merchant = await must_merchant(desk, body.merchant_id)
    order = await _find(desk, body)
    if order is None and body.acquirement_id:
        raise Refused(Result.ORDER_NOT_EXIST, path="body.acquirementId")
    client_id = posted.client.client.client_id
    if order is None and not desk.tombstones.allows(client_id, now_ms=desk.clock.now_ms()):
        raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
    trans_id = order.merchant_trans_id if order else MerchantTransId(body.merchant_trans_id or "")
    # A closed order stays as it is, so nothing is taken back that a limit could stop.
    may_take = order is not None and order.state is not AcquirementState.TRADE_CLOSED
    currency = order.amount.currency.code if order and may_take else ""
    command = Cancel(
        operation_id=desk.operation(),
        mark=posted.mark,
        client_id=client_id,
        merchant_id=MerchantId(body.merchant_id),
        merchant_trans_id=trans_id,
        owed=await desk.owings.of(desk.reader, merchant, currency),
    )
    ended: Ended = await desk.engine.execute(command)
    info = ResultInfo.of(Result.SUCCESS)
    if ended.noted:
        sentence = "A payment is open; the cancel is noted. Query the order, or send this again."
        info = ResultInfo.of(Result.PAYMENT_IN_PROCESS, sentence)
    now = await once_executed(desk.reader.get(Acquirement, body.merchant_id, trans_id))
    was_created = now is not None and not _is_tombstone(now)
    return PayCancelAnswer(
        result_info=info,
        acquirement_id=ended.acquirement_id if was_created else None,
        merchant_trans_id=trans_id,
        cancel_time=rfc3339(ended.at_ms) if ended.at_ms is not None else None,
    )


async def refund(desk: Desk, posted: Posted, body: RefundBody) -> RefundAnswer:
    """Give a part or all of a payment back (PROTOCOL 4.4, U20)."""
    merchant = await must_merchant(desk, body.merchant_id)
    amount = body.refund_amount.money
    command = AskRefund(
        operation_id=desk.operation(),
        mark=posted.mark,
        client_id=posted.client.client.client_id,
        merchant_id=merchant.merchant_id,
        merchant_refund_id=MerchantRefundId(body.merchant_refund_id),
        acquirement_id=AcquirementId(body.acquirement_id),
        amount=amount,
        reason=body.refund_reason or "",
        owed=await _owed_to_refund(desk, merchant, body),
    )
    done: Refunding = await desk.engine.execute(command)
    ended = done.refund
    if done.ask is not None:
        await ask_refund(desk, done.ask)
        now: Refund | None = await once_executed(desk.reader.get(Refund, *ended.key.parts))
        ended = now or ended
    return _refund_answer(ended)


async def open_cashier(desk: Desk, posted: Posted, body: PayBody) -> CashierAnswer:
    """Answer an order that a server posted with the address of a cashier; a way of our own."""
    terms = order_terms(desk, posted.request)
    call_id = await _call_id(desk, terms)
    token = cashier_token(desk, terms.merchant_id, terms.merchant_trans_id, call_id)
    command = OpenCall(
        operation_id=desk.operation(),
        terms=terms,
        call_id=call_id,
        form=Form.PAGE,
        token_hash=digest(token),
        signals=order_signals(desk, body.risk_info),
    )
    outcome: Opened | Final = await desk.engine.execute(command)
    key = (terms.merchant_id, terms.merchant_trans_id)
    order = await once_executed(desk.reader.get(Acquirement, *key))
    if order is None:
        raise Broken("an order that was just opened is not there")
    url = f"{desk.settings.wallet_origin}/cashier/{token}"
    is_open = isinstance(outcome, Opened)
    return CashierAnswer(
        result_info=ResultInfo.of(Result.SUCCESS) if is_open else _told(outcome, order),
        acquirement_id=order.acquirement_id,
        merchant_trans_id=order.merchant_trans_id,
        cashier_url=url if is_open else None,
    )


async def must_merchant(desk: Desk, merchant_id: str, *, path: str = "body.merchantId") -> Merchant:
    """Return the merchant, suspended or not; raise `Refused` when none is registered."""
    merchant = await desk.directory.merchant(merchant_id)
    if merchant is None:
        raise Refused(Result.MERCHANT_NOT_REGISTERED, path=path)
    return merchant


async def _call_id(desk: Desk, terms: Terms) -> CallId:
    """Return the call that is still open, else the next: a buyer who left may come back."""
    for number in range(1, CALLS_MAX + 1):
        call_id = CallId(CALL_ID if number == 1 else f"{CALL_ID}.{number}")
        call = await desk.reader.get(Call, terms.merchant_id, terms.merchant_trans_id, call_id)
        if call is None or call.result_code in {"", CallbackCode.PAID.code}:
            return call_id
    return call_id


def _told(outcome: Opened | Final, order: Acquirement) -> ResultInfo:
    """Return the result of a cashier that cannot be opened any more."""
    code = outcome.result_code if isinstance(outcome, Final) else ""
    if code == CallbackCode.PAID.code:
        return ResultInfo.of(Result.SUCCESS, "The order is paid already; there is no cashier.")
    if code == CallbackCode.PROCESSING.code:
        return ResultInfo.of(Result.PAYMENT_IN_PROCESS)
    if not order.was_paid and not order.waits:
        is_over = order.close_reason is CloseReason.EXPIRED
        return ResultInfo.of(Result.ORDER_IS_CLOSED, EXPIRED if is_over else "")
    sentence = "The order is paid or its call has ended; query it, or start a new order."
    return ResultInfo.of(Result.ORDER_STATUS_INVALID, sentence)


async def _find(desk: Desk, body: PayQueryBody | PayCancelBody) -> Acquirement | None:
    """Return the order by our number if one is given, else by the merchant's own."""
    if not body.acquirement_id:
        return await desk.reader.get(Acquirement, body.merchant_id, body.merchant_trans_id or "")
    return await _numbered(desk, body.merchant_id, body.acquirement_id)


async def _numbered(desk: Desk, merchant_id: str, acquirement_id: str) -> Acquirement | None:
    """Return the order that has this number of ours."""
    query = Select(
        record=Acquirement,
        equals=(("merchant_id", merchant_id), ("acquirement_id", acquirement_id)),
        limit=1,
    )
    found: Sequence[Acquirement] = await desk.reader.select(query)
    return found[0] if found else None


async def _owed_to_refund(desk: Desk, merchant: Merchant, body: RefundBody) -> Owed | None:
    """Return what the merchant is owed, or None where the refund is decided without it.

    The sum reads the merchant's whole book, so it is asked last: a refund that is there already, or
    whose order cannot give it back, needs none. The verb judges all of it again by locked rows.
    """
    money = body.refund_amount.money
    if merchant.debt_max_of(money.currency.code) is None:
        return None
    merchant_id, refund_id = merchant.merchant_id, body.merchant_refund_id
    if await desk.reader.get(Refund, merchant_id, refund_id) is not None:
        return None
    order = await _numbered(desk, merchant_id, body.acquirement_id)
    if order is None:
        return None
    try:
        check_refundable(order, money, now_ms=desk.clock.now_ms(), merchant=merchant)
    except Refused:
        return None
    return await desk.owings.of(desk.reader, merchant, money.currency.code)


def _named_by(body: PayQueryBody) -> str:
    return "body.acquirementId" if body.acquirement_id else "body.merchantTransId"


def _is_tombstone(order: Acquirement) -> bool:
    return order.close_reason is CloseReason.NEVER_CREATED


def _refund_state(refund: Refund) -> RefundState:
    return RefundState(
        merchant_refund_id=refund.merchant_refund_id,
        refund_amount=WireMoney.of(refund.amount),
        refund_status=REFUND_STATUSES[refund.state],
        refund_time=rfc3339(refund.ended_at_ms) if refund.ended_at_ms is not None else None,
    )


def _refund_answer(refund: Refund) -> RefundAnswer:
    if refund.state is State.FAILED:
        sentence = "The payer's issuer declined the refund; nothing was given back."
        raise Refused(Result[refund.failure], sentence)
    is_done = refund.state is State.DONE and refund.ended_at_ms is not None
    return RefundAnswer(
        result_info=ResultInfo.of(Result.SUCCESS if is_done else Result.REFUND_IN_PROCESS),
        acquirement_id=refund.acquirement_id,
        merchant_refund_id=refund.merchant_refund_id,
        refund_amount=WireMoney.of(refund.amount),
        refund_time=rfc3339(refund.ended_at_ms) if refund.ended_at_ms is not None else None,
    )
