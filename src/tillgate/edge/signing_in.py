"""Signing in where nobody is known yet: at the wallet's door, and at a cashier of the page form.

Whoever knows a payer's name may try it here, so this is where guessing begins. In production every
no is one and the same, and takes the same time: a payer that does not exist, a wrong PIN, an
account without tries. A sandbox shows its payers anyway, and so it says which it was. What must
hold: a browser that this payer never signed in from leaves the last try to the payer, so that
nobody is locked out by a stranger; tries from one address are counted, whomever they are for.
"""

import asyncio
from typing import final

import msgspec

from tillgate.acquiring.payer import PIN_TRIES_MAX, STRANGER_TRIES_MAX, Payer
from tillgate.edge.asgi import Incoming
from tillgate.edge.desk import Desk
from tillgate.edge.peers import counted
from tillgate.edge.sessions import WrongPinLeft, accept_pin, check_pin
from tillgate.edge.who import is_known_browser
from tillgate.engine.issuer import WrongPin
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import Result

DUMMY_HASH = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$" + "A" * 43
"""Checked where no PIN is, so that the machine works as long for every no."""
NO_TAKES_S = 0.25
"""How long every no takes at least, whichever it is: a clock tells nothing."""
TELLING = frozenset({Result.USER_NOT_EXIST, Result.USER_STATUS_ABNORMAL})


@final
class NotSignedIn(msgspec.Struct, frozen=True):
    """Production's one no: it does not tell what was wrong."""


No = WrongPinLeft | NotSignedIn


async def sign_in(desk: Desk, incoming: Incoming, payer_id: PayerId, pin: str) -> Payer | No:
    """Return the payer whose PIN this is, with all tries given back.

    Raises:
        Refused: too many tries came from this address; in a sandbox also that there is no such
            payer, or no try left.
    """
    address, now_ms = counted(incoming.peer), desk.clock.now_ms()
    if address and not desk.wrong_pins.allows(address, now_ms=now_ms):
        raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
    loop = asyncio.get_running_loop()
    may_end_s = loop.time() + NO_TAKES_S
    try:
        outcome = await _tried(desk, incoming, payer_id, pin)
    except Refused as refused:
        if refused.result not in TELLING:
            raise
        await asyncio.sleep(may_end_s - loop.time())
        if desk.settings.is_sandbox:
            raise
        return NotSignedIn()
    if isinstance(outcome, Payer):
        desk.wrong_pins.give_back(address, now_ms=now_ms)
        return outcome
    await asyncio.sleep(may_end_s - loop.time())
    return outcome if desk.settings.is_sandbox else NotSignedIn()


async def _tried(
    desk: Desk, incoming: Incoming, payer_id: PayerId, pin: str
) -> Payer | WrongPinLeft:
    is_told = desk.settings.is_sandbox
    is_known = is_told or is_known_browser(desk, incoming, payer_id)
    tries_max = PIN_TRIES_MAX if is_known else STRANGER_TRIES_MAX
    async with desk.turns.of(payer_id):
        try:
            # As read before the check: a session never outlives the PIN that it was given for.
            checked = await check_pin(desk, payer_id, pin, tries_max=tries_max)
        except Refused as refused:
            # A sandbox tells of a lock, so there is no work to hide it behind.
            if refused.result in TELLING - ({Result.USER_STATUS_ABNORMAL} if is_told else set()):
                await _work_as_long(desk, pin)
            raise
        if isinstance(checked, Payer):
            await accept_pin(desk, checked)
    return checked


async def _work_as_long(desk: Desk, pin: str) -> None:
    try:
        await desk.pins.check(DUMMY_HASH, pin)
    except WrongPin:
        return
