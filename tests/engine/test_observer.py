"""What an observer of an engine is told: each try of a batch, in order, and each caller's answer.

What must hold: it is told of a commit after the commit, of a try that came to nothing as well, and
one that fails changes nothing for anybody.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import final

import pytest
import structlog
from structlog.testing import capture_logs

from tests.support.engines import Running, op
from tests.support.faulty import Fault
from tests.support.small_verbs import Claim, Note
from tillgate.engine.commands import Command
from tillgate.engine.lanes import Job, Lane
from tillgate.engine.settings import LaneSettings
from tillgate.kernel.errors import Broken, Refused, TillgateError


@final
class Diary:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.waited: list[int] = []

    def began(self, jobs: Sequence[Job], waiting: Mapping[Lane, int]) -> None:
        self.lines.append(f"began {len(jobs)}")
        self.waited.append(waiting[Lane.PEOPLE])

    def decided(self, jobs: Sequence[Job]) -> None:
        self.lines.append(f"decided {len(jobs)}")

    def committed(self, jobs: Sequence[Job]) -> None:
        self.lines.append(f"committed {len(jobs)}")

    def failed(self, jobs: Sequence[Job], error: Exception) -> None:
        self.lines.append(f"failed {type(error).__name__}")

    def answered(self, command: Command) -> None:
        self.lines.append(f"{type(command).__name__} done")

    def refused(self, command: Command, error: TillgateError) -> None:
        self.lines.append(f"{type(command).__name__} {type(error).__name__}")


@final
class Clumsy:
    """Fails at everything."""

    def began(self, jobs: Sequence[Job], waiting: Mapping[Lane, int]) -> None:
        raise RuntimeError

    def decided(self, jobs: Sequence[Job]) -> None:
        raise RuntimeError

    def committed(self, jobs: Sequence[Job]) -> None:
        raise RuntimeError

    def failed(self, jobs: Sequence[Job], error: Exception) -> None:
        raise RuntimeError

    def answered(self, command: Command) -> None:
        raise RuntimeError

    def refused(self, command: Command, error: TillgateError) -> None:
        raise RuntimeError


async def test_a_command_is_told_step_by_step(running: Running) -> None:
    diary = Diary()
    async with running(observer=diary) as (engine, _):
        await engine.execute(Claim(operation_id=op(1), name="seat"))
        with pytest.raises(Refused):
            await engine.execute(Claim(operation_id=op(2), name="seat"))

    batch = ["began 1", "decided 1", "committed 1"]
    assert diary.lines == [*batch, "Claim done", *batch, "Claim Refused"]


async def test_a_try_that_came_to_nothing_is_told_and_so_is_the_next(running: Running) -> None:
    diary = Diary()
    async with running(Fault.COMMITTED_UNHEARD, observer=diary) as (engine, _):
        await engine.execute(Note(operation_id=op(1), name="f"))

    once = ["began 1", "decided 1"]
    assert diary.lines == [*once, "failed CommitUnknown", *once, "committed 1", "Note done"]


async def test_how_many_wait_is_told_and_who_is_turned_away(running: Running) -> None:
    diary, lanes = Diary(), LaneSettings(batch_max=1, people_queue_max=3)
    async with running(observer=diary, lanes=lanes) as (engine, _):
        asked = [
            asyncio.ensure_future(engine.execute(Note(operation_id=op(n), name=str(n))))
            for n in range(4)
        ]
        ended = await asyncio.gather(*asked, return_exceptions=True)

    assert [type(each).__name__ for each in ended].count("Refused") == 1
    assert diary.lines.count("Note Refused") == 1
    assert diary.waited == [2, 1, 0]


async def test_an_observer_that_fails_harms_nobody_and_is_logged(running: Running) -> None:
    async with running(Fault.COMMITTED_UNHEARD, observer=Clumsy()) as (engine, _):
        with capture_logs() as logged:
            assert await engine.execute(Note(operation_id=op(1), name="f"))
    assert {line["event"] for line in logged} == {"observer_broken"}


async def test_a_line_of_the_engine_carries_what_its_caller_is_about(running: Running) -> None:
    async def ask(payment: str) -> None:
        structlog.contextvars.bind_contextvars(payment=payment)
        with pytest.raises(Broken):
            await engine.execute(Note(operation_id=op(payment), name=payment, poison="decide"))

    merge = structlog.contextvars.merge_contextvars
    async with running() as (engine, _):
        with capture_logs(processors=[merge]) as logged:
            await asyncio.gather(ask("one"), ask("two"))
    assert sorted(line["payment"] for line in logged) == ["one", "two"]
