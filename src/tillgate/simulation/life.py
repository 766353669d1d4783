"""Whether a process lives: what a dead one had under way never goes on and never answers.

Everything a process does to the world goes through a port, and every port asks here first. So
killing a process is one assignment: its tasks come to a port one last time and wait there for ever.
What must hold: nothing that a dead process does is ever seen.
"""

import asyncio
from typing import final

from tillgate.simulation.faults import Fault, Faults


@final
class Life:
    """The life of one process."""

    def __init__(self, name: str, faults: Faults) -> None:
        """Begin alive."""
        self.name = name
        self.is_alive = True
        self.ended = asyncio.Event()
        self._faults = faults
        self._stuck: list[asyncio.Future[None]] = []
        """Held here, since a task that waits for what nobody holds would be swept away."""

    def end(self) -> None:
        """Die at once."""
        self.is_alive = False
        self.ended.set()

    async def go_on(self) -> None:
        """Return if alive; a dead process stays here."""
        if not self.is_alive:
            never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._stuck.append(never)
            await never

    def dies(self, fault: Fault, one_in: int, what: str = "") -> bool:
        """Tell whether a crash strikes here and now."""
        if self.is_alive and self._faults.strikes(fault, one_in, who=self.name, what=what):
            self.end()
        return not self.is_alive
