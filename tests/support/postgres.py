"""PostgreSQL for the tests: one server a run, and for each test an empty database.

The server is the one that TILLGATE_TEST_POSTGRES_URL names (its user may make databases and set
`session_replication_role`), or comes from a wheel (`cluster`) and is shared by all processes of a
run: the first that needs it starts its keeper (`keeper`). Making a database costs a tenth of a
second and emptying one a few milliseconds, so those that tests are done with are emptied and used
again. What must hold: no two tests have one database; a test finds its own empty; whatever a run
made is gone behind it.
"""

import asyncio
import fcntl
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import gettempdir
from typing import IO, Any, Final, TypeVar, final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from tests.support.cluster import stop_left_over
from tillgate.storage import migrate
from tillgate.storage.shape import TABLES

T = TypeVar("T")
GIVEN: Final = "TILLGATE_TEST_POSTGRES_URL"
FOLDERS: Final = "tillgate-postgres-"
EMPTY: Final = "; ".join(
    ["SET session_replication_role = replica", *(f"DELETE FROM {name}" for name in TABLES.values())]  # noqa: S608  Names of ours.
)
"""Triggers that protect what is written once are silent for a replica."""
SEND_AWAY: Final = (
    "SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@final
class Server:
    """A server and the databases that this process made there."""

    def __init__(self, url: str) -> None:
        """Take the URL of a database that is not ours to change."""
        self.url = url
        self._names = (f"tillgate_test_{secrets.token_hex(4)}_{number}" for number in count(1))
        self._template: str | None = None
        self._emptied: list[str] = []
        self._made: set[str] = set()

    @contextmanager
    def database(self) -> Iterator[str]:
        """Lend a database with empty tables, by its URL; its tables stay as they are."""
        name = self._name()
        yield self._at(name)
        run(self._at(name), SEND_AWAY, EMPTY)
        self._emptied.append(name)

    def lend(self, *, with_tables: bool) -> str:
        """Lend a database until the run ends; return its URL."""
        return self._at(self._name() if with_tables else self._make("template0"))

    @contextmanager
    def bare_database(self) -> Iterator[str]:
        """Make a database without tables, return its URL, and drop it in the end."""
        name = self._make("template0")
        try:
            yield self._at(name)
        finally:
            self._drop(name)

    def copy(self, url: str) -> str:
        """Copy a database that nobody is connected to, until the run ends; return its URL."""
        return self._at(self._make(urlsplit(url).path.removeprefix("/")))

    def leave(self) -> None:
        """Drop whatever this process made."""
        for name in tuple(self._made):
            self._drop(name)

    def _name(self) -> str:
        return self._emptied.pop() if self._emptied else self._make(self._with_tables())

    def _with_tables(self) -> str:
        """Return the database that others are copies of, made once."""
        if self._template is None:
            name = self._make("template0")
            with ThreadPoolExecutor(1) as pool:
                pool.submit(migrate.upgrade, self._at(name)).result()
            self._template = name
        return self._template

    def _make(self, template: str) -> str:
        name = next(self._names)
        run(self.url, f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        self._made.add(name)
        return name

    def _drop(self, name: str) -> None:
        run(self.url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._made.discard(name)

    def _at(self, name: str) -> str:
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{name}"))


@cache
def server() -> Server:
    """Return the server of this run; it is started if it must be."""
    return Server(os.environ.get(GIVEN) or _shared())


def run(url: str, *scripts: str) -> None:
    """Run scripts, a transaction each, on a connection of their own."""

    async def execute() -> None:
        connection = await asyncpg.connect(url)
        try:
            for script in scripts:
                await connection.execute(script)
        finally:
            await connection.close()

    aside(execute())


def rows(url: str, query: str, *values: object) -> list[Any]:
    """Return what a query finds, on a connection of its own."""

    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(query, *values))
        finally:
            await connection.close()

    return aside(fetch())


def aside(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread of its own, as this one may have a loop already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def leave() -> None:
    """Drop whatever this process made, if it made anything, and let go of the server."""
    if server.cache_info().currsize:
        server().leave()
    for used in _used():
        used.close()


def _shared() -> str:
    """Return the URL of the run's own server, and keep that alive as long as this process."""
    _remove_left_over()
    of = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"alone-{os.getpid()}")
    folder = Path(gettempdir()) / f"{FOLDERS}{os.getuid()}-{of}"
    _used().append(_use(folder))
    with (folder / "starting").open("w") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        if not (folder / "url").exists():
            _start(folder)
    return (folder / "url").read_text()


def _use(folder: Path) -> IO[str]:
    """Hold the folder's shared lock, which keeps its server alive; make the folder if need be."""
    while True:
        folder.mkdir(mode=0o755, exist_ok=True)
        with suppress(FileNotFoundError):
            used = (folder / "used").open("a")
            fcntl.flock(used, fcntl.LOCK_SH)
            if _is_at(folder / "used", used):
                return used
            used.close()  # The last to use it had gone, and the keeper removed the folder.


def _start(folder: Path) -> None:
    """Start the keeper, which goes its own way, and wait until its server answers."""
    with (folder / "keeper.log").open("wb") as log:
        subprocess.run(
            [sys.executable, "-m", "tests.support.keeper", str(folder)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            check=False,
        )
    if not (folder / "url").exists():
        raise RuntimeError((folder / "keeper.log").read_text())


def _remove_left_over() -> None:
    """Remove what runs left behind whose keeper was killed, too."""
    for folder in Path(gettempdir()).glob(f"{FOLDERS}{os.getuid()}-*"):
        with suppress(FileNotFoundError, BlockingIOError), (folder / "used").open("a") as used:
            fcntl.flock(used, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stop_left_over(folder)
            shutil.rmtree(folder)


def _is_at(path: Path, opened: IO[str]) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(opened.fileno()), path.stat())
    return False


@cache
def _used() -> list[IO[str]]:
    """Return the lock that this process holds, if it does."""
    return []
