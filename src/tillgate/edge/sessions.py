"""Payer sessions: checking a PIN, and the token that says who signed in.

A token carries the payer, the number of its sessions, its end and a mark that only this gateway
makes, so every process of a gateway accepts it and none stores it. What must hold: a PIN try is
reserved by a commit before the PIN is checked, and nothing but a wrong PIN costs it; whoever finds
all tries open, because other processes check them, waits for what they find; a token whose payer
has ended sessions since opens nothing.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import TypeVar, final

import msgspec

from tillgate.acquiring.payer import PIN_TRIES_MAX, Payer
from tillgate.edge.desk import Desk
from tillgate.edge.secrets import Secret
from tillgate.edge.story import StepKind
from tillgate.engine.commands import AcceptPin, ReservePinTry
from tillgate.engine.decide.pin import PinTry, Rejected
from tillgate.engine.issuer import WrongPin
from tillgate.engine.payer_commands import EndSessions, RejectPin, ReleasePinTry
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Refused, TillgateError
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import Result

T = TypeVar("T")
LOOK_AGAIN_S = 0.1
OPEN_WAIT_S_MAX = 5.0
"""How long a caller waits for other processes' checks before it is told to come again."""


@final
class WrongPinLeft(msgspec.Struct, frozen=True):
    """The PIN was wrong; so many tries are left."""

    tries_left: int


async def check_pin(
    desk: Desk,
    payer_id: PayerId,
    pin: str,
    *,
    merchant_trans_id: str = "",
    tries_max: int = PIN_TRIES_MAX,
) -> Payer | WrongPinLeft:
    """Reserve a try and check the PIN; return the payer, as read before, when it fits.

    The caller holds the payer's turn until it has said what follows from the check. What follows
    carries the number of the payer's sessions, so that a PIN which is changed meanwhile does not
    count. The order is for the story alone.

    Raises:
        Refused: there is no such payer, or no try left; REQUEST_TRAFFIC_EXCEED_LIMIT, when others
            check all that are left for too long.
    """
    payer = await desk.reader.get(Payer, payer_id)
    if payer is None:
        raise Refused(Result.USER_NOT_EXIST)
    await _reserved(desk, payer_id, tries_max)
    try:
        await desk.pins.check(payer.pin_hash, pin)
    except WrongPin:
        reject = RejectPin(operation_id=desk.operation(), payer_id=payer_id, tries_max=tries_max)
        rejected: Rejected = await desk.engine.execute(reject)
        left = rejected.tries_left
        summary = f"The PIN of {payer_id} is wrong; {left} tries left."
        _tell(desk, merchant_trans_id, summary, verdict="bad")
        return WrongPinLeft(left)
    except TillgateError:
        release = ReleasePinTry(operation_id=desk.operation(), payer_id=payer_id)
        with suppress(TillgateError):
            await desk.engine.execute(release)
        raise
    _tell(desk, merchant_trans_id, f"The PIN of {payer_id} is right.", verdict="ok")
    return payer


async def try_given_back(desk: Desk, payer: Payer, doing: Awaitable[T]) -> T:
    """Return what is done with a right PIN; if it fails, the tries are given back all the same."""
    try:
        return await doing
    except TillgateError:
        with suppress(TillgateError):
            await accept_pin(desk, payer)
        raise


async def accept_pin(desk: Desk, payer: Payer) -> None:
    """Give all tries back to a payer whose PIN was right.

    Raises:
        Refused: USER_STATUS_ABNORMAL, when another PIN was set meanwhile.
    """
    command = AcceptPin(
        operation_id=desk.operation(), payer_id=payer.payer_id, session_no=payer.session_no
    )
    await desk.engine.execute(command)


async def _reserved(desk: Desk, payer_id: PayerId, tries_max: int) -> None:
    """Reserve a try, once one is left or all that were open turned out to be wrong."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + OPEN_WAIT_S_MAX
    while True:
        reserved: PinTry = await desk.engine.execute(
            ReservePinTry(operation_id=desk.operation(), payer_id=payer_id, tries_max=tries_max)
        )
        if not reserved.must_wait:
            return
        if loop.time() > ends_s:
            raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
        await asyncio.sleep(LOOK_AGAIN_S)


async def prove_pin(
    desk: Desk, payer_id: PayerId, pin: str, *, merchant_trans_id: str = ""
) -> Payer | WrongPinLeft:
    """Check a PIN as `check_pin` does; an account that has no try left is a wrong PIN, too."""
    try:
        return await check_pin(desk, payer_id, pin, merchant_trans_id=merchant_trans_id)
    except Refused as refused:
        if refused.result is not Result.USER_STATUS_ABNORMAL:
            raise
        return WrongPinLeft(0)


def issue(desk: Desk, payer_id: PayerId, *, session_no: int = 0) -> str:
    """Return a token for a session of this number."""
    ends_at_s = desk.clock.now_ms() // SECOND_MS + desk.settings.session_life_s
    claims = f"{payer_id}.{session_no}.{ends_at_s}"
    return f"{claims}.{_key(desk).token(claims)}"


async def session_of(desk: Desk, token: str) -> Payer | None:
    """Return whose session this is, or None when the token is not ours or is over."""
    claims, _, mark = token.rpartition(".")
    if not claims or not _key(desk).is_token(mark, claims):
        return None
    payer_id, session_no, ends_at_s = claims.rsplit(".", 2)
    if desk.clock.now_ms() >= int(ends_at_s) * SECOND_MS:
        return None
    payer = await desk.reader.get(Payer, payer_id)
    return payer if payer is not None and payer.session_no == int(session_no) else None


async def sign_out(desk: Desk, payer: Payer) -> None:
    """End every session of this payer: a token that somebody copied is worth nothing any more."""
    command = EndSessions(
        operation_id=desk.operation(), payer_id=payer.payer_id, session_no=payer.session_no
    )
    await desk.engine.execute(command)


def _key(desk: Desk) -> Secret:
    return desk.secret.derived("payer session")


def _tell(desk: Desk, merchant_trans_id: str, summary: str, *, verdict: str) -> None:
    desk.story.tell(
        StepKind.PIN_CHECKED,
        "The wallet checked the PIN",
        summary,
        merchant_trans_id=merchant_trans_id,
        verdict=verdict,
    )
