"""The SQLite store: one writer thread, a few reader threads, one file.

It decides how a unit of work becomes a SQLite transaction and what SQLite's errors mean to the
engine; the SQL is in `statements`, the tables in `schema`. What must hold: an answered commit is on
the disk (WAL, synchronous FULL); one transaction writes at a time; readers see every answered
commit. That no other process writes is the affair of whoever opens the file.
"""

import asyncio
import sqlite3
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, TypeVar, cast, final

from tillgate.engine.ports import Change, CommitUnknown, Lookup, Select, StoreRefused
from tillgate.kernel.errors import Broken, TillgateError, Unavailable
from tillgate.kernel.record import Key, Record
from tillgate.storage import statements
from tillgate.storage.rows import Mapper, mapper, picker, plain
from tillgate.storage.workers import Work, Workers

R = TypeVar("R", bound=Record)
T = TypeVar("T")


@final
class SqliteStore:
    """Store and Reader over one SQLite file; `storage.opening.open_sqlite` makes it."""

    def __init__(self, writer: Workers, readers: Workers) -> None:
        """Take over the threads, which own the connections."""
        self._writer = writer
        self._readers = readers
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["_SqliteTransaction"]:
        """Open a unit of work; everybody else waits.

        Work is done in the order it is handed to the writer, so a transaction that is given up
        half way is rolled back before the next one begins, even when nobody waits for that.
        """
        async with self._turn:
            work = _SqliteTransaction(self._writer)
            try:
                yield work
            except BaseException:
                await work.roll_back()
                raise
            await work.commit()

    async def forget(self, record: type[Record], *, before_ms: int, limit: int) -> int:
        """Delete the oldest rows of a kind that are old enough."""
        text = statements.forget(record)
        async with self.transaction() as work:
            return await work.count(text, before_ms, limit)

    async def get(self, record: type[R], *parts: str | int) -> R | None:
        """Return the row of this key."""
        key = Key(record, tuple(str(part) for part in parts))
        row = await self._readers.run(partial(_guarded, partial(_row, key)))
        return cast("R | None", row)

    async def select(self, query: Select) -> Sequence[Any]:
        """Return the rows that match, in order."""
        statement = statements.selected(query)
        found = await self._readers.run(partial(_guarded, partial(_rows, statement)))
        return [mapper(query.record).record(row) for row in found]

    async def pick(self, query: Select, *fields: str) -> Sequence[tuple[Any, ...]]:
        """Return these fields of the rows that match, in order."""
        of = picker(query.record, fields)
        statement = statements.selected(query, of.columns)
        found = await self._readers.run(partial(_guarded, partial(_rows, statement)))
        return [of.values(row) for row in found]

    async def total(self, account: str, currency: str, *, book: str) -> int:
        """Return what came into an account less what went out, within a book."""
        statement = statements.total(account, currency, book)
        [[minor]] = await self._readers.run(partial(_guarded, partial(_rows, statement)))
        return cast("int", minor)

    def close(self) -> None:
        """Finish what was handed in, fold the log into the file and let go of it."""
        self._readers.close()
        self._writer.close(_fold_log)


@final
class _SqliteTransaction:
    """One unit of work. It begins with its first call and so costs nothing when it has none."""

    def __init__(self, writer: Workers) -> None:
        self._writer = writer
        self._begun = False

    async def resolve(self, lookups: Sequence[Lookup]) -> Sequence[Record | None]:
        """Return what each lookup finds."""
        if not lookups:
            return []
        return await self._run(partial(_resolve, lookups))

    async def load(self, keys: Sequence[Key]) -> Mapping[Key, Record | None]:
        """Return the rows; whoever began to write has locked all of them."""
        if not keys:
            return {}
        return await self._run(partial(_load, keys))

    async def flush(self, changes: Sequence[Change]) -> Sequence[Key]:
        """Write all changes; report inserts that lost."""
        if not changes:
            return []
        return await self._run(partial(_flush, changes))

    async def count(self, text: str, *values: int) -> int:
        """Run a statement and return how many rows it wrote."""
        return await self._run(partial(_count, text, values))

    async def commit(self) -> None:
        """Make everything durable."""
        if self._begun:
            await self._writer.run(_commit)

    async def roll_back(self) -> None:
        """Undo everything."""
        if self._begun:
            await self._writer.run(partial(_guarded, _roll_back))

    async def _run(self, work: Work[T]) -> T:
        begin, self._begun = not self._begun, True
        return await self._writer.run(partial(_guarded, partial(_within, work, begin=begin)))


