"""The engine's promises about batches, over every store: one commit, then the outcomes.

One poisoned command harms nobody else, and an operation has one effect however often it is sent.
What must hold: each test says what the callers were told, and what was kept.
"""

import asyncio

import pytest

from tests.support.engines import (
    NOW_MS,
    Running,
    facts,
    keep,
    notes,
    op,
    told,
    until,
)
from tests.support.faulty import Fault
from tests.support.records import sample
from tests.support.small_verbs import Claim, Done, Note, Spend
from tests.support.stores import AnyStore
from tillgate.engine.commands import Command
from tillgate.engine.operation import Operation
from tillgate.engine.ports import Select
from tillgate.kernel.clock import ManualClock
from tillgate.kernel.errors import Broken, Refused
from tillgate.kernel.results import Result
from tillgate.ledger.entries import Balance


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
        await until(lambda: len(faulty.batches) == 1)
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
        await until(lambda: faulty.decided == 1)
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
