"""`POST /cashier/trade-pay`: a page's tradePay call, in the wallet form and in the page form.

Always HTTP 200 with a final outcome or the cashier's address (PROTOCOL 11.4). What must hold: the
page form never pays and reads no credentials; the cashier's token is derived, not stored, so the
same call gets the same address.
"""

import asyncio
from typing import Any

import structlog

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.call import Final, Form
from tillgate.acquiring.call import final as final_outcome
from tillgate.edge.asgi import Incoming, Send, reply_json
from tillgate.edge.asking import ask_debit
from tillgate.edge.callbacks import callback, refusal
from tillgate.edge.desk import Desk
from tillgate.edge.executed import once_executed
from tillgate.edge.following import follow
from tillgate.edge.orders import SignedOrder, read_order
from tillgate.edge.peers import counted
from tillgate.edge.secrets import digest
from tillgate.edge.standing import NONE_STANDS, Standing, standing
from tillgate.edge.story import StepKind
from tillgate.edge.tokens import cashier_token
from tillgate.edge.who import visitor
from tillgate.engine.commands import OpenCall
from tillgate.engine.decide.open_call import AGREEMENT_OR_CASHIER_PAY
from tillgate.engine.decide.paying import Ask, Opened
from tillgate.kernel.errors import Refused, TillgateError
from tillgate.kernel.ids import CallId, PayerId
from tillgate.kernel.results import CallbackCode, Result
from tillgate.protocol.tradepay import TRADE_PAY_BYTES_MAX, TradePay, check_version, read_trade_pay

CORS = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-allow-methods", b"POST, OPTIONS"),
    (b"access-control-allow-headers", b"content-type, x-tillgate"),
    (b"access-control-max-age", b"600"),
)


async def trade_pay(desk: Desk, incoming: Incoming, send: Send) -> None:
    """Answer one tradePay call."""
    try:
        answer = await _answer(desk, incoming)
    except TillgateError as error:
        answer = await callback(desk, refusal(error))
    await reply_json(send, 200, answer, headers=CORS)


async def _answer(desk: Desk, incoming: Incoming) -> dict[str, Any]:
    try:
        call = read_trade_pay(await incoming.body(TRADE_PAY_BYTES_MAX))
    except Refused as refused:
        return await callback(desk, _client_error(refused))
    signed = await _read_order(desk, incoming, call)
    try:
        check_version(call, signed.terms.version)
    except Refused as refused:
        return await callback(desk, _client_error(refused))
    return await _open(desk, incoming, call, signed)


async def _read_order(desk: Desk, incoming: Incoming, call: TradePay) -> SignedOrder:
    """Return the order; an address that sends many with a bad signature is turned away for now."""
    address, now_ms = counted(incoming.peer), desk.clock.now_ms()
    if address and not desk.bad_orders.allows(address, now_ms=now_ms):
        raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
    try:
        signed = await read_order(desk, call.order_str)
    except Refused as refused:
        if refused.result is not Result.INVALID_SIGNATURE:
            desk.bad_orders.give_back(address, now_ms=now_ms)
        raise
    desk.bad_orders.give_back(address, now_ms=now_ms)
    return signed


def _client_error(refused: Refused) -> Final:
    """Return 6005: not the order is at fault, but the page or its bridge."""
    return final_outcome(CallbackCode.CLIENT_ERROR, result=refused.result, sentence=refused.message)


async def _open(
    desk: Desk, incoming: Incoming, call: TradePay, signed: SignedOrder
) -> dict[str, Any]:
    terms = signed.terms
    follow(desk, terms.merchant_id, terms.merchant_trans_id)
    payer_id = (await visitor(desk, incoming)).payer_id
    form = Form.PAGE if payer_id is None else Form.WALLET
    token = cashier_token(desk, terms.merchant_id, terms.merchant_trans_id, call.call_id)
    agreement = await _agreement(desk, incoming, signed, payer_id)
    command = OpenCall(
        operation_id=desk.operation(),
        terms=terms,
        signals=signed.signals,
        agreement_id=agreement.agreement_id,
        evidence=agreement.evidence,
        call_id=CallId(call.call_id),
        form=form,
        token_hash=digest(token),
        payer_id=payer_id,
    )
    outcome: Opened | Ask | Final = await desk.engine.execute(command)
    if isinstance(outcome, Ask):
        outcome = await asyncio.shield(asyncio.ensure_future(ask_debit(desk, outcome)))
    key = (terms.merchant_id, terms.merchant_trans_id)
    order = await once_executed(desk.reader.get(Acquirement, *key))
    if isinstance(outcome, Final):
        return await callback(desk, outcome, order)
    structlog.get_logger("tillgate.doors").info("cashier_opened", form=form.value)
    _tell_opened(desk, signed, order)
    return {"cashierUrl": f"{desk.settings.wallet_origin}/cashier/{token}"}


async def _agreement(
    desk: Desk, incoming: Incoming, signed: SignedOrder, payer_id: PayerId | None
) -> Standing:
    """Return the agreement that this call may debit without a PIN, if there is one (11.4)."""
    if payer_id is None or signed.terms.product_code != AGREEMENT_OR_CASHIER_PAY:
        return NONE_STANDS
    page = incoming.headers.get("x-tillgate-page-origin", "")
    return await standing(desk, signed, payer_id, page_origin=page)


def _tell_opened(desk: Desk, signed: SignedOrder, order: Acquirement | None) -> None:
    if order is None:
        return
    desk.story.tell(
        StepKind.CASHIER_OPENED,
        "The cashier is open",
        f"Order {order.merchant_trans_id} waits for its buyer.",
        merchant_trans_id=order.merchant_trans_id,
        detail={
            "acquirementId": order.acquirement_id,
            "state": order.state,
            "amount": str(signed.terms.amount),
        },
    )
