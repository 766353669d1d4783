"""The net between clients and the gateway's processes, and the impatience of clients.

A request goes to any process that is up; it may arrive twice, late, or never, and so may its
answer. What must hold: a client that gives up sends the very same again, or gives up for good and
knows that it knows nothing.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, Final, NamedTuple, final

from tillgate.simulation.faults import Fault, Faults
from tillgate.simulation.process import Process, Reply
from tillgate.simulation.trace import Trace

PATIENCE_S: Final = 13.0
"""A little longer than the gateway waits for an issuer."""
BACK_OFF_S: Final = (0.2, 6.0)
LATE_S: Final = (0.5, 20.0)
TRIES_MAX: Final = 5
HASTE_S: Final = (0.001, 0.05)


class Request(NamedTuple):
    """What is sent, who sends it, and what makes of an answer what its sender was told.

    `hear` records an answer and tells whether the sender is content with it.
    """

    who: str
    method: str
    path: str
    content: bytes
    headers: Mapping[str, str]
    hear: Callable[[Reply], bool]


@final
class Net:
    """Carries requests."""

    def __init__(self, chance: random.Random, faults: Faults, trace: Trace) -> None:
        """Begin without processes."""
        self._chance = chance
        self._faults = faults
        self._trace = trace
        self._tasks: list[asyncio.Task[Any]] = []
        self.processes: dict[str, Process] = {}

    def begin(self, work: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Let something go on beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.append(task)
        return task

    @property
    def tasks(self) -> Sequence["asyncio.Task[Any]"]:
        """Return everything that was begun."""
        return self._tasks

    def pick(self) -> Process | None:
        """Return a process that is up, as a load balancer would."""
        up = [process for process in self.processes.values() if process.life.is_alive]
        return self._chance.choice(up) if up else None

    async def insist(self, make: Callable[[int], Request]) -> bool:
        """Send a request until its sender is content; False when the sender gave up.

        `make` returns the request of a try: the same bytes, or the same order signed anew.
        """
        for number in range(TRIES_MAX):
            request = make(number)
            if await self._try(request):
                return True
            await asyncio.sleep(self._faults.between(*BACK_OFF_S))
        return False

    async def _try(self, request: Request) -> bool:
        if self._strikes(Fault.REQUEST_LOST, 40, request):
            await asyncio.sleep(PATIENCE_S)
            return False
        if self._strikes(Fault.REQUEST_TWICE, 15, request):
            self.begin(self._carried(request))
        if self._strikes(Fault.REQUEST_LATE, 30, request):
            self.begin(self._late(request))
            await asyncio.sleep(self._faults.between(0.1, 2.0))
            return False
        is_hasty = self._strikes(Fault.CALLER_GONE, 30, request)
        wait_s = self._faults.between(*HASTE_S) if is_hasty else PATIENCE_S
        try:
            return await asyncio.wait_for(self._carried(request), wait_s)
        except TimeoutError:
            return False

    async def _late(self, request: Request) -> None:
        await asyncio.sleep(self._faults.between(*LATE_S))
        await self._carried(request)

    async def _carried(self, request: Request) -> bool:
        process = self.pick()
        if process is None:
            await asyncio.sleep(1)
            return False
        self._trace.note(request.who, f"-> {process.name} {request.path}", content=request.content)
        reply = await process.ask(request.method, request.path, request.content, request.headers)
        if self._strikes(Fault.ANSWER_LOST, 30, request):
            return False
        return request.hear(reply)

    def _strikes(self, fault: Fault, one_in: int, request: Request) -> bool:
        return self._faults.strikes(fault, one_in, who=request.who, what=request.path)
