"""How many messages may be under way at once, to one host and altogether.

It decides who waits; it knows hosts as keys only. What must hold: a host that hangs holds its own
slots and nobody else's, and nothing is remembered of a host that nobody sends to.
"""

import asyncio
from collections.abc import AsyncGenerator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import final

from tillgate.kernel.clock import SECOND_MS


class NoSlot(Exception):
    """No turn came in time, or too many were waiting already."""


@final
@dataclass(slots=True, kw_only=True)
class _Host:
    turns: asyncio.Semaphore
    users: int = 0


@final
class HostSlots:
    """Turns to send, so many a host."""

    def __init__(self, *, per_host_max: int, total_max: int) -> None:
        """Let `per_host_max` go at once to a host, and hold `total_max` going or waiting."""
        self._per_host_max = per_host_max
        self._total_max = total_max
        self._total = 0
        self._hosts: dict[Hashable, _Host] = {}

    @property
    def hosts(self) -> int:
        """Return how many hosts are remembered: those with a message going or waiting."""
        return len(self._hosts)

    def room(self, key: Hashable) -> int:
        """Return how many more could go to a host without waiting."""
        host = self._hosts.get(key)
        used = 0 if host is None else host.users
        return max(0, min(self._per_host_max - used, self._total_max - self._total))

    @asynccontextmanager
    async def turn(self, key: Hashable, *, wait_ms_max: int) -> AsyncGenerator[None]:
        """Hold one slot of a host for as long as the block runs.

        Raises:
            NoSlot: no turn came within the time, or too many are waiting.
        """
        if self._total >= self._total_max:
            raise NoSlot
        host = self._hosts.setdefault(key, _Host(turns=asyncio.Semaphore(self._per_host_max)))
        host.users += 1
        self._total += 1
        try:
            await _first(host.turns, wait_ms_max)
            try:
                yield
            finally:
                host.turns.release()
        finally:
            host.users -= 1
            self._total -= 1
            if not host.users:
                del self._hosts[key]


async def _first(turns: asyncio.Semaphore, wait_ms_max: int) -> None:
    try:
        async with asyncio.timeout(wait_ms_max / SECOND_MS):
            await turns.acquire()
    except TimeoutError as error:
        raise NoSlot from error
