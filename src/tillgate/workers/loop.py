"""A worker's loop: it looks for work when it is woken and every so often, until it is stopped.

It knows nothing of the work. What must hold: a fault is logged and followed by a pause, never by
silence or by a busy loop; a fault that lasts is told in a line a minute, since a database that is
away for an hour must not fill a disk; a wake-up that comes while the work is looked for is not
lost.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Final, final

import structlog

from tillgate.kernel.clock import SECOND_MS

TOLD_EVERY_S: Final = 60.0
"""How often a fault that lasts is told again."""


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
        self._trouble = _Trouble(name)

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
            except Exception as error:  # noqa: BLE001  A worker that dies silently pays for nobody.
                self._trouble.tell(error, now_s=asyncio.get_running_loop().time())
                await asyncio.sleep(self._pause_ms / SECOND_MS)
            else:
                self._trouble.end(now_s=asyncio.get_running_loop().time())
                # Not `wait_for`: before Python 3.12 it may lose the cancel of one just woken.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_ms / SECOND_MS):
                        await self._woken.wait()


@final
class _Trouble:
    """Faults of a worker from the first one until it works again."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._kinds: set[type[Exception]] = set()
        self._looks = 0
        self._began_s = self._told_s = 0.0
        self._log = structlog.get_logger("tillgate.workers")

    def tell(self, error: Exception, *, now_s: float) -> None:
        """Tell a fault: with its traceback if it is the first of its kind, else once a minute."""
        if not self._looks:
            self._began_s = now_s
        self._looks += 1
        is_new = type(error) not in self._kinds
        if is_new:
            self._kinds.add(type(error))
            self._log.error("worker_failed", worker=self._worker, exc_info=error)
        elif now_s - self._told_s >= TOLD_EVERY_S:
            self._log.error("worker_failed", error=type(error).__name__, **self._so_far(now_s))
        else:
            return
        self._told_s = now_s

    def end(self, *, now_s: float) -> None:
        """Tell that it works again, if it did not."""
        if self._looks:
            self._log.warning("worker_works_again", **self._so_far(now_s))
            self._looks = 0
            self._kinds.clear()

    def _so_far(self, now_s: float) -> dict[str, object]:
        lasted_s = round(now_s - self._began_s, 1)
        return {"worker": self._worker, "looks": self._looks, "lasted_s": lasted_s}
