"""What a worker's loop tells of faults that last, by a clock that does not make the test wait.

What must hold: a database that is away for long is told at once, every minute and at its end; a
defect of another kind does not hide behind it.
"""

import asyncio

import pytest
from structlog.testing import capture_logs

from tillgate.simulation.loop import VirtualLoop
from tillgate.workers.loop import Loop

AWAY = 400
"""So many looks in vain, 300 ms apart, last not quite two minutes."""


def test_a_fault_that_lasts_is_told_at_once_every_minute_and_at_its_end() -> None:
    faults: list[Exception | None] = [OSError("away")] * AWAY
    faults += [ValueError("a defect"), OSError("away"), None, None, OSError("away again"), None]
    faults.reverse()

    async def run() -> None:
        over = asyncio.Event()

        async def look() -> None:
            fault = faults.pop() if faults else None
            if fault is not None:
                raise fault
            if not faults:
                over.set()

        worker = Loop("test", look, poll_ms=300, pause_ms=300)
        worker.start()
        await over.wait()
        await asyncio.sleep(1)
        await worker.stop()

    loop = VirtualLoop()
    with capture_logs() as logged:
        loop.run_until_complete(run())
    loop.close()

    assert [(line["event"], "exc_info" in line) for line in logged] == [
        ("worker_failed", True),
        ("worker_failed", False),
        ("worker_failed", True),
        ("worker_works_again", False),
        ("worker_failed", True),
        ("worker_works_again", False),
    ]
    assert {line["worker"] for line in logged} == {"test"}
    minute, defect, end = logged[1:4]
    assert 60 <= minute["lasted_s"] < 61
    assert 200 <= minute["looks"] <= 203
    assert minute["error"] == "OSError"
    assert isinstance(defect["exc_info"], ValueError)
    assert end["looks"] == AWAY + 2


@pytest.mark.parametrize("steps", range(8))
async def test_a_loop_that_is_woken_just_before_ends_when_it_is_stopped(steps: int) -> None:
    """Whatever it is about to do when it is stopped, so many steps after it was woken."""

    async def looks() -> None:
        await asyncio.sleep(0)

    loop = Loop("test", looks, poll_ms=60_000, pause_ms=1)
    loop.start()
    for _ in range(5):
        await asyncio.sleep(0)
    loop.wake()
    for _ in range(steps):
        await asyncio.sleep(0)
    ending = asyncio.ensure_future(loop.stop())
    for _ in range(20):
        await asyncio.sleep(0)
    assert ending.done(), "it goes on"
