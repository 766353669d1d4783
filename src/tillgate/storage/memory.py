"""The memory store: dictionaries behind one lock, for tests, for the simulator and for trying out.

It keeps nothing past the process. What must hold: it behaves as the SQL stores do, unique sets and
row rules included, because all of them pass one contract suite.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast, final

from tillgate.engine.ports import Change, Lookup, Select, StoreRefused, Transaction
from tillgate.kernel.record import Key, Record, Unique
from tillgate.storage.rules import RULES

R = TypeVar("R", bound=Record)
Parts = tuple[str, ...]


@final
class MemoryStore:
    """Store and Reader over dictionaries."""

    def __init__(self) -> None:
        """Start empty."""
        self._tables: dict[type[Record], dict[Parts, Record]] = defaultdict(dict)
        self._alone: dict[tuple[type[Record], Unique], dict[tuple[Any, ...], Parts]] = defaultdict(
            dict
        )
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a unit of work; everybody else waits."""
        async with self._lock:
            work = _MemoryTransaction(self)
            yield work
            self._commit(work.written)

    async def get(self, record: type[R], *parts: str | int) -> R | None:
        """Return the row of this key."""
        row = self._tables[record].get(tuple(str(part) for part in parts))
        return cast("R | None", row)

    async def select(self, query: Select) -> Sequence[Any]:
        """Return the rows that match, in order."""
        rows = [row for row in self._tables[query.record].values() if _matches(row, query)]
        rows.sort(key=_key_values)
        for name in reversed(query.order_by):
            field = name.removeprefix("-")
            rows.sort(key=lambda row: _sortable(getattr(row, field)), reverse=name[0] == "-")
        return rows[: query.limit]

    def find(self, lookup: Lookup) -> Record | None:
        """Return the first row that has these values."""
        table = self._tables[lookup.record]
        names = tuple(name for name, _ in lookup.fields)
        if names == lookup.record.key_fields:
            return table.get(tuple(str(value) for _, value in lookup.fields))
        wanted = tuple(value for _, value in lookup.fields)
        for row in table.values():
            if tuple(getattr(row, name) for name in names) == wanted:
                return row
        return None

    def row(self, key: Key) -> Record | None:
        """Return the committed row of this key."""
        return self._tables[key.record].get(key.parts)

    def holder(self, record: type[Record], rule: Unique, values: tuple[Any, ...]) -> Parts | None:
        """Return the key of the row that holds these values in a unique set."""
        return self._alone[record, rule].get(values)

    def _commit(self, written: Mapping[Key, Record]) -> None:
        for key, row in written.items():
            table = self._tables[key.record]
            before = table.get(key.parts)
            for rule in key.record.unique:
                held = _unique_values(before, rule) if before is not None else None
                if held is not None and self._alone[key.record, rule].get(held) == key.parts:
                    del self._alone[key.record, rule][held]
        for key, row in written.items():
            self._tables[key.record][key.parts] = row
            for rule in key.record.unique:
                values = _unique_values(row, rule)
                if values is not None:
                    self._alone[key.record, rule][values] = key.parts


@final
class _MemoryTransaction:
    """One unit of work over a `MemoryStore`."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self.written: dict[Key, Record] = {}

    async def resolve(self, lookups: Sequence[Lookup]) -> Sequence[Record | None]:
        """Return what each lookup finds."""
        return [self._store.find(lookup) for lookup in lookups]

    async def load(self, keys: Sequence[Key]) -> Mapping[Key, Record | None]:
        """Return the rows; the store's lock holds them."""
        return {key: self._store.row(key) for key in keys}

    async def flush(self, changes: Sequence[Change]) -> Sequence[Key]:
        """Keep the changes for the commit; report inserts that lost."""
        lost = []
        taken: dict[tuple[type[Record], Unique, tuple[Any, ...]], Key] = {}
        freed = {change.row.key.parts for change in changes if not change.is_insert}
        for change in changes:
            _check_rules(change.row)
            key = change.row.key
            if self._is_taken(change, taken, freed):
                if not change.is_insert:
                    message = f"{key} would break a unique set"
                    raise StoreRefused(message)
                lost.append(key)
            else:
                self.written[key] = change.row
        return lost

    def _is_taken(
        self,
        change: Change,
        taken: dict[tuple[type[Record], Unique, tuple[Any, ...]], Key],
        freed: set[Parts],
    ) -> bool:
        row, key = change.row, change.row.key
        if change.is_insert and self._store.row(key) is not None:
            return True
        for rule in key.record.unique:
            values = _unique_values(row, rule)
            if values is None:
                continue
            holder = self._store.holder(key.record, rule, values)
            if holder is not None and holder != key.parts and holder not in freed:
                return True
            if taken.setdefault((key.record, rule, values), key) != key:
                return True
        return False


def _check_rules(row: Record) -> None:
    rule = RULES.get(type(row))
    broken = rule(row) if rule else ""
    if broken:
        message = f"{row.key}: {broken}"
        raise StoreRefused(message)


def _unique_values(row: Record, rule: Unique) -> tuple[Any, ...] | None:
    for name, allowed in rule.where:
        if getattr(row, name) not in allowed:
            return None
    return tuple(getattr(row, name) for name in rule.fields)


def _key_values(row: Record) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in row.key_fields)


def _sortable(value: object) -> tuple[bool, Any]:
    return value is not None, value


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
