"""What only the PostgreSQL store promises: its connections, its time-outs, what errors mean.

Every fault here is a real one: a server that is stopped, a connection that is ended or cut, a lock
that is not had in time. What must hold: an error tells the engine the truth about the commit, a
COMMIT is never cancelled, and the store works again by itself when its cause is gone.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import msgspec
import pytest

from tests.support import postgres
from tests.support.records import sample
from tests.support.stores import PATIENT, postgresql
from tests.support.wire_tap import At, wire_tap
from tests.support.writing import insert, load
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.operator import Fact
from tillgate.engine.ports import Change, CommitUnknown, RowsLocked, Select, StoreRefused
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.record import Key, Record
from tillgate.ledger.entries import Posting
from tillgate.storage.postgres.faults import address
from tillgate.storage.postgres.opening import PostgresSettings
from tillgate.storage.postgres.snapshot import is_made, postgres_snapshot
from tillgate.storage.postgres.store import PostgresStore

T = TypeVar("T")
AGAIN_S_MAX = 60.0


@pytest.fixture
def url() -> Iterator[str]:
    """Return the URL of a database with empty tables."""
    with postgres.server().database() as lent:
        yield lent


def facts(url: str) -> list[str]:
    """Return the facts that were committed, past the store."""
    return [row[0] for row in postgres.rows(url, "SELECT name FROM facts ORDER BY name")]


# Its connections.


async def test_it_holds_four_connections_and_no_more(url: str) -> None:
    count = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'tillgate'"
    )
    async with postgresql(url) as store:
        await insert(store, sample(Fact))
        reads = (store.select(Select(record=Fact)) for _ in range(20))
        assert await asyncio.gather(*reads) == [[sample(Fact)]] * 20
        [(found,)] = await asyncio.to_thread(postgres.rows, url, count)
        assert 0 < found <= 4
    postgres.run(url, postgres.SEND_AWAY)
    [(left,)] = postgres.rows(url, count)
    assert left == 0


async def test_a_connection_that_was_ended_between_is_replaced_without_a_word(url: str) -> None:
    async with postgresql(url) as store:
        await insert(store, sample(Fact))
        assert await store.get(Fact, "mode") == sample(Fact)
        await asyncio.to_thread(postgres.run, url, postgres.SEND_AWAY)
        assert await store.get(Fact, "mode") == sample(Fact)
        assert await insert(store, sample(Fact, name="after")) == []
    assert facts(url) == ["after", "mode"]


async def test_a_connection_that_is_ended_within_wrote_nothing(url: str) -> None:
    """The driver may hear the end before it sends COMMIT, or while it does."""
    async with postgresql(url) as store:
        with pytest.raises((Unavailable, CommitUnknown)):
            await _insert_then(store, lambda: postgres.run(url, postgres.SEND_AWAY))
        assert await insert(store, sample(Fact, name="after")) == []
    assert facts(url) == ["after"]


async def test_a_call_after_the_connection_was_ended_wrote_nothing(url: str) -> None:
    async with postgresql(url) as store:
        with pytest.raises(Unavailable, match="nothing was written"):
            await _insert_then(
                store, lambda: postgres.run(url, postgres.SEND_AWAY), sample(Fact, name="more")
            )
        assert await insert(store, sample(Fact, name="after")) == []
    assert facts(url) == ["after"]


async def test_a_server_that_nobody_hears_is_unavailable_and_then_found_again(url: str) -> None:
    async with wire_tap(url) as tap, postgresql(tap.url, PATIENT) as store:
        await insert(store, sample(Fact))
        await tap.close()
        with pytest.raises(Unavailable):
            await insert(store, sample(Fact, name="while away"))
        with pytest.raises(Unavailable):
            await store.get(Fact, "mode")
        await tap.open()
        assert await store.get(Fact, "mode") == sample(Fact)
        assert await insert(store, sample(Fact, name="after")) == []
    assert facts(url) == ["after", "mode"]


# A commit whose answer is lost.


@pytest.mark.parametrize(
    ("what", "kept"), [(At.CUT_BEFORE, []), (At.CUT_AFTER, ["mode"]), (At.HOLD, ["mode"])]
)
async def test_a_commit_without_an_answer_is_unknown(url: str, what: At, kept: list[str]) -> None:
    hasty = _with(commit_wait_s_max=2.0) if what is At.HOLD else PATIENT
    async with wire_tap(url) as tap, postgresql(tap.url, hasty) as store:
        tap.next_commit = what
        with pytest.raises(CommitUnknown):
            await insert(store, sample(Fact))
        if what is not At.CUT_BEFORE:
            await tap.committed.wait()
        assert facts(url) == kept
        assert await store.select(Select(record=Fact)) == [sample(Fact) for _ in kept]
        if what is At.HOLD:
            with pytest.raises(Unavailable, match="earlier COMMIT; nothing was done"):
                await insert(store, sample(Fact, name="after"))
            tap.cut_held()
            await _again(lambda: load(store, sample(Fact).key))
        assert await insert(store, sample(Fact, name="after")) == []
        assert tap.cancels == 0
    assert facts(url) == ["after", *kept]


async def test_a_commit_is_not_cancelled_with_its_caller(url: str) -> None:
    """PostgreSQL would take a cancel for leave to go on without its synchronous standby."""
    async with wire_tap(url) as tap, postgresql(tap.url) as store:
        tap.next_commit = At.HOLD
        task = asyncio.ensure_future(insert(store, sample(Fact)))
        await tap.committed.wait()
        task.cancel()
        with suppress(asyncio.CancelledError, CommitUnknown):
            await task
        assert task.done()
        assert await insert(store, sample(Fact, name="after")) == []
        assert tap.cancels == 0
    assert facts(url) == ["after", "mode"]


# Waits have an end.


async def test_a_lock_that_is_not_had_in_time_wrote_nothing(url: str) -> None:
    hasty = _with(lock_wait_ms_max=300)
    async with postgresql(url, PATIENT) as other, postgresql(url, hasty) as store:
        await insert(other, sample(Fact))
        async with other.transaction() as transaction:
            await transaction.load([sample(Fact).key])
            with pytest.raises(RowsLocked, match="nothing was written"):
                await load(store, sample(Fact).key)
        assert await load(store, sample(Fact).key) == {sample(Fact).key: sample(Fact)}


async def test_a_statement_that_takes_too_long_is_ended(url: str) -> None:
    hasty = _with(wait_s_max=1.0)
    async with postgresql(url, PATIENT) as other, postgresql(url, hasty) as store:
        await insert(other, sample(Fact))
        async with other.transaction() as transaction:
            await transaction.load([sample(Fact).key])
            with pytest.raises(Unavailable, match="nothing was written"):
                await load(store, sample(Fact).key)
        found = await _again(lambda: load(store, sample(Fact).key))
        assert found == {sample(Fact).key: sample(Fact)}


async def test_a_process_that_went_silent_holds_no_lock_for_long(url: str) -> None:
    silent = _with(idle_ms_max=500)
    async with postgresql(url, silent) as sleeper, postgresql(url, PATIENT) as store:
        await insert(store, sample(Fact))
        # The driver may hear the server's farewell before the end of the connection, or both.
        with pytest.raises((Unavailable, CommitUnknown)):
            await _load_while(sleeper, lambda: load(store, sample(Fact).key))
        found = await _again(lambda: load(sleeper, sample(Fact).key))
        assert found == {sample(Fact).key: sample(Fact)}


async def test_a_circle_of_locks_is_broken_and_one_goes_through(url: str) -> None:
    """The engine never makes one; whoever did would hear that nothing was written."""
    first, second = sample(Fact, name="a"), sample(Fact, name="b")
    async with postgresql(url) as one, postgresql(url) as two:
        await insert(one, first, second)
        both = asyncio.Barrier(2)
        ended = await asyncio.gather(
            _locked_in_turn(one, both, first, second),
            _locked_in_turn(two, both, second, first),
            return_exceptions=True,
        )
    assert sorted(type(each).__name__ for each in ended) == ["NoneType", "Unavailable"]


# Nobody is let in.


async def test_too_many_connections_are_unavailable_not_a_crash(url: str) -> None:
    with _role("CONNECTION LIMIT 0") as role, pytest.raises(Unavailable, match="53300"):
        await _opened(_as(url, role))


async def test_a_wrong_password_is_told_without_the_password(url: str) -> None:
    with pytest.raises(Unavailable) as told:
        await _opened(_as(url, "nobody_of_this_name:open sesame"))
    assert "sesame" not in str(told.value)
    assert "28" in str(told.value)
    assert "check user and password" in str(told.value)


@pytest.mark.parametrize(
    ("host", "step"),
    [
        ("127.0.0.1:1", "is it running, and are host and port in the URL right?"),
        ("nowhere.invalid:5432", "no machine of that name is known"),
        ("127.0.0.1:1,nowhere.invalid:2", "in the URL right?"),
    ],
)
async def test_a_server_that_is_not_there_is_named_with_what_to_do(host: str, step: str) -> None:
    url = f"postgresql://somebody:sesame@{host}/tillgate"
    for asked in (_opened(url), is_made(url), _read(url)):
        with pytest.raises(Unavailable) as told:
            await asked
        assert f"The PostgreSQL database somebody@{host}/tillgate" in str(told.value)
        assert step in str(told.value)
        assert "sesame" not in str(told.value)


async def test_a_database_that_was_not_made_is_named_with_what_makes_it(url: str) -> None:
    parts = urlsplit(url)
    with pytest.raises(Unavailable, match=r"/never_made .* 3D000\): make it \(createdb\)"):
        await _opened(urlunsplit(parts._replace(path="/never_made")))


@pytest.mark.parametrize(
    "written",
    [
        "postgresql://me:sesame@db/books",
        "postgres://me:sesame@db/books?password=sesame",
        "postgresql://me:ses@me-sesame@db/books",
        "postgresql://me:open/sesame@db/books",
        "postgresql://me:open?sesame@db/books",
        "postgresql://me:open#sesame@db/books",
        "postgresql://db/books?user=me&password=sesame",
        "postgresql://db/books?password=open@sesame",
    ],
)
def test_whatever_a_url_looks_like_its_password_is_not_told(written: str) -> None:
    assert "sesame" not in address(written)
    assert "open" not in address(written)


async def _read(url: str) -> None:
    async with postgres_snapshot(url):
        pass


# Values that it cannot keep.

UNKEPT = [
    sample(Fact, value="a\0b"),
    sample(Fact, value="\udcff"),
    sample(Acquirement, merchant_trans_id="\0"),
    sample(Posting, leg_no=2**63),
]


@pytest.mark.parametrize("row", UNKEPT, ids=range(len(UNKEPT)))
async def test_a_value_that_it_cannot_keep_is_refused_and_harms_nobody(
    url: str, row: Record
) -> None:
    async with postgresql(url) as store:
        with pytest.raises(StoreRefused):
            await insert(store, sample(Fact, name="with it"), row)
        assert await insert(store, sample(Fact, name="after")) == []
    assert facts(url) == ["after"]


@pytest.mark.parametrize("text", ["\0", "\udcff"])
async def test_asking_for_what_cannot_be_kept_is_refused_and_harms_nobody(
    url: str, text: str
) -> None:
    """No door asks for it: texts of requests have no control characters and are UTF-8."""
    async with postgresql(url) as store:
        await insert(store, sample(Fact))
        for asked in (store.get(Fact, text), load(store, Key(Fact, (text,)))):
            with pytest.raises(StoreRefused):
                await asked
        assert await store.get(Fact, "mode") == sample(Fact)
        assert await insert(store, sample(Fact, name="after")) == []


async def _insert_then(store: PostgresStore, happens: object, *more: Record) -> None:
    """Insert a fact, let something happen, perhaps insert more, and commit."""
    assert callable(happens)
    async with store.transaction() as transaction:
        await transaction.flush([Change(sample(Fact), is_insert=True)])
        await asyncio.to_thread(happens)
        if more:
            await transaction.flush([Change(row, is_insert=True) for row in more])


async def _opened(url: str) -> None:
    async with postgresql(url, PATIENT):
        pass


def _with(**changes: float) -> PostgresSettings:
    return msgspec.structs.replace(PATIENT, **changes)


async def _again(work: Callable[[], Awaitable[T]]) -> T:
    """Return what work comes to, asked for again while the store says that it cannot do it now."""
    async with asyncio.timeout(AGAIN_S_MAX):
        while True:
            with suppress(Unavailable):
                return await work()
            await asyncio.sleep(0.01)


async def _load_while(store: PostgresStore, work: Callable[[], Awaitable[object]]) -> None:
    """Hold a row until others are done with it."""
    async with store.transaction() as transaction:
        await transaction.load([sample(Fact).key])
        await work()


async def _locked_in_turn(store: PostgresStore, both: asyncio.Barrier, *rows: Record) -> None:
    """Lock rows one by one, the second when all who do so have their first."""
    async with store.transaction() as transaction:
        await transaction.load([rows[0].key])
        await both.wait()
        await transaction.load([rows[1].key])


@contextmanager
def _role(limits: str) -> Iterator[str]:
    """Make a user of the server for a test."""
    name = f"tillgate_test_{secrets.token_hex(4)}"
    postgres.run(postgres.server().url, f"CREATE ROLE {name} LOGIN {limits}")
    try:
        yield name
    finally:
        postgres.run(postgres.server().url, f"DROP ROLE {name}")


def _as(url: str, who: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{who}@{parts.netloc.rpartition('@')[2]}"))
