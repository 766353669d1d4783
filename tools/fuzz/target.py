"""What a target of fuzzing is: bytes in, nothing out, and only one way to fail.

A target hands bytes from outside to a parser and takes the errors that the parser declares; any
other error is a crash. What must hold: it keeps nothing from one call to the next, so that a
reproducer is a file and nothing else; an input that takes longer than a second of the processor,
or more than 200 MB, is a crash too.
"""

import resource
import time
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

WORK_S_MAX: Final = 1.0
MEMORY_KIB_MAX: Final = 200 * 1024


class Target(NamedTuple):
    """A door for bytes, and examples of what comes through it."""

    name: str
    take: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]


class TooCostly(AssertionError):
    """An input took more of the processor or of the memory than any may."""


def held(take: Callable[[bytes], None], data: bytes, *, work_s_max: float = WORK_S_MAX) -> None:
    """Hand an input over and hold it to what one may cost.

    Raises:
        TooCostly: it cost more, three times over for the time: a machine may stand still for once.
    """
    for _ in range(3):
        began_s, before_kib = time.thread_time(), _peak_kib()
        take(data)
        took_s, grew_kib = time.thread_time() - began_s, _peak_kib() - before_kib
        if grew_kib > MEMORY_KIB_MAX:
            raise TooCostly(f"{len(data)} bytes took {grew_kib} KiB of memory")
        if took_s <= work_s_max:
            return
    raise TooCostly(f"{len(data)} bytes took {took_s:.2f} s of the processor")


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
