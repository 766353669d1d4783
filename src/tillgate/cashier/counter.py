"""At the cashier: look at the order, sign in, confirm with a PIN, cancel.

What must hold: a wallet's cashier takes its payer's session and nothing else, since the page under
it can learn the token; any other belongs to the browser that opened it first, or to its payer's
session; every answer that ends the call is a final outcome, and a wrong PIN is none while tries are
left.
"""

import asyncio
from typing import NamedTuple

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.call import Final, Form
from tillgate.acquiring.payer import Payer
from tillgate.cashier.view import Place, find_place, view
from tillgate.edge.answers import Answer, not_signed_in, wrong_pin
from tillgate.edge.asgi import Headers, Incoming
from tillgate.edge.asking import ask_debit
from tillgate.edge.callbacks import callback
from tillgate.edge.cookies import cookie_value
from tillgate.edge.desk import Desk
from tillgate.edge.executed import once_executed
from tillgate.edge.following import follow
from tillgate.edge.secrets import digest
from tillgate.edge.sessions import prove_pin, try_given_back
from tillgate.edge.shown import session_json
from tillgate.edge.signing_in import sign_in
from tillgate.edge.standing import of_order
from tillgate.edge.who import browser_cookie, browser_cookie_name, signed_in, visitor
from tillgate.engine.commands import (
    BindBrowser,
    BindPayer,
    CancelCall,
    Confirm,
    LockOut,
)
from tillgate.engine.decide.bind import Bound
from tillgate.engine.decide.paying import Ask, Opened
from tillgate.kernel.errors import Broken, Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import Result
from tillgate.protocol import tradepay

BINDING_LIFE_S = 3_600


class Visit(NamedTuple):
    """A cashier that this request may use."""

    incoming: Incoming
    token: str
    place: Place
    headers: Headers


async def visit(desk: Desk, incoming: Incoming, token: str) -> Visit:
    """Return the cashier behind a token, bound to this browser if it was nobody's.

    Raises:
        Refused: ORDER_NOT_EXIST when there is none, ACCESS_DENIED when it is somebody else's.
    """
    place = await find_place(desk, token)
    if place is None:
        sentence = "This cashier does not exist or is over; start the payment again."
        raise Refused(Result.ORDER_NOT_EXIST, sentence)
    follow(desk, place.call.merchant_id, place.call.merchant_trans_id)
    who = await visitor(desk, incoming)
    if who.is_foreign:
        raise Refused(Result.ACCESS_DENIED, "A cashier is used from its own page only.")
    if who.payer_id is not None and who.payer_id == place.call.payer_id:
        return Visit(incoming, token, place, ())
    if place.call.form is Form.WALLET:
        sentence = "This cashier takes its payer's wallet alone; start the payment again there."
        raise Refused(Result.ACCESS_DENIED, sentence)
    token_hash = digest(token)
    held = cookie_value(incoming.headers.get("cookie", ""), browser_cookie_name(desk, token_hash))
    if held and place.call.browser_hash == digest(held):
        return Visit(incoming, token, place, ())
    if place.call.browser_hash or place.call.result_code:
        sentence = "This cashier is open in another browser; start the payment again."
        raise Refused(Result.ACCESS_DENIED, sentence)
    return await _bound(desk, incoming, token, place)


async def _bound(desk: Desk, incoming: Incoming, token: str, place: Place) -> Visit:
    mine, token_hash = desk.ids.token(), digest(token)
    command = BindBrowser(
        operation_id=desk.operation(), token_hash=token_hash, browser_hash=digest(mine)
    )
    bound: Bound = await desk.engine.execute(command)
    if bound.browser_hash != digest(mine):
        sentence = "This cashier is open in another browser; start the payment again."
        raise Refused(Result.ACCESS_DENIED, sentence)
    cookie = browser_cookie(desk, token_hash, mine, path=f"/cashier/{token}", life_s=BINDING_LIFE_S)
    return Visit(incoming, token, place, (cookie,))


async def look(desk: Desk, at: Visit) -> Answer:
    """Show the order."""
    return Answer(200, await view(desk, at.place), at.headers)


