"""What a payment leaves behind and what it sends: rows and bytes by table, statements a batch.

Run it with `python -m benchmarks.growth --database postgresql`. A payment here is a cashier opened,
a PIN try, a confirm, and one notification that is sent and acknowledged. What must hold: rows and
bytes are counted by the database, statements by the driver; what was there before is not counted.
"""

import argparse
import asyncio
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import asyncpg

from benchmarks.batch import PAYERS, Ids, known, op, opening, prepare
from benchmarks.stores import add_choice, opened
from tests.support import postgres
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.states import NotificationState
from tillgate.engine.batcher import Engine
from tillgate.engine.commands import (
    ClaimNotification,
    Command,
    Confirm,
    OpenCall,
    RecordSend,
    ReservePinTry,
)
from tillgate.engine.ports import Select
from tillgate.engine.settings import DecideSettings, LaneSettings
from tillgate.engine.verbs import VERBS
from tillgate.kernel.clock import SystemClock
from tillgate.kernel.ids import PayerId
from tillgate.storage.postgres.store import PostgresStore
from tillgate.storage.shape import TABLES
from tillgate.storage.sqlite import SqliteStore

BODY: Final = b"x" * 700
"""A notification and its answer are about so long."""


class Size(NamedTuple):
    """What a table holds."""

    rows: int
    table_bytes: int
    index_bytes: int


class Sent(NamedTuple):
    """What one kind of command sent to the database."""

    verb: str
    batches: int
    statements: Counter[str]


async def lives(
    store: SqliteStore | PostgresStore,
    payments: int,
    batch: int,
    heard: Callable[[], Counter[str]],
) -> list[Sent]:
    """Let payments live, stage after stage; return what each stage sent."""
    clock = SystemClock()
    lanes = LaneSettings(batch_max=batch, background_min=0, background_max=0)
    engine = Engine(
        store, verbs=VERBS, clock=clock, ids=Ids(), decide=DecideSettings(), lanes=lanes
    )
    engine.start()
    sent: list[Sent] = []

    async def stage(commands: Sequence[Command]) -> None:
        heard()
        for start in range(0, len(commands), batch):
            await asyncio.gather(*map(engine.execute, commands[start : start + batch]))
        statements = heard()
        sent.append(Sent(type(commands[0]).__name__, statements["COMMIT"], statements))

    opens = [opening(number, clock) for number in range(payments)]
    try:
        await stage(opens)
        await stage([_try(one) for one in opens])
        await stage([_confirm(one, clock) for one in opens])
        query = Select(
            record=Notification, equals=(("state", NotificationState.PENDING),), limit=payments
        )
        due: Sequence[Notification] = await store.select(query)
        await stage([_claim(row) for row in due])
        await stage([_record(row, clock) for row in due])
    finally:
        await engine.stop()
    return sent


def _try(one: OpenCall) -> Command:
    return ReservePinTry(operation_id=op(), payer_id=one.payer_id or PayerId(""), tries_max=10**6)


def _confirm(one: OpenCall, clock: SystemClock) -> Command:
    return Confirm(
        operation_id=op(),
        token_hash=one.token_hash,
        payer_id=one.payer_id or PayerId(""),
        evidence=known(clock),
    )


def _claim(row: Notification) -> Command:
    return ClaimNotification(
        operation_id=op(),
        merchant_id=row.merchant_id,
        notification_id=row.notification_id,
        sends=row.sends,
    )


def _record(row: Notification, clock: SystemClock) -> Command:
    return RecordSend(
        operation_id=op(),
        merchant_id=row.merchant_id,
        notification_id=row.notification_id,
        send_no=row.sends + 1,
        sent_at_ms=clock.now_ms(),
        elapsed_ms=40,
        request=BODY,
        status=200,
        response=BODY[:300],
        acknowledged=True,
        verdict="SUCCESS",
        sentence="The merchant answered SUCCESS.",
    )


