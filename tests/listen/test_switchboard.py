"""The switchboard: who takes a notification, who waits for whom, and for how long."""

import asyncio
from collections.abc import Sequence

import pytest

from tillgate.kernel.errors import Refused
from tillgate.sandbox import listening
from tillgate.sandbox.listening import PARCELS_MAX, Parcel, Switchboard
from tillgate.workers.outgoing.port import SendFailure, SendResult

CLIENT, OTHER = "4Q5XSH6SSG02T006", "4Q5XSH6SSG02T007"
URL = "https://shop.example/notify"
OK = SendResult(
    status=200, body=b"{}", elapsed_ms=3, connected_address=None, failure=None, sentence=""
)


@pytest.fixture
def board() -> Switchboard:
    return Switchboard("run")


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "TAKEN_S_MAX", 0.1)
    monkeypatch.setattr(listening, "EXCHANGE_S_MAX", 0.3)
    monkeypatch.setattr(listening, "GONE_S", 0.2)


async def _asks(
    board: Switchboard,
    name: str = "one",
    *,
    client: str = CLIENT,
    holding: Sequence[str] = (),
    take: int = 8,
    wait_s: float = 5,
) -> Sequence[Parcel]:
    return await board.asked(client, name, holding=holding, take=take, wait_s=wait_s)


async def test_without_a_listener_it_goes_to_its_url(board: Switchboard) -> None:
    assert await board.carry(CLIENT, URL, b"told") is None
    assert not board.listens(CLIENT)


async def test_a_listener_takes_it_and_brings_the_answer(board: Switchboard) -> None:
    board.here(CLIENT, "one")
    carrying = asyncio.create_task(board.carry(CLIENT, URL, b"told"))
    [parcel] = await _asks(board)

    assert (parcel.raw, parcel.url) == (b"told", URL)
    assert board.answered(CLIENT, "one", parcel.parcel_id, OK) == parcel
    assert await carrying == OK


async def test_a_client_gets_nothing_of_another_one(board: Switchboard) -> None:
    board.here(OTHER, "other")
    board.here(CLIENT, "one")
    carrying = asyncio.create_task(board.carry(CLIENT, URL, b"told"))
    await asyncio.sleep(0)

    assert await _asks(board, "other", client=OTHER, wait_s=0) == []
    [parcel] = await _asks(board)
    assert board.answered(OTHER, "other", parcel.parcel_id, OK) is None
    assert not carrying.done()
    board.answered(CLIENT, "one", parcel.parcel_id, OK)
    await carrying


async def test_what_it_does_not_hold_is_offered_again_since_an_answer_may_be_lost(
    board: Switchboard,
) -> None:
    board.here(CLIENT, "one")
    carrying = asyncio.create_task(board.carry(CLIENT, URL, b"told"))
    [parcel] = await _asks(board)

    assert await _asks(board, wait_s=0) == [parcel]
    assert await _asks(board, holding=[parcel.parcel_id], wait_s=0) == []
    board.answered(CLIENT, "one", parcel.parcel_id, OK)
    await carrying


@pytest.mark.usefixtures("_quick")
async def test_what_no_listener_takes_goes_to_its_url(board: Switchboard) -> None:
    board.here(CLIENT, "one")

    assert await board.carry(CLIENT, URL, b"told") is None


@pytest.mark.usefixtures("_quick")
async def test_what_was_taken_and_not_answered_is_a_timeout_and_goes_nowhere_else(
    board: Switchboard,
) -> None:
    board.here(CLIENT, "one")
    carrying = asyncio.create_task(board.carry(CLIENT, URL, b"told"))
    [parcel] = await _asks(board)
    result = await carrying

    assert result is not None
    assert result.failure is SendFailure.TIMEOUT
    assert board.answered(CLIENT, "one", parcel.parcel_id, OK) is None


@pytest.mark.usefixtures("_quick")
async def test_a_listener_that_asks_no_more_is_gone(board: Switchboard) -> None:
    board.here(CLIENT, "one")
    await asyncio.sleep(0.3)

    assert not board.listens(CLIENT)


