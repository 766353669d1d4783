"""PIN tries: reserved before a check, so that no number of parallel guesses gets a fourth.

What must hold: a right PIN gives all tries back, after the third wrong one only an operator does,
and the call at whose cashier it happened ends with 4000; a try that is being checked locks nobody
out, and one that is never told of counts as wrong in the end.
"""

import asyncio

from tests.engine.score import Score, stage, token
from tillgate.acquiring.payer import CHECK_MS_MAX, Payer
from tillgate.engine.commands import AcceptPin, LockOut, ReservePinTry, UnlockPayer
from tillgate.engine.decide.pin import PinTry, Rejected
from tillgate.engine.payer_commands import RejectPin
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import PayerId

RICH = PayerId("rich")


async def _tries(score: Score) -> int | str:
    """Reserve a try and return how many are left, or the refusal."""
    try:
        outcome = await score.engine.execute(_reserve(score))
    except Refused as refused:
        return refused.result.name
    assert isinstance(outcome, PinTry)
    return "wait" if outcome.must_wait else outcome.tries_left


async def _wrong(score: Score) -> int:
    """Say that a reserved try was wrong and return how many are left."""
    command = RejectPin(operation_id=score.operation(), payer_id=RICH)
    outcome = await score.engine.execute(command)
    assert isinstance(outcome, Rejected)
    return outcome.tries_left


async def _wrong_tries(score: Score, count: int) -> None:
    for _ in range(count):
        await _tries(score)
        await _wrong(score)


def _reserve(score: Score) -> ReservePinTry:
    return ReservePinTry(operation_id=score.operation(), payer_id=RICH)


def _lock_out(score: Score, page: str) -> LockOut:
    return LockOut(operation_id=score.operation(), token_hash=token(page), payer_id=RICH)


async def _used(score: Score) -> int:
    payer = await score.store.get(Payer, RICH)
    assert payer is not None
    return payer.pin_tries_used


async def test_three_tries_then_only_an_operator_unlocks() -> None:
    async with stage() as score:
        assert [(await _tries(score), await _wrong(score)) for _ in range(3)] == [
            (2, 2),
            (1, 1),
            (0, 0),
        ]
        assert await _tries(score) == "USER_STATUS_ABNORMAL"
        score.waits(10**10)
        assert await _tries(score) == "USER_STATUS_ABNORMAL"

        await score.operates(UnlockPayer(**score.by_hand(), payer_id=RICH))
        assert await _tries(score) == 2


async def test_a_right_pin_gives_all_tries_back() -> None:
    async with stage() as score:
        await _wrong_tries(score, 2)
        await _tries(score)
        await score.do(AcceptPin(operation_id=score.operation(), payer_id=RICH))

        assert await _used(score) == 0


async def test_a_confirm_with_the_right_pin_gives_all_tries_back() -> None:
    async with stage() as score:
        await score.calls("A")
        await _tries(score)
        assert await score.confirms("A") == "9000"

        assert await _used(score) == 0


async def test_a_try_that_is_sent_again_is_one_try() -> None:
    async with stage() as score:
        await score.do(_reserve(score))

        assert await _used(score) == 1


async def test_a_hundred_parallel_guesses_get_three_checks() -> None:
    async with stage() as score:
        told = await asyncio.gather(*(_tries(score) for _ in range(100)))

        assert sorted(told[:3], key=str) == [0, 1, 2]
        assert set(told[3:]) == {"wait"}
        assert await _used(score) == 3


async def test_tries_that_are_never_told_of_were_wrong_when_their_time_is_over() -> None:
    async with stage() as score:
        for _ in range(3):
            await _tries(score)
        score.waits(CHECK_MS_MAX - 1)
        assert await _tries(score) == "wait"
        score.waits(1)

        assert await _tries(score) == "USER_STATUS_ABNORMAL"


async def test_a_right_pin_leaves_those_reserved_that_others_are_checking() -> None:
    async with stage() as score:
        await _wrong_tries(score, 1)
        await _tries(score)
        await _tries(score)
        await score.do(AcceptPin(operation_id=score.operation(), payer_id=RICH))

        assert await _used(score) == 1
        assert await _wrong(score) == 2
        assert await _tries(score) == 1


async def test_a_wrong_pin_beside_one_that_is_checked_is_not_the_end() -> None:
    async with stage() as score:
        await score.calls("A")
        await _wrong_tries(score, 1)
        await _tries(score)
        await _tries(score)
        assert await _wrong(score) == 1

        assert (await score.do(_lock_out(score, "A"))).text == "refused ORDER_STATUS_INVALID"
        assert await score.confirms("A") == "9000"


async def test_the_hash_is_the_payers() -> None:
    async with stage() as score:
        tried = await score.do(_reserve(score))

        assert "hash" not in repr(tried)


async def test_the_third_wrong_pin_ends_the_call() -> None:
    async with stage() as score:
        await score.calls("A")
        await _wrong_tries(score, 3)
        outcome = await score.do(_lock_out(score, "A"))

        assert outcome.result_code == "4000"
        assert outcome.memo.startswith("USER_STATUS_ABNORMAL: ")
        assert await score.calls("A") == "4000 USER_STATUS_ABNORMAL"
        assert await score.state() == "WAIT_BUYER_PAY"


async def test_no_call_ends_while_a_try_is_left() -> None:
    async with stage() as score:
        await score.calls("A")
        await _tries(score)
        await _tries(score)
        with_refusal = await score.do(_lock_out(score, "A"))

        assert with_refusal.text == "refused ORDER_STATUS_INVALID"
        assert await score.calls("A") == "cashier"


async def test_a_lock_out_after_the_payment_says_9000() -> None:
    async with stage() as score:
        await score.calls("A")
        await score.confirms("A")
        await _wrong_tries(score, 3)
        outcome = await score.do(_lock_out(score, "A"))

        assert outcome.result_code == "9000"


async def test_another_payer_cannot_end_the_call() -> None:
    async with stage() as score:
        await score.calls("A", "poor")
        await _wrong_tries(score, 3)

        assert (await score.do(_lock_out(score, "A"))).text == "refused ACCESS_DENIED"