def _within(work: Work[T], connection: sqlite3.Connection, *, begin: bool) -> T:
    if begin:
        connection.execute("BEGIN IMMEDIATE")
    elif not connection.in_transaction:
        sentence = "SQLite gave this transaction up after an earlier error; nothing was written."
        raise Unavailable(sentence)
    return work(connection)


def _row(key: Key, connection: sqlite3.Connection) -> Record | None:
    to = mapper(key.record)
    text = statements.by_key(key.record)
    found = connection.execute(text, to.key_values(key.parts)).fetchone()
    return None if found is None else to.record(found)


def _rows(statement: statements.Statement, connection: sqlite3.Connection) -> list[Any]:
    return connection.execute(statement.text, statement.values).fetchall()


def _resolve(lookups: Sequence[Lookup], connection: sqlite3.Connection) -> list[Record | None]:
    return [_first(lookup, connection) for lookup in lookups]


def _first(lookup: Lookup, connection: sqlite3.Connection) -> Record | None:
    names = tuple(name for name, _ in lookup.fields)
    values = [plain(value) for _, value in lookup.fields]
    text = statements.by_fields(lookup.record, names)
    found = connection.execute(text, values).fetchone()
    return None if found is None else mapper(lookup.record).record(found)


def _load(keys: Sequence[Key], connection: sqlite3.Connection) -> dict[Key, Record | None]:
    return {key: _row(key, connection) for key in keys}


def _count(text: str, values: Sequence[int], connection: sqlite3.Connection) -> int:
    return connection.execute(text, values).rowcount


def _flush(changes: Sequence[Change], connection: sqlite3.Connection) -> list[Key]:
    """Write updates, then inserts: an update may free what an insert takes in a unique set."""
    updates: dict[type[Record], list[Record]] = defaultdict(list)
    inserts: dict[type[Record], list[Record]] = defaultdict(list)
    for change in changes:
        (inserts if change.is_insert else updates)[type(change.row)].append(change.row)
    for record, rows in updates.items():
        for key in _write(connection, statements.update(record), rows, Mapper.update):
            message = f"{key} is changed but does not exist"
            raise StoreRefused(message)
    lost: list[Key] = []
    for record, rows in inserts.items():
        lost += _write(connection, statements.insert(record), rows, Mapper.row)
    return lost


def _write(
    connection: sqlite3.Connection,
    text: str,
    rows: Sequence[Record],
    values: Callable[[Mapper, Record], Sequence[Any]],
) -> list[Key]:
    """Run one statement for all rows; return the keys of those it did not touch."""
    feed = _Feed(connection, rows, values)
    try:
        connection.executemany(text, iter(feed))
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError, UnicodeEncodeError) as error:
        message = f"{feed.current.key}: {error}"
        raise StoreRefused(message) from error
    return feed.untouched


@final
class _Feed:
    """Rows on their way into a statement, noting which one it is at and which it did not touch.

    SQLite asks for the next values only when the statement is done with the last ones, so the
    connection's count of changes tells between two rows whether the first was written.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        rows: Sequence[Record],
        values: Callable[[Mapper, Record], Sequence[Any]],
    ) -> None:
        self._connection = connection
        self._rows = rows
        self._values = values
        self.current = rows[0]
        self.untouched: list[Key] = []

    def __iter__(self) -> Iterator[Sequence[Any]]:
        to = mapper(type(self.current))
        for row in self._rows:
            self.current = row
            before = self._connection.total_changes
            yield self._values(to, row)
            if self._connection.total_changes == before:
                self.untouched.append(row.key)


def _commit(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise _not_committed(connection, error) from error


def _not_committed(connection: sqlite3.Connection, error: sqlite3.Error) -> TillgateError:
    """Return what a failed COMMIT means.

    A transaction that is still open was not committed, nor one for which there was no room. After
    an I/O error the log may hold the commit although it was reported as failed, and a restart would
    find it there: only then it cannot be told.
    """
    was_open = connection.in_transaction
    if was_open:
        connection.execute("ROLLBACK")
    if was_open or error.sqlite_errorcode == sqlite3.SQLITE_FULL:
        return Unavailable(f"SQLite did not commit ({error}); nothing was written.")
    return CommitUnknown(f"SQLite failed while it committed ({error}).")


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:  # Some errors make SQLite roll back by itself.
        connection.execute("ROLLBACK")


def _guarded(work: Work[T], connection: sqlite3.Connection) -> T:
    """Return what `work` returns; say SQLite's errors in the engine's words."""
    try:
        return work(connection)
    except sqlite3.OperationalError as error:
        sentence = f"SQLite cannot do this now ({error}); nothing was written."
        raise Unavailable(sentence) from error
    except sqlite3.DatabaseError as error:
        message = f"the database file is damaged, or we misuse it: {error}"
        raise Broken(message) from error


def _fold_log(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
