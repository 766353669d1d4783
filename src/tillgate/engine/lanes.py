"""Two lanes into a batch: people and merchants first, background work in the places left.

Decides who goes into the next batch and who is turned away: whoever would find a full queue, and
whoever could not be decided in time, as far as the last batches tell. What must hold: queues are
bounded, a command whose caller gave up is dropped undecided, background work always gets some
places, and who carries on what was begun is never turned away: as many were let in to begin it.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from contextvars import copy_context
from enum import Enum, unique
from typing import Any, Final, final

from tillgate.engine.commands import AcceptPin, AnswerAttempt, Command, Confirm, LockOut
from tillgate.engine.committed import Committed
from tillgate.engine.payer_commands import RejectPin, ReleasePinTry
from tillgate.engine.settings import LaneSettings
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result

GOING_ON: Final = frozenset({AcceptPin, AnswerAttempt, Confirm, LockOut, RejectPin, ReleasePinTry})
"""Commands that carry on what others began: a PIN was checked, an issuer has answered."""
NEWEST_SHARE: Final = 0.25
"""How much the newest batch counts in how long a batch takes."""


@unique
class Lane(Enum):
    """Who waits for a command."""

    PEOPLE = "people and merchants"
    BACKGROUND = "background work"


@final
class Job:
    """A command and the caller that waits for its outcome."""

    __slots__ = (
        "command",
        "context",
        "done",
        "is_found",
        "may_be_done",
        "outages",
        "tries",
        "unheard",
    )

    def __init__(self, command: Command, done: "asyncio.Future[Any]") -> None:
        """Bind a command to its caller, with what the caller's log lines carry."""
        self.command = command
        self.context = copy_context()
        self.done = done
        self.tries = 0
        self.outages = 0
        self.may_be_done = False
        self.unheard: list[Committed] = []
        """What a commit without an answer wrote, if it happened; one list for all its commands."""
        self.is_found: bool | None = None
        """Whether the latest try found its operation; None when it did not look."""

    @property
    def goes_on(self) -> bool:
        """Tell whether the command carries on what others began."""
        return type(self.command) in GOING_ON

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
        self._batch_s = 0.0
        self._began_s: float | None = None

    def put(self, job: Job, lane: Lane) -> None:
        """Queue a command, or refuse it when the wait would be too long: it is not executed."""
        limit = (
            self._settings.people_queue_max
            if lane is Lane.PEOPLE
            else self._settings.background_queue_max
        )
        is_full = len(self._waiting[lane]) >= limit
        if not job.goes_on and (is_full or (lane is Lane.PEOPLE and self._is_late())):
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

    def began(self) -> None:
        """Hear that a batch is under way."""
        self._began_s = asyncio.get_running_loop().time()

    def ended(self) -> None:
        """Hear that it is over."""
        if self._began_s is not None:
            took_s = asyncio.get_running_loop().time() - self._began_s
            self._batch_s += NEWEST_SHARE * (took_s - self._batch_s)
            self._began_s = None

    def _is_late(self) -> bool:
        """Tell whether one more of the people would be decided too late.

        A batch that has taken longer than usual is expected to take as long again. Who finds less
        than a batch waiting is taken even where a single one takes longer than may be waited, else
        a slow store would be handed one command at a time.
        """
        most_s = self._settings.queue_wait_ms_max / SECOND_MS
        batches = 1 + len(self._waiting[Lane.PEOPLE]) // self._settings.people_places
        under_way_s = 0.0
        if self._began_s is not None:
            under_way_s = asyncio.get_running_loop().time() - self._began_s
        if batches == 1 and under_way_s <= most_s:
            return False
        left_s = max(self._batch_s - under_way_s, under_way_s)
        return left_s + batches * self._batch_s > most_s

    def waiting(self) -> Mapping[Lane, int]:
        """Return how many commands wait in each lane."""
        return {lane: len(queue) for lane, queue in self._waiting.items()}

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
