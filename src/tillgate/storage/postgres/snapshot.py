"""Reading a PostgreSQL database as it was at one instant, beside whoever writes it.

For the audit and for showing: what is read together belongs together, however much is committed
meanwhile. A standby will do. What must hold: nothing is ever written or made by it; a connection
that is lost ends the reading, since another one would see another instant.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from tillgate.engine.ports import Reader
from tillgate.kernel.errors import Unavailable
from tillgate.storage.migrations import HEAD
from tillgate.storage.postgres import faults
from tillgate.storage.postgres.opening import PostgresSettings, connected, differs, revision_of
from tillgate.storage.postgres.session import Session
from tillgate.storage.postgres.store import PostgresStore

PATIENT: Final = PostgresSettings(wait_s_max=60.0, idle_ms_max=600_000)
"""An audit adds up between two reads, and nobody waits for its locks, since it has none."""


@asynccontextmanager
async def postgres_snapshot(url: str) -> AsyncIterator[Reader]:
    """Return a reader of the database as it is now.

    Raises:
        SchemaDiffers: the tables are not those of this version.
        Unavailable: the database cannot be read.
    """
    reader = Session(_once(url), url=url, wait_s_max=PATIENT.wait_s_max, commit_wait_s_max=0)
    await reader.open()
    store = PostgresStore(
        reader, [reader], reads_waiting_max=PATIENT.reads_waiting_max, by_shard=False
    )
    try:
        await reader.rows("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found, _ = await revision_of(reader)
        if found != HEAD:
            raise differs(found)
        yield store
    finally:
        await reader.close()


async def is_made(url: str) -> bool:
    """Tell whether a database has tables of ours, of whatever age.

    Raises:
        Unavailable: the database cannot be read.
    """
    try:
        connection = await connected(url, PATIENT, target="any")
        try:
            found, _ = await revision_of(connection)
        finally:
            await connection.close()
    except (*faults.LOST, asyncpg.PostgresError, ValueError) as error:
        raise faults.unreachable(url, error) from error
    return found is not None


def _once(url: str) -> Any:  # noqa: ANN401  A way to connect that works once.
    taken = False

    async def connect() -> "asyncpg.Connection[Any]":
        nonlocal taken
        if taken:
            raise Unavailable(f"PostgreSQL ended the reading; begin again. {faults.STANDBY}")
        taken = True
        return await connected(url, PATIENT, target="any")

    return connect
