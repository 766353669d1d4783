"""Pieces of work under way, each under its key, and pieces that rest after a fault.

It bounds nothing by itself; who starts a piece asks `count` first. What must hold: a key is under
way once at most; a piece that fails is logged and rests, so that a defect costs little; nothing is
remembered of a piece that has ended and rested.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, final

import structlog

from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.record import Key

RESTING_MAX = 4_096


@final
class UnderWay:
    """Tasks by the key of the row they work on."""

    def __init__(self, *, pause_ms: int, done: Callable[[], None]) -> None:
        """Let a piece that failed rest for `pause_ms`; call `done` whenever one ends."""
        self._pause_ms = pause_ms
        self._done = done
        self._tasks: dict[Key, asyncio.Task[None]] = {}
        self._rest_until_s: dict[Key, float] = {}
        self._log = structlog.get_logger("tillgate.workers")

    @property
    def count(self) -> int:
        """Return how many pieces are under way."""
        return len(self._tasks)

    @property
    def resting(self) -> int:
        """Return how many pieces rest, so that a page can be read that much longer."""
        now_s = asyncio.get_running_loop().time()
        for key in [key for key, until_s in self._rest_until_s.items() if until_s <= now_s]:
            del self._rest_until_s[key]
        return len(self._rest_until_s)

    def may_start(self, key: Key) -> bool:
        """Tell whether the row is neither worked on nor resting."""
        resting = self._rest_until_s.get(key, 0.0) > asyncio.get_running_loop().time()
        return key not in self._tasks and not resting

    def start(self, key: Key, work: Coroutine[Any, Any, None]) -> None:
        """Begin a piece of work."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks[key] = task
        task.add_done_callback(partial(self._end, key))

    def rest(self, key: Key) -> None:
        """Leave the row alone for a while."""
        if len(self._rest_until_s) < RESTING_MAX:
            until_s = asyncio.get_running_loop().time() + self._pause_ms / SECOND_MS
            self._rest_until_s[key] = until_s

    async def one_ended(self) -> None:
        """Wait until some piece has ended."""
        if self._tasks:
            await asyncio.wait(list(self._tasks.values()), return_when=asyncio.FIRST_COMPLETED)

    async def run_dry(self, look: Callable[[], Awaitable[None]]) -> None:
        """Look for work, and again whenever a piece has ended, until nothing is under way."""
        await look()
        while self.count:
            await self.one_ended()
            await look()

    async def drain(self, wait_ms_max: int) -> None:
        """Wait for what is under way; what takes longer is given up."""
        tasks = list(self._tasks.values())
        if not tasks:
            return
        _, left = await asyncio.wait(tasks, timeout=wait_ms_max / SECOND_MS)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _end(self, key: Key, task: asyncio.Task[None]) -> None:
        del self._tasks[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            self.rest(key)
            self._tell(key, error)
        self._done()

    def _tell(self, key: Key, error: BaseException) -> None:
        if isinstance(error, Refused | Unavailable):  # The engine is busy; the row stays due.
            self._log.warning("work_put_off", row=str(key), reason=error.sentence)
        else:
            self._log.error("work_failed", row=str(key), exc_info=error)
