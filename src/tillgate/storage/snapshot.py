"""Reading a SQLite file as it was at one instant, beside whoever writes it.

For the audit and for showing: what is read together belongs together, however much is committed
meanwhile. What must hold: nothing is ever written or made by it, and the reading ends, because an
open snapshot keeps the write-ahead log from being folded.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tillgate.engine.ports import Reader
from tillgate.kernel.errors import Unavailable
from tillgate.storage.migrations import HEAD, VERSION_TABLE
from tillgate.storage.opening import SchemaDiffers
from tillgate.storage.sqlite import SqliteStore
from tillgate.storage.workers import Workers

BUSY_WAIT_S_MAX = 5.0
READS_WAITING_MAX = 64


@contextmanager
def sqlite_snapshot(path: Path) -> Iterator[Reader]:
    """Return a reader of the file as it is now.

    Raises:
        SchemaDiffers: the file's tables are not those of this version.
        Unavailable: the file cannot be read.
    """
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw",  # Not made when it is missing.
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_WAIT_S_MAX,
        )
        with closing(connection):
            connection.execute("PRAGMA query_only=ON")
            connection.execute("BEGIN")
            _check_revision(path, connection)  # The first read fixes the instant.
            yield from _reading(connection)
    except sqlite3.Error as error:
        message = f"The database {path} cannot be read ({error})."
        raise Unavailable(message) from error


def _reading(connection: sqlite3.Connection) -> Iterator[Reader]:
    readers = Workers("tillgate-snapshot", [connection], waiting_max=READS_WAITING_MAX)
    try:
        yield SqliteStore(Workers("tillgate-no-writer", [], waiting_max=0), readers)
    finally:
        readers.close()


def _check_revision(path: Path, connection: sqlite3.Connection) -> None:
    try:
        text = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608  A name of ours.
        found = connection.execute(text).fetchone()
    except sqlite3.OperationalError:
        found = None
    if found is None or found[0] != HEAD:
        step = f"Back it up, then run: tillgate db upgrade --data {path.parent}"
        message = f"The database {path} has not the tables of this Tillgate. {step}"
        raise SchemaDiffers(message)
