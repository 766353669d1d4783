"""Which store a gateway's records are kept in, and how it is opened, read, made and upgraded.

Decides by the setting alone; neither kind's driver is loaded for the other. What must hold: what
was opened is closed; on PostgreSQL the time is the database's, so that all processes on it judge by
one clock.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple, final

from tillgate.bootstrap.kinds import check_kind, note_kind, setting
from tillgate.config.database import PostgresUrl
from tillgate.config.folder import Folder
from tillgate.config.settings import Settings
from tillgate.engine.ports import Reader, Store
from tillgate.kernel.clock import Clock, SteadyClock
from tillgate.kernel.errors import TillgateError
from tillgate.storage.migrations import HEAD

REVISION: Final = HEAD
"""Of the tables of every database that is opened or read here."""


class NoDatabase(TillgateError):
    """There is no database yet."""


@final
class Opened(NamedTuple):
    """A database that is open: to write, to read, and what time it is there."""

    store: Store
    reader: Reader
    clock: Clock


@asynccontextmanager
async def open_database(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Opened]:
    """Open the database, which is made when there is none; a `clock` that is given is kept.

    Raises:
        OtherDatabase: the folder belongs to one of another kind.
        SchemaDiffers: it has tables of another age.
        Unavailable: it cannot be opened.
    """
    check_kind(settings)
    if not isinstance(settings.database, PostgresUrl):
        from tillgate.storage.opening import open_sqlite  # noqa: PLC0415  See the module.

        file = open_sqlite(settings.database)
        try:
            yield Opened(file, file, clock or SteadyClock())
        finally:
            file.close()
        return
    from tillgate.storage.postgres.clock import DatabaseClock  # noqa: PLC0415  See the module.
    from tillgate.storage.postgres.opening import open_postgres  # noqa: PLC0415  See the module.

    store = await open_postgres(settings.database.text)
    note_kind(settings)
    there = DatabaseClock(store)
    try:
        if clock is None:
            await there.start()
        yield Opened(store, store, clock or there.steady)
    finally:
        await there.stop()
        await store.aclose()


@asynccontextmanager
async def open_reader(settings: Settings) -> AsyncIterator[Reader]:
    """Read the database as it is at this instant, beside whoever writes it.

    Raises:
        NoDatabase: there is none.
    """
    await check_exists(settings)
    if isinstance(settings.database, PostgresUrl):
        from tillgate.storage.postgres.snapshot import postgres_snapshot  # noqa: PLC0415  See above.

        async with postgres_snapshot(settings.database.text) as reader:
            yield reader
        return
    from tillgate.storage.snapshot import sqlite_snapshot  # noqa: PLC0415  See the module.

    with sqlite_snapshot(settings.database) as reader:
        yield reader


async def exists(settings: Settings) -> bool:
    """Tell whether the database was made.

    Raises:
        OtherDatabase: the folder belongs to one of another kind.
        Unavailable: PostgreSQL cannot be asked.
    """
    check_kind(settings)
    if not isinstance(settings.database, PostgresUrl):
        return settings.database.exists()
    from tillgate.storage.postgres.snapshot import is_made  # noqa: PLC0415  See the module.

    return await is_made(settings.database.text)


async def check_exists(settings: Settings) -> None:
    """Raise `NoDatabase` with the next step when the database was not made."""
    if not await exists(settings):
        step = f"make it with: tillgate db upgrade --data {settings.data}"
        if not isinstance(settings.database, PostgresUrl):
            named = setting(settings)
            step = f"if the books are on PostgreSQL, name it in {named}; if there are none, {step}"
        demo = Folder(settings.data).demo_step
        raise NoDatabase(f"There is no database {settings.database}; {step}{demo and f'.{demo}'}")


def upgrade(settings: Settings) -> tuple[str | None, str]:
    """Make the database or bring its tables up to date; return the revision before and after."""
    from tillgate.storage import migrate  # noqa: PLC0415  Alembic takes half a second to load.

    was_made = asyncio.run(exists(settings))
    if isinstance(settings.database, PostgresUrl):
        url: migrate.Url = settings.database.text
    else:
        url = migrate.sqlite_url(settings.database)
    before = migrate.current(url) if was_made else None
    if before is not None:
        migrate.upgrade(url)
        note_kind(settings)
    else:
        asyncio.run(_open_once(settings))
    return before, migrate.head()


async def _open_once(settings: Settings) -> None:
    async with open_database(settings):
        return