async def test_one_that_waits_is_there_however_long(
    board: Switchboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "GONE_S", 0.05)
    waiting = asyncio.create_task(_asks(board))
    await asyncio.sleep(0.2)

    assert board.listens(CLIENT)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_one_that_ends_leaves_what_it_had_not_taken_to_the_url(board: Switchboard) -> None:
    board.here(CLIENT, "one")
    taken = asyncio.create_task(board.carry(CLIENT, URL, b"taken"))
    await _asks(board)
    left = asyncio.create_task(board.carry(CLIENT, URL, b"left"))
    await asyncio.sleep(0)
    board.ended(CLIENT, "one")

    result = await taken
    assert result is not None
    assert result.failure is SendFailure.BROKEN_OFF
    assert await left is None


async def test_the_newest_listener_gets_all_and_an_older_one_is_refused(
    board: Switchboard,
) -> None:
    waiting = asyncio.create_task(_asks(board, "old"))
    await asyncio.sleep(0)
    board.here(CLIENT, "new")

    assert await waiting == []
    with pytest.raises(Refused, match="taken over"):
        await _asks(board, "old")
    board.ended(CLIENT, "old")
    assert board.listens(CLIENT)


async def test_of_two_questions_of_one_listener_the_older_one_ends(board: Switchboard) -> None:
    older = asyncio.create_task(_asks(board))
    await asyncio.sleep(0)
    newer = asyncio.create_task(_asks(board))

    assert await older == []
    carrying = asyncio.create_task(board.carry(CLIENT, URL, b"told"))
    [parcel] = await newer
    board.answered(CLIENT, "one", parcel.parcel_id, OK)
    await carrying


async def test_more_than_fits_is_busy_and_what_is_too_long_goes_to_its_url(
    board: Switchboard,
) -> None:
    board.here(CLIENT, "one")
    carrying = [asyncio.create_task(board.carry(CLIENT, URL, b"told")) for _ in range(PARCELS_MAX)]
    await asyncio.sleep(0)

    busy = await board.carry(CLIENT, URL, b"told")
    assert busy is not None
    assert busy.failure is SendFailure.BUSY
    assert await board.carry(CLIENT, URL, b"x" * (listening.PARCEL_BYTES_MAX + 1)) is None
    board.ended(CLIENT, "one")
    await asyncio.gather(*carrying)


async def test_an_answer_carries_no_more_than_fits_into_an_envelope(board: Switchboard) -> None:
    board.here(CLIENT, "one")
    raw = b"x" * 10_000
    carrying = [asyncio.create_task(board.carry(CLIENT, URL, raw)) for _ in range(5)]
    await asyncio.sleep(0)

    assert len(await _asks(board)) == 2
    assert len(await _asks(board, take=1)) == 1
    board.ended(CLIENT, "one")
    await asyncio.gather(*carrying)


async def test_an_answer_of_an_earlier_run_meets_no_parcel_of_this_one(board: Switchboard) -> None:
    told = []
    for each in (board, Switchboard("later")):
        each.here(CLIENT, "one")
        carrying = asyncio.create_task(each.carry(CLIENT, URL, b"told"))
        [parcel] = await _asks(each)
        told.append(parcel.parcel_id)
        each.ended(CLIENT, "one")
        await carrying

    assert len(set(told)) == 2


async def test_what_an_older_listener_took_is_not_given_to_a_newer_one_too(
    board: Switchboard,
) -> None:
    board.here(CLIENT, "old")
    carrying = asyncio.create_task(board.carry(CLIENT, URL, b"told"))
    [parcel] = await _asks(board, "old")

    assert await _asks(board, "new", wait_s=0) == []
    assert board.answered(CLIENT, "new", parcel.parcel_id, OK) is None
    assert board.answered(CLIENT, "old", parcel.parcel_id, OK) == parcel
    assert await carrying == OK
