"""A clock that follows the database's, so that all processes on it judge by one time.

It is this machine's steady counter, set by the database's clock again and again: a step of this
machine's clock changes nothing. What must hold: while the database cannot be asked, or is too slow
for its answer to tell the time, the clock goes on from what it knew; it never goes back, also when
the database's does, as after a failover to a machine that is behind.
"""

import asyncio
import time
from typing import Final, final

import structlog

from tillgate.kernel.clock import SteadyClock
from tillgate.kernel.errors import TillgateError, Unavailable
from tillgate.storage.postgres.store import PostgresStore

MEASURE_EVERY_S: Final = 10.0
TRIES: Final = 3
TRIP_MS_MAX: Final = 1_000
"""A reading may be wrong by half its trip. Where reads queue for a connection that is seconds, and
a clock that goes so far ahead takes what others hold a lease on for free."""


@final
class DatabaseClock:
    """Keeps a clock set to the database's."""

    def __init__(self, store: PostgresStore, *, measure_every_s: float = MEASURE_EVERY_S) -> None:
        """Ask this store; `start` sets the clock."""
        self._store = store
        self._measure_every_s = measure_every_s
        self._ahead_ms = 0.0
        self._task: asyncio.Task[None] | None = None
        self.steady = SteadyClock(
            lambda: int(_steady_ms() + self._ahead_ms), lambda: int(_steady_ms())
        )
        """The present instant as the database sees it, and never one before it."""

    def now_ms(self) -> int:
        """Return the present instant."""
        return self.steady.now_ms()

    async def start(self) -> None:
        """Set the clock, and keep it set on the running loop.

        Raises:
            Unavailable: the database cannot be asked.
        """
        trip_ms, ahead_ms = await self._measured()
        # After a trip that long it may be behind, which the next reading mends, and is never ahead.
        self._ahead_ms = ahead_ms - (trip_ms / 2 if trip_ms > TRIP_MS_MAX else 0)
        self._task = asyncio.get_running_loop().create_task(self._follow())

    async def stop(self) -> None:
        """Follow no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _follow(self) -> None:
        log = structlog.get_logger("tillgate.clock")
        while True:
            await asyncio.sleep(self._measure_every_s)
            try:
                await self._measure()
            except TillgateError as error:
                log.warning("clock_not_measured", reason=str(error))

    async def _measure(self) -> None:
        """Set the clock, by a reading that is worth it."""
        trip_ms, ahead_ms = await self._measured()
        if trip_ms > TRIP_MS_MAX:
            sentence = f"The database took {trip_ms:.0f} ms to tell the time; asked again soon."
            raise Unavailable(sentence)
        self._ahead_ms = ahead_ms

    async def _measured(self) -> tuple[float, float]:
        """Return the reading of the shortest trip, half of which lies on either side of it."""
        readings = []
        for _ in range(TRIES):
            before_ms = _steady_ms()
            there_ms = await self._store.instant_ms()
            after_ms = _steady_ms()
            readings.append((after_ms - before_ms, there_ms - (before_ms + after_ms) / 2))
        return min(readings)


def _steady_ms() -> float:
    return time.monotonic_ns() / 1_000_000
