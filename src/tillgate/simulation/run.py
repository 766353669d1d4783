"""One run of one seed: world, loud part, quiet part, audit, report.

It owns the loop and cleans up after it. What must hold: the same seed gives the same report on
every machine; a run ends, whatever happens in it.
"""

import asyncio
import contextlib
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import structlog

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.notification import Notification, NotificationSend
from tillgate.acquiring.refund import Refund
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.ledger.entries import Balance, Entry, Posting
from tillgate.simulation.auditor import RULES, Evidence
from tillgate.simulation.books import read_books
from tillgate.simulation.findings import Finding
from tillgate.simulation.keys import Keys
from tillgate.simulation.loop import Stalled, VirtualLoop
from tillgate.simulation.postings import BOOKED
from tillgate.simulation.remembered import REMEMBERED
from tillgate.simulation.witnesses import WITNESSED
from tillgate.simulation.world import World

STORIES: Final = 12
READ: Final = (
    *(Acquirement, Attempt, Call, Notification, NotificationSend, Refund),
    *(Balance, Entry, Posting),
)


class Report(NamedTuple):
    """What came of a run.

    Attributes:
        digest: of every event and every row that was written.
        faults: how often each fault struck, by its name.
        acts: how many answers clients were told.
        elapsed_s: real time.
    """

    seed: int
    digest: str
    findings: Sequence[Finding]
    faults: Mapping[str, int]
    acts: int
    commits: int
    paid: int
    elapsed_s: float
    lines: Sequence[str]

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing was found."""
        return not self.findings

    def about(self, finding: Finding) -> Sequence[str]:
        """Return the lines of the trace that name what a finding is about."""
        subject = finding.subject.split("/")
        name = subject[1] if len(subject) > 1 else subject[0]
        return [line for line in self.lines if _names(line, name)]


def simulate(seed: int, keys: Keys, *, stories: int = STORIES) -> Report:
    """Run one seed and audit it."""
    began_s = time.perf_counter()
    loop = VirtualLoop()
    broken: list[Finding] = []
    with _told_of_defects(broken):
        try:
            world = loop.run_until_complete(_made(seed, keys))
            try:
                loop.run_until_complete(world.run(stories))
            except Stalled as stalled:
                broken.append(Finding("stalled", f"seed {seed}", str(stalled)))
            except Exception as error:  # noqa: BLE001  Whatever breaks a run is a finding.
                broken.append(Finding("run broken", f"seed {seed}", repr(error)))
            broken += [*_of_tasks(world), *_unheard(loop)]
            findings = loop.run_until_complete(_audited(world))
        finally:
            _close(loop)
    return Report(
        seed=seed,
        digest=world.trace.digest(),
        findings=[*broken, *findings],
        faults={fault.name: count for fault, count in world.faults.counts.items()},
        acts=len(world.tellings.all),
        commits=world.watching.commits,
        paid=sum(telling.code == "9000" for telling in world.tellings.all),
        elapsed_s=time.perf_counter() - began_s,
        lines=world.trace.lines,
    )


async def _made(seed: int, keys: Keys) -> World:
    return World(seed, keys, asyncio.get_running_loop())


async def _audited(world: World) -> list[Finding]:
    evidence = Evidence(
        books=await read_books(world.database.rows, READ),
        bank=world.bank,
        tellings=world.tellings,
        shops=world.shops,
        buyers=list(world.buyers.values()),
        heard=world.targets.heard,
        locked=[str(key) for key in world.database.locked],
    )
    found = [
        finding for rule in (*RULES, *BOOKED, *REMEMBERED, *WITNESSED) for finding in rule(evidence)
    ]
    return [*world.watching.findings, *found]


def _of_tasks(world: World) -> Iterator[Finding]:
    """Tell of anything that ended with an error that nobody took."""
    for task in world.net.tasks:
        if task.done() and not task.cancelled() and task.exception() is not None:
            yield Finding("client broken", f"seed {world.seed}", repr(task.exception()))


def _unheard(loop: VirtualLoop) -> Iterator[Finding]:
    """Tell of errors that nobody waited for, but for refusals of callers that had left."""
    for error in loop.unheard:
        if not isinstance(error, Refused | Unavailable | ConnectionResetError):
            yield Finding("unheard error", type(error).__name__, repr(error))


@contextlib.contextmanager
def _told_of_defects(broken: list[Finding]) -> Iterator[None]:
    """Take what the house logs: an error that no fault explains is a finding."""

    def take(_: object, __: str, event: Any) -> Any:  # noqa: ANN401  structlog's shape.
        error = event.get("exc_info")
        error = sys.exc_info()[1] if error is True else error
        is_ours = isinstance(error, BaseException) and not isinstance(error, Refused | Unavailable)
        name = event.get("event", "")
        if name in DEFECTS or (name in DOUBTFUL and is_ours):
            broken.append(Finding("defect logged", name, f"{error!r} {event}"[:500]))
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[take], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


DEFECTS: Final = frozenset(
    {"batch_broken", "command_broken", "watcher_broken", "door_broken", "broken"}
)
DOUBTFUL: Final = frozenset({"work_failed", "worker_failed"})


def _close(loop: VirtualLoop) -> None:
    """End everything that still waits, as processes do that died."""
    while left := asyncio.all_tasks(loop):
        for task in left:
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.close()


def _names(line: str, name: str) -> bool:
    """Tell whether a line names an order and not one whose name only begins like it."""
    at = line.find(name)
    return at >= 0 and not line[at + len(name) : at + len(name) + 1].isdigit()