def sizes(url: str) -> dict[str, Size]:
    """Return what each table holds."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return {name: _of_file(connection, name) for name in TABLES.values()}
    postgres.run(url, *(f"VACUUM (FULL, ANALYZE) {name}" for name in TABLES.values()))
    return {name: _of_table(url, name) for name in TABLES.values()}


def log_bytes(url: str) -> int:
    """Return how much PostgreSQL has written to its log; what SQLite writes is not counted."""
    if url.startswith("sqlite"):
        return 0
    return int(postgres.rows(url, "SELECT pg_current_wal_lsn() - '0/0'")[0][0])


def _of_table(url: str, name: str) -> Size:
    held = "pg_table_size($1::text::regclass), pg_indexes_size($1::text::regclass)"
    found = postgres.rows(url, f"SELECT count(*), {held} FROM {name}", name)  # noqa: S608  Ours.
    return Size(*found[0])


def _of_file(connection: sqlite3.Connection, name: str) -> Size:
    rows = connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]  # noqa: S608  A name of ours.
    held = "SELECT COALESCE(SUM(pgsize), 0) FROM dbstat WHERE name = ?"
    listed = "SELECT name FROM sqlite_schema WHERE tbl_name = ? AND type = 'index'"
    indexes = [found[0] for found in connection.execute(listed, (name,))]
    table, *others = (connection.execute(held, (one,)).fetchone()[0] for one in (name, *indexes))
    return Size(rows, table, sum(others))


async def measure(kind: str, file: Path, payments: int, batch: int) -> tuple[list[Sent], Any, Any]:
    """Return what was sent, and what the tables held before and after."""
    counted: Counter[str] = Counter()

    def hear(said: Any) -> None:  # noqa: ANN401  asyncpg's LoggedQuery.
        counted[said.query] += 1

    def taken() -> Counter[str]:
        kept = Counter(counted)
        counted.clear()
        return kept

    connect = asyncpg.connect

    async def connected(*given: Any, **named: Any) -> Any:  # noqa: ANN401  asyncpg's own.
        connection = await connect(*given, **named)
        connection.add_query_logger(hear)
        return connection

    asyncpg.connect = connected
    try:
        async with opened(kind, file) as (store, url):
            await prepare(store)
            before, log = sizes(url), log_bytes(url)
            sent = await lives(store, payments, batch, taken)
            print(f"{(log_bytes(url) - log) / payments:.0f} bytes of write-ahead log a payment")
            return sent, before, sizes(url)
    finally:
        asyncpg.connect = connect


def show(
    sent: Sequence[Sent], before: dict[str, Size], after: dict[str, Size], payments: int
) -> None:
    """Print both tables."""
    print(f"{'command':<20} {'batches':>7} {'statements':>10} {'a batch':>8} {'a payment':>9}")
    for verb, batches, statements in sent:
        count = sum(statements.values())
        if batches:
            each = f"{count / batches:>8.1f} {count / payments:>9.2f}"
            print(f"{verb:<20} {batches:>7} {count:>10} {each}")
    print(f"\n{'table':<20} {'rows':>6} {'row bytes':>9} {'index':>7} {'bytes':>7}   a payment")
    rows = table = index = 0.0
    for name in sorted(after, key=lambda one: -(after[one].table_bytes + after[one].index_bytes)):
        more = [
            (now - then) / payments for now, then in zip(after[name], before[name], strict=True)
        ]
        if more[0] > 0.01 or more[1] + more[2] > 1:  # noqa: PLR2004  What shows in print.
            print(_line(name, *more))
        rows, table, index = rows + more[0], table + more[1], index + more[2]
    print(_line("in all", rows, table, index))


def _line(name: str, rows: float, table: float, index: float) -> str:
    return f"{name:<20} {rows:>6.2f} {table:>9.0f} {index:>7.0f} {table + index:>7.0f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="What a payment leaves behind and what it sends.")
    parser.add_argument("--payments", type=int, default=5_000)
    parser.add_argument("--batch", type=int, default=64)
    add_choice(parser)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "tillgate.db"
        found = asyncio.run(measure(given.database, file, given.payments, given.batch))
    postgres.leave()
    made = f"{given.payments} payments of {PAYERS} payers"
    print(f"{made}, {given.database}, batches of {given.batch}\n")
    show(*found, given.payments)


if __name__ == "__main__":
    main()