async def sign_in_here(desk: Desk, at: Visit, raw: bytes) -> Answer:
    """Sign a payer in at a cashier of the page form, and bind the payer to it."""
    said = tradepay.read_door(tradepay.SignIn, raw)
    payer_id = PayerId(said.payer)
    outcome = await sign_in(desk, at.incoming, payer_id, said.pin)
    if not isinstance(outcome, Payer):
        return not_signed_in(outcome, at.headers)
    bind = BindPayer(operation_id=desk.operation(), token_hash=digest(at.token), payer_id=payer_id)
    await desk.engine.execute(bind)
    token, cookies = signed_in(desk, outcome)
    body = await session_json(desk, outcome, at.place.call.currency, token=token)
    return Answer(200, body, (*at.headers, *cookies))


async def confirm(desk: Desk, at: Visit, raw: bytes) -> Answer:
    """Check the PIN and pay; the payment goes on when the page stops waiting."""
    said = tradepay.read_door(tradepay.Confirm, raw)
    going_on = asyncio.ensure_future(_confirm(desk, at, said.pin))
    return await asyncio.shield(going_on)


async def _confirm(desk: Desk, at: Visit, pin: str) -> Answer:
    payer_id = at.place.call.payer_id
    if payer_id is None:
        sentence = "Nobody has signed in at this cashier; sign in first."
        raise Refused(Result.ACCESS_DENIED, sentence)
    async with desk.turns.of(payer_id):
        place = await find_place(desk, at.token)
        at = at if place is None else at._replace(place=place)
        told = await _told_already(desk, at)
        outcome = told or await _decided(desk, at, payer_id, pin)
    if isinstance(outcome, Answer):
        return outcome
    told_now = await ask_debit(desk, outcome) if isinstance(outcome, Ask) else outcome
    if isinstance(told_now, Opened):
        raise Broken("a payment with a PIN was answered as an agreement's debit")
    return await _final(desk, at, told_now)


async def _decided(desk: Desk, at: Visit, payer_id: PayerId, pin: str) -> Answer | Ask | Final:
    """Check the PIN and commit what follows from it: the payment, the question, or the end."""
    trans_id = at.place.call.merchant_trans_id
    checked = await prove_pin(desk, payer_id, pin, merchant_trans_id=trans_id)
    if isinstance(checked, Payer):
        return await try_given_back(desk, checked, _paid(desk, at, checked))
    if checked.tries_left:
        return wrong_pin(checked, at.headers)
    command = LockOut(operation_id=desk.operation(), token_hash=digest(at.token), payer_id=payer_id)
    told: Final = await desk.engine.execute(command)
    return told


async def _paid(desk: Desk, at: Visit, payer: Payer) -> Ask | Final:
    """Pay with a PIN that was right."""
    evidence = await of_order(desk, at.place.order, payer.payer_id)
    command = Confirm(
        operation_id=desk.operation(),
        token_hash=digest(at.token),
        payer_id=payer.payer_id,
        session_no=payer.session_no,
        evidence=evidence,
    )
    outcome: Ask | Final = await desk.engine.execute(command)
    return outcome


async def _told_already(desk: Desk, at: Visit) -> Answer | None:
    """Return the recorded outcome of a call that has one: a repeat costs no PIN try."""
    if not at.place.call.result_code:
        return None
    seen = await view(desk, at.place)
    return Answer(200, seen["result"], at.headers)


async def cancel(desk: Desk, at: Visit, raw: bytes) -> Answer:
    """End the call because the buyer says so."""
    tradepay.read_door(tradepay.Nothing, raw or b"{}")
    command = CancelCall(operation_id=desk.operation(), token_hash=digest(at.token))
    return await _final(desk, at, await desk.engine.execute(command))


async def _final(desk: Desk, at: Visit, told: Final) -> Answer:
    key = (at.place.call.merchant_id, at.place.call.merchant_trans_id)
    order = await once_executed(desk.reader.get(Acquirement, *key))
    return Answer(200, await callback(desk, told, order), at.headers)
