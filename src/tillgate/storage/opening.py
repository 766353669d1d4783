"""Opening a SQLite file as a store: the place, the schema's age, the connections.

It makes what is missing (folders that only their owner may enter, a file that only its owner may
read, the tables of an empty file) and refuses what it must not touch. It does not lock out a second
process; that is the bootstrap's affair. What must hold: a schema of another age is never used.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from tillgate.kernel.errors import Unavailable
from tillgate.storage.backup import half_done
from tillgate.storage.migrations import HEAD, REVISIONS, VERSION_TABLE
from tillgate.storage.sqlite import SqliteStore
from tillgate.storage.workers import Workers

SQLITE_VERSION_MIN = (3, 37, 0)
"""The first SQLite with strict tables."""
STATEMENTS_KEPT = 256
"""Prepared statements that a connection keeps; all of ours fit."""


class SqliteSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a SQLite store.

    Attributes:
        readers: connections that read beside the writer.
        busy_wait_ms_max: how long another process's lock on the file is waited for.
        reads_waiting_max: reads that may wait for a connection.
        writes_waiting_max: steps of transactions that may wait for the writer.
        page_cache_kib: memory of each connection for pages of the file.
        log_pages_max: pages in the log before a commit folds them into the file; four times
            SQLite's number, because payments touch the same pages again and again.
    """

    readers: int = 2
    busy_wait_ms_max: int = 5_000
    reads_waiting_max: int = 1_024
    writes_waiting_max: int = 1_024
    page_cache_kib: int = 16_384
    log_pages_max: int = 4_000


class SchemaDiffers(Unavailable):
    """The tables are not those of this version of Tillgate; the sentence says what to do."""


def open_sqlite(path: Path, settings: SqliteSettings | None = None) -> SqliteStore:
    """Return the store in this file, which is made when it is missing.

    Raises:
        SchemaDiffers: the file has tables of another age, or somebody else's.
        Unavailable: the file cannot be opened, or a restore that was to put it here was cut short.
    """
    if sqlite3.sqlite_version_info < SQLITE_VERSION_MIN:
        wanted = ".".join(map(str, SQLITE_VERSION_MIN))
        sentence = f"SQLite {sqlite3.sqlite_version} is too old; Tillgate needs {wanted} or newer."
        raise Unavailable(sentence)
    trace = half_done(path)
    if trace is not None:
        raise Unavailable(
            f"A restore of {path} was cut short, so no empty database is made in its place; do it"
            f" again: tillgate db restore FILE --data {path.parent} ({trace} is what it left)."
        )
    settings = settings or SqliteSettings()
    opened: list[sqlite3.Connection] = []
    try:
        _make_file(path)
        _make_tables(path)
        opened.append(_writer(path, settings))
        opened.extend(_reader(path, settings) for _ in range(settings.readers))
    except (sqlite3.DatabaseError, OSError) as error:
        for connection in opened:
            connection.close()
        sentence = f"The database {path} cannot be opened: {error}."
        raise Unavailable(sentence) from error
    return SqliteStore(
        Workers("tillgate-writer", opened[:1], waiting_max=settings.writes_waiting_max),
        Workers("tillgate-reader", opened[1:], waiting_max=settings.reads_waiting_max),
    )


def _make_file(path: Path) -> None:
    """Make the folders and the file, for their owner alone; SQLite's side files follow the file."""
    for folder in reversed(path.absolute().parents):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def _make_tables(path: Path) -> None:
    """Give an empty file its tables; raise `SchemaDiffers` when there are other ones."""
    found, is_empty = _revision(path)
    if found == HEAD:
        return
    if is_empty:
        from tillgate.storage import migrate  # noqa: PLC0415  Alembic takes half a second to load.

        migrate.upgrade(migrate.sqlite_url(path))
    elif found in REVISIONS:
        raise SchemaDiffers(
            f"The database {path} has the tables of an older Tillgate ({found}; this one needs"
            f" {HEAD}). Back it up, then run: tillgate db upgrade --data {path.parent}"
        )
    elif found is not None:
        raise SchemaDiffers(
            f"The database {path} has the tables of a newer Tillgate ({found}; this one knows"
            f" {HEAD}). Install that version again: pip install --upgrade 'tillgate[gateway]'"
        )
    else:
        raise SchemaDiffers(
            f"The file {path} is another program's database; name another with --data DIR."
        )


def _revision(path: Path) -> tuple[str | None, bool]:
    """Return which revision a file has, if any, and whether there is nothing in it at all."""
    with closing(sqlite3.connect(path)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        if VERSION_TABLE not in tables:
            return None, not tables
        text = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608  A name of ours.
        found = connection.execute(text).fetchone()
    return (str(found[0]) if found else None), False


def _writer(path: Path, settings: SqliteSettings) -> sqlite3.Connection:
    connection = _connect(path, settings)
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        connection.close()
        message = f"its disk allows no write-ahead log, only {mode}; use a local disk"
        raise OSError(message)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint={settings.log_pages_max}")
    connection.execute("PRAGMA fullfsync=ON")  # Elsewhere than on macOS it means nothing.
    return connection


def _reader(path: Path, settings: SqliteSettings) -> sqlite3.Connection:
    connection = _connect(path, settings)
    connection.execute("PRAGMA query_only=ON")
    return connection


def _connect(path: Path, settings: SqliteSettings) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path,
        isolation_level=None,  # We begin and commit ourselves.
        check_same_thread=False,  # Made here, then used by one thread alone.
        cached_statements=STATEMENTS_KEPT,
        timeout=settings.busy_wait_ms_max / 1_000,
    )
    connection.execute("PRAGMA trusted_schema=OFF")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute(f"PRAGMA cache_size=-{settings.page_cache_kib}")
    return connection
