"""The callback code that an amount chooses, told at the cashier's doors.

It stands before the cashier and rewrites what a page is told. What must hold: what the gateway did
is never changed by it, except that a confirm which counts as leaving is a leave; the answer of an
ordinary amount is passed on untouched.
"""

import re
from typing import Any, Final, final

import msgspec

from tillgate.cashier.trade_pay import CORS
from tillgate.cashier.view import find_place
from tillgate.edge.asgi import App, Receive, Scope, Send, reply_json
from tillgate.edge.desk import Desk
from tillgate.kernel.results import CallbackCode
from tillgate.sandbox.chosen.amounts import Calls, chosen, of_minor_units
from tillgate.sandbox.chosen.exchange import Exchange, Kept, exchange

TRADE_PAY: Final = "/cashier/trade-pay"
_CONFIRM: Final = re.compile(r"/cashier/([A-Za-z0-9_-]{1,64})/confirm")


class _Call(msgspec.Struct, rename="camel"):
    order_str: str


@final
class ChosenCallbacks:
    """The cashier's doors, with the callback codes of chosen amounts."""

    def __init__(self, app: App, desk: Desk) -> None:
        """Stand before these doors."""
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        confirm = _CONFIRM.fullmatch(scope["path"])
        is_post = scope["method"] == "POST"
        if not is_post or not (confirm or scope["path"] == TRADE_PAY):
            await self._app(scope, receive, send)
            return
        held = await exchange(self._app, scope, receive)
        if not held.is_whole:
            await held.pass_on(send)
        elif confirm:
            await self._confirm(held, confirm[1], send)
        else:
            await self._trade_pay(held, send)

    async def _trade_pay(self, held: Exchange, send: Send) -> None:
        act = _ordered(held.body)
        if act is None or (not act.is_paid and act.code is CallbackCode.BUYER_CANCELLED):
            await held.pass_on(send)
        elif act.is_paid:
            await _told(await held.answer(), act.code).send(send)
        else:
            await reply_json(send, 200, _said(act.code), headers=CORS)

    async def _confirm(self, held: Exchange, token: str, send: Send) -> None:
        place = await find_place(self._desk, token)
        row = None if place is None else chosen(place.order.amount)
        act = None if row is None else row.act
        if not isinstance(act, Calls):
            await held.pass_on(send)
        elif act.is_paid:
            await _told(await held.answer(), act.code).send(send)
        else:
            await held.at(f"/cashier/{token}/cancel", b"{}").pass_on(send)


def _ordered(body: bytes) -> Calls | None:
    """Return what the amount in an order string chooses; what cannot be read chooses nothing."""
    try:
        order: Any = msgspec.json.decode(msgspec.json.decode(body, type=_Call).order_str)
        value = order["request"]["body"]["order"]["orderAmount"]["value"]
        row = of_minor_units(int(value))
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, RecursionError):
        return None
    return row.act if row is not None and isinstance(row.act, Calls) else None


def _told(answer: Kept, code: CallbackCode) -> Kept:
    """Return what a page is told instead of 9000; any other answer stays as it is."""
    try:
        said = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return answer
    if not isinstance(said, dict) or said.get("resultCode") != CallbackCode.PAID.code:
        return answer
    return answer.saying(msgspec.json.encode(_said(code)))


def _said(code: CallbackCode) -> dict[str, str]:
    return {"resultCode": code.code, "memo": f"{code.name}: {code.sentence}"}
