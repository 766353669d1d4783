"""The folder where several processes keep their metrics together, and who in it is dead.

Each process counts in files of its own, mapped into memory, so what it counted outlives it: after a
`kill -9` the sums stay whole. The folder is not on the disk of the books, for a write through such
a map to a full disk ends the process; nor may it grow, so the files are named by a small number
that a process has while it lives, and whoever has it next goes on in the same files. What must
hold: no two processes write one file; what only a living process has (its queue) goes with the
process, what it counted never does; a job for one of them is done by one.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Final, final

from prometheus_client import values

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Prometheus's own variable, through which the folder is told to child processes."""
_MEMORY: Final = Path("/dev/shm")  # noqa: S108  A folder of our own is made in it, closed to others.


@contextmanager
def together() -> Iterator[Path]:
    """Make the folder and tell the processes that are started within the block of it."""
    above = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(gettempdir())
    begins = f"tillgate-metrics-{os.getuid()}-"
    for left in above.glob(f"{begins}*"):
        pid = left.name.removeprefix(begins).partition("-")[0]
        if pid.isdigit() and not is_alive(int(pid)):
            shutil.rmtree(left, ignore_errors=True)  # Its parent was killed.
    folder = Path(mkdtemp(prefix=f"{begins}{os.getpid()}-", dir=above))
    os.environ[VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        del os.environ[VARIABLE]
        shutil.rmtree(folder, ignore_errors=True)


def told_folder() -> Path | None:
    """Return the folder that this process was told of, or None when it is alone."""
    said = os.environ.get(VARIABLE, "")
    return Path(said) if said else None


def count_in_files(folder: Path) -> int:
    """Have this process count in files of the folder from now on; return their number.

    The files are those of the lowest number that no living process has.
    """
    number = next(number for number in count(1) if _turn(folder, number).is_mine())
    for file in folder.glob(f"gauge_live*_{number}.db"):
        file.unlink(missing_ok=True)  # What the one before it had is not ours.
    # The library chooses when it is loaded, and a parent may have loaded it before it forked.
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]  # The library's.
    return number


def forget_dead(folder: Path) -> None:
    """Remove the gauges of processes that are gone."""
    for file in folder.glob("gauge_live*_*.db"):
        number = file.stem.rpartition("_")[2]
        if not number.isdigit():
            continue
        turn = _turn(folder, int(number))
        if turn.is_mine():
            file.unlink(missing_ok=True)
            turn.end()


def is_alive(pid: int) -> bool:
    """Tell whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@final
class Turn:
    """A job that one of the processes does, until it ends; then another one takes it."""

    def __init__(self, folder: Path | None, name: str) -> None:
        """Name the job; without a folder this process is alone and does it."""
        self._path = folder / f"{name}.lock" if folder else None
        self._held: int | None = None

    def is_mine(self) -> bool:
        """Tell whether this process does it, taking it when nobody has it."""
        if self._path is None or self._held is not None:
            return True
        opened = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(opened)
            return False
        self._held = opened
        return True

    def end(self) -> None:
        """Leave it to another one."""
        if self._held is not None:
            os.close(self._held)
            self._held = None


def _turn(folder: Path, number: int) -> Turn:
    """Return the turn of whoever counts in the files of a number, held until the process ends."""
    return Turn(folder, f"files-{number}")
