"""An event loop whose time is virtual: nobody sleeps, and the same program runs the same way.

Time stands still while anything can run and then jumps to what is due next. There are no sockets,
signals or threads, so nothing outside can come in. What must hold: what runs next depends on what
ran before and on nothing else.
"""

import asyncio
from typing import Any, Final, NoReturn, final

TICK_S: Final = 1e-6
"""What is due within this much of now is due now: sums of floats are not exact."""


class Stalled(Exception):
    """Somebody waits for something that nobody will ever do."""


@final
class _Waiting:
    """Stands where a loop waits for sockets: it lets time pass instead."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop

    def select(self, timeout: float | None) -> list[Any]:
        """Let the time pass until something is due."""
        if timeout is None:
            raise Stalled("everybody waits, and nothing is due at any time")
        if timeout > 0:
            self._loop.pass_time(timeout)
        return []

    def close(self) -> None:
        """Have nothing to close."""


@final
class VirtualLoop(asyncio.BaseEventLoop):
    """A loop that knows timers and tasks alone."""

    def __init__(self) -> None:
        """Start at zero."""
        super().__init__()
        self._now_s = 0.0
        self._selector = _Waiting(self)
        self._clock_resolution = TICK_S
        self.unheard: list[BaseException] = []
        """Errors of tasks that nobody waited for any more."""
        self.set_exception_handler(self._keep)

    def time(self) -> float:
        """Return how many virtual seconds have passed."""
        return self._now_s

    def pass_time(self, duration_s: float) -> None:
        """Let so much time pass."""
        self._now_s += duration_s

    def run_in_executor(self, *_: object) -> NoReturn:
        """Refuse: a thread runs when it likes."""
        raise RuntimeError("nothing simulated may use a thread")

    def _keep(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            self.unheard.append(error)

    def _process_events(self, event_list: list[Any]) -> None:
        """Have no events but timers."""

    def _write_to_self(self) -> None:
        """Need no waking: there is no other thread."""
