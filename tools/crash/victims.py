"""Whom the killer ends: one process of a gateway of several, or the one of a gateway of one.

What must hold: a death is a power cut, without a word; whoever died is replaced, by its parent or
by us.
"""

import asyncio
import os
import random
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final, Protocol, final

import asyncpg

from tests.processes.several import children_of, living, wait_until
from tests.support import postgres
from tests.support.gateway import Gateway

PROCESSES: Final = 4
CALM: Final = "velocity_hour=0, velocity_day=0, amount_unusual=0, new_account_large=0"
"""A machine pays more often than a person."""


class Victim(Protocol):
    """A gateway whose processes may be killed."""

    gateway: Gateway

    async def die(self, dice: random.Random) -> bool:
        """Kill one process; tell whether there was one."""
        ...

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what stands in the database, read without any code of ours."""
        ...


@final
class Several:
    """Processes on PostgreSQL, which their parent replaces."""

    def __init__(self, gateway: Gateway, url: str) -> None:
        """Take the gateway and its database."""
        self.gateway = gateway
        self._url = url

    async def die(self, dice: random.Random) -> bool:
        """Kill one of the processes that serve."""
        found = children_of(self.gateway)
        if not found:
            return False
        os.kill(dice.choice(found), signal.SIGKILL)
        return True

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read PostgreSQL."""
        connection = await asyncpg.connect(self._url)
        try:
            return [tuple(row) for row in await connection.fetch(sql)]
        finally:
            await connection.close()


@final
class Alone:
    """One process on SQLite, which is started again."""

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway."""
        self.gateway = gateway

    async def die(self, dice: random.Random) -> bool:  # noqa: ARG002  The shape of `Victim`.
        """Kill the process and start it again."""
        self.gateway.kill()
        await asyncio.to_thread(self.gateway.start)
        return True

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Read the file."""
        with closing(sqlite3.connect(self.gateway.data / "tillgate.sqlite")) as connection:
            return connection.execute(sql).fetchall()


@asynccontextmanager
async def on_postgresql(folder: Path) -> AsyncIterator[Victim]:
    """Run four processes on a PostgreSQL database of their own."""
    with postgres.server().database() as url:
        data = folder / "gateway"
        data.mkdir(mode=0o700)
        (data / "tillgate.toml").write_text(f'database_url = "{url}"\nworkers = {PROCESSES}\n')
        gateway = Gateway(data, risk_weights=CALM)
        await asyncio.to_thread(gateway.start)
        try:
            yield Several(gateway, url)
        finally:
            gateway.kill()
            wait_until(lambda: not living(gateway))


@asynccontextmanager
async def on_sqlite(folder: Path) -> AsyncIterator[Victim]:
    """Run one process on a SQLite file of its own."""
    gateway = Gateway(folder / "gateway", risk_weights=CALM)
    await asyncio.to_thread(gateway.start)
    try:
        yield Alone(gateway)
    finally:
        gateway.kill()
