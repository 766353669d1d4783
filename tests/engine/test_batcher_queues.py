"""The engine's queues: who is dropped, who is refused, who goes first, and how it stops.

What must hold: refused means not executed, and who gave up too late has the effect all the same.
"""

import asyncio

import pytest

from tests.support.engines import (
    NOW_MS,
    Running,
    facts,
    notes,
    op,
    until,
)
from tests.support.small_verbs import Done, Note
from tests.support.stores import AnyStore
from tillgate.engine.lanes import Lane
from tillgate.engine.settings import LaneSettings
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.results import Result

# Queues.


async def test_who_gave_up_is_dropped_undecided(store: AnyStore, running: Running) -> None:
    async with running() as (engine, faulty):
        faulty.gate.clear()
        calls = [asyncio.ensure_future(engine.execute(command)) for command in notes(4)[:1]]
        await until(lambda: len(faulty.batches) == 1)
        calls += [asyncio.ensure_future(engine.execute(command)) for command in notes(4)[1:]]
        await asyncio.sleep(0)
        calls[2].cancel()
        faulty.gate.set()
        await asyncio.gather(*calls, return_exceptions=True)
        assert faulty.batches == [[op(0)], [op(1), op(3)]]
        assert await facts(store) == {"f0": "0", "f1": "1", "f3": "3"}


async def test_who_gives_up_while_the_batch_commits_has_its_effect_all_the_same(
    store: AnyStore, running: Running
) -> None:
    async with running() as (engine, faulty):
        faulty.gate.clear()
        calls = [asyncio.ensure_future(engine.execute(command)) for command in notes(2)]
        await until(lambda: faulty.decided == 1)
        calls[0].cancel()
        faulty.gate.set()
        assert await calls[1] == Done("1", NOW_MS)
        assert await facts(store) == {"f0": "0", "f1": "1"}
        assert await engine.execute(notes(1)[0]) == Done("0", NOW_MS)


@pytest.mark.parametrize("lane", Lane)
async def test_a_full_lane_refuses_and_executes_nothing(
    store: AnyStore, running: Running, lane: Lane
) -> None:
    lanes = LaneSettings(people_queue_max=3, background_queue_max=3)
    async with running(lanes=lanes) as (engine, faulty):
        calls = [asyncio.ensure_future(engine.execute(c, lane)) for c in notes(5)]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        refused = [error.result for error in outcomes[3:] if isinstance(error, Refused)]
        assert refused == [Result.REQUEST_TRAFFIC_EXCEED_LIMIT] * 2
        assert outcomes[:3] == [Done(str(n), NOW_MS) for n in range(3)]
        assert set(await facts(store)) == {"f0", "f1", "f2"}
        assert faulty.transactions == 1


async def test_who_was_answered_may_ask_again_at_once_however_long_that_took(
    store: AnyStore, running: Running
) -> None:
    async with running(lanes=LaneSettings(queue_wait_ms_max=0)) as (engine, _):
        for command in notes(3):
            await engine.execute(command)
        assert await facts(store) == {"f0": "0", "f1": "1", "f2": "2"}


async def test_background_work_gets_its_places_beside_people(running: Running) -> None:
    async with running() as (engine, faulty):
        faulty.gate.clear()
        calls = [asyncio.ensure_future(engine.execute(notes(1)[0]))]
        await until(lambda: len(faulty.batches) == 1)
        for number in range(200):
            lane = Lane.BACKGROUND if number >= 100 else Lane.PEOPLE
            command = Note(operation_id=op(f"{lane.name}-{number}"), name=f"n{number}")
            calls.append(asyncio.ensure_future(engine.execute(command, lane)))
        await asyncio.sleep(0)
        faulty.gate.set()
        await asyncio.gather(*calls)
        shares = [sum("BACKGROUND" in name for name in batch) for batch in faulty.batches[1:]]
        assert [len(batch) for batch in faulty.batches[1:]] == [64, 56, 64, 16]
        assert shares == [4, 16, 64, 16]


# Stopping.


async def test_a_stopping_engine_finishes_its_batch_and_refuses_the_rest(
    store: AnyStore, running: Running
) -> None:
    async with running() as (engine, faulty):
        faulty.gate.clear()
        under_way = asyncio.ensure_future(engine.execute(notes(2)[0]))
        await until(lambda: len(faulty.batches) == 1)
        waiting = asyncio.ensure_future(engine.execute(notes(2)[1]))
        await asyncio.sleep(0)
        stopping = asyncio.ensure_future(engine.stop())
        with pytest.raises(Unavailable):
            await waiting
        assert not under_way.done()
        faulty.gate.set()
        await stopping
        assert await under_way == Done("0", NOW_MS)
        assert await facts(store) == {"f0": "0"}
        with pytest.raises(Unavailable):
            await engine.execute(notes(3)[2])
