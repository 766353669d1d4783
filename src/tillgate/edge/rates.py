"""Rates: how often something may happen in a second, by whom; kept in memory and bounded.

A fixed window of a second by the house's clock. What must hold: whoever floods it with new names
makes it forget old ones, never grow.
"""

from collections import OrderedDict
from typing import Final, final

from tillgate.kernel.clock import SECOND_MS

NAMES_MAX: Final = 10_000


@final
class Rate:
    """Allows so many a second for each name."""

    def __init__(self, per_second_max: int) -> None:
        """Start with nothing counted."""
        self._max = per_second_max
        self._counts: OrderedDict[tuple[str, ...], tuple[int, int]] = OrderedDict()

    def allows(self, *name: str, now_ms: int) -> bool:
        """Count one more of this name and tell whether it is within its second's number."""
        second = now_ms // SECOND_MS
        began, count = self._counts.get(name, (second, 0))
        count = count + 1 if began == second else 1
        self._counts[name] = (second, count)
        self._counts.move_to_end(name)
        while len(self._counts) > NAMES_MAX:
            self._counts.popitem(last=False)
        return count <= self._max
