"""Two lanes into a batch: people and merchants first, background work in the places left.

Decides who goes into the next batch and who is turned away. What must hold: queues are bounded, a
command whose caller gave up is dropped undecided, and background work always gets some places.
"""

import asyncio
from collections import deque
from enum import Enum, unique
from typing import Any, final

from tillgate.engine.commands import Command
from tillgate.engine.settings import LaneSettings
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result


@unique
class Lane(Enum):
    """Who waits for a command."""

    PEOPLE = "people and merchants"
    BACKGROUND = "background work"


@final
class Job:
    """A command and the caller that waits for its outcome."""

    __slots__ = ("command", "done", "outages", "tries")

    def __init__(self, command: Command, done: "asyncio.Future[Any]") -> None:
        """Bind a command to its caller."""
        self.command = command
        self.done = done
        self.tries = 0
        self.outages = 0

    def answer(self, outcome: object) -> None:
        """Give the caller the outcome, if it still waits."""
        if not self.done.done():
            self.done.set_result(outcome)

    def fail(self, error: BaseException) -> None:
        """Give the caller an error, if it still waits."""
        if not self.done.done():
            self.done.set_exception(error)


@final
class Lanes:
    """The commands that wait."""

    def __init__(self, settings: LaneSettings) -> None:
        """Start empty."""
        self._settings = settings
        self._waiting: dict[Lane, deque[Job]] = {lane: deque() for lane in Lane}
        self._some = asyncio.Event()

    def put(self, job: Job, lane: Lane) -> None:
        """Queue a command, or refuse it when the lane is full; refused means not executed."""
        limit = (
            self._settings.people_queue_max
            if lane is Lane.PEOPLE
            else self._settings.background_queue_max
        )
        if len(self._waiting[lane]) >= limit:
            raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
        self._waiting[lane].append(job)
        self._some.set()

    async def gather(self) -> list[Job]:
        """Wait until something is queued, then return the next batch."""
        while True:
            await self._some.wait()
            batch = self._take()
            if batch:
                return batch

    def drain(self) -> list[Job]:
        """Return everything that waits, and forget it."""
        jobs = [job for queue in self._waiting.values() for job in queue]
        for queue in self._waiting.values():
            queue.clear()
        self._some.clear()
        return jobs

    def _take(self) -> list[Job]:
        people, background = self._waiting[Lane.PEOPLE], self._waiting[Lane.BACKGROUND]
        settings = self._settings
        reserved = min(len(background), settings.background_min)
        batch = _pop(people, settings.batch_max - reserved)
        room = settings.batch_max - len(batch)
        if people or len(batch) > 0:
            room = min(room, max(settings.background_max, reserved))
        batch += _pop(background, room)
        if not people and not background:
            self._some.clear()
        return batch


def _pop(queue: deque[Job], count: int) -> list[Job]:
    taken: list[Job] = []
    while queue and len(taken) < count:
        job = queue.popleft()
        if not job.done.done():
            taken.append(job)
    return taken
