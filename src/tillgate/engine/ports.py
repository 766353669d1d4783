"""The engine's ports: what a store, a reader and an issuer must offer.

Each port has one contract suite that all its implementations pass. What must hold: `load` locks in
one global order; `flush` inserts without overwriting and reports what it lost; leaving the
transaction block commits, an exception rolls back; only what is made to be forgotten ever goes.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

import msgspec

from tillgate.kernel.errors import TillgateError, Unavailable
from tillgate.kernel.record import Key, Record

R = TypeVar("R", bound=Record)


class Lookup(msgspec.Struct, frozen=True):
    """Find the row of `record` whose fields have these values.

    It is not locked: what is found may be read in fields that never change, and a condition on one
    that does is judged again on the locked row.
    """

    record: type[Record]
    fields: tuple[tuple[str, str | int], ...]


class Change(msgspec.Struct, frozen=True):
    """A row to write: an insert that must not exist yet, or the new state of a locked row."""

    row: Record
    is_insert: bool


class Select(msgspec.Struct, frozen=True, kw_only=True):
    """A read of one table: rows that match all conditions, in order, at most `limit`.

    Attributes:
        equals: pairs (field, value) that must be equal; a tuple of values means one of them.
        at_most: pairs (field, value): the field is not null and at most the value.
        after_key: only rows whose key is greater, for paging in key order.
        order_by: fields, ascending; a leading "-" means descending. Ties go by key.
    """

    record: type[Record]
    equals: tuple[tuple[str, Any], ...] = ()
    at_most: tuple[tuple[str, int], ...] = ()
    after_key: tuple[str | int, ...] = ()
    order_by: tuple[str, ...] = ()
    limit: int = 1_000


class Transaction(Protocol):
    """One unit of work."""

    async def resolve(self, lookups: Sequence[Lookup]) -> Sequence[Record | None]:
        """Return what each lookup finds, unlocked, in the order asked."""
        ...

    async def load(self, keys: Sequence[Key]) -> Mapping[Key, Record | None]:
        """Lock and return the rows of these keys, in the order given; None where there is none."""
        ...

    async def flush(self, changes: Sequence[Change]) -> Sequence[Key]:
        """Write all changes; return the keys of inserts that lost against a row already there.

        Raises:
            StoreRefused: a row broke a rule of the schema.
        """
        ...


class Store(Protocol):
    """Where records are kept."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Open a unit of work; leaving the block commits durably.

        Raises:
            CommitUnknown: on leaving, when it cannot be told whether the commit happened.
            RowsLocked: somebody else held a row of it for too long; nothing was written.
            Unavailable: the store cannot be reached; nothing was written.
        """
        ...

    async def forget(self, record: type[Record], *, before_ms: int, limit: int) -> int:
        """Delete the oldest rows of a kind, at most `limit`, whose time is before `before_ms`.

        A unit of work of its own, for kinds that are made to be forgotten and no others. Returns
        how many went.

        Raises:
            Broken: rows of this kind are kept for ever.
            CommitUnknown, Unavailable: as for a transaction; it may be asked again.
        """
        ...


class Reader(Protocol):
    """Reads on connections of their own, which always see every answered commit."""

    async def get(self, record: type[R], *parts: str | int) -> R | None:
        """Return the row of this key."""
        ...

    async def select(self, query: Select) -> Sequence[Any]:
        """Return the rows that match, each of type `query.record`."""
        ...

    async def pick(self, query: Select, *fields: str) -> Sequence[tuple[Any, ...]]:
        """Return these fields alone of the rows that match: for reads of many that need little."""
        ...

    async def total(self, account: str, currency: str, *, book: str) -> int:
        """Return what came into an account less what went out, summed over one book's postings.

        In minor units of this currency; 0 for an account that the book does not know. Only for an
        account whose postings all lie in one book, as a merchant's do, is this what it holds.
        """
        ...


class CommitUnknown(TillgateError):
    """It cannot be told whether the last commit happened; operation ids will tell."""


class RowsLocked(Unavailable):
    """Somebody else holds a row, which one of the batch's commands waited for in vain."""


class StoreRefused(TillgateError):
    """A row broke a rule of the schema: one of the batch's commands is poisoned."""
