"""A report that is written where somebody said: `--junit FILE`, `--html FILE`.

It decides whether a file can be written there. What must hold: what cannot be written is told
before anything is played or sent, since a report that is lost has its orders paid all the same.
"""

import errno
import os
from pathlib import Path

from tillgate.cli.given_path import named
from tillgate.cli.surface import UsageError


def check_writable(path: Path | None, *, option: str) -> None:
    """Raise unless a report can be written there; what is there already stays as it is.

    Raises:
        UsageError: it cannot.
    """
    if path is None:
        return
    if str(path) == "-":
        raise UsageError(f"{option} names a file; standard output is for --json.")
    is_new = not path.exists()
    try:
        if path.is_fifo():
            # Opened and closed, its reader would meet the end there, before the report.
            _check_granted(path)
            return
        with path.open("ab"):
            pass
        if is_new:
            path.resolve().unlink()  # Of a link to nothing yet, what it names; the link stays.
    except OSError as error:
        raise UsageError(_unwritten(path, option, error)) from error


def write_report(path: Path | None, content: bytes, *, option: str) -> None:
    """Write a report, if one was asked for.

    Raises:
        UsageError: it cannot be written there.
    """
    if path is None:
        return
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(_unwritten(path, option, error)) from error


def _check_granted(path: Path) -> None:
    if not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _unwritten(path: Path, option: str, error: OSError) -> str:
    return f"{named(path)} cannot be written ({error.strerror}); name another file with {option}."
