"""Opening a PostgreSQL database as a store: the connections' settings, the schema's age.

It makes the tables of an empty database and refuses what it must not touch. What must hold: a
schema of another age is never used, by no connection of a store, however late it was made; no
time-out is longer than what a caller waits for; what is told of an address never holds its
password.
"""

import asyncio
from typing import Any, Final

import asyncpg
import msgspec

from tillgate.kernel.errors import Unavailable
from tillgate.storage.migrations import HEAD, REVISIONS, UPGRADE_LOCK, VERSION_TABLE
from tillgate.storage.opening import SchemaDiffers
from tillgate.storage.postgres import faults
from tillgate.storage.postgres.session import Session
from tillgate.storage.postgres.store import PostgresStore

VERSION_MIN: Final = 15


class PostgresSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a PostgreSQL store.

    Attributes:
        readers: connections that read beside the writer; four in all are held by a process.
        connect_wait_s_max: how long opening a connection may take.
        wait_s_max: how long one statement may take, as we wait; the server is told a little less.
        commit_wait_s_max: how long a COMMIT may take before its outcome is called unknown.
        lock_wait_ms_max: how long another process's lock on a row is waited for.
        idle_ms_max: after this the server ends a transaction whose process went silent.
        reads_waiting_max: reads that may wait for a connection.
        by_shard: whether each statement that locks or changes names its shard, as Citus needs and
            nobody else; None is to ask the database whether it is one.
    """

    readers: int = 3
    connect_wait_s_max: float = 3.0
    wait_s_max: float = 8.0
    commit_wait_s_max: float = 8.0
    lock_wait_ms_max: int = 4_000
    idle_ms_max: int = 10_000
    reads_waiting_max: int = 1_024
    by_shard: bool | None = None


async def open_postgres(url: str, settings: PostgresSettings | None = None) -> PostgresStore:
    """Return the store in this database, whose tables are made when it is empty.

    Raises:
        SchemaDiffers: the database has tables of another age, or somebody else's.
        Unavailable: the server cannot be reached, is too old, or does not let us in.
    """
    settings = settings or PostgresSettings()
    is_citus = await _make_tables(url, settings)
    made = [_session(url, settings) for _ in range(settings.readers + 1)]
    try:
        await made[0].open()
    except Unavailable:
        made[0].drop()
        raise
    by_shard = is_citus if settings.by_shard is None else settings.by_shard
    return PostgresStore(
        made[0], made[1:], reads_waiting_max=settings.reads_waiting_max, by_shard=by_shard
    )


async def revision_of(connection: Any) -> tuple[str | None, bool]:  # noqa: ANN401  asyncpg gives it no type.
    """Return which revision a database has, if any, and whether it has no table at all."""
    ask = connection.rows if isinstance(connection, Session) else connection.fetch
    rows = await ask(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
    )
    tables = {row[0] for row in rows}
    if VERSION_TABLE not in tables:
        return None, not tables
    found = await ask(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608  A name of ours.
    return (str(found[0][0]) if found else None), False


async def connected(
    url: str, settings: PostgresSettings, *, target: str = "primary"
) -> "asyncpg.Connection[Any]":
    """Return a connection to the primary, with our limits set on the server's side.

    Plans that look at a whole table are switched off: the tables of a new gateway are empty, a plan
    that is made then is kept, and every statement of ours has an index.
    """
    return await asyncpg.connect(
        url,
        timeout=settings.connect_wait_s_max,
        statement_cache_size=512,
        max_cached_statement_lifetime=0,
        target_session_attrs=target,
        server_settings={
            "application_name": "tillgate",
            "default_transaction_isolation": "read committed",
            "synchronous_commit": "on",
            "statement_timeout": str(int(settings.wait_s_max * 900)),
            "lock_timeout": str(settings.lock_wait_ms_max),
            "idle_in_transaction_session_timeout": str(settings.idle_ms_max),
            "enable_seqscan": "off",
            "enable_hashjoin": "off",
            "enable_mergejoin": "off",
            "jit": "off",
        },
    )


def _session(url: str, settings: PostgresSettings) -> Session:
    async def connect() -> "asyncpg.Connection[Any]":
        connection = await connected(url, settings)
        try:
            await _check_age(connection, settings.wait_s_max)
        except BaseException:
            connection.terminate()
            raise
        return connection

    return Session(
        connect,
        url=url,
        wait_s_max=settings.wait_s_max,
        commit_wait_s_max=settings.commit_wait_s_max,
    )


async def _check_age(connection: "asyncpg.Connection[Any]", wait_s_max: float) -> None:
    """Read the age of the tables: they may be other ones than when the store was opened.

    An upgrade under way is waited for; one that comes later finds this connection and refuses.

    Raises:
        SchemaDiffers: they are of another age.
    """
    await connection.fetch(
        f"SELECT pg_advisory_xact_lock_shared({UPGRADE_LOCK})", timeout=wait_s_max
    )
    text = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608  A name of ours.
    try:
        rows = await connection.fetch(text, timeout=wait_s_max)
    except asyncpg.UndefinedTableError:
        raise differs(None) from None
    found = str(rows[0][0]) if rows else None
    if found != HEAD:
        raise differs(found)


async def _make_tables(url: str, settings: PostgresSettings) -> bool:
    """Give an empty database its tables; return whether it spreads them over shards with Citus.

    Raises:
        SchemaDiffers: it has other tables.
    """
    try:
        connection = await connected(url, settings)
        try:
            version = connection.get_server_version()
            found, is_empty = await revision_of(connection)
            is_citus = bool(
                await connection.fetch("SELECT 1 FROM pg_extension WHERE extname = 'citus'")
            )
        finally:
            await connection.close()
    except (*faults.LOST, asyncpg.PostgresError, ValueError) as error:
        raise faults.unreachable(url, error) from error
    if version.major < VERSION_MIN:
        message = f"PostgreSQL {version.major} is too old; Tillgate needs {VERSION_MIN} or newer."
        raise Unavailable(message)
    if is_empty:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  As slow to load as Alembic.

        from tillgate.storage import migrate  # noqa: PLC0415  Alembic takes half a second to load.

        try:
            await asyncio.to_thread(migrate.upgrade, url)
        except (*faults.LOST, SQLAlchemyError, asyncpg.PostgresError) as error:
            raise faults.unreachable(url, getattr(error, "orig", None) or error) from error
    elif found != HEAD:
        raise differs(found)
    return is_citus


def differs(found: str | None) -> SchemaDiffers:
    """Return what to say of a database whose tables are not those of this version."""
    if found in REVISIONS:
        return SchemaDiffers(
            f"The database has the tables of an older Tillgate ({found}; this one needs {HEAD})."
            " Back it up, then run: tillgate db upgrade"
        )
    if found is not None:
        return SchemaDiffers(
            f"The database has the tables of a newer Tillgate ({found}; this one knows {HEAD})."
            " Install that version again: pip install --upgrade 'tillgate[gateway]'"
        )
    return SchemaDiffers(
        "The database holds another program's tables; name an empty one in TILLGATE_DATABASE_URL."
    )
