"""The databases that are measured: a file of SQLite, or a new database on a server of PostgreSQL.

The server is the one that TILLGATE_TEST_POSTGRES_URL names, whose user may make databases; else it
comes from the wheel that the tests use, which writes nothing through to the disk, so that its
figures are of processors alone. What must hold: whatever is measured begins empty and is gone
afterwards.
"""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.support import postgres
from tillgate.storage.opening import open_sqlite
from tillgate.storage.postgres.opening import PostgresSettings, open_postgres
from tillgate.storage.postgres.store import PostgresStore
from tillgate.storage.sqlite import SqliteStore

KINDS: Final = ("sqlite", "postgresql", "by-shard")
"""The last is PostgreSQL whose statements name their shard each, as they do on Citus."""


def add_choice(parser: argparse.ArgumentParser) -> None:
    """Let the command line say which database is measured."""
    parser.add_argument("--database", choices=KINDS, default="sqlite")


@asynccontextmanager
async def opened(kind: str, file: Path) -> AsyncIterator[tuple[SqliteStore | PostgresStore, str]]:
    """Open an empty store of this kind; return it with its URL."""
    if kind == "sqlite":
        store = open_sqlite(file)
        try:
            yield store, f"sqlite:///{file}"
        finally:
            store.close()
        return
    with postgres.server().bare_database() as url:
        remote = await open_postgres(url, PostgresSettings(by_shard=kind == "by-shard"))
        try:
            yield remote, url
        finally:
            await remote.aclose()
