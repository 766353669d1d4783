"""Bringing a database's schema up to date, by URL, with Alembic.

Nothing here runs by itself: an empty database gets its tables when it is opened, an old one only
when somebody says so (`tillgate db upgrade`). What must hold: an upgrade is one transaction; an
upgrade of what is up to date changes nothing.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import sqlalchemy
from alembic import command
from alembic.config import Config
from sqlalchemy.pool import NullPool

from tillgate.storage.migrations import HEAD, VERSION_TABLE

Url = str | sqlalchemy.URL


def sqlite_url(path: Path) -> sqlalchemy.URL:
    """Return the URL of a SQLite file."""
    return sqlalchemy.URL.create("sqlite", database=str(path))


def upgrade(url: Url, revision: str = "head") -> None:
    """Run every revision that the database lacks, in one transaction."""
    with connected(url) as connection:
        command.upgrade(_config(connection), revision)


def current(url: Url) -> str | None:
    """Return the revision that the database has, or None when it has none yet."""
    with connected(url) as connection:
        if not sqlalchemy.inspect(connection).has_table(VERSION_TABLE):
            return None
        found = connection.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar()  # noqa: S608  A name of ours.
    return None if found is None else str(found)


def head() -> str:
    """Return the revision that this version of Tillgate works with."""
    return HEAD


def draft(url: Url, message: str, revision: str) -> None:
    """Write a new script in `versions` from what the tables say and the database lacks."""
    with connected(url) as connection:
        command.revision(_config(connection), message, autogenerate=True, rev_id=revision)


@contextmanager
def connected(url: Url) -> Iterator[sqlalchemy.Connection]:
    """Open a connection with a transaction that covers changes of tables, too."""
    engine = sqlalchemy.create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        sqlalchemy.event.listen(engine, "connect", _leave_transactions_alone)
        sqlalchemy.event.listen(engine, "begin", _begin)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


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
