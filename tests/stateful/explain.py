"""Which course of events explains what several callers were told who asked at the same time.

Every order in which their steps may follow each other is tried on a copy of the model. What must
hold: a course that contradicts one answer is left at once; nothing is random here.
"""

import copy
from collections.abc import Callable, Iterator, Sequence

from tests.stateful.after import Day
from tests.stateful.model import Refusal, Step, Told

COURSES_MAX = 5_000


def courses(
    day: Day, steps: Sequence[Callable[[Day], Step]], said: Sequence[Told]
) -> Iterator[Day]:
    """Yield the day after each course in which everybody is told what was said."""
    open_ends: list[list[int]] = [[]]
    for _ in range(COURSES_MAX):
        if not open_ends:
            return
        after = _followed(copy.deepcopy(day), steps, said, open_ends)
        if after is not None:
            yield after
    message = f"more than {COURSES_MAX} courses of {len(steps)} callers"
    raise AssertionError(message)


def alone(day: Day, step: Callable[[Day], Step]) -> Told:
    """Return what one caller would be told."""
    run = step(copy.deepcopy(day))
    while True:
        try:
            next(run)
        except StopIteration as end:
            return end.value
        except Refusal as refusal:
            return refusal.code


def _followed(
    day: Day,
    steps: Sequence[Callable[[Day], Step]],
    said: Sequence[Told],
    open_ends: list[list[int]],
) -> Day | None:
    """Follow one open end, leave the turns not taken open, and return the day if it fits."""
    given = open_ends.pop()
    runs, taken = [step(day) for step in steps], list[int]()
    left = set(range(len(steps)))
    while left:
        if len(taken) < len(given):
            turn = given[len(taken)]
        else:
            turn = min(left)
            open_ends.extend([*taken, other] for other in left if other != turn)
        taken.append(turn)
        try:
            next(runs[turn])
        except StopIteration as end:
            told = end.value
        except Refusal as refusal:
            told = refusal.code
        else:
            continue
        left.remove(turn)
        if told != said[turn]:
            return None
    return day
