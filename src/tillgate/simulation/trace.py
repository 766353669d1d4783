"""The trace: every event of a run in order, and one digest over all of them.

Two runs of one seed must leave the same digest, bit for bit. What must hold: nothing enters a trace
that depends on the machine, on memory addresses or on the order of a set.
"""

import hashlib
from typing import Final, final

from tillgate.kernel.clock import SECOND_MS
from tillgate.simulation.clock import BEGINNING_MS, SimulatedClock

LINES_KEPT_MAX: Final = 200_000


@final
class Trace:
    """Lines of what happened."""

    def __init__(self, clock: SimulatedClock) -> None:
        """Start empty."""
        self._clock = clock
        self._digest = hashlib.sha256()
        self.lines: list[str] = []

    def note(self, who: str, what: str, *, content: bytes = b"") -> None:
        """Write down what somebody did; `content` counts in the digest alone."""
        passed_ms = self._clock.now_ms() - BEGINNING_MS
        line = f"{passed_ms / SECOND_MS:12.3f} {who:<10} {what}"
        self._digest.update(line.encode())
        self._digest.update(content)
        if len(self.lines) < LINES_KEPT_MAX:
            self.lines.append(line)

    def digest(self) -> str:
        """Return the digest of everything noted so far."""
        return self._digest.hexdigest()

    def about(self, subject: str) -> list[str]:
        """Return the lines that name something."""
        return [line for line in self.lines if subject in line]
