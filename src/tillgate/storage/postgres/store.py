"""The PostgreSQL store: units of work on one held connection, reads on a few others.

It decides in which order rows are locked and written, and whether a read is tried again; the SQL is
in `statements`, a connection's affairs are in `session`. What must hold: rows are locked in the
order in which their keys are given; updates come before inserts; a unit of work that fails leaves
nothing, and one whose end is unknown is called so.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast, final

from tillgate.engine.ports import Change, Lookup, Select, StoreRefused
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.record import Key, Record
from tillgate.storage import statements as reading
from tillgate.storage.postgres import statements
from tillgate.storage.postgres.session import Session
from tillgate.storage.rows import mapper, picker, plain
from tillgate.storage.rules import check_rules

R = TypeVar("R", bound=Record)


@final
class PostgresStore:
    """Store and Reader over PostgreSQL; `storage.postgres.opening.open_postgres` makes it."""

    def __init__(
        self,
        writer: Session,
        readers: Sequence[Session],
        *,
        reads_waiting_max: int,
        by_shard: bool,
    ) -> None:
        """Take over the sessions; `by_shard`, a statement that locks or changes names its shard."""
        self._writer = writer
        self._by_shard = by_shard
        self._readers = readers
        self._free: asyncio.LifoQueue[Session] = asyncio.LifoQueue()
        for reader in readers:
            self._free.put_nowait(reader)
        self._reads_waiting_max = reads_waiting_max
        self._reads_waiting = 0
        self._turn = asyncio.Lock()
        self._is_closed = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator["PostgresTransaction"]:
        """Open a unit of work; the others of this process wait, those of other processes do not."""
        async with self._turn:
            self._check_open()
            work = PostgresTransaction(self._writer, by_shard=self._by_shard)
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
            return await work.gone(text, before_ms, limit)

    async def get(self, record: type[R], *parts: str | int) -> R | None:
        """Return the row of this key."""
        to = mapper(record)
        values = to.key_values([str(part) for part in parts])
        found = await self._read(statements.by_key(record), values)
        return cast("R", to.record(found[0])) if found else None

    async def select(self, query: Select) -> Sequence[Any]:
        """Return the rows that match, in order."""
        to = mapper(query.record)
        found = await self._read(*statements.numbered(reading.selected(query)))
        return [to.record(row) for row in found]

    async def pick(self, query: Select, *fields: str) -> Sequence[tuple[Any, ...]]:
        """Return these fields of the rows that match, in order."""
        of = picker(query.record, fields)
        found = await self._read(*statements.numbered(reading.selected(query, of.columns)))
        return [of.values(row) for row in found]

    async def total(self, account: str, currency: str, *, book: str) -> int:
        """Return what came into an account less what went out, within a book."""
        found = await self._read(*statements.numbered(reading.total(account, currency, book)))
        return int(found[0][0])

    async def instant_ms(self) -> float:
        """Return what the database's clock says, in milliseconds since the epoch."""
        found = await self._read("SELECT extract(epoch FROM clock_timestamp())::float8 * 1000", ())
        return float(found[0][0])

    async def aclose(self) -> None:
        """Let the unit of work under way end, and let go of the connections."""
        self._is_closed = True
        async with self._turn:
            await self._writer.close()
        for reader in self._readers:
            await reader.close()

    def _check_open(self) -> None:
        if self._is_closed:
            raise Unavailable("The database is closed; nothing was done.")

    async def _read(self, text: str, values: Sequence[object]) -> Sequence[Any]:
        """Return what a statement finds; a connection that is gone is replaced once."""
        self._check_open()
        if self._reads_waiting >= self._reads_waiting_max:
            raise Unavailable("Too many requests wait for the database; nothing was done.")
        self._reads_waiting += 1
        try:
            session = await self._free.get()
        finally:
            self._reads_waiting -= 1
        try:
            return await session.rows_or_anew(text, *values)
        finally:
            self._free.put_nowait(session)


