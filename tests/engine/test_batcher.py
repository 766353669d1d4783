"""The engine's promises about batches, over every store and through every fault of one.

An outcome comes after its commit, one poisoned command harms nobody else, an unknown commit is
settled by its operation id. What must hold: each test says what the callers were told, and what was
kept.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.faulty import Fault, FaultyStore
from tests.support.records import sample
from tests.support.small_verbs import SMALL_VERBS, Book, Claim, Done, Look, Note, Spend
from tests.support.stores import STORES, AnyStore
from tillgate.acquiring.operator import Fact
from tillgate.engine.batcher import Engine
from tillgate.engine.commands import Command
from tillgate.engine.committed import Committed
from tillgate.engine.lanes import Lane
from tillgate.engine.operation import Operation
from tillgate.engine.ports import Change, Select
from tillgate.engine.settings import DecideSettings, LaneSettings
from tillgate.kernel.clock import Clock, ManualClock
from tillgate.kernel.errors import Broken, Refused, Unavailable
from tillgate.kernel.ids import OperationId
from tillgate.kernel.record import Record
from tillgate.kernel.results import Result
from tillgate.ledger.entries import Balance, Entry

NOW_MS = 1_700_000_000_000
Running = Callable[..., AbstractAsyncContextManager[tuple[Engine, FaultyStore]]]


class NoIds:
    """An id factory that nobody may ask."""

    def token(self) -> str:
        """Refuse."""
        raise AssertionError

    def digits(self, length: int) -> str:
        """Refuse."""
        raise AssertionError


class WanderingClock:
    """A clock that shows what it is told, even if that is earlier."""

    def __init__(self, *instants_ms: int) -> None:
        """Show these instants in turn."""
        self._instants_ms = iter(instants_ms)

    def now_ms(self) -> int:
        """Return the next instant."""
        return next(self._instants_ms)


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """Return an empty store of each kind in turn."""
    with STORES[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
def running(store: AnyStore) -> Running:
    """Return what runs an engine over the store with a script of faults between them."""

    @asynccontextmanager
    async def run(
        *faults: Fault, clock: Clock | None = None, lanes: LaneSettings | None = None
    ) -> AsyncIterator[tuple[Engine, FaultyStore]]:
        faulty = FaultyStore(store, faults)
        engine = Engine(
            faulty,
            verbs=SMALL_VERBS,
            clock=clock or ManualClock(NOW_MS),
            ids=NoIds(),
            decide=DecideSettings(),
            lanes=lanes or LaneSettings(),
        )
        engine.start()
        try:
            yield engine, faulty
        finally:
            faulty.gate.set()
            await engine.stop()

    return run


def op(name: object) -> OperationId:
    return OperationId(f"op-{name}")


def notes(count: int) -> list[Command]:
    return [Note(operation_id=op(n), name=f"f{n}", value=str(n)) for n in range(count)]


async def told(engine: Engine, commands: Sequence[Command]) -> list[Any]:
    """Execute commands that all wait at the same time; return outcomes and errors."""
    calls = (engine.execute(command) for command in commands)
    return await asyncio.gather(*calls, return_exceptions=True)


async def facts(store: AnyStore) -> dict[str, str]:
    return {row.name: row.value for row in await store.select(Select(record=Fact))}


async def keep(store: AnyStore, *rows: Record) -> None:
    async with store.transaction() as transaction:
        assert not await transaction.flush([Change(row, is_insert=True) for row in rows])


# Batches.


async def test_commands_that_wait_together_share_a_commit(
    store: AnyStore, running: Running
) -> None:
    async with running() as (engine, faulty):
        outcomes = await told(engine, notes(64))
        assert outcomes == [Done(str(n), NOW_MS) for n in range(64)]
        assert faulty.transactions == 1
        assert await facts(store) == {f"f{n}": str(n) for n in range(64)}


async def test_what_comes_while_a_batch_commits_gathers_for_the_next(running: Running) -> None:
    async with running() as (engine, faulty):
        faulty.gate.clear()
        first = asyncio.ensure_future(engine.execute(notes(1)[0]))
        await _until(lambda: len(faulty.batches) == 1)
        rest = asyncio.ensure_future(told(engine, notes(100)[1:]))
        await asyncio.sleep(0)
        faulty.gate.set()
        await asyncio.gather(first, rest)
        assert [len(batch) for batch in faulty.batches] == [1, 64, 35]


async def test_a_later_command_of_a_batch_sees_the_earlier(running: Running) -> None:
    async with running() as (engine, faulty):
        claims = [Claim(operation_id=op(n), name="seat") for n in range(3)]
        first, *rest = await told(engine, claims)
        assert first == Done("claimed", NOW_MS)
        assert [error.result for error in rest] == [Result.ACCESS_DENIED] * 2
        assert faulty.transactions == 1


async def test_an_outcome_is_never_given_before_its_commit(
    store: AnyStore, running: Running
) -> None:
    async with running() as (engine, faulty):
        faulty.gate.clear()
        claims = [Claim(operation_id=op(n), name="seat") for n in range(2)]
        calls = [asyncio.ensure_future(engine.execute(claim)) for claim in claims]
        await _until(lambda: len(faulty.batches) == 1)
        for _ in range(20):
            await asyncio.sleep(0.001)
            assert not any(call.done() for call in calls)
        assert await facts(store) == {}
        faulty.gate.set()
        assert await calls[0] == Done("claimed", NOW_MS)
        assert await facts(store) == {"seat": op(0)}
        with pytest.raises(Refused):
            await calls[1]


# Poison.

POISON = [
    Note(operation_id=op("poison"), name="poison", poison="lookups"),
    Note(operation_id=op("poison"), name="poison", poison="keys"),
    Note(operation_id=op("poison"), name="poison", poison="decide"),
    Note(operation_id=op("poison"), name="poison", poison="outcome"),
    Spend(operation_id=op("poison"), minor=10_000, name="poison"),
]


@pytest.mark.parametrize("poison", POISON, ids=["lookups", "keys", "decide", "outcome", "CHECK"])
@pytest.mark.parametrize("place", [0, 40, 63])
async def test_one_poisoned_command_among_64_harms_nobody_else(
    store: AnyStore, running: Running, poison: Command, place: int
) -> None:
    await keep(store, sample(Balance))
    commands = notes(63)
    commands.insert(place, poison)
    async with running() as (engine, _):
        outcomes = await told(engine, commands)
        error = outcomes.pop(place)
        assert isinstance(error, Broken)
        assert outcomes == [Done(str(n), NOW_MS) for n in range(63)]
        assert await facts(store) == {f"f{n}": str(n) for n in range(63)}
        assert await store.get(Operation, op("poison")) is None


async def test_poison_that_only_a_disk_refuses_harms_nobody_else(
    store: AnyStore, running: Running
) -> None:
    poison = Note(operation_id=op("poison"), name="poison", poison="text")
    async with running() as (engine, _):
        *outcomes, _ = await told(engine, [*notes(10), poison])
        assert outcomes == [Done(str(n), NOW_MS) for n in range(10)]


async def test_two_that_break_a_rule_only_together_are_told_apart(
    store: AnyStore, running: Running
) -> None:
    await keep(store, sample(Balance))
    spends = [Spend(operation_id=op(n), minor=600, name=f"spent{n}") for n in range(2)]
    async with running() as (engine, _):
        first, second = await told(engine, spends)
        assert first == Done("spent", NOW_MS)
        assert isinstance(second, Broken)
        left = await store.get(Balance, *sample(Balance).key.parts)
        assert left is not None
        assert left.money.minor == 400
        assert await facts(store) == {"spent0": ""}


async def test_a_refusal_against_a_failed_batch_is_never_told(
    store: AnyStore, running: Running
) -> None:
    await keep(store, sample(Balance))
    poison = Spend(operation_id=op("poison"), minor=10_000, name="seat")
    claim = Claim(operation_id=op("claim"), name="seat")
    async with running() as (engine, _):
        broken, claimed = await told(engine, [poison, claim])
        assert isinstance(broken, Broken)
        assert claimed == Done("claimed", NOW_MS)
        assert await facts(store) == {"seat": op("claim")}


async def test_an_outage_beside_poison_takes_no_try_from_the_others(
    store: AnyStore, running: Running
) -> None:
    await keep(store, sample(Balance))
    poison = Spend(operation_id=op("poison"), minor=10_000)
    faults = [*[Fault.NONE] * 4, Fault.UNREACHABLE, Fault.NONE, Fault.LOST_UNHEARD]
    async with running(*faults) as (engine, _):
        *outcomes, broken = await told(engine, [*notes(15), poison])
        assert outcomes == [Done(str(n), NOW_MS) for n in range(15)]
        assert isinstance(broken, Broken)


# Operations.


async def test_the_same_operation_twice_in_a_batch_has_one_effect(
    store: AnyStore, running: Running
) -> None:
    async with running() as (engine, faulty):
        outcomes = await told(engine, [Claim(operation_id=op(1), name="seat")] * 3)
        assert outcomes == [Done("claimed", NOW_MS)] * 3
        assert faulty.transactions == 1
        assert len(await store.select(Select(record=Operation))) == 1


async def test_the_same_operation_later_gets_its_recorded_outcome(running: Running) -> None:
    clock = ManualClock(NOW_MS)
    claim = Claim(operation_id=op(1), name="seat")
    async with running(clock=clock) as (engine, _):
        await engine.execute(claim)
        clock.advance(5_000)
        assert await engine.execute(claim) == Done("claimed", NOW_MS)


async def test_an_operation_id_belongs_to_one_kind_of_command(
    store: AnyStore, running: Running
) -> None:
    async with running() as (engine, _):
        await engine.execute(Claim(operation_id=op(1), name="seat"))
        with pytest.raises(Broken, match="Claim before"):
            await engine.execute(Note(operation_id=op(1), name="other"))
        assert await facts(store) == {"seat": op(1)}


# Inserts that lose.


async def test_an_insert_lost_by_its_key_is_decided_again(
    store: AnyStore, running: Running
) -> None:
    await keep(store, sample(Fact, name="f1", value="another process"))
    async with running(Fault.BLIND) as (engine, faulty):
        outcomes = await told(engine, notes(3))
        assert outcomes == [Done(str(n), NOW_MS) for n in range(3)]
        assert faulty.transactions == 2
        assert await facts(store) == {"f0": "0", "f1": "1", "f2": "2"}


async def test_an_operation_that_another_process_recorded_is_not_done_again(
    store: AnyStore, running: Running
) -> None:
    command = Claim(operation_id=op(1), name="seat")
    async with running() as (engine, _):
        await engine.execute(command)
    async with running(Fault.BLIND, clock=ManualClock(NOW_MS + 1)) as (engine, _):
        assert await engine.execute(command) == Done("claimed", NOW_MS)


async def test_who_always_loses_is_told_so_and_harms_nobody_else(
    store: AnyStore, running: Running
) -> None:
    await keep(store, sample(Entry, reference="taken"))
    loser = Book(operation_id=op("loser"), reference="taken")
    async with running() as (engine, _):
        *outcomes, error = await told(engine, [*notes(9), loser])
        assert outcomes == [Done(str(n), NOW_MS) for n in range(9)]
        assert isinstance(error, Unavailable)
        assert await store.get(Operation, op("loser")) is None


async def test_who_always_goes_stale_is_told_so_and_harms_nobody_else(running: Running) -> None:
    stale = Look(operation_id=op("stale"), name="f1")
    async with running() as (engine, _):
        *outcomes, error = await told(engine, [*notes(9), stale])
        assert outcomes == [Done(str(n), NOW_MS) for n in range(9)]
        assert isinstance(error, Unavailable)


# Stores that fail.

SETTLED = [
    # faults in a row, transactions it takes
    ([Fault.COMMITTED_UNHEARD], 2),
    ([Fault.LOST_UNHEARD], 2),
    ([Fault.LOST_UNHEARD, Fault.COMMITTED_UNHEARD], 3),
    ([Fault.COMMITTED_UNHEARD, Fault.UNREACHABLE], 3),
    ([Fault.UNREACHABLE, Fault.UNREACHABLE], 3),
    ([Fault.DEFECT], 2),
]


@pytest.mark.parametrize(("faults", "transactions"), SETTLED)
async def test_a_fault_that_passes_is_not_noticed(
    store: AnyStore, running: Running, faults: list[Fault], transactions: int
) -> None:
    await keep(store, sample(Balance))
    commands: list[Command] = [
        Spend(operation_id=op("spend"), minor=600),
        Claim(operation_id=op("first"), name="seat"),
        Claim(operation_id=op("second"), name="seat"),
    ]
    async with running(*faults) as (engine, faulty):
        spent, first, second = await told(engine, commands)
        assert (spent, first) == (Done("spent", NOW_MS), Done("claimed", NOW_MS))
        assert isinstance(second, Refused)
        assert faulty.transactions == transactions
        left = await store.get(Balance, *sample(Balance).key.parts)
        assert left is not None
        assert left.money.minor == 400


@pytest.mark.parametrize("fault", [Fault.UNREACHABLE, Fault.COMMITTED_UNHEARD, Fault.LOST_UNHEARD])
async def test_a_fault_that_stays_ends_in_unavailable(running: Running, fault: Fault) -> None:
    async with running(*[fault] * 3) as (engine, faulty):
        outcomes = await told(engine, notes(5))
        assert [type(error) for error in outcomes] == [Unavailable] * 5
        assert faulty.transactions == LaneSettings().tries_max
        # The store is back: the same commands again have their effect once.
        assert await told(engine, notes(5)) == [Done(str(n), NOW_MS) for n in range(5)]


async def test_a_watcher_that_fails_harms_nobody(store: AnyStore, running: Running) -> None:
    seen: list[Committed] = []

    def fail(committed: Committed) -> None:
        seen.append(committed)
        raise ArithmeticError

    async with running() as (engine, faulty):
        engine.watch(fail)
        engine.watch(seen.append)
        assert await told(engine, notes(2)) == [Done("0", NOW_MS), Done("1", NOW_MS)]
        assert faulty.transactions == 1
        assert len(seen) == 2
        assert [row.name for row, _ in seen[0].of(Fact)] == ["f0", "f1"]


async def test_watchers_are_not_woken_by_what_was_not_committed(running: Running) -> None:
    seen: list[Committed] = []
    async with running(Fault.LOST_UNHEARD, Fault.UNREACHABLE) as (engine, _):
        engine.watch(seen.append)
        await told(engine, notes(2))
        assert len(seen) == 1


# Time.


async def test_time_never_goes_back_between_batches(running: Running) -> None:
    async with running(clock=WanderingClock(500, 400, 600)) as (engine, _):
        outcomes = [await engine.execute(command) for command in notes(3)]
        assert [outcome.at_ms for outcome in outcomes] == [500, 500, 600]


async def test_time_never_goes_back_behind_a_commit_that_nobody_heard_of(
    running: Running,
) -> None:
    clock = WanderingClock(500, 400)
    async with running(Fault.LOST_UNHEARD, clock=clock) as (engine, _):
        assert (await engine.execute(notes(1)[0])).at_ms == 500


# Queues.


async def test_who_gave_up_is_dropped_undecided(store: AnyStore, running: Running) -> None:
    async with running() as (engine, faulty):
        faulty.gate.clear()
        calls = [asyncio.ensure_future(engine.execute(command)) for command in notes(4)[:1]]
        await _until(lambda: len(faulty.batches) == 1)
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
        await _until(lambda: len(faulty.batches) == 1)
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


async def test_background_work_gets_its_places_beside_people(running: Running) -> None:
    async with running() as (engine, faulty):
        faulty.gate.clear()
        calls = [asyncio.ensure_future(engine.execute(notes(1)[0]))]
        await _until(lambda: len(faulty.batches) == 1)
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
        await _until(lambda: len(faulty.batches) == 1)
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


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)
