"""One sandbox for all fuzzing, in a thread of its own, so that plain tests can ask it things.

What must hold: nothing it logs is an error or a traceback; the slowest answer is known. A test that
knows secrets reads what was logged meanwhile, at every level.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, final

import pytest
import structlog

from tests.support.asgi import Reply, ask, sandbox
from tests.support.gateway import merchant_of
from tillgate.acquiring.acquirement import Acquirement
from tillgate.bootstrap import House
from tillgate.engine.ports import Select
from tillgate.merchant import Merchant

T = TypeVar("T")
STARTS_S_MAX = 240.0
ANSWER_S_MAX = 1.0
AGAIN = 3
"""A machine may stand still for a second; the same question does not take it three times."""


@final
class Inside:
    """A sandbox in this process, asked from outside its loop."""

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop, data: Path) -> None:
        """Take over a running one."""
        self.house = house
        self.data = data
        self.slowest_s = 0.0
        self.asked = 0
        self._loop = loop

    @property
    def merchant(self) -> Merchant:
        """Return the demo merchant."""
        return merchant_of(self.data)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the sandbox's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STARTS_S_MAX)

    def ask(
        self,
        method: str,
        target: str,
        content: object = b"",
        *,
        within_s: float = ANSWER_S_MAX,
        **more: Any,
    ) -> Reply:
        """Send a request; whatever it was, the answer costs little processor time and is no 5xx."""
        for _ in range(AGAIN):
            began_s = time.process_time()
            reply = self.run(ask(self.house, method, target, content, **more))
            took_s = time.process_time() - began_s
            if took_s < within_s:
                break
        self.asked += 1
        self.slowest_s = max(self.slowest_s, took_s)
        assert took_s < within_s, f"{method} {target} took {took_s:.2f} s"
        assert reply.status < 500, (method, target, reply)
        return reply

    def orders(self) -> Sequence[Acquirement]:
        """Return every order there is."""
        query = Select(record=Acquirement, limit=100_000)
        rows: Sequence[Acquirement] = self.run(_select(self.house, query))
        return rows


async def _select(house: House, query: Select) -> Sequence[Any]:
    return await house.desk.reader.select(query)


@contextmanager
def fuzzing(data: Path) -> Iterator[Inside]:
    """Run a sandbox in a folder for as long as the block lasts."""
    ready, ending = threading.Event(), asyncio.Event()
    started: list[Inside] = []

    async def live() -> None:
        async with sandbox(data) as house:
            started.append(Inside(house, asyncio.get_running_loop(), data))
            ready.set()
            await ending.wait()

    thread = threading.Thread(target=asyncio.run, args=(live(),))
    thread.start()
    assert ready.wait(STARTS_S_MAX)
    sandboxed = started[0]
    try:
        yield sandboxed
    finally:
        sandboxed.run(_call(ending.set))
        thread.join(STARTS_S_MAX)


@contextmanager
def overhearing() -> Iterator[list[str]]:
    """Collect every line that is logged, at any level; none may tell of something broken."""
    lines: list[str] = []
    root = logging.getLogger()
    before, ear = root.level, _Ear(lines)
    root.addHandler(ear)
    root.setLevel(logging.DEBUG)
    try:
        with structlog.testing.capture_logs() as logged:
            yield lines
    finally:
        root.setLevel(before)
        root.removeHandler(ear)
        lines += map(str, logged)
    bad = [line for line in logged if line["log_level"] in ("error", "critical")]
    assert bad == []
    assert not any("Traceback" in line for line in lines)


class _Ear(logging.Handler):
    """Writes down what is logged past structlog."""

    def __init__(self, lines: list[str]) -> None:
        """Write to `lines`."""
        super().__init__()
        self._lines = lines
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line down."""
        self._lines.append(self.format(record))


@pytest.fixture
def inside(tmp_path: Path) -> Iterator[Inside]:
    with overhearing(), fuzzing(tmp_path / "gateway") as sandboxed:
        yield sandboxed


async def _call(function: Callable[[], None]) -> None:
    function()
