"""The data folder: where a gateway's keys, secret and control token lie, and who may read them.

Decides names and permissions, and refuses what others can read; it does not know what a key is.
What must hold: a private file is born readable by its owner only, is never overwritten, and is on
the disk before its name is; the folder itself is closed to others.
"""

import contextlib
import os
import shlex
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final, final

from tillgate.kernel.errors import TillgateError

SECRET_BYTES: Final = 32
FILE_BYTES_MAX: Final = 64 * 1024
_OTHERS: Final = 0o077


class FolderRefused(TillgateError):
    """The data folder or a file in it cannot be used; the text names the next step."""


class FileTaken(FolderRefused):
    """A file of this name exists already."""


@final
class Folder:
    """A gateway's data folder."""

    __slots__ = ("path",)

    def __init__(self, path: Path) -> None:
        """Name the folder; nothing is opened yet."""
        self.path = path

    @property
    def keys(self) -> Path:
        """Return where keys lie."""
        return self.path / "keys"

    @property
    def demo(self) -> Path:
        """Return the folder of its own that `tillgate demo` keeps when none is named."""
        return self.path / "demo"

    @property
    def demo_step(self) -> str:
        """Return what to type when a demo's folder may be meant: a sentence, "" when none is."""
        if not (self.demo / "keys").is_dir():
            return ""
        return f" `tillgate demo` has a folder of its own: --data {shlex.quote(str(self.demo))}"

    @property
    def control_token(self) -> Path:
        """Return the file whose content opens `/control` of the server that runs here."""
        return self.path / "control.token"

    def make(self) -> None:
        """Make the folder, closed to others.

        Raises:
            FolderRefused: it cannot be made or written.
        """
        try:
            for path in (self.path, self.keys):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
                if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
                    path.chmod(0o700)
        except OSError as error:
            reason = f"The folder {self.path} cannot be used ({error.strerror})"
            message = f"{reason}; name another: --data DIR."
            raise FolderRefused(message) from error

    def secret(self, random: Callable[[int], bytes]) -> bytes:
        """Return the folder's secret, made on first use."""
        path = self.keys / "secret.bin"
        if not path.exists():
            self.make()
            with contextlib.suppress(FileTaken):  # Another process made it in this moment.
                write_once(path, random(SECRET_BYTES))
        secret = read_private(path)
        if len(secret) != SECRET_BYTES:
            message = (
                f"{path} is not {SECRET_BYTES} bytes; restore it from a backup: PINs depend on it."
            )
            raise FolderRefused(message)
        return secret


def read_private(path: Path) -> bytes:
    """Return a private file that only its owner can read.

    Raises:
        FolderRefused: it is missing, too large, or others can read it.
    """
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & _OTHERS:
                message = f"{path} can be read by others (mode {mode:04o}); type: chmod 600 {path}"
                raise FolderRefused(message)
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        message = f"{path} cannot be read ({error.strerror})."
        raise FolderRefused(message) from error
    if len(content) > FILE_BYTES_MAX:
        message = f"{path} is larger than 64 KiB, so it is not what it should be."
        raise FolderRefused(message)
    return content


def warning_of(path: Path, holds: str) -> str:
    """Return that others can read a file that is used all the same: a sentence, or "".

    Of what is no file, as the pipe of a shell's `<(…)`, and where modes mean nothing, it is "".
    """
    if os.name != "posix":
        return ""
    try:
        status = path.stat()
    except OSError:
        return ""
    mode = stat.S_IMODE(status.st_mode)
    if not stat.S_ISREG(status.st_mode) or not mode & _OTHERS:
        return ""
    step = f"chmod 600 {shlex.quote(str(path))}"
    return f"{path} holds {holds}, and others can read it (mode {mode:04o}): {step}"


def write_once(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a new file whole or not at all.

    Raises:
        FolderRefused: the file exists, or cannot be written.
    """
    fresh = _fresh(path, content, mode)
    try:
        # A hard link fails when the name is taken, so nobody's key is ever lost.
        os.link(fresh, path)
    except FileExistsError:
        message = f"{path} exists and is not overwritten; move it away first, or name another file."
        raise FileTaken(message) from None
    except OSError as error:
        message = f"{path} cannot be written ({error.strerror})."
        raise FolderRefused(message) from error
    finally:
        fresh.unlink()
    _settle(path.parent)


def replace(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write a file in place of the one before; readers see one of the two, whole."""
    _fresh(path, content, mode).replace(path)
    _settle(path.parent)


def _fresh(path: Path, content: bytes, mode: int) -> Path:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with contextlib.suppress(FileNotFoundError):
            fresh.unlink()
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(handle, "wb") as file:  # noqa: PTH123  A handle, not a path.
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        message = f"{path} cannot be written ({error.strerror})."
        raise FolderRefused(message) from error
    return fresh


def _settle(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
