"""What stores promise each other when several are open at one place, as processes have them.

A memory store is its own place and a file of SQLite lets one write at a time; on PostgreSQL the
units of work truly overlap. What must hold: what is locked elsewhere is waited for and then read as
it became; of two inserts one loses and says so; locks that all take in one order never end in a
circle; nothing is forgotten twice.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, Final

import pytest

from tests.support.records import sample
from tests.support.stores import AnyStore, Place
from tests.support.writing import insert, load, update
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.operator import Fact
from tillgate.acquiring.replay import RequestMark
from tillgate.engine.ports import Change, Select
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance, Entry

AT_ONCE: Final = 6
ROUNDS: Final = 25
ACCOUNTS: Final = [f"payer:{letter}" for letter in "abcdefgh"]


class Mishap(Exception):
    """Something that goes wrong inside a transaction."""


@pytest.fixture
async def other(place: Place, store: AnyStore) -> AsyncIterator[AnyStore]:
    """Return a second store at the place of the first."""
    async with place() as opened:
        yield opened


def balance(account: str, minor: int) -> Balance:
    """Return a payer's balance."""
    return sample(Balance, account=account, money=Money.of(minor, "HKD"))


async def still_waits(task: "asyncio.Future[Any]") -> bool:
    """Return whether a task is not done a moment later."""
    with suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(task), 0.15)
    return not task.done()


async def behind_a_mishap(
    store: AnyStore, change: Change, work: Coroutine[Any, Any, object]
) -> object:
    """Return what work came to that had to wait for a unit of work which then went wrong."""
    waiting: list[asyncio.Future[object]] = []
    with suppress(Mishap):
        async with store.transaction() as transaction:
            await transaction.flush([change])
            waiting.append(asyncio.ensure_future(work))
            assert await still_waits(waiting[0])
            raise Mishap
    return await waiting[0]


# What one commits the other sees.


async def test_what_one_commits_the_other_finds(store: AnyStore, other: AnyStore) -> None:
    await insert(store, sample(Balance))
    assert await load(other, sample(Balance).key) == {sample(Balance).key: sample(Balance)}
    assert await other.get(Balance, *sample(Balance).key.parts) == sample(Balance)
    spent = sample(Balance, money=Money.of(1, "HKD"))
    await update(other, spent)
    assert await store.get(Balance, *spent.key.parts) == spent


async def test_what_is_not_committed_is_seen_by_nobody(store: AnyStore, other: AnyStore) -> None:
    await insert(store, sample(Balance))
    async with store.transaction() as transaction:
        await transaction.flush(
            [
                Change(sample(Balance, money=Money.of(1, "HKD")), is_insert=False),
                Change(sample(Fact), is_insert=True),
            ]
        )
        assert await other.get(Balance, *sample(Balance).key.parts) == sample(Balance)
        assert await other.select(Select(record=Fact)) == []


# A locked row is waited for.


async def test_a_row_that_is_locked_is_waited_for_and_read_as_it_became(
    store: AnyStore, other: AnyStore
) -> None:
    await insert(store, sample(Balance))
    key = sample(Balance).key
    spent = sample(Balance, money=Money.of(1, "HKD"))
    async with store.transaction() as transaction:
        await transaction.load([key])
        waiting = asyncio.ensure_future(load(other, key))
        assert await still_waits(waiting)
        await transaction.flush([Change(spent, is_insert=False)])
        assert await still_waits(waiting)
    assert await waiting == {key: spent}


async def test_what_was_rolled_back_is_read_as_it_was(store: AnyStore, other: AnyStore) -> None:
    await insert(store, sample(Balance))
    key = sample(Balance).key
    spent = Change(sample(Balance, money=Money.of(1, "HKD")), is_insert=False)
    found = await behind_a_mishap(store, spent, load(other, key))
    assert found == {key: sample(Balance)}


async def test_who_only_reads_waits_for_nobody(store: AnyStore, other: AnyStore) -> None:
    await insert(store, sample(Balance))
    async with store.transaction() as transaction:
        await transaction.load([sample(Balance).key])
        for reader in (store, other):
            assert await reader.get(Balance, *sample(Balance).key.parts) == sample(Balance)
            assert await reader.select(Select(record=Balance)) == [sample(Balance)]


# Of two inserts one loses.

TWINS = [
    # what, and another that cannot be beside it
    (sample(Fact), sample(Fact, value="production")),
    (sample(Entry), sample(Entry, entry_id="another")),
    (sample(Attempt), sample(Attempt, attempt_no=2)),
]


@pytest.mark.parametrize(("first", "second"), TWINS, ids=lambda row: type(row).__name__)
async def test_an_insert_loses_against_one_that_is_committed_while_it_waits(
    store: AnyStore, other: AnyStore, first: Record, second: Record
) -> None:
    async with store.transaction() as transaction:
        assert await transaction.flush([Change(first, is_insert=True)]) == []
        waiting = asyncio.ensure_future(insert(other, second, sample(Fact, name="beside")))
        assert await still_waits(waiting)
    assert await waiting == [second.key]
    assert await store.select(Select(record=type(first), equals=_named(first))) == [first]


