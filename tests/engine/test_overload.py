"""More than a store can take: what could not be decided in time is refused at once, all else is.

The store here takes a fixed time for each batch, or hangs. What must hold: refused means that there
is no row of it; whoever was taken is answered within the bound and a batch or two; nothing that was
begun is cut off; a store that hangs is not waited for by more than came before it was noticed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from tests.support.engines import Running, facts, notes, op, told, until
from tests.support.faulty import FaultyStore
from tests.support.small_verbs import Done, Note
from tests.support.stores import AnyStore
from tillgate.engine.batcher import Engine
from tillgate.engine.commands import Command, Expire
from tillgate.engine.lanes import Job, Lane, Lanes
from tillgate.engine.payer_commands import RejectPin
from tillgate.engine.settings import LaneSettings
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result

BATCH_S = 0.1
BOUND_MS = 500
KEY = {"payer_id": "rich", "merchant_id": "m", "merchant_trans_id": "A"}
SETTINGS = LaneSettings(queue_wait_ms_max=BOUND_MS)


def _is_refused(outcome: object) -> bool:
    return isinstance(outcome, Refused) and outcome.result is Result.REQUEST_TRAFFIC_EXCEED_LIMIT


@asynccontextmanager
async def _slow(running: Running) -> AsyncIterator[tuple[Engine, FaultyStore]]:
    """Run an engine whose batches take `BATCH_S`, and let it find that out."""
    async with running(lanes=SETTINGS) as (engine, faulty):
        is_over = False

        async def open_late() -> None:
            while not is_over:
                faulty.gate.clear()
                await asyncio.sleep(BATCH_S)
                faulty.gate.set()
                await asyncio.sleep(0)

        opening = asyncio.ensure_future(open_late())
        for number in range(12):
            await engine.execute(Note(operation_id=op(f"warm-{number}"), name=f"w{number}"))
        await _looks_up()
        try:
            yield engine, faulty
        finally:
            is_over = True
            await opening


async def test_whoever_is_taken_is_answered_in_time_and_the_others_have_no_row(
    store: AnyStore, running: Running
) -> None:
    async with _slow(running) as (engine, faulty):
        before, commands = len(faulty.batches), notes(1_500)
        outcomes = dict(enumerate(await told(engine, commands)))
        done = {f"f{number}" for number, said in outcomes.items() if isinstance(said, Done)}
        refused = [number for number, said in outcomes.items() if _is_refused(said)]

        assert len(refused) + len(done) == len(commands)
        assert len(done) >= SETTINGS.people_places
        # What waits is decided in so many batches, each of which takes at least its time.
        assert len(faulty.batches) - before <= BOUND_MS / 1_000 / BATCH_S + 2
        assert {name for name in await facts(store) if name.startswith("f")} == done


async def test_who_was_refused_is_taken_when_the_rush_is_over(running: Running) -> None:
    async with _slow(running) as (engine, _):
        commands = notes(1_500)
        outcomes = await told(engine, commands)
        late = [c for c, said in zip(commands, outcomes, strict=True) if _is_refused(said)]

        assert isinstance((await told(engine, late[:1]))[0], Done)


async def test_while_the_store_hangs_nobody_joins_those_who_wait(
    store: AnyStore, running: Running
) -> None:
    async with running(lanes=LaneSettings(queue_wait_ms_max=100)) as (engine, faulty):
        faulty.gate.clear()
        first = asyncio.ensure_future(engine.execute(notes(1)[0]))
        await until(lambda: faulty.decided == 1)
        await asyncio.sleep(0.15)
        late = await told(engine, notes(3)[1:])
        assert all(_is_refused(each) for each in late)
        faulty.gate.set()

        assert isinstance(await first, Done)
        await _looks_up()
        assert set(await facts(store)) == {"f0"}
        assert isinstance(await engine.execute(notes(2)[1]), Done)


async def test_a_store_slower_than_the_bound_still_gets_whole_batches() -> None:
    lanes = Lanes(LaneSettings(queue_wait_ms_max=1))
    lanes.began()
    await asyncio.sleep(0.05)
    lanes.ended()
    taken = [job for job in _jobs(200, Command) if _is_taken(lanes, job)]
    assert len(taken) == LaneSettings().people_places

    assert await lanes.gather() == taken


@pytest.mark.parametrize(("kind", "lane"), [(RejectPin, Lane.PEOPLE), (Expire, Lane.BACKGROUND)])
async def test_what_was_begun_and_what_nobody_waits_for_is_taken_however_late(
    kind: type[Command], lane: Lane
) -> None:
    lanes = Lanes(LaneSettings(queue_wait_ms_max=1))
    lanes.began()
    await asyncio.sleep(0.05)

    assert not _is_taken(lanes, _jobs(1, Command)[0])
    assert all(_is_taken(lanes, job, lane) for job in _jobs(200, kind))


async def _looks_up() -> None:
    """Let the engine look up from the batch whose outcomes it has just told."""
    for _ in range(20):
        await asyncio.sleep(0)


def _jobs(count: int, kind: type[Command]) -> list[Job]:
    loop = asyncio.get_running_loop()
    return [
        Job(msgspec.convert({**KEY, "operation_id": str(number)}, kind), loop.create_future())
        for number in range(count)
    ]


def _is_taken(lanes: Lanes, job: Job, lane: Lane = Lane.PEOPLE) -> bool:
    try:
        lanes.put(job, lane)
    except Refused:
        return False
    return True
