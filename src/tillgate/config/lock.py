"""The lock of a data folder: one process at a time changes what lies in it.

A server holds it while it runs and says in `server.json` where it listens; an operator's command
takes it when no server runs. What must hold: the lock is the kernel's, so it ends with its process,
and `server.json` is believed only while somebody holds the lock.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, final

import msgspec

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
    def hold(cls, folder: Folder, database: Path) -> Iterator["ServerLock"]:
        """Hold the folder, and the database when it lies elsewhere.

        Raises:
            Held: another process holds it.
        """
        folder.make()
        paths = [folder.path / NAME]
        if database.parent != folder.path:
            paths.append(database.with_name(f"{database.name}.lock"))
        with contextlib.ExitStack() as held:
            for path in paths:
                held.enter_context(_locked(path, folder))
            lock = cls(folder)
            try:
                lock.withdraw()
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


@contextmanager
def _locked(path: Path, folder: Folder) -> Iterator[None]:
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        message = f"{path} cannot be opened ({error.strerror}); check who owns the folder."
        raise FolderRefused(message) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Held(_sentence(folder)) from None
        yield
    finally:
        os.close(handle)


def _sentence(folder: Folder) -> str:
    said = announced(folder)
    if said is None:
        return (
            f"Another tillgate process uses {folder.path}; wait for it, or name another --data DIR."
        )
    return (
        f"A {said.mode} server (process {said.pid}) already serves {folder.path} on port "
        f"{said.port}; stop it first, or name another --data DIR."
    )
