"""Every store there is, opened for a test: the contract suite and the engine's tests run over all.

Another store joins with one line in `STORES`. What must hold: a test gets an empty store of its own
and the store is closed behind it.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Final

from tillgate.storage.memory import MemoryStore
from tillgate.storage.opening import open_sqlite
from tillgate.storage.sqlite import SqliteStore

AnyStore = MemoryStore | SqliteStore
Opener = Callable[[Path], AbstractContextManager[AnyStore]]


@contextmanager
def memory(folder: Path) -> Iterator[MemoryStore]:
    """Open a memory store."""
    yield MemoryStore()


@contextmanager
def sqlite(folder: Path) -> Iterator[SqliteStore]:
    """Open a SQLite store in a file of its own."""
    file = folder / "tillgate.db"
    if not file.exists():
        shutil.copy(_template(), file)
    store = open_sqlite(file)
    try:
        yield store
    finally:
        store.close()


STORES: Final[Mapping[str, Opener]] = {
    "memory": memory,
    "sqlite": sqlite,
}


@cache
def _template() -> Path:
    """Return a file with empty tables, made once: copying it is quicker than migrating."""
    file = Path(mkdtemp(prefix="tillgate-tests-", dir=gettempdir())) / "template.db"
    open_sqlite(file).close()
    return file
