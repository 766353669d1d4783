"""The clocks of a simulation: the town's, which is right, and each process's, which may be wrong.

A process's clock is the town's time and an offset that a fault may change in either direction. What
must hold: clocks follow the virtual loop, so that a run reads no time of the machine.
"""

import asyncio
from typing import Final, final

from tillgate.kernel.clock import SECOND_MS, parse_rfc3339

BEGINNING_MS: Final = parse_rfc3339("2026-03-02T12:00:00+08:00")
"""Noon, far from midnight: a day's limits are then those of one day."""


@final
class SimulatedClock:
    """A clock on a virtual loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Show the town's time."""
        self._loop = loop
        self.offset_ms = 0

    def now_ms(self) -> int:
        """Return what this clock shows."""
        return BEGINNING_MS + round(self._loop.time() * SECOND_MS) + self.offset_ms

    def jump(self, by_ms: int) -> None:
        """Go wrong by so much more, forward or back."""
        self.offset_ms += by_ms
