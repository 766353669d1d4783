"""A stream for log lines that nobody waits for: a thread of its own writes them, or they are lost.

Standard error may be a file on a full disk, a pipe whose reader has gone, or one whose reader
sleeps. None of these may stop a payment, end a worker, or hold up the loop. What must hold: writing
neither raises nor waits longer than a moment, once; memory is bounded; what was lost is counted and
told as soon as there is somebody to tell.
"""

import threading
from collections import deque
from typing import Final, TextIO, final

LINES_WAITING_MAX: Final = 1_000
WAIT_S_MAX: Final = 0.2
LOST: Final = '{{"event": "log_lines_lost", "level": "warning", "lines": {lines}}}\n'


@final
class LogStream:
    """What a logger writes to."""

    def __init__(self, out: TextIO) -> None:
        """Write to `out` from now on."""
        self._out = out
        self._begun = ""
        self._waiting: deque[str] = deque()
        self._is_writing = False
        self._is_stalled = False
        self._lost = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._work, name="tillgate-log", daemon=True).start()

    def write(self, text: str) -> int:
        """Hand over a text; whole lines go out, as far as there is room."""
        with self._changed:
            whole, end, self._begun = (self._begun + text).rpartition("\n")
            if end and len(self._waiting) < LINES_WAITING_MAX:
                self._waiting.append(whole + end)
                self._changed.notify_all()
            elif end:
                self._lost += 1
        return len(text)

    def flush(self) -> None:
        """Wait a moment until everything is out, unless the last such wait was in vain."""
        with self._changed:
            if not self._is_stalled:
                self._is_stalled = not self._changed.wait_for(self._is_out, WAIT_S_MAX)

    def isatty(self) -> bool:
        """Tell whether people read along."""
        return self._out.isatty()

    def _is_out(self) -> bool:
        return not self._waiting and not self._is_writing

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                text, self._is_writing = self._waiting.popleft(), True
                lost, self._lost = self._lost, 0
            is_written = self._written(LOST.format(lines=lost) + text if lost else text)
            with self._changed:
                self._is_writing = False
                self._lost += 0 if is_written else lost + 1
                self._is_stalled = self._is_stalled and not self._is_out()
                self._changed.notify_all()

    def _written(self, text: str) -> bool:
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):  # ValueError: the stream was closed under us.
            return False
        return True
