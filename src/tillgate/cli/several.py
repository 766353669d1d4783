"""Serving with several processes: the parent, which holds what all share and serves nothing itself.

The first child comes up alone, as a gateway of one process does, so that the database is made and
its identities are registered once; then come the others. The parent keeps the listening sockets,
so a connection that waits outlives whoever dies, and forks each child from itself, so that what it
loaded is theirs at once. For that it has no thread and no loop, and it logs nothing: the child that
takes the place of another tells what became of that one. What must hold: a child that dies is
replaced, after a growing pause when it dies at once or cannot be started, and the others serve
meanwhile; children do not outlive their parent; a stop cuts no request and is bounded.
"""

import contextlib
import gc
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple, NoReturn, final

import typer

from tillgate.config.settings import Settings
from tillgate.kernel.errors import Unavailable

PAUSE_S: Final = 0.1
PAUSE_S_MAX: Final = 5.0
STEADY_S: Final = 2.0
"""A child that answered for so long did not die at once."""
FAILURES_MAX: Final = 8
"""So many deaths at once, one after the other, while nobody answers, and the parent gives up."""
COME_UP_S_MAX: Final = 60.0
KILL_AFTER_S: Final = 25.0
"""How much longer than draining and stopping may take a child is waited for: its workers end."""
STOP: Final = b"s"
UP: Final = b"u"


class Death(NamedTuple):
    """A process that ended without having been asked to; a signal is a negative code."""

    process: int
    exit_code: int


class Beginning(NamedTuple):
    """What a child is told: its end of the channel, whether it is the first, who died before it."""

    channel: socket.socket
    is_first: bool
    deaths: Sequence[Death]


Work = Callable[[Beginning], int]
"""What a child does until it ends; it returns its exit code."""


@final
class _Child:
    """A process, and the channel on which it says that it answers and hears that it shall stop."""

    __slots__ = ("began_s", "channel", "is_up", "pid", "said")

    def __init__(self, channel: socket.socket) -> None:
        self.pid = 0
        self.channel = channel
        self.began_s = time.monotonic()
        self.is_up = False
        self.said = b""


