"""Every store there is, opened for a test: the contract suite and the engine's tests run over all.

A test is lent a place for records, as yet empty, and opens stores there: one, one after another, or
two at once, as two processes do. Another store joins with one line in `PLACES`. What must hold: no
two tests share a place, and every store is closed behind its test.
"""

import shutil
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from functools import cache
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Final

import msgspec

from tests.support import postgres
from tillgate.storage.memory import MemoryStore
from tillgate.storage.opening import SqliteSettings, open_sqlite
from tillgate.storage.postgres.opening import PostgresSettings, open_postgres
from tillgate.storage.postgres.store import PostgresStore
from tillgate.storage.sqlite import SqliteStore

PATIENCE_MS: Final = 60_000
PATIENT: Final = PostgresSettings(
    connect_wait_s_max=PATIENCE_MS / 1_000,
    wait_s_max=PATIENCE_MS / 1_000,
    commit_wait_s_max=PATIENCE_MS / 1_000,
    lock_wait_ms_max=PATIENCE_MS,
    idle_ms_max=2 * PATIENCE_MS,
)
"""No time-out of a store ends a test on a busy machine, but those that tests shorten."""
AnyStore = MemoryStore | SqliteStore | PostgresStore
Place = Callable[[], AbstractAsyncContextManager[AnyStore]]
"""Opens a store there; whatever another one there committed is found."""


@contextmanager
def in_memory(folder: Path) -> Iterator[Place]:
    """Lend a memory store, which is its own place."""
    store = MemoryStore()

    @asynccontextmanager
    async def opened() -> AsyncIterator[MemoryStore]:
        yield store

    yield opened


@contextmanager
def in_file(folder: Path) -> Iterator[Place]:
    """Lend a file of SQLite."""
    shutil.copy(_template(), folder / "tillgate.db")
    yield lambda: sqlite(folder / "tillgate.db")


@contextmanager
def in_postgresql(folder: Path) -> Iterator[Place]:
    """Lend a database of PostgreSQL."""
    with postgres.server().database() as url:
        yield lambda: postgresql(url)


@contextmanager
def in_postgresql_by_shard(folder: Path) -> Iterator[Place]:
    """Lend a database of PostgreSQL, whose stores name the shard in each statement that locks."""
    with postgres.server().database() as url:
        yield lambda: postgresql(url, msgspec.structs.replace(PATIENT, by_shard=True))


PLACES: Final[Mapping[str, Callable[[Path], AbstractContextManager[Place]]]] = {
    "memory": in_memory,
    "sqlite": in_file,
    "postgresql": in_postgresql,
}


@asynccontextmanager
async def sqlite(file: Path) -> AsyncIterator[SqliteStore]:
    """Open a SQLite store, which waits long for others at the same file."""
    store = open_sqlite(file, SqliteSettings(busy_wait_ms_max=PATIENCE_MS))
    try:
        yield store
    finally:
        store.close()


@asynccontextmanager
async def postgresql(
    url: str, settings: PostgresSettings | None = None
) -> AsyncIterator[PostgresStore]:
    """Open a PostgreSQL store, which waits long unless a test says otherwise."""
    store = await open_postgres(url, settings or PATIENT)
    try:
        yield store
    finally:
        await store.aclose()


def opened(url: str) -> AbstractAsyncContextManager[SqliteStore | PostgresStore]:
    """Open the store that a URL names."""
    file = url.removeprefix("sqlite:///")
    return postgresql(url) if file == url else sqlite(Path(file))


@cache
def _template() -> Path:
    """Return a file with empty tables, made once: copying it is quicker than migrating."""
    file = Path(mkdtemp(prefix="tillgate-tests-", dir=gettempdir())) / "template.db"
    open_sqlite(file).close()
    return file
