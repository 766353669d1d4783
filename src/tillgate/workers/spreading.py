"""Picking work at random, so that several processes on one database do not pick the same.

Nothing is lost when they do: a claim is fenced, and one of them gets it. But a claim in vain costs
a batch its place. What must hold: whatever is picked was among the oldest; all of it is picked when
there is no more than there are places.
"""

from collections.abc import Sequence
from typing import TypeVar

from tillgate.kernel.ids import IdFactory

T = TypeVar("T")
_DIGITS = 9


def picked(rows: Sequence[T], count: int, ids: IdFactory) -> list[T]:
    """Return so many rows, drawn from all that are given, in the order in which they stood."""
    places = list(range(len(rows)))
    chosen = [places.pop(int(ids.digits(_DIGITS)) % len(places)) for _ in rows[:count]]
    return [rows[place] for place in sorted(chosen)]
