"""Writing to a store and loading from it, a transaction each: what tests of stores do all the time.

What must hold: nothing is hidden; what lost is returned, and what the store refuses is raised.
"""

from tests.support.stores import AnyStore
from tillgate.engine.ports import Change
from tillgate.kernel.record import Key, Record


async def insert(store: AnyStore, *rows: Record) -> list[Key]:
    """Insert rows in one transaction and return the keys of those that lost."""
    return await write(store, *(Change(row, is_insert=True) for row in rows))


async def update(store: AnyStore, *rows: Record) -> None:
    """Change rows in one transaction."""
    await write(store, *(Change(row, is_insert=False) for row in rows))


async def write(store: AnyStore, *changes: Change) -> list[Key]:
    """Write changes in one transaction; what lost stays out, what did not is committed."""
    async with store.transaction() as transaction:
        return list(await transaction.flush(changes))


async def load(store: AnyStore, *keys: Key) -> dict[Key, Record | None]:
    """Load rows in a transaction of their own."""
    async with store.transaction() as transaction:
        return dict(await transaction.load(keys))
