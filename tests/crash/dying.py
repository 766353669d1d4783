"""A process that ends itself before or after a chosen write, as a power cut would.

It knows statements of the writer (BEGIN, each flush, COMMIT) and no meaning of them. What must
hold: nothing of the process is asked whether it would like to end; it learns nothing of it; it
comes to the same writes in the same order on any machine, since its time passes while it waits and
at no other moment: a bank that is asked seconds after the intent is not asked at all.
"""

import asyncio
import os
import sqlite3
import sys
import traceback
from collections.abc import Callable, Coroutine
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any, final

import structlog

from tillgate.cli.root import run
from tillgate.kernel.clock import ManualClock, SystemClock

DIED = 9
PATIENT = "queue_wait_ms_max = 120000\n"
"""No command is refused because a disk is slow: a death at each write is what is wanted."""
MOMENT_MS = 20
WRITES = ("BEGIN", "INSERT", "UPDATE", "DELETE", "COMMIT", "ROLLBACK")


@final
class Fuse:
    """Counts the moments before and after each write, and ends the process at one of them."""

    def __init__(self, at: int, note: Path) -> None:
        """Die at the moment of this number, leaving a note which it was."""
        self._at = at
        self._note = note
        self._count = 0
        self.is_armed = False

    def passed(self, moment: str) -> None:
        """Pass one moment."""
        self._count += self.is_armed
        if self.is_armed and self._count == self._at:
            self._note.write_text(moment)
            os._exit(DIED)


def make_brittle(fuse: Fuse) -> None:
    """Let every write that this process makes from now on pass the fuse."""
    connect, kind = sqlite3.connect, _brittle(fuse)
    sqlite3.connect = lambda *some, **named: connect(*some, factory=kind, **named)  # type: ignore[assignment]  # For this process alone.


def _brittle(fuse: Fuse) -> type[sqlite3.Connection]:

    class Brittle(sqlite3.Connection):
        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            return _around(fuse, sql, lambda: super(Brittle, self).execute(sql, *values))

        def executemany(self, sql: str, values: Any) -> sqlite3.Cursor:
            return _around(fuse, sql, lambda: super(Brittle, self).executemany(sql, values))

    return Brittle


def _around(fuse: Fuse, sql: str, run: Callable[[], sqlite3.Cursor]) -> sqlite3.Cursor:
    words = sql.split()
    if words[0].upper() not in WRITES:
        return run()
    name = " ".join(words[: 3 if words[0].upper() == "INSERT" else 2])
    if words[0] == "BEGIN":
        # Before any other write is after the one before it, and nothing happens in between.
        fuse.passed(f"before {name}")
    done = run()
    fuse.passed(f"after {name}")
    return done


def log_aside() -> None:
    """Send the log to standard error, without a thread: what is printed is the test's to read."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


def forked(work: Callable[[], int]) -> int:
    """Do one piece of work in a process of its own and return how that ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        code = work()
    except BaseException:  # noqa: BLE001  A forked child never returns into its parent's code.
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def clock_at(later_ms: int = 0) -> ManualClock:
    """Return the clock of a process: so much later than now, and standing still."""
    return ManualClock(SystemClock(offset_ms=later_ms).now_ms())


async def wait(clock: ManualClock) -> None:
    """Wait for a moment, which passes by the process's clock, too."""
    await asyncio.sleep(MOMENT_MS / 1_000)
    clock.advance(MOMENT_MS)


def running(work: Coroutine[Any, Any, None]) -> int:
    asyncio.run(work)
    return 0


def audited(data: Path) -> int:
    with redirect_stderr(StringIO()), redirect_stdout(StringIO()):
        return run(["ledger", "audit", "--data", str(data)])
