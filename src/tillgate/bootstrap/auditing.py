"""Audits the books in a process of its own, for a server that goes on selling meanwhile.

An audit reads every row and computes for a while; beside payments it would slow each of them, so a
child does it at the lowest priority and says what it found as one line of JSON. What must hold: the
child reads one instant of the database and writes nothing; it ends with its parent's wait, and with
its parent; it holds every row in memory, so it gives up before that is half of the machine's, and a
machine that has none left ends it before anything else.
"""

import asyncio
import contextlib
import math
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from tillgate.bookkeeping.audit import AUDITED, audit_books
from tillgate.bootstrap.databases import open_reader
from tillgate.config.database import PostgresUrl
from tillgate.config.settings import Settings
from tillgate.edge.meters import Audited
from tillgate.engine.ports import Reader, Select
from tillgate.kernel.clock import SystemClock
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Entry

WAIT_S_MAX: Final = 3_600
PAGE_ROWS: Final = 1_000
ROW_BYTES: Final = 1_000
"""What a row of those that are audited takes in memory, all indexes of the audit included."""
_SLOWER: Final = 19
_FIRST_TO_GO: Final = "1000"
_OUT_OF_MEMORY = Path("/proc/self/oom_score_adj")
"""Where Linux is told whom to end when there is no memory left."""


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is told, on its standard input: an argument would show a URL's password."""

    data: str
    database: str
    is_url: bool
    now_ms: int

    @property
    def settings(self) -> Settings:
        """Return the settings that name the database."""
        where = PostgresUrl(self.database) if self.is_url else Path(self.database)
        return Settings(data=Path(self.data), database=where)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong with the books, and until when they tell.

    Attributes:
        last_at_ms: when the newest entry was written; None in empty books.
    """

    faults: int
    notes: int
    last_at_ms: int | None


async def audit(settings: Settings, now_ms: int) -> Audited:
    """Have a child audit the books; `now_ms` is the time by the gateway's clock.

    Raises:
        Unavailable: the child did not end well, or not in time.
    """
    began_s = time.monotonic()
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", __name__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    database = settings.database
    asked = _Asked(
        data=str(settings.data),
        database=database.text if isinstance(database, PostgresUrl) else str(database),
        is_url=isinstance(database, PostgresUrl),
        now_ms=now_ms,
    )
    try:
        async with asyncio.timeout(WAIT_S_MAX):
            said, complained = await _heard(child, msgspec.json.encode(asked))
    except TimeoutError:
        raise Unavailable("The audit did not end within an hour.") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode:
        last = complained.decode(errors="replace").strip().rpartition("\n")[2]
        if child.returncode == -signal.SIGKILL:
            last = "it was killed, perhaps since the machine had no memory left."
        raise Unavailable(f"The audit ended with {child.returncode}: {last}")
    found = msgspec.json.decode(said, type=Found)
    return Audited(
        faults=found.faults,
        notes=found.notes,
        ended_at_ms=SystemClock().now_ms(),
        took_s=time.monotonic() - began_s,
    )


async def _heard(child: asyncio.subprocess.Process, asked: bytes) -> tuple[bytes, bytes]:
    """Ask a child and return what it said and complained of.

    Its input stays open meanwhile: the end of it tells the child that this process is gone.
    """
    said, listens = child.stdout, child.stdin
    complained = child.stderr
    assert said is not None  # noqa: S101  All three are pipes.
    assert complained is not None  # noqa: S101  As above.
    assert listens is not None  # noqa: S101  As above.
    with contextlib.suppress(ConnectionError):  # It ended; it says why.
        listens.write(asked + b"\n")
        await listens.drain()
    heard = await asyncio.gather(said.read(), complained.read())
    await child.wait()
    return heard[0], heard[1]


async def _rows(reader: Reader, record: type[Record], *, at_most: float) -> list[Record]:
    rows: list[Record] = []
    after: tuple[str | int, ...] = ()
    while True:
        page = await reader.select(Select(record=record, after_key=after, limit=PAGE_ROWS))
        rows += page
        if len(rows) > at_most:
            sentence = (
                "There are more rows than half of this machine's memory takes; audit with"
                " `tillgate ledger audit` from a timer on a larger one."
            )
            raise Unavailable(sentence)
        if len(page) < PAGE_ROWS:
            return rows
        after = tuple(getattr(page[-1], name) for name in record.key_fields)


async def audit_here(settings: Settings, now_ms: int, *, rows_max: float = math.inf) -> Found:
    """Audit the books in this process, which waits for it.

    Raises:
        Unavailable: the database did not answer, or there are more than `rows_max` rows.
    """
    rows: dict[type[Record], list[Any]] = {}
    left = rows_max
    async with open_reader(settings) as reader:
        for record in AUDITED:
            rows[record] = await _rows(reader, record, at_most=left)
            left -= len(rows[record])
    findings = audit_books(rows, now_ms=now_ms)
    faults = sum(finding.is_fault for finding in findings)
    return Found(
        faults=faults,
        notes=len(findings) - faults,
        last_at_ms=max((entry.at_ms for entry in rows[Entry]), default=None),
    )


def main() -> None:
    """Do what the parent asked on standard input."""
    with contextlib.suppress(OSError):  # A system that forbids it has its reasons.
        os.nice(_SLOWER)
    with contextlib.suppress(OSError):  # As above; nor is every system Linux.
        _OUT_OF_MEMORY.write_text(_FIRST_TO_GO)
    asked = msgspec.json.decode(sys.stdin.buffer.readline(), type=_Asked)
    threading.Thread(target=_end_with_parent, args=(sys.stdin.fileno(),), daemon=True).start()
    found = asyncio.run(audit_here(asked.settings, asked.now_ms, rows_max=_rows_max()))
    sys.stdout.buffer.write(msgspec.json.encode(found))


def _rows_max() -> float:
    """Return how many rows half of this machine's memory takes; any number when it is not known."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return memory // 2 // ROW_BYTES if memory > 0 else math.inf


def _end_with_parent(asks: int) -> NoReturn:
    """Wait for the end of what the parent says, and end this process at once."""
    while os.read(asks, 1):
        continue
    os._exit(1)


if __name__ == "__main__":
    main()