@final
class Parent:
    """Keeps so many children serving."""

    def __init__(
        self,
        settings: Settings,
        sockets: Sequence[socket.socket],
        *,
        work: Work,
        came_up: Callable[[str], None],
        went_down: Callable[[], None],
    ) -> None:
        """Start nobody yet.

        Args:
            settings: how many, and how long a stop may take.
            sockets: those that all children serve.
            work: what a child does.
            came_up: is told what the first child said, once all answer.
            went_down: is told that the first of them has ended after a stop.
        """
        self._count = settings.workers
        self._stop_s_max = settings.limits.drain_s + settings.limits.stop_s + KILL_AFTER_S
        self._sockets = sockets
        self._work = work
        self._came_up = came_up
        self._went_down = went_down
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, self._waking = socket.socketpair()
        self._key: str | None = None
        self._is_announced = False
        self._failures = 0
        self._start_at_s = 0.0
        self._kill_at_s: float | None = None
        self._was_cut = False
        self._deaths: list[Death] = []

    def run(self) -> None:
        """Serve until somebody asks to stop.

        Raises:
            Exit: the first child did not come up, and has said why.
            Unavailable: children do not come up any more, or did not stop.
        """
        gc.collect()
        gc.freeze()  # What is loaded stays on pages that all processes share.
        with self._hearing():
            try:
                self._keep()
            finally:
                self._kill()
                self._selector.close()
        if self._was_cut:
            raise Unavailable("Some processes had to be killed, or ended with an error; see above.")

    def _keep(self) -> None:
        while self._kill_at_s is None or self._children:
            if self._kill_at_s is None:
                self._start_missing()
            heard = self._selector.select(self._wait_s())
            for key, _ in sorted(heard, key=lambda each: each[0].data is not None):
                if key.data is None:
                    self._hear_signals()
                elif key.data.pid in self._children:
                    self._hear(key.data)
            self._kill_late()

    def _start_missing(self) -> None:
        """Start whom there are too few of, the first one alone, unless a pause goes on."""
        while len(self._children) < self._wanted and time.monotonic() >= self._start_at_s:
            try:
                self._start()
            except OSError as error:  # No memory, no process or no file is left for one more.
                with contextlib.suppress(OSError):
                    sentence = f"A process cannot be started ({error}); it is tried again."
                    typer.echo(sentence, err=True)
                self._pause()

    @property
    def _wanted(self) -> int:
        return self._count if self._key is not None else 1

    def _start(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # Whoever read what we say is gone.
            sys.stdout.flush()
            sys.stderr.flush()
        mine, its = socket.socketpair()
        child = _Child(mine)
        try:
            self._selector.register(mine, selectors.EVENT_READ, child)
            child.pid = os.fork()
        except OSError:
            with contextlib.suppress(KeyError):
                self._selector.unregister(mine)
            mine.close()
            its.close()
            raise
        if not child.pid:
            mine.close()
            self._be_child(its)
        its.close()
        self._deaths.clear()
        self._children[child.pid] = child

    def _be_child(self, channel: socket.socket) -> NoReturn:
        """Do a child's work in the process that was just made, and end it."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # A terminal sends it to the parent, too.
            self._selector.close()
            for each in (self._woken, self._waking, *(c.channel for c in self._children.values())):
                each.close()
            code = self._work(Beginning(channel, self._key is None, self._deaths))
        except BaseException:  # noqa: BLE001  The process ends here; whatever it was is told.
            with contextlib.suppress(Exception):
                traceback.print_exc()
        finally:
            with contextlib.suppress(Exception):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(code)

    def _hear(self, child: _Child) -> None:
        """Take what a child says: that it answers, or by its silence that it is gone."""
        try:
            said = child.channel.recv(256)
        except ConnectionError:
            said = b""
        if not said:
            self._ended(child)
            return
        child.said += said
        if child.is_up or not child.said.endswith(UP):
            return
        child.is_up, child.began_s = True, time.monotonic()
        if self._key is None:
            self._key = child.said[: -len(UP)].decode()
        all_up = sum(each.is_up for each in self._children.values()) == self._count
        if all_up and not self._is_announced and self._kill_at_s is None:
            self._is_announced = True
            self._came_up(self._key)

    def _ended(self, child: _Child) -> None:
        self._selector.unregister(child.channel)
        child.channel.close()
        del self._children[child.pid]
        code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
        if self._kill_at_s is not None:
            self._went_down()
            # The stop's own signal is no fault, however early it came.
            self._was_cut |= code not in (0, -signal.SIGTERM)
            return
        if self._key is None and code != -signal.SIGTERM:
            raise typer.Exit(code if code > 0 else 3)
        self._deaths.append(Death(child.pid, code))
        if child.is_up and time.monotonic() - child.began_s >= STEADY_S:
            self._failures, self._start_at_s = 0, time.monotonic()
        else:
            self._pause()

    def _pause(self) -> None:
        """Start nobody for a while, longer each time, or give up when nobody answers.

        Raises:
            Unavailable: it is given up.
        """
        self._failures += 1
        pause_s = min(PAUSE_S * 2 ** min(self._failures - 1, 10), PAUSE_S_MAX)
        self._start_at_s = time.monotonic() + pause_s
        answers = any(each.is_up for each in self._children.values())
        if self._failures >= FAILURES_MAX and not (answers and self._is_announced):
            sentence = f"{self._failures} starts in a row failed at once; see what was logged."
            raise Unavailable(f"The gateway does not come up: {sentence}")

    def _hear_signals(self) -> None:
        for _ in self._woken.recv(64):
            self.stop()

    def stop(self) -> None:
        """Ask all children to stop; asked again, to hurry."""
        if self._kill_at_s is None:
            self._kill_at_s = time.monotonic() + self._stop_s_max
            for each in self._sockets:
                each.close()  # The children's own stay open for as long as they take requests.
        for child in self._children.values():
            with contextlib.suppress(OSError):
                child.channel.send(STOP)

    def _wait_s(self) -> float | None:
        """Return until when nothing is to be done but hearing."""
        times = []
        if self._kill_at_s is not None:
            times.append(self._kill_at_s)
        else:
            if len(self._children) < self._wanted:
                times.append(self._start_at_s)
            times += [
                each.began_s + COME_UP_S_MAX for each in self._children.values() if not each.is_up
            ]
        return max(0.0, min(times) - time.monotonic()) if times else None

    def _kill_late(self) -> None:
        """Kill whoever does not stop, or does not come up."""
        now_s = time.monotonic()
        if self._kill_at_s is not None and now_s >= self._kill_at_s:
            self._was_cut = True
            self._kill()
        elif self._kill_at_s is None:
            for each in self._children.values():
                if not each.is_up and now_s >= each.began_s + COME_UP_S_MAX:
                    os.kill(each.pid, signal.SIGKILL)

    def _kill(self) -> None:
        """End whoever is left."""
        for child in self._children.values():
            os.kill(child.pid, signal.SIGKILL)
            os.waitpid(child.pid, 0)
            child.channel.close()
        self._children.clear()

    @contextmanager
    def _hearing(self) -> Iterator[None]:
        """Have SIGTERM and SIGINT wake the loop, and nothing else, while the block lasts."""
        self._waking.settimeout(0)
        self._selector.register(self._woken, selectors.EVENT_READ)
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = [signal.signal(number, _do_nothing) for number in numbers]
        woken_before = signal.set_wakeup_fd(self._waking.fileno())
        try:
            yield
        finally:
            signal.set_wakeup_fd(woken_before)
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)
            self._woken.close()
            self._waking.close()


def _do_nothing(number: int, frame: object) -> None:
    """Leave the signal to the loop, which is woken by it."""
