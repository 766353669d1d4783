"""The memory store: dictionaries behind one lock, for tests, for the simulator and for trying out.

It keeps nothing past the process. What must hold: it behaves as the SQL stores do, unique sets and
row rules included, because all of them pass one contract suite.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar, cast, final

from tillgate.engine.ports import Change, Lookup, Select, StoreRefused, Transaction
from tillgate.kernel.record import Key, Record
from tillgate.ledger.entries import Posting
from tillgate.storage.rows import picker
from tillgate.storage.rules import age_field, check_rules
from tillgate.storage.shape import shape

R = TypeVar("R", bound=Record)
Parts = tuple[str, ...]


class _Slot(NamedTuple):
    """A place for one row: values that no two rows may have in a unique set."""

    record: type[Record]
    rule: int
    values: tuple[Any, ...]


@final
class MemoryStore:
    """Store and Reader over dictionaries."""

    def __init__(self) -> None:
        """Start empty."""
        self._tables: dict[type[Record], dict[Parts, Record]] = defaultdict(dict)
        self._holders: dict[_Slot, Parts] = {}
        self._found = _Index()
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a unit of work; everybody else waits."""
        async with self._lock:
            work = _MemoryTransaction(self)
            yield work
            self._commit(work.written, work.held)

    async def forget(self, record: type[Record], *, before_ms: int, limit: int) -> int:
        """Delete the oldest rows of a kind that are old enough."""
        field = age_field(record)
        async with self._lock:
            rows = [row for row in self._tables[record].values() if getattr(row, field) < before_ms]
            rows.sort(key=lambda row: (getattr(row, field), _key_values(row)))
            for row in rows[:limit]:
                self._drop(row)
            return len(rows[:limit])

    async def get(self, record: type[R], *parts: str | int) -> R | None:
        """Return the row of this key."""
        row = self._tables[record].get(tuple(str(part) for part in parts))
        return cast("R | None", row)

    async def select(self, query: Select) -> Sequence[Any]:
        """Return the rows that match, in order."""
        _check_fields(query)
        rows = [row for row in self._tables[query.record].values() if _matches(row, query)]
        rows.sort(key=_key_values)
        for name in reversed(query.order_by):
            field = name.removeprefix("-")
            rows.sort(key=lambda row: _sortable(getattr(row, field)), reverse=name[0] == "-")
        return rows[: query.limit]

    async def pick(self, query: Select, *fields: str) -> Sequence[tuple[Any, ...]]:
        """Return these fields of the rows that match, in order."""
        picker(query.record, fields)
        return [tuple(getattr(row, name) for name in fields) for row in await self.select(query)]

    async def total(self, account: str, currency: str, *, book: str) -> int:
        """Return what came into an account less what went out, within a book."""
        postings = (cast("Posting", row) for row in self._tables[Posting].values())
        return sum(
            posting.money.minor if posting.destination == account else -posting.money.minor
            for posting in postings
            if posting.book == book
            and posting.money.currency.code == currency
            and account in (posting.source, posting.destination)
        )

    def close(self) -> None:
        """Let go of nothing: there is no file."""

    def find(self, lookup: Lookup) -> Record | None:
        """Return the first committed row, in key order, that has these values."""
        return self._found.first(lookup, self._tables[lookup.record])

    def row(self, key: Key) -> Record | None:
        """Return the committed row of this key."""
        return self._tables[key.record].get(key.parts)

    def holder(self, slot: _Slot) -> Parts | None:
        """Return the key of the committed row that holds a slot."""
        return self._holders.get(slot)

    def _drop(self, row: Record) -> None:
        del self._tables[type(row)][row.key.parts]
        self._found.remove(row)
        for slot in _slots(row):
            self._holders.pop(slot, None)

    def _commit(self, written: Mapping[Key, Record], held: Mapping[_Slot, Parts | None]) -> None:
        for key, row in written.items():
            if key.parts not in self._tables[key.record]:
                self._found.add(row)
            self._tables[key.record][key.parts] = row
        for slot, parts in held.items():
            if parts is None:
                self._holders.pop(slot, None)
            else:
                self._holders[slot] = parts


