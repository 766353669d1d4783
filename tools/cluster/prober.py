"""A client that writes into one PostgreSQL all the time and writes down what it was promised.

Its transaction is a gateway's in small: a row with a unique key, a locked row, a commit that is
never cancelled; an unknown commit is settled by its key. One runs on each machine's own network,
on the far side of every cut, and one goes through HAProxy. What must hold: a number is noted as
promised only when PostgreSQL said COMMIT to it, and never left out.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO, final

import asyncpg
import msgspec

PAUSE_S = 0.1
CONNECT_S_MAX = 2.0
STATEMENT_S_MAX = 3.0
COMMIT_S_MAX = 5.0
SCHEMA = """
CREATE SCHEMA probe;
CREATE TABLE probe.writes (
    writer text NOT NULL,
    number bigint NOT NULL,
    timeline text NOT NULL,
    PRIMARY KEY (writer, number)
);
CREATE TABLE probe.sums (writer text PRIMARY KEY, total bigint NOT NULL);
"""
INSERT = """
INSERT INTO probe.writes VALUES ($1, $2, left(pg_walfile_name(pg_current_wal_lsn()), 8))
ON CONFLICT DO NOTHING RETURNING timeline
"""
SETTLE = """
SELECT timeline, left(pg_walfile_name(pg_current_wal_lsn()), 8)
FROM probe.writes WHERE writer = $1 AND number = $2 FOR UPDATE
"""
ADD = "UPDATE probe.sums SET total = total + 1 WHERE writer = $1"
NOT_NOW = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.exceptions.InternalClientError,
    OSError,
    TimeoutError,
)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Where a prober writes, as whom, and where it notes what it is promised."""

    url: str
    writer: str
    notes: str


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """One COMMIT that was acknowledged.

    Attributes:
        timeline: of the server that wrote the row, as it named it in the same transaction.
        server: of the server that acknowledged; a later one when a commit had to be settled.
        sent_s: when its COMMIT was sent; the clock is the same for all processes here.
    """

    writer: str
    number: int
    timeline: str
    server: str
    sent_s: float
    told_s: float


@final
class Prober:
    """Writes one number after the other."""

    def __init__(self, url: str, writer: str, notes: TextIO) -> None:
        """Write as this writer, and note every promise."""
        self._url = url
        self._writer = writer
        self._notes = notes
        self._connection: asyncpg.Connection[Any] | None = None

    async def run(self) -> None:
        """Write until ended."""
        number = 1
        while True:
            try:
                promise = await self._write(number)
            except asyncpg.ReadOnlySQLTransactionError:
                await self._roll_back()
                continue
            except NOT_NOW:
                self._drop()
                await asyncio.sleep(PAUSE_S)
                continue
            self._notes.write(msgspec.json.encode(promise).decode() + "\n")
            self._notes.flush()
            number += 1
            await asyncio.sleep(PAUSE_S)

    async def _write(self, number: int) -> Promise:
        """Write a number, or find that an earlier try had written it."""
        connection = await self._connected()
        limit = STATEMENT_S_MAX
        await connection.execute("BEGIN", timeout=limit)
        key = (self._writer, number)
        timeline = server = await connection.fetchval(INSERT, *key, timeout=limit)
        if timeline is not None:
            await connection.execute(ADD, self._writer, timeout=limit)
        else:
            timeline, server = await connection.fetchrow(SETTLE, *key, timeout=limit)
        sent_s = time.monotonic()
        await self._commit(connection)
        return Promise(
            writer=self._writer,
            number=number,
            timeline=timeline,
            server=server,
            sent_s=sent_s,
            told_s=time.monotonic(),
        )

    async def _connected(self) -> "asyncpg.Connection[Any]":
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url, timeout=CONNECT_S_MAX)
        return self._connection

    async def _commit(self, connection: "asyncpg.Connection[Any]") -> None:
        """Commit; a wait that is too long ends with the socket, never with a cancel."""
        commit = asyncio.ensure_future(connection.execute("COMMIT"))
        done, _ = await asyncio.wait({commit}, timeout=COMMIT_S_MAX)
        if not done:
            self._drop()
            await asyncio.wait({commit})
        if commit.result() != "COMMIT":
            raise asyncpg.InterfaceError("the server rolled back")

    async def _roll_back(self) -> None:
        """Leave a transaction that a standby refused, and ask it again in a moment."""
        await asyncio.sleep(PAUSE_S)
        try:
            if self._connection is not None:
                await self._connection.execute("ROLLBACK", timeout=STATEMENT_S_MAX)
        except NOT_NOW:
            self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def promises(notes: Path) -> list[Promise]:
    """Return what a prober noted; the last line may be half written."""
    lines = notes.read_bytes().split(b"\n")[:-1]
    return [msgspec.json.decode(line, type=Promise) for line in lines]


async def prepare(url: str, writers: list[str]) -> None:
    """Make the tables."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(SCHEMA)
        await connection.executemany(
            "INSERT INTO probe.sums VALUES ($1, 0)", [(one,) for one in writers]
        )
    finally:
        await connection.close()


async def written(url: str) -> tuple[dict[str, dict[int, str]], Mapping[str, int]]:
    """Return each writer's numbers with their timelines, and each writer's sum."""
    connection = await asyncpg.connect(url)
    try:
        rows: dict[str, dict[int, str]] = {}
        for writer, number, timeline in await connection.fetch("SELECT * FROM probe.writes"):
            rows.setdefault(writer, {})[number] = timeline
        sums = {row[0]: row[1] for row in await connection.fetch("SELECT * FROM probe.sums")}
    finally:
        await connection.close()
    return rows, sums


def main() -> None:
    """Write as the one argument says."""
    order = msgspec.json.decode(sys.argv[1], type=Order)
    with Path(order.notes).open("a", encoding="utf-8") as notes:
        asyncio.run(Prober(order.url, order.writer, notes).run())


if __name__ == "__main__":
    main()
