"""A worker's loop: it looks for work when it is woken and every so often, until it is stopped.

It knows nothing of the work. What must hold: a fault is logged and followed by a pause, never by
silence or by a busy loop; a wake-up that comes while the work is looked for is not lost.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import final

import structlog

from tillgate.kernel.clock import SECOND_MS


@final
class Loop:
    """Calls `look` again and again."""

    def __init__(
        self, name: str, look: Callable[[], Awaitable[object]], *, poll_ms: int, pause_ms: int
    ) -> None:
        """Name the loop for the log, and say how often it looks and how long a fault pauses it."""
        self._name = name
        self._look = look
        self._poll_ms = poll_ms
        self._pause_ms = pause_ms
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("tillgate.workers")

    def start(self) -> None:
        """Begin on the running loop."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    def wake(self) -> None:
        """Look now, or once more after the present look."""
        self._woken.set()

    async def stop(self) -> None:
        """Look no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        while True:
            self._woken.clear()
            try:
                await self._look()
            except Exception:  # noqa: BLE001  A worker that dies silently pays for nobody.
                self._log.exception("worker_failed", worker=self._name)
                await asyncio.sleep(self._pause_ms / SECOND_MS)
            else:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), self._poll_ms / SECOND_MS)
