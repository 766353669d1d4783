"""Rates: how often something may happen in a window of time, by whom; in memory and bounded.

A fixed window by the house's clock. Each process counts for itself, so N processes allow N times as
much. What must hold: whoever floods it with new names makes it forget old ones, never grow.
"""

from collections import OrderedDict
from typing import Final, final

from tillgate.kernel.clock import SECOND_MS

NAMES_MAX: Final = 10_000


@final
class Rate:
    """Allows so many in each window, a second by default, for each name."""

    def __init__(self, count_max: int, *, window_ms: int = SECOND_MS) -> None:
        """Start with nothing counted."""
        self._max = count_max
        self._window_ms = window_ms
        self._counts: OrderedDict[tuple[str, ...], tuple[int, int]] = OrderedDict()

    def allows(self, *name: str, now_ms: int) -> bool:
        """Count one more of this name and tell whether it is within its window's number."""
        window, count = self._now(name, now_ms)
        self._keep(name, window, count + 1)
        return count < self._max

    def give_back(self, *name: str, now_ms: int) -> None:
        """Count one less: what was counted before it was done turned out to be harmless."""
        window, count = self._now(name, now_ms)
        if count:
            self._keep(name, window, count - 1)

    def _now(self, name: tuple[str, ...], now_ms: int) -> tuple[int, int]:
        """Return the window of this instant, and what is counted in it."""
        window = now_ms // self._window_ms
        began, count = self._counts.get(name, (window, 0))
        return window, count if began == window else 0

    def _keep(self, name: tuple[str, ...], window: int, count: int) -> None:
        self._counts[name] = (window, count)
        self._counts.move_to_end(name)
        while len(self._counts) > NAMES_MAX:
            self._counts.popitem(last=False)
