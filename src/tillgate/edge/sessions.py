"""Payer sessions: signing in with a PIN, and the token that says who signed in.

A token carries the payer, its end and a mark that only this gateway makes, so every process of a
gateway accepts it and none stores it. What must hold: a PIN try is reserved by a commit before the
PIN is checked; an unknown payer takes as long as a wrong PIN.
"""

from http.cookies import CookieError, SimpleCookie
from typing import final

import msgspec

from tillgate.acquiring.payer import Payer
from tillgate.edge.desk import Desk
from tillgate.edge.secrets import Secret
from tillgate.edge.story import StepKind
from tillgate.engine.commands import AcceptPin, ReservePinTry
from tillgate.engine.decide.pin import PinTry
from tillgate.engine.issuer import WrongPin
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import Result

COOKIE = "tillgate_payer"
DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
"""Checked for payers that do not exist, so that they cannot be told by the clock."""


@final
class WrongPinLeft(msgspec.Struct, frozen=True):
    """The PIN was wrong; so many tries are left."""

    tries_left: int


async def check_pin(
    desk: Desk, payer_id: PayerId, pin: str, *, merchant_trans_id: str = ""
) -> WrongPinLeft | None:
    """Reserve a try and check the PIN; None when it fits. The order is for the story alone.

    The caller holds the payer's turn until it has said what follows from the check.

    Raises:
        Refused: there is no such payer, or no try left.
    """
    try:
        reserve = ReservePinTry(operation_id=desk.operation(), payer_id=payer_id)
        reserved: PinTry = await desk.engine.execute(reserve)
    except Refused as refused:
        if refused.result is Result.USER_NOT_EXIST:
            await _waste_time(desk, pin)
        raise
    try:
        payer = await _payer(desk, payer_id)
        await desk.pins.check(payer.pin_hash, pin)
    except WrongPin:
        left = reserved.tries_left
        summary = f"The PIN of {payer_id} is wrong; {left} tries left."
        _tell(desk, merchant_trans_id, summary, verdict="bad")
        return WrongPinLeft(left)
    _tell(desk, merchant_trans_id, f"The PIN of {payer_id} is right.", verdict="ok")
    return None


async def wrong_pin_left(
    desk: Desk, payer_id: PayerId, pin: str, *, merchant_trans_id: str = ""
) -> WrongPinLeft | None:
    """Check a PIN as `check_pin` does; an account that has no try left is a wrong PIN, too."""
    try:
        return await check_pin(desk, payer_id, pin, merchant_trans_id=merchant_trans_id)
    except Refused as refused:
        if refused.result is not Result.USER_STATUS_ABNORMAL:
            raise
        return WrongPinLeft(0)


async def sign_in(desk: Desk, payer_id: PayerId, pin: str) -> Payer | WrongPinLeft:
    """Return the payer whose PIN this is, with all tries given back."""
    async with desk.turns.of(payer_id):
        wrong = await check_pin(desk, payer_id, pin)
        if wrong is not None:
            return wrong
        await desk.engine.execute(AcceptPin(operation_id=desk.operation(), payer_id=payer_id))
    return await _payer(desk, payer_id)


def issue(desk: Desk, payer_id: PayerId) -> str:
    """Return a session token for this payer."""
    ends_at_s = desk.clock.now_ms() // SECOND_MS + desk.settings.session_life_s
    claims = f"{payer_id}.{ends_at_s}"
    return f"{claims}.{_key(desk).token(claims)}"


def payer_of(desk: Desk, token: str) -> PayerId | None:
    """Return whose session this is, or None when the token is not ours or is over."""
    claims, _, mark = token.rpartition(".")
    if not claims or not _key(desk).is_token(mark, claims):
        return None
    payer_id, _, ends_at_s = claims.rpartition(".")
    return PayerId(payer_id) if desk.clock.now_ms() < int(ends_at_s) * SECOND_MS else None


async def _payer(desk: Desk, payer_id: PayerId) -> Payer:
    payer = await desk.reader.get(Payer, payer_id)
    if payer is None:
        raise Refused(Result.USER_NOT_EXIST)
    return payer


def _key(desk: Desk) -> Secret:
    return desk.secret.derived("payer session")


def cookie_value(header: str, name: str) -> str:
    """Return a cookie's value from a Cookie header, or ""."""
    try:
        found = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


async def _waste_time(desk: Desk, pin: str) -> None:
    try:
        await desk.pins.check(DUMMY_HASH, pin)
    except WrongPin:
        return


def _tell(desk: Desk, merchant_trans_id: str, summary: str, *, verdict: str) -> None:
    desk.story.tell(
        StepKind.PIN_CHECKED,
        "The wallet checked the PIN",
        summary,
        merchant_trans_id=merchant_trans_id,
        verdict=verdict,
    )
