"""What comes between a right PIN and what follows from it: another PIN, an erasure, a fault.

Found by a reviewer: an erased payer was unlocked by a check under way and paid; three right PINs
locked a payer out while the database could not be read. What must hold: a PIN counts only while it
is the payer's; nothing but a wrong PIN costs a try.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn

import msgspec
import pytest

from tests.e2e.notify.stage import Stage, staged
from tests.engine.score import Score, stage
from tillgate.acquiring.payer import CHECK_MS_MAX, Payer, check_payer
from tillgate.edge.desk import Desk
from tillgate.edge.sessions import WrongPinLeft, accept_pin, check_pin, try_given_back
from tillgate.engine.commands import (
    AcceptPin,
    AddPayer,
    ErasePayer,
    OperatorCommand,
    ReservePinTry,
    SetPin,
    SignOutPayer,
)
from tillgate.engine.decide.pin import PinTry
from tillgate.engine.issuer import Pins
from tillgate.engine.payer_commands import RejectPin, ReleasePinTry
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import Result

RICH, ANN = PayerId("rich"), PayerId("ann")
RIGHT, WRONG = "123456", "999999"


def _meanwhile(score: Score, what: str) -> OperatorCommand:
    by_hand: dict[str, Any] = score.by_hand()
    if what == "another PIN":
        return SetPin(**by_hand, payer_id=RICH, pin_hash="another")
    kind = ErasePayer if what == "erased" else SignOutPayer
    return kind(**by_hand, payer_id=RICH)


async def _rich(score: Score) -> Payer:
    payer = await score.store.get(Payer, RICH)
    assert payer is not None
    return payer


@pytest.mark.parametrize("what", ["another PIN", "erased", "signed out"])
async def test_a_pin_that_was_right_before_pays_nothing_after(what: str) -> None:
    async with stage() as score:
        await score.calls("A")
        await score.do(ReservePinTry(operation_id=score.operation(), payer_id=RICH))
        await score.operates(_meanwhile(score, what))
        before = await _rich(score)

        assert await score.confirms("A") == "refused USER_STATUS_ABNORMAL"
        accept = AcceptPin(operation_id=score.operation(), payer_id=RICH)
        with pytest.raises(Refused) as refused:
            await score.engine.execute(accept)
        assert refused.value.result is Result.USER_STATUS_ABNORMAL
        assert await score.state() == "WAIT_BUYER_PAY"
        assert await _rich(score) == before


async def test_an_erased_payer_is_never_unlocked() -> None:
    async with stage() as score:
        erased = (await _rich(score)).erased()
        for payer in (erased.try_right(), erased.try_released(), erased.tries_set(0)):
            assert payer.is_locked
            with pytest.raises(Refused):
                check_payer(payer)


async def test_a_wrong_try_that_was_told_too_late_opens_nobody_elses() -> None:
    async with stage() as score:
        await score.do(ReservePinTry(operation_id=score.operation(), payer_id=RICH))
        score.waits(CHECK_MS_MAX)
        told = await score.do(RejectPin(operation_id=score.operation(), payer_id=RICH))

        assert told.tries_left == 2
        assert (await _rich(score)).pin_tries_used == 1


async def test_a_try_that_was_not_checked_does_not_count() -> None:
    async with stage() as score:
        await score.do(ReservePinTry(operation_id=score.operation(), payer_id=RICH))
        await score.do(ReservePinTry(operation_id=score.operation(), payer_id=RICH))
        await score.do(ReleasePinTry(operation_id=score.operation(), payer_id=RICH))
        payer = await _rich(score)
        assert (payer.pin_tries_used, payer.pin_tries_open) == (1, 1)

        score.waits(CHECK_MS_MAX)
        await score.do(ReleasePinTry(operation_id=score.operation(), payer_id=RICH))
        assert (await _rich(score)).pin_tries_used == 1


async def test_a_right_pin_forgives_the_tries_whose_process_died() -> None:
    """Found by killing processes for a minute: who paid all the while was locked out at last."""
    async with stage() as score:

        async def reserved() -> PinTry:
            tried: PinTry = await score.do(
                ReservePinTry(operation_id=score.operation(), payer_id=RICH)
            )
            return tried

        for _ in range(2):  # Each time one try is lost with its process, and the next one is right.
            await reserved()
            await reserved()
            await score.do(AcceptPin(operation_id=score.operation(), payer_id=RICH))
        await reserved()
        assert (await reserved()).must_wait
        score.waits(CHECK_MS_MAX)

        last = await reserved()
        assert last.tries_left == 1, "one that was lost since the right PIN, and this"
        await score.do(AcceptPin(operation_id=score.operation(), payer_id=RICH))
        assert (await _rich(score)).pin_tries_used == 0


async def test_what_is_checked_while_another_pin_is_right_still_counts_if_it_is_wrong() -> None:
    async with stage() as score:
        for _ in range(3):
            await score.do(ReservePinTry(operation_id=score.operation(), payer_id=RICH))
        await score.do(AcceptPin(operation_id=score.operation(), payer_id=RICH))
        for _ in range(2):
            await score.do(RejectPin(operation_id=score.operation(), payer_id=RICH))
        score.waits(CHECK_MS_MAX)
        tried = await score.do(ReservePinTry(operation_id=score.operation(), payer_id=RICH))

        assert tried.tries_left == 0


# The same at the doors, with real PINs and what fails there.


class Away:
    """A database that cannot be read, or a machine that has too many PINs to check."""

    async def get(self, *_: object) -> NoReturn:
        raise Unavailable("The database cannot be read.")

    async def check(self, *_: object) -> NoReturn:
        raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)


@asynccontextmanager
async def _ann() -> AsyncIterator[Stage]:
    async with staged() as [stage]:
        add = AddPayer(
            **stage.by_hand(),
            payer_id=ANN,
            name="Ann",
            issuer="wallet",
            pin_hash=await stage.desk.pins.hashed(RIGHT),
        )
        await stage.engine.execute(add)
        yield stage


async def _used(stage: Stage) -> int:
    payer = await stage.store.get(Payer, ANN)
    assert payer is not None
    return payer.pin_tries_used


def _without(desk: Desk, part: str) -> Desk:
    away: Any = Away()
    return msgspec.structs.replace(desk, **{part: away})


@pytest.mark.parametrize("part", ["reader", "pins"])
async def test_right_pins_lock_nobody_out_while_they_cannot_be_checked(part: str) -> None:
    async with _ann() as stage:
        for _ in range(4):
            with pytest.raises((Unavailable, Refused)):
                await check_pin(_without(stage.desk, part), ANN, RIGHT)
            stage.clock.advance(CHECK_MS_MAX + 1)

        assert await _used(stage) == 0
        assert isinstance(await check_pin(stage.desk, ANN, RIGHT), Payer)
        assert await check_pin(stage.desk, ANN, WRONG) == WrongPinLeft(2)


async def test_a_right_pin_gives_its_try_back_when_nothing_can_follow() -> None:
    async def fails() -> None:
        raise Unavailable("The database cannot be read.")

    async with _ann() as stage:
        assert await check_pin(stage.desk, ANN, WRONG) == WrongPinLeft(2)
        payer = await check_pin(stage.desk, ANN, RIGHT)
        assert isinstance(payer, Payer)
        with pytest.raises(Unavailable):
            await try_given_back(stage.desk, payer, fails())

        assert await _used(stage) == 0


async def test_a_pin_that_was_changed_while_it_was_checked_signs_nobody_in() -> None:
    async with _ann() as stage:
        pins: Pins = stage.desk.pins
        payer = await check_pin(stage.desk, ANN, RIGHT)
        assert isinstance(payer, Payer)
        changed = SetPin(**stage.by_hand(), payer_id=ANN, pin_hash=await pins.hashed(WRONG))
        await stage.engine.execute(changed)

        with pytest.raises(Refused):
            await accept_pin(stage.desk, payer)