@final
class _MemoryTransaction:
    """One unit of work over a `MemoryStore`: what it wrote, seen before what is committed."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.written: dict[Key, Record] = {}
        self.held: dict[_Slot, Parts | None] = {}

    async def resolve(self, lookups: Sequence[Lookup]) -> Sequence[Record | None]:
        """Return what each lookup finds."""
        return [self._store.find(lookup) for lookup in lookups]

    async def load(self, keys: Sequence[Key]) -> Mapping[Key, Record | None]:
        """Return the rows; the store's lock holds them."""
        return {key: self._row(key) for key in keys}

    async def flush(self, changes: Sequence[Change]) -> Sequence[Key]:
        """Keep the changes for the commit; report inserts that lost.

        Updates come first: they may free what an insert takes in a unique set.
        """
        for change in changes:
            if not change.is_insert:
                self._update(change.row)
        inserts = [change.row for change in changes if change.is_insert]
        return [row.key for row in inserts if not self._insert(row)]

    def _update(self, row: Record) -> None:
        check_rules(row, is_insert=False)
        if self._row(row.key) is None:
            message = f"{row.key} is changed but does not exist"
            raise StoreRefused(message)
        if self._is_taken(row):
            message = f"{row.key} would break a unique set"
            raise StoreRefused(message)
        self._write(row)

    def _insert(self, row: Record) -> bool:
        check_rules(row, is_insert=True)
        if self._row(row.key) is not None or self._is_taken(row):
            return False
        self._write(row)
        return True

    def _row(self, key: Key) -> Record | None:
        return self.written[key] if key in self.written else self._store.row(key)

    def _is_taken(self, row: Record) -> bool:
        return any(self._holder(slot) not in (None, row.key.parts) for slot in _slots(row))

    def _holder(self, slot: _Slot) -> Parts | None:
        return self.held[slot] if slot in self.held else self._store.holder(slot)

    def _write(self, row: Record) -> None:
        before = self._row(row.key)
        if before is not None:
            self.held.update(dict.fromkeys(_slots(before)))
        self.held.update(dict.fromkeys(_slots(row), row.key.parts))
        self.written[row.key] = row


@final
class _Index:
    """Rows by the values of fields that never change, made when first asked for."""

    def __init__(self) -> None:
        self._made: dict[
            tuple[type[Record], tuple[str, ...]], dict[tuple[Any, ...], list[Record]]
        ] = {}

    def first(self, lookup: Lookup, table: Mapping[Parts, Record]) -> Record | None:
        """Return the present state of the first row that has these values."""
        names = tuple(name for name, _ in lookup.fields)
        if (lookup.record, names) not in self._made:
            self._made[lookup.record, names] = {}
            for row in table.values():
                self._enter(row, names)
        found = self._made[lookup.record, names].get(tuple(value for _, value in lookup.fields))
        return table[min(found, key=_key_values).key.parts] if found else None

    def add(self, row: Record) -> None:
        """Enter a new row."""
        for record, names in self._made:
            if record is type(row):
                self._enter(row, names)

    def remove(self, row: Record) -> None:
        """Take a row out that is no more."""
        for (record, names), made in self._made.items():
            if record is type(row):
                values = tuple(getattr(row, name) for name in names)
                left = [one for one in made.pop(values, []) if one.key != row.key]
                if left:
                    made[values] = left

    def _enter(self, row: Record, names: tuple[str, ...]) -> None:
        values = tuple(getattr(row, name) for name in names)
        self._made[type(row), names].setdefault(values, []).append(row)


def _slots(row: Record) -> Iterator[_Slot]:
    for number, rule in enumerate(type(row).unique):
        if all(getattr(row, name) in allowed for name, allowed in rule.where):
            values = tuple(getattr(row, name) for name in rule.fields)
            yield _Slot(type(row), number, values)


def _key_values(row: Record) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in row.key_fields)


def _sortable(value: object) -> tuple[bool, Any]:
    return value is not None, value


def _check_fields(query: Select) -> None:
    """Raise `ValueError` for a field that no store compares."""
    of = shape(query.record)
    for name, _ in (*query.equals, *query.at_most):
        of.comparable(name)
    for name in query.order_by:
        of.comparable(name.removeprefix("-"))


def _matches(row: Record, query: Select) -> bool:
    if query.after_key and _key_values(row) <= query.after_key:
        return False
    for name, wanted in query.equals:
        value = getattr(row, name)
        if value not in wanted if isinstance(wanted, tuple) else value != wanted:
            return False
    for name, most in query.at_most:
        value = getattr(row, name)
        if value is None or value > most:
            return False
    return True