@final
class PostgresTransaction:
    """One unit of work. It begins with its first call and so costs nothing when it has none."""

    def __init__(self, session: Session, *, by_shard: bool) -> None:
        """Work on this session, alone."""
        self._session = session
        self._by_shard = by_shard
        self._begun = False

    async def resolve(self, lookups: Sequence[Lookup]) -> Sequence[Record | None]:
        """Return what each lookup finds."""
        if self._by_shard:
            return [await self._resolve_one(lookup) for lookup in lookups]
        found: list[Record | None] = [None] * len(lookups)
        alike: dict[tuple[type[Record], tuple[str, ...]], list[int]] = defaultdict(list)
        for place, lookup in enumerate(lookups):
            alike[lookup.record, tuple(name for name, _ in lookup.fields)].append(place)
        for (record, names), places in alike.items():
            values = [[plain(value) for _, value in lookups[place].fields] for place in places]
            text = statements.resolve(record, names)
            for row in await self._rows(text, *statements.transposed(values)):
                place, *columns = row
                found[places[place - 1]] = mapper(record).record(columns)
        return found

    async def load(self, keys: Sequence[Key]) -> Mapping[Key, Record | None]:
        """Lock and return the rows: table after table in the order given, within one by key."""
        alike: dict[tuple[type[Record], str], dict[Key, None]] = defaultdict(dict)
        for key in keys:
            alike[key.record, self._shard(key)][key] = None
        found: dict[Key, Record] = {}
        for (record, shard), named in alike.items():
            to = mapper(record)
            text = statements.load(record, by_shard=self._by_shard)
            values = statements.transposed([to.key_values(key.parts) for key in named])
            for row in await self._rows(text, *values, *self._said(shard)):
                loaded = to.record(row)
                found[loaded.key] = loaded
        return {key: found.get(key) for key in keys}

    async def flush(self, changes: Sequence[Change]) -> Sequence[Key]:
        """Write updates, then inserts: an update may free what an insert takes in a unique set."""
        updates: dict[type[Record], list[Record]] = defaultdict(list)
        inserts: dict[type[Record], list[Record]] = defaultdict(list)
        for change in changes:
            (inserts if change.is_insert else updates)[type(change.row)].append(change.row)
        for record, rows in sorted(updates.items(), key=_by_name):
            for key in await self._update(record, rows):
                message = f"{key} is changed but does not exist"
                raise StoreRefused(message)
        lost: list[Key] = []
        for record, rows in sorted(inserts.items(), key=_by_name):
            lost += await self._write(statements.insert(record), rows, (), is_insert=True)
        return lost

    async def gone(self, text: str, *values: int) -> int:
        """Run a DELETE that returns a row for each it deletes; return how many went."""
        return len(await self._rows(text, *values))

    async def commit(self) -> None:
        """Make everything durable."""
        if self._begun:
            await self._session.commit()

    async def roll_back(self) -> None:
        """Undo everything."""
        if self._begun:
            await self._session.roll_back()

    async def _resolve_one(self, lookup: Lookup) -> Record | None:
        text = statements.resolve_one(lookup.record, tuple(name for name, _ in lookup.fields))
        found = await self._rows(text, *(plain(value) for _, value in lookup.fields))
        return mapper(lookup.record).record(found[0]) if found else None

    async def _update(self, record: type[Record], rows: Sequence[Record]) -> list[Key]:
        """Write new states, shard after shard; return the keys of rows that are not there."""
        alike: dict[str, list[Record]] = defaultdict(list)
        for row in rows:
            alike[self._shard(row.key)].append(row)
        text = statements.update(record, by_shard=self._by_shard)
        missing: list[Key] = []
        for shard, some in sorted(alike.items()):
            missing += await self._write(text, some, self._said(shard), is_insert=False)
        return missing

    def _shard(self, key: Key) -> str:
        """Return what the row would be sharded by, where a statement must name it."""
        return key.parts[0] if self._by_shard else ""

    def _said(self, shard: str) -> tuple[str, ...]:
        return (shard,) if self._by_shard else ()

    async def _write(
        self, text: str, rows: Sequence[Record], shard: tuple[str, ...], *, is_insert: bool
    ) -> list[Key]:
        """Write rows with one statement; return the keys of those it did not touch.

        Rows that are written in the order of their keys by every process do not wait in a circle.
        """
        record = type(rows[0])
        to = mapper(record)
        rows = sorted(rows, key=lambda row: row.key.parts)
        try:
            values = statements.transposed([to.row(row) for row in rows])
            written = await self._rows(text, *values, *shard)
        except StoreRefused as error:
            for row in rows:  # The database names no row; the rules, in Python, do.
                check_rules(row, is_insert=is_insert)
            names = ", ".join(sorted({str(row.key) for row in rows})) if len(rows) == 1 else ""
            message = f"{names or record.__name__}: {error}"
            raise StoreRefused(message) from error
        touched = {tuple(str(part) for part in key) for key in written}
        return [row.key for row in rows if row.key.parts not in touched]

    async def _rows(self, text: str, *values: object) -> Sequence[Any]:
        if not self._begun:
            await self._session.begin()
            self._begun = True
        return await self._session.rows(text, *values)


def _by_name(pair: tuple[type[Record], object]) -> str:
    return pair[0].__name__
