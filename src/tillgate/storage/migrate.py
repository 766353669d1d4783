"""Bringing a database's schema up to date, by URL, with Alembic.

Nothing here runs by itself: an empty database gets its tables when it is opened, an old one only
when somebody says so (`tillgate db upgrade`). It is done when it returns, on either database. What
must hold: an upgrade is one transaction, and no two run at once; an upgrade of what is up to date
changes nothing.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

import asyncpg
import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tillgate.kernel.errors import Unavailable
from tillgate.storage.migrations import HEAD, UPGRADE_LOCK, VERSION_TABLE

T = TypeVar("T")
Url = str | sqlalchemy.URL
LOCK_WAIT_S_MAX: Final = 60
"""How long an upgrade waits for another one, and for whoever reads a table."""


def sqlite_url(path: Path) -> sqlalchemy.URL:
    """Return the URL of a SQLite file."""
    return sqlalchemy.URL.create("sqlite", database=str(path))


def upgrade(url: Url, revision: str = "head") -> None:
    """Run every revision that the database lacks, in one transaction.

    Raises:
        Unavailable: gateways are connected to a database whose tables would change under them, or
            PostgreSQL refuses; nothing was changed.
    """

    def work(connection: sqlalchemy.Connection) -> None:
        found = _revision(connection)
        if found not in (None, HEAD) and connection.dialect.name == "postgresql":
            _check_alone(connection)
        command.upgrade(_config(connection), revision)

    within(url, work)


def current(url: Url) -> str | None:
    """Return the revision that the database has, or None when it has none yet."""
    return within(url, _revision)


def head() -> str:
    """Return the revision that this version of Tillgate works with."""
    return HEAD


def draft(url: Url, message: str, revision: str) -> None:
    """Write a new script in `versions` from what the tables say and the database lacks."""

    def write(connection: sqlalchemy.Connection) -> None:
        command.revision(_config(connection), message, autogenerate=True, rev_id=revision)

    within(url, write)


def within(url: Url, work: Callable[[sqlalchemy.Connection], T]) -> T:
    """Do something in one transaction, which covers changes of tables, too."""
    if not is_postgresql(url):
        return _within_sqlite(url, work)
    with ThreadPoolExecutor(1) as aside:  # The caller's thread may have a loop already.
        return aside.submit(asyncio.run, _within_postgresql(str(url), work)).result()


def is_postgresql(url: Url) -> bool:
    """Return whether a URL names a database of PostgreSQL, in either spelling."""
    return str(url).startswith(("postgresql://", "postgres://"))


def _within_sqlite(url: Url, work: Callable[[sqlalchemy.Connection], T]) -> T:
    patience = {"timeout": LOCK_WAIT_S_MAX}
    engine = sqlalchemy.create_engine(url, poolclass=NullPool, connect_args=patience)
    sqlalchemy.event.listen(engine, "connect", _leave_transactions_alone)
    sqlalchemy.event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()


async def _within_postgresql(url: str, work: Callable[[sqlalchemy.Connection], T]) -> T:
    """Let asyncpg read the URL, so that it means here what it means to the store."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(url), poolclass=NullPool
    )
    try:
        async with engine.begin() as connection:
            await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_WAIT_S_MAX}s'")
            await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({UPGRADE_LOCK})")
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _check_alone(connection: sqlalchemy.Connection) -> None:
    """Raise when a gateway is connected: it would go on writing rows of the old shape."""
    others = connection.exec_driver_sql(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'tillgate'"
    ).scalar()
    if others:
        raise Unavailable(
            f"{others} connections of gateways are open to this database; stop the servers of all"
            " machines, then upgrade. Nothing was changed."
        )


def _revision(connection: sqlalchemy.Connection) -> str | None:
    if not sqlalchemy.inspect(connection).has_table(VERSION_TABLE):
        return None
    found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608  A name of ours.
    return None if found is None else str(found)


def _leave_transactions_alone(driver: sqlite3.Connection, _record: object) -> None:
    """Keep Python's driver from beginning transactions late, after the tables were changed."""
    driver.isolation_level = None


def _begin(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _config(connection: sqlalchemy.Connection) -> Config:
    config = Config(attributes={"connection": connection})
    options: dict[str, Any] = {
        "script_location": str(resources.files("tillgate.storage") / "migrations"),
        "file_template": "r%%(rev)s_%%(slug)s",  # A module's name begins with a letter.
        "path_separator": "os",
    }
    for name, value in options.items():
        config.set_main_option(name, value)
    return config
