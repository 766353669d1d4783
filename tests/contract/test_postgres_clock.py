"""The clock of processes on PostgreSQL, while reads queue for a connection.

A database stands in for a real one, since what counts is how long an answer took. What must hold: a
clock is set by quick answers alone, so that processes stay as near to each other as leases need.
"""

import asyncio
from typing import Final

import pytest

from tillgate.kernel.clock import SECOND_MS
from tillgate.storage.postgres import clock as clocks
from tillgate.storage.postgres.clock import TRIES, DatabaseClock

EPOCH_MS: Final = 1_700_000_000_000


class Database:
    """Tells the time after those who were there first; nothing else passes the time."""

    def __init__(self) -> None:
        self.passed_ms, self.queue_ms, self.asked = 0.0, 0.0, 0
        self.ahead_ms = EPOCH_MS

    async def instant_ms(self) -> float:
        self.asked += 1
        self.passed_ms += self.queue_ms
        return self.ahead_ms + self.passed_ms

    async def is_asked(self, times: int) -> None:
        until = self.asked + times
        while self.asked < until:
            await asyncio.sleep(0)


async def test_a_clock_is_set_by_no_answer_that_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = Database()
    monkeypatch.setattr(clocks, "_steady_ms", lambda: there.passed_ms)
    clock = DatabaseClock(there, measure_every_s=0)  # type: ignore[arg-type]  # It stands for the store.
    await clock.start()
    assert clock.now_ms() == EPOCH_MS
    there.queue_ms = 3 * SECOND_MS
    await there.is_asked(2 * TRIES + 1)

    assert clock.now_ms() == EPOCH_MS + there.passed_ms
    there.queue_ms, there.ahead_ms = 0, EPOCH_MS + SECOND_MS
    await there.is_asked(2 * TRIES + 1)
    assert clock.now_ms() == EPOCH_MS + SECOND_MS + there.passed_ms
    await clock.stop()


async def test_a_clock_that_starts_by_a_slow_answer_is_behind_and_never_ahead(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = Database()
    there.queue_ms = 3 * SECOND_MS
    monkeypatch.setattr(clocks, "_steady_ms", lambda: there.passed_ms)
    clock = DatabaseClock(there)  # type: ignore[arg-type]  # It stands for the store.
    await clock.start()
    assert clock.now_ms() <= EPOCH_MS + there.passed_ms
    await clock.stop()
