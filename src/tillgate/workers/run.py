"""All workers of a process: started together, stopped together, or driven by a clock.

It decides in which order they stop and how a virtual clock takes them from one due instant to the
next; it knows no work. What must hold: a stop is bounded, and leaves nothing that a later start
would not carry on from the store.
"""

import asyncio
from typing import Final, Protocol, final

from tillgate.edge.desk import Desk
from tillgate.workers.attempts import Attempts
from tillgate.workers.expiry import Expiry
from tillgate.workers.notifier import Notifier
from tillgate.workers.outgoing.port import Sender
from tillgate.workers.settings import WorkerSettings
from tillgate.workers.storyteller import Storyteller

DEFAULT_SETTINGS: Final = WorkerSettings()
STEP_MS: Final = 1_000
"""How far a clock goes when what is due cannot be done now."""


class AdvancingClock(Protocol):
    """A clock that is moved by hand."""

    def now_ms(self) -> int:
        """Return the present instant."""
        ...

    def advance(self, duration_ms: int) -> None:
        """Move ahead."""
        ...


@final
class Workers:
    """The notifier, expiry, attempts and, in the sandbox, the storyteller."""

    def __init__(
        self, desk: Desk, sender: Sender, settings: WorkerSettings = DEFAULT_SETTINGS
    ) -> None:
        """Take their parts, and watch the desk's engine from now on."""
        self._desk = desk
        self._advancing = asyncio.Lock()
        self._notifier = Notifier(desk, sender, settings)
        self._attempts = Attempts(desk, settings)
        self._expiry = Expiry(desk, settings)
        if desk.settings.is_sandbox:
            desk.engine.watch(Storyteller(desk.story).watch)
        desk.engine.watch(self._notifier.watch)
        desk.engine.watch(self._attempts.watch)

    def start(self) -> None:
        """Begin on the running loop."""
        self._expiry.start()
        self._attempts.start()
        self._notifier.start()

    async def stop(self) -> None:
        """End; the engine must still run, so that what comes back meanwhile is recorded."""
        await asyncio.gather(self._expiry.stop(), self._attempts.stop(), self._notifier.stop())

    async def tick(self) -> None:
        """Do everything that is due now, and return when it is committed."""
        await self._expiry.tick()
        await self._attempts.tick()
        await self._notifier.tick()

    async def next_at_ms(self) -> int | None:
        """Return when something is due next; it lies in the past when it cannot be done now."""
        times = [
            await worker.next_at_ms() for worker in (self._expiry, self._attempts, self._notifier)
        ]
        return min((time for time in times if time is not None), default=None)

    async def advance(self, clock: AdvancingClock, duration_ms: int) -> None:
        """Move a virtual clock ahead, doing every due thing at its own instant and in order."""
        async with self._advancing:
            end_ms = clock.now_ms() + duration_ms
            await self.tick()
            while (now_ms := clock.now_ms()) < end_ms:
                next_ms = await self.next_at_ms()
                target_ms = end_ms if next_ms is None else next_ms
                if target_ms <= now_ms:
                    target_ms = now_ms + STEP_MS
                clock.advance(min(target_ms, end_ms) - now_ms)
                await self.tick()
