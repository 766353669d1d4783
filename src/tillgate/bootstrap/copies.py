"""Copies of a gateway's database: made beside a running server, put back while none runs.

SQLite files are copied here; PostgreSQL has tools of its own, and whoever asks is told which. What
must hold: a copy that was put back was audited first, and its finder is told until when it tells.
"""

import hashlib
from pathlib import Path
from typing import final

import msgspec

from tillgate.acquiring.operator import GATEWAY_KEY, Fact
from tillgate.bootstrap.auditing import Found, audit_here
from tillgate.bootstrap.databases import check_exists, open_reader
from tillgate.bootstrap.kinds import check_kind
from tillgate.config.database import PostgresUrl
from tillgate.config.folder import Folder
from tillgate.config.settings import Settings
from tillgate.kernel.clock import SystemClock, rfc3339
from tillgate.kernel.errors import TillgateError
from tillgate.storage import backup


class OtherTools(TillgateError):
    """The database is backed up with other tools; the text names them."""


@final
class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """A copy that was made.

    Attributes:
        sha256: of the file, so that whoever carries it away can tell whether it arrived.
        keep: what belongs to it and is not in it.
    """

    file: Path
    bytes: int
    sha256: str
    revision: str
    at: str
    keep: tuple[Path, ...]


@final
class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """A copy that was put back.

    Attributes:
        kept: what was there before, under another name; None when there was nothing.
        gateway_fingerprint: of the key that the books belong to.
        missing: what a gateway needs with these books and the folder has not.
    """

    database: Path
    kept: Path | None
    found: Found
    gateway_fingerprint: str
    missing: tuple[Path, ...]


async def make_copy(settings: Settings, target: Path) -> Copied:
    """Copy the database as it is now; a running server does not mind.

    Raises:
        CopyRefused: the target exists, or cannot be written.
        NoDatabase: there is nothing to copy.
        OtherTools: it is a database of PostgreSQL.
    """
    line = f"umask 077; pg_dump --format=custom --file={target} URL"
    source = _file(settings, f"{line} (the password stands in ~/.pgpass)")
    await check_exists(settings)
    at = rfc3339(SystemClock().now_ms())
    backup.copy_sqlite(source, target)
    size, digest = _measured(target)
    return Copied(
        file=target,
        bytes=size,
        sha256=digest,
        revision=backup.revision_of(target),
        at=at,
        keep=_beside(settings),
    )


async def put_back(settings: Settings, copy: Path) -> Restored:
    """Put a copy in the database's place, brought up to date and audited.

    Only who holds the folder's lock may call it.

    Raises:
        CopyRefused: it is no copy of a gateway's books.
        OtherDatabase: the folder's books are on PostgreSQL.
        OtherTools: it is a database of PostgreSQL.
    """
    line = f"createdb NAME; pg_restore --no-owner --exit-on-error --dbname=URL {copy}"
    database = _file(settings, f"{line}; tillgate db upgrade; tillgate ledger audit")
    check_kind(settings)
    Folder(settings.data).make()
    fresh = backup.prepare(copy, database)
    try:
        prepared = msgspec.structs.replace(settings, database=fresh)
        now_ms = SystemClock().now_ms()
        found = await audit_here(prepared, now_ms)
        async with open_reader(prepared) as reader:
            key = await reader.get(Fact, GATEWAY_KEY)
        stamp = rfc3339(now_ms).replace(":", "")[:17]
        kept = backup.put_in_place(fresh, database, aside=f"before-restore-{stamp}")
    finally:
        backup.drop(fresh)
    return Restored(
        database=database,
        kept=kept,
        found=found,
        gateway_fingerprint=key.value if key else "",
        missing=tuple(path for path in _needed(settings) if not path.exists()),
    )


def _measured(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _file(settings: Settings, line: str) -> Path:
    if isinstance(settings.database, PostgresUrl):
        sentence = "PostgreSQL copies a database with its own tools (docs/operations.md). Type: "
        raise OtherTools(sentence + line)
    return settings.database


def _beside(settings: Settings) -> tuple[Path, ...]:
    wanted = (*_needed(settings), settings.data / "tillgate.toml")
    return tuple(path for path in wanted if path.exists())


def _needed(settings: Settings) -> tuple[Path, ...]:
    """Return the files without which a copy is of no use: PINs depend on the secret."""
    keys = Folder(settings.data).keys
    return settings.gateway_key or keys / "gateway.private.pem", keys / "secret.bin"