@pytest.mark.parametrize(("first", "second"), TWINS, ids=lambda row: type(row).__name__)
async def test_an_insert_wins_against_one_that_is_rolled_back(
    store: AnyStore, other: AnyStore, first: Record, second: Record
) -> None:
    change = Change(first, is_insert=True)
    assert await behind_a_mishap(store, change, insert(other, second)) == []


async def test_of_many_inserts_everywhere_one_wins(store: AnyStore, other: AnyStore) -> None:
    rows = [sample(Entry, entry_id=f"e{number}") for number in range(20)]
    stores = (store, other)
    lost = await asyncio.gather(*(insert(stores[n % 2], row) for n, row in enumerate(rows)))
    assert sum(not some for some in lost) == 1
    assert len(await store.select(Select(record=Entry))) == 1


# Nothing goes round in circles.


async def test_units_of_work_that_cross_keep_every_cent(place: Place) -> None:
    """Each takes some balances in the order of their keys, and moves a cent between two of them."""
    seed = random.randrange(1_000_000)
    print("seed", seed)  # noqa: T201  Shown when the test fails.
    async with place() as first, place() as second, place() as third:
        await insert(first, *(balance(account, 1_000) for account in ACCOUNTS))
        stores = (first, second, third)
        works = (
            _moves(stores[number % 3], number, random.Random(f"{seed}-{number}"))
            for number in range(AT_ONCE)
        )
        moved = sum(await asyncio.gather(*works))
        found = await first.select(Select(record=Balance))
        told = await first.select(Select(record=Entry))
    assert sum(row.money.minor for row in found) == 1_000 * len(ACCOUNTS)
    assert min(row.money.minor for row in found) >= 0
    assert len(told) == moved


async def _moves(store: AnyStore, number: int, chance: random.Random) -> int:
    """Move cents about; return how many moves had a number that nobody else had taken."""
    moved = 0
    for _ in range(ROUNDS):
        taken = sorted(chance.sample(ACCOUNTS, chance.randint(2, len(ACCOUNTS))))
        try:
            await _move(store, taken, f"{number}-{chance.randrange(10**9)}", chance)
        except Mishap:
            continue
        moved += 1
    return moved


async def _move(store: AnyStore, taken: list[str], name: str, chance: random.Random) -> None:
    reference = f"r{chance.randrange(AT_ONCE * ROUNDS)}"
    entry = sample(Entry, entry_id=name, reference=reference)
    async with store.transaction() as transaction:
        rows = await transaction.load([balance(account, 0).key for account in taken])
        await asyncio.sleep(chance.random() / 500)
        giver, taker = chance.sample([row for row in rows.values() if row is not None], 2)
        assert isinstance(giver, Balance)
        assert isinstance(taker, Balance)
        cent = Money.of(1, "HKD")
        lost = await transaction.flush(
            [
                Change(taker.replaced(money=taker.money + cent), is_insert=False),
                Change(giver.replaced(money=giver.money - cent), is_insert=False),
                Change(entry, is_insert=True),
            ]
        )
        if lost:
            raise Mishap


# Nothing is forgotten twice.


async def test_what_two_forget_goes_once(store: AnyStore, other: AnyStore) -> None:
    marks = [sample(RequestMark, req_msg_id=f"m{number}", at_ms=number) for number in range(100)]
    await insert(store, *marks)
    calls = (
        one.forget(RequestMark, before_ms=60, limit=7) for _ in range(10) for one in (store, other)
    )
    assert sum(await asyncio.gather(*calls)) == 60
    left = await store.select(Select(record=RequestMark))
    assert {row.at_ms for row in left} == set(range(60, 100))


async def test_what_another_holds_is_forgotten_later(store: AnyStore, other: AnyStore) -> None:
    marks = [sample(RequestMark, req_msg_id=f"m{number}", at_ms=number) for number in range(4)]
    await insert(store, *marks)
    async with store.transaction() as transaction:
        await transaction.load([marks[0].key])
        forgetting = asyncio.ensure_future(other.forget(RequestMark, before_ms=2, limit=9))
        await still_waits(forgetting)
        assert await store.get(RequestMark, *marks[0].key.parts) == marks[0]
    gone = await forgetting + await store.forget(RequestMark, before_ms=2, limit=9)
    assert gone == 2
    assert await store.select(Select(record=RequestMark)) == marks[2:]


def _named(row: Record) -> tuple[tuple[str, str], ...]:
    """Return a condition that leaves out the row that is written beside this one."""
    return (("name", row.key.parts[0]),) if isinstance(row, Fact) else ()
