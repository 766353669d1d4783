"""Copying a SQLite file as it is at one instant, and putting a copy in a database's place.

It knows files and their age, not what is in them. What must hold: a copy is whole and on the disk
before it has its name, and overwrites nothing; what a restore replaces is kept beside it; a restore
that is cut short leaves the database before it, or the one after it, or none and a trace by which
nobody makes an empty one; a copy is never changed, only a copy of it is.
"""

import glob
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from tillgate.kernel.errors import TillgateError, Unavailable
from tillgate.storage.migrations import HEAD, REVISIONS, VERSION_TABLE

SIDES: Final = ("", "-wal", "-shm")
"""What belongs to a database beside its file: by the same name with these ends."""
KEPT: Final = "before-restore"
"""How the end of a name begins under which a restore keeps what it replaces."""
FOLD_WAIT_S_MAX: Final = 5.0


class CopyRefused(TillgateError):
    """The copy cannot be made or used; the text names the next step."""


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database as it is now into a new file that its owner alone can read.

    Whoever writes the database meanwhile is not held up.

    Raises:
        CopyRefused: the target exists, or cannot be written.
        Unavailable: the source cannot be read.
    """
    if target.exists():
        raise CopyRefused(f"{target} exists and is not overwritten; name a new file: --out FILE")
    fresh = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        with closing(_reading(source)) as read, closing(sqlite3.connect(fresh)) as written:
            read.backup(written)
            # One file from now on, without a log beside it.
            written.execute("PRAGMA journal_mode=DELETE")
            _check_whole(fresh, written)
        _settle(fresh)
        os.link(fresh, target)
        _settle(target.parent)
    except FileExistsError:
        raise CopyRefused(f"{target} exists and is not overwritten; name a new file.") from None
    except OSError as error:
        raise CopyRefused(f"{target} cannot be written ({error.strerror}).") from error
    except sqlite3.Error as error:
        raise Unavailable(f"{source} cannot be copied ({error}); nothing was left.") from error
    finally:
        fresh.unlink(missing_ok=True)


def prepare(copy: Path, database: Path) -> Path:
    """Return a file beside the database, made from a copy and brought up to date.

    Raises:
        CopyRefused: there is none, or it is none of a database of ours, or of a newer Tillgate.
    """
    fresh = _fresh(database)
    drop(fresh)
    if not copy.exists():
        raise CopyRefused(f"{copy} does not exist; name a file that `tillgate db backup` made.")
    revision = revision_of(copy)
    if revision not in REVISIONS:
        reason = f"of a newer Tillgate ({revision})" if revision else "no copy of a gateway's books"
        raise CopyRefused(f"{copy} is {reason}; name a file that `tillgate db backup` made.")
    copy_sqlite(copy, fresh)
    if revision != HEAD:
        from tillgate.storage import migrate  # noqa: PLC0415  Alembic takes half a second to load.

        migrate.upgrade(migrate.sqlite_url(fresh))
    return fresh


def put_in_place(fresh: Path, database: Path, *, aside: str) -> Path | None:
    """Put a prepared file in the database's place; return where what was there is kept now.

    `aside` begins with `KEPT`. Only who holds the folder's lock may call it.

    Raises:
        CopyRefused: the name to keep it under is taken.
    """
    kept = database.with_name(f"{database.name}.{aside}") if database.exists() else None
    if kept is not None:
        is_one_file = _fold(database)
        _link(database, kept)
        if not is_one_file:
            # Its log goes next, and without that it must not be taken for the whole database.
            database.unlink()
            _settle(database.parent)
    # A log that is left would be played into the new file.
    for side in SIDES[1:]:
        database.with_name(f"{database.name}{side}").unlink(missing_ok=True)
    _settle(database.parent)
    fresh.replace(database)
    _settle(database.parent)
    return kept


def half_done(database: Path) -> Path | None:
    """Return the trace of a restore that was cut short, where there is no database."""
    if database.exists():
        return None
    beside = database.parent.glob(f"{glob.escape(database.name)}.{KEPT}*")
    kept = sorted(path for path in beside if not path.name.endswith(SIDES[1:]))
    fresh = _fresh(database)
    return kept[-1] if kept else fresh if fresh.exists() else None


def drop(fresh: Path) -> None:
    """Take a prepared file away."""
    for side in SIDES:
        fresh.with_name(f"{fresh.name}{side}").unlink(missing_ok=True)


def _fresh(database: Path) -> Path:
    """Return where a database that is to take this one's place is prepared."""
    return database.with_name(f".{database.name}.restored")


def _fold(database: Path) -> bool:
    """Fold a database's log into its file; tell whether that file alone is the database now.

    It is not when the file is damaged, or when somebody reads it.
    """
    try:
        with closing(sqlite3.connect(database, timeout=FOLD_WAIT_S_MAX)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            (is_busy, *_) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return not is_busy


def _link(database: Path, kept: Path) -> None:
    """Give a database, with its log, a second name."""
    try:
        for side in SIDES:
            beside = database.with_name(f"{database.name}{side}")
            if beside.exists():
                os.link(beside, kept.with_name(f"{kept.name}{side}"))
    except OSError as error:
        message = f"{database} cannot be kept as {kept} ({error.strerror}); nothing was replaced."
        raise CopyRefused(message) from error
    _settle(database.parent)


def _reading(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=5.0)
    connection.execute("PRAGMA query_only=ON")
    return connection


def revision_of(path: Path) -> str:
    """Return the revision of a database's tables, or "" when it is none of ours."""
    try:
        with closing(_reading(path)) as connection:
            text = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608  A name of ours.
            found = connection.execute(text).fetchone()
    except sqlite3.Error:
        return ""
    return str(found[0]) if found else ""


def has_entries(path: Path) -> bool:
    """Tell whether a file holds books in which something happened."""
    try:
        with closing(_reading(path)) as connection:
            return connection.execute("SELECT 1 FROM entries LIMIT 1").fetchone() is not None
    except sqlite3.Error:
        return False


def _check_whole(path: Path, connection: sqlite3.Connection) -> None:
    (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        message = f"it is damaged: {said}"
        raise sqlite3.DatabaseError(message)
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        message = f"{path.name} breaks a foreign key"
        raise sqlite3.DatabaseError(message)


def _settle(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
