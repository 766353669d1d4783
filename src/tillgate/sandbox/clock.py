"""The sandbox's virtual clock: how it is moved, and what is done on the way.

It decides who moves the clock, one at a time, and how far; what is due is the workers' affair. What
must hold: the clock only goes forward; whatever is due on the way is done at its own instant, in
order, and is committed before the answer; an advance that was begun is finished, whoever waits for
it; how far ahead the clock is, is kept before it is there. When the process dies on the way, its
next start is at the end of it, and what was due is done then, all at once.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final, final

import msgspec

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.notification import NotificationSend
from tillgate.bootstrap.virtual import keep_offset
from tillgate.edge.desk import Desk
from tillgate.engine.committed import Committed
from tillgate.kernel.clock import (
    DURATION_MS_MAX,
    ManualClock,
    VirtualClock,
    duration_ms,
    rfc3339_ms,
)
from tillgate.sandbox.control import Asked, NotUnderstood, Route
from tillgate.workers.run import Workers

PATH: Final = "/sandbox/clock"
OFFSET_MS_MAX: Final = 10 * DURATION_MS_MAX
"""A century; dates on the wire end with the year 9999."""


@final
class Advance(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """How far to go: as milliseconds, or as people write it."""

    advance_ms: Annotated[int, msgspec.Meta(ge=0, le=DURATION_MS_MAX)] | None = None
    advance: str | None = None


@final
class Advanced(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Where the clock stands, and what was done on the way."""

    now: str
    now_ms: int
    ahead_ms: int
    ran: dict[str, int] = {}


@final
class Done:
    """Counts what workers do, by what their commits wrote."""

    def __init__(self) -> None:
        """Count from none."""
        self._counts: Counter[str] = Counter()

    def watch(self, committed: Committed) -> None:
        """Count one commit."""
        sends = committed.of(NotificationSend)
        self._counts["notificationsSent"] += len(sends)
        self._counts["ordersExpired"] += sum(
            row.close_reason is CloseReason.EXPIRED and before is not None and before.waits
            for row, before in committed.of(Acquirement)
        )
        self._counts["attemptsResolved"] += sum(
            before is not None and before.is_open and not row.is_open
            for row, before in committed.of(Attempt)
        )

    def counts(self) -> dict[str, int]:
        """Return the counts so far."""
        names = ("notificationsSent", "ordersExpired", "attemptsResolved")
        return {name: self._counts[name] for name in names}


@final
class ClockDoor:
    """The doors of the clock."""

    def __init__(self, desk: Desk, workers: Workers, data: Path) -> None:
        """Move this desk's clock with these workers; note the offset in this folder."""
        self._desk = desk
        self._workers = workers
        self._data = data
        self._turn = asyncio.Lock()
        self._done = Done()
        desk.engine.watch(self._done.watch)

    def routes(self) -> Sequence[Route]:
        """Return the doors."""
        return (Route("GET", PATH, self.show), Route("POST", PATH, self.move))

    async def show(self, asked: Asked) -> Advanced:  # noqa: ARG002  A handler's shape.
        """Tell where the clock stands."""
        return self._standing({})

    async def move(self, asked: Asked) -> Advanced:
        """Advance, and answer when all that is due is done."""
        # Whoever leaves meanwhile does not stop the clock between two commits.
        return await asyncio.shield(self.advance(_length_ms(asked.read(Advance))))

    async def advance(self, length_ms: int) -> Advanced:
        """Advance the clock and do what is due on the way."""
        async with self._turn:
            clock = self._desk.clock
            if not isinstance(clock, VirtualClock | ManualClock):
                raise NotUnderstood("This gateway's clock is not a virtual one.")
            if isinstance(clock, VirtualClock):
                if clock.offset_ms + length_ms > OFFSET_MS_MAX:
                    raise NotUnderstood("The clock would be more than a century ahead.")
                keep_offset(self._data, clock.offset_ms + length_ms)
            before = self._done.counts()
            await self._workers.advance(clock, length_ms)
            after = self._done.counts()
            return self._standing({name: after[name] - before[name] for name in after})

    def _standing(self, ran: dict[str, int]) -> Advanced:
        clock = self._desk.clock
        now_ms = clock.now_ms()
        ahead_ms = clock.offset_ms if isinstance(clock, VirtualClock) else 0
        return Advanced(now=rfc3339_ms(now_ms), now_ms=now_ms, ahead_ms=ahead_ms, ran=ran)


def _length_ms(asked: Advance) -> int:
    if asked.advance is not None and asked.advance_ms is None:
        try:
            return duration_ms(asked.advance)
        except ValueError as error:
            raise NotUnderstood(f"advance: {error}.") from error
    if asked.advance_ms is None or asked.advance is not None:
        raise NotUnderstood('Name one length: {"advanceMs": 90000000} or {"advance": "25h"}.')
    return asked.advance_ms
