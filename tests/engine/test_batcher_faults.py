"""The engine over a store that fails: lost inserts, unknown commits, outages, a wandering clock.

An unknown commit is settled by its operation id, never by assuming failure. What must hold: the
callers notice a fault that passes by nothing but the time it took.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.support.engines import NOW_MS, Running, WanderingClock, facts, keep, notes, op, told
from tests.support.faulty import Fault
from tests.support.records import sample
from tests.support.small_verbs import Book, Claim, Done, Look, Spend
from tests.support.stores import AnyStore
from tillgate.acquiring.operator import Fact
from tillgate.engine.commands import Command
from tillgate.engine.committed import Committed
from tillgate.engine.operation import Operation
from tillgate.engine.ports import Transaction
from tillgate.engine.settings import LaneSettings
from tillgate.kernel.clock import ManualClock
from tillgate.kernel.errors import Refused, Unavailable, Unsettled
from tillgate.ledger.entries import Balance, Entry

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
        said = Unavailable if fault is Fault.UNREACHABLE else Unsettled
        assert [type(error) for error in outcomes] == [said] * 5
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


@pytest.mark.parametrize(("faults", "transactions"), SETTLED)
async def test_watchers_see_each_commit_once_also_when_nobody_heard_of_it(
    running: Running, faults: list[Fault], transactions: int
) -> None:
    seen: list[Committed] = []
    first, refused = (Claim(operation_id=op(name), name="seat") for name in ("first", "refused"))
    async with running(*faults) as (engine, faulty):
        engine.watch(seen.append)
        *outcomes, error = await told(engine, [*notes(2), first, refused])
        assert outcomes == [*(Done(str(n), NOW_MS) for n in range(2)), Done("claimed", NOW_MS)]
        assert isinstance(error, Refused)
        assert faulty.transactions == transactions
        assert [[row.name for row, _ in each.of(Fact)] for each in seen] == [["f0", "f1", "seat"]]


async def test_watchers_see_a_commit_that_came_through_while_the_next_try_was_decided(
    store: AnyStore, running: Running
) -> None:
    seen: list[Committed] = []
    async with running(Fault.COMMITTED_UNHEARD, Fault.BLIND) as (engine, _):
        engine.watch(seen.append)
        assert await told(engine, notes(1)) == [Done("0", NOW_MS)]
        assert [[row.name for row, _ in each.of(Fact)] for each in seen] == [["f0"]]


async def test_watchers_see_nothing_of_who_gave_up_after_a_commit_that_did_not_happen(
    store: AnyStore, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Committed] = []
    gone, stays = notes(2)
    begin = store.transaction

    @asynccontextmanager
    async def transaction() -> AsyncIterator[Transaction]:
        async with begin() as begun:
            if faulty.transactions == 2:  # The next try has begun, with this caller in it.
                waiting.cancel()
                await asyncio.sleep(0)
            yield begun

    monkeypatch.setattr(store, "transaction", transaction)
    async with running(Fault.LOST_UNHEARD) as (engine, faulty):
        engine.watch(seen.append)
        waiting = asyncio.ensure_future(engine.execute(gone))
        with suppress(asyncio.CancelledError):
            await waiting
        assert await engine.execute(stays) == Done("1", NOW_MS)
        assert [[row.name for row, _ in each.of(Fact)] for each in seen] == [["f1"]]


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
