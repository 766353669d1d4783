"""The lock of a data folder: one process at a time changes what lies in it.

A server holds it while it runs and says in `server.json` where it listens; an operator's command
takes it when no server runs. A file of SQLite has a lock of its own beside it, wherever it lies, so
that two folders never share one. What must hold: a lock is the kernel's, so it ends with its
process, and `server.json` is believed only while somebody holds the folder's lock.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, final

import msgspec

from tillgate.config.database import Database
from tillgate.config.folder import Folder, FolderRefused, replace
from tillgate.kernel.errors import Unavailable

NAME: Final = "server.lock"
SAID: Final = "server.json"


class Announced(msgspec.Struct, frozen=True, kw_only=True):
    """What a running server says of itself.

    Attributes:
        control: the loopback origin whose `/control` takes operators' commands.
        key: the fingerprint of the gateway key with which it signs.
    """

    pid: int
    host: str
    port: int
    mode: str
    control: str
    key: str = ""


class Held(Unavailable):
    """Somebody else holds the lock."""


@final
class ServerLock:
    """A held lock."""

    __slots__ = ("_folder",)

    def __init__(self, folder: Folder) -> None:
        """Stand for the lock of this folder; `hold` makes one."""
        self._folder = folder

    @classmethod
    @contextmanager
    def hold(cls, folder: Folder, database: Database) -> Iterator["ServerLock"]:
        """Hold the folder, and the database's file under the one name that all paths to it have.

        A database of PostgreSQL is not held: several machines serve it.

        Raises:
            Held: another process holds one of them.
        """
        folder.make()
        lock = cls(folder)
        with contextlib.ExitStack() as held:
            held.enter_context(_locked(folder.path / NAME, lambda: _uses_folder(folder)))
            lock.withdraw()
            if isinstance(database, Path):
                file = database.resolve()
                beside = file.with_name(f"{file.name}.lock")
                held.enter_context(_locked(beside, lambda: _uses_database(file)))
            try:
                yield lock
            finally:
                lock.withdraw()

    def announce(self, said: Announced) -> None:
        """Tell operators' commands where the server listens."""
        replace(self._folder.path / SAID, msgspec.json.encode(said), mode=0o600)

    def withdraw(self) -> None:
        """Say that no server listens."""
        (self._folder.path / SAID).unlink(missing_ok=True)


def announced(folder: Folder) -> Announced | None:
    """Return what the server of this folder says of itself, if it says anything."""
    try:
        return msgspec.json.decode((folder.path / SAID).read_bytes(), type=Announced)
    except (OSError, msgspec.DecodeError):
        return None


def is_alive(said: Announced) -> bool:
    """Tell whether the process that announced itself is there; its children may outlive it."""
    try:
        os.kill(said.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _locked(path: Path, sentence: Callable[[], str]) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"{path} cannot be opened ({error.strerror}); check who owns the folder."
        raise FolderRefused(message) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(sentence()) from None
        yield
    finally:
        os.close(handle)


def _uses_database(file: Path) -> str:
    return (
        f"Another tillgate process uses the database {file} from a data folder of its own; stop it"
        " first, or name that folder: --data DIR."
    )


def _uses_folder(folder: Folder) -> str:
    said = announced(folder)
    if said is None:
        return (
            f"Another tillgate process uses {folder.path}; wait for it, or name another --data DIR."
        )
    return (
        f"A {said.mode} server (process {said.pid}) already serves {folder.path} on port "
        f"{said.port}; stop it first, or name another --data DIR."
    )
