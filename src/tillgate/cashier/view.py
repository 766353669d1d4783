"""What a cashier shows: the order, who is paid, who pays, what is left of the time.

Read without a lock; nothing is decided from it, but an order whose time is over is closed before
that is told. What must hold: a payer's name and balance are shown only to the payer.
"""

import asyncio
from typing import Any, NamedTuple

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.call import Call, Final, Form
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import Payer
from tillgate.edge.callbacks import RESULTS, signed_return_url
from tillgate.edge.closing import settled
from tillgate.edge.desk import Desk
from tillgate.edge.secrets import digest
from tillgate.edge.shown import money_json, payer_json, payers_json
from tillgate.engine.decide import parts
from tillgate.engine.queries import call_of_token
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Broken


class Place(NamedTuple):
    """A call with its order and its merchant, as they were read."""

    call: Call
    order: Acquirement
    merchant: Merchant


async def find_place(desk: Desk, token: str) -> Place | None:
    """Return what a cashier token opens, or None."""
    call = await call_of_token(desk.reader, digest(token))
    if call is None:
        return None
    order, merchant = await asyncio.gather(
        desk.reader.get(Acquirement, call.merchant_id, call.merchant_trans_id),
        desk.reader.get(Merchant, call.merchant_id),
    )
    if order is None or merchant is None:
        message = f"{call.key} has no order or no merchant"
        raise Broken(message)
    return Place(call, order, merchant)


async def view(desk: Desk, place: Place) -> dict[str, Any]:
    """Return the cashier's JSON (PROTOCOL 11.4, and what our page shows besides)."""
    place = await _settled(desk, place)
    call, order = place.call, place.order
    left_ms = max(0, order.expires_at_ms - desk.clock.now_ms())
    amount = money_json(order.amount)
    shown: dict[str, Any] = {
        "title": order.title,
        "orderAmount": amount,
        "payAmount": amount,
        "payee": order.seller_name or place.merchant.name,
        "merchantTransId": order.merchant_trans_id,
        "secondsLeft": -(-left_ms // SECOND_MS),
        "state": _state(place),
        "form": call.form.lower(),
        "payer": await _payer(desk, place),
        "payers": [],
        "result": _result(desk, place),
    }
    if shown["state"] == "SIGN_IN" and desk.settings.is_sandbox:
        shown["payers"] = await payers_json(desk)
    return shown


async def _settled(desk: Desk, place: Place) -> Place:
    """Return a place with its order as it is; its call is read after an order that has ended.

    Else a call that paid would be told that its order was paid by another one.
    """
    order = await settled(desk, place.order)
    call: Call | None = None
    if not order.waits and not place.call.result_code:
        call = await desk.reader.get(Call, *place.call.key.parts)
    return place._replace(order=order, call=call or place.call)


def _state(place: Place) -> str:
    call, order = place.call, place.order
    if call.result_code or not order.waits:
        return "DONE"
    if order.attempt_open:
        return "PROCESSING"
    return "SIGN_IN" if call.form is Form.PAGE and call.payer_id is None else "CONFIRM"


def _result(desk: Desk, place: Place) -> dict[str, Any] | None:
    call, order = place.call, place.order
    told: Final | None = None
    if call.result_code:
        told = parts.recorded(call, order)
    elif not order.attempt_open:
        told = parts.outcome_of_order(order)
    if told is None:
        return None
    result = RESULTS.get(told.result_code)
    answer = {"resultCode": told.result_code, "memo": told.memo}
    if told.return_url and result is not None:
        answer["returnUrl"] = signed_return_url(desk, told.return_url, order, result)
    return answer


async def _payer(desk: Desk, place: Place) -> dict[str, Any] | None:
    if place.call.payer_id is None:
        return None
    payer = await desk.reader.get(Payer, place.call.payer_id)
    return None if payer is None else await payer_json(desk, payer, place.call.currency)
