"""The watchman: looks every so often at what waits in the store, and has the books audited.

It shows what it finds to the meters and decides nothing. How the books are audited is handed in,
since that room is closed to workers. What must hold: a look reads a bounded number of rows; an
audit that cannot be made is told as that and never as clean books; neither holds up a payment.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, final

import structlog

from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.states import AttemptState, NotificationState
from tillgate.edge.desk import Desk
from tillgate.edge.meters import Audited, Owed
from tillgate.engine.ports import Select
from tillgate.kernel.clock import SECOND_MS, held_ms
from tillgate.workers.loop import Loop

Audit = Callable[[int], Awaitable[Audited]]
"""Audits the books as they are at this instant (milliseconds), and returns what it found."""
COUNTED_MAX: Final = 10_000
"""So many rows are read to be counted; a number as high as this means so many or more."""
AUDIT_AFTER_MS: Final = 60 * SECOND_MS
"""How long after its start a process audits first, so that a server that restarts again and again
does not do nothing else."""


@final
class Watchman:
    """Looks and counts."""

    def __init__(
        self,
        desk: Desk,
        *,
        look_ms: int,
        audit: Audit | None = None,
        audit_ms: int = 0,
        is_mine: Callable[[], bool] = lambda: True,
    ) -> None:
        """Look every `look_ms`; audit every `audit_ms`, if there is an audit and a period.

        Of several processes that one audits to whom `is_mine` says so.
        """
        self._is_mine = is_mine
        self._desk = desk
        self._audit = audit if audit_ms else None
        self._audit_ms = audit_ms
        self._audit_at_s = time.monotonic() + min(audit_ms, AUDIT_AFTER_MS) / SECOND_MS
        self._was_held = False
        self._log = structlog.get_logger("tillgate.workers")
        self._looking = Loop("watchman", self.look, poll_ms=look_ms, pause_ms=look_ms)
        self._auditing = Loop("audit", self._audit_when_due, poll_ms=SECOND_MS, pause_ms=SECOND_MS)

    def start(self) -> None:
        """Begin on the running loop."""
        self._looking.start()
        if self._audit is not None:
            self._auditing.start()

    async def stop(self) -> None:
        """Look no more; an audit under way is given up."""
        await self._looking.stop()
        await self._auditing.stop()

    async def look(self) -> None:
        """Look once and show what waits."""
        now_ms = self._desk.clock.now_ms()
        pending = await self._pick(
            Notification, NotificationState.PENDING, "due_at_ms", order_by="due_at_ms"
        )
        due_ms = [due_at_ms for (due_at_ms,) in pending if due_at_ms <= now_ms]
        open_ms = [
            asked_at_ms
            for state in (AttemptState.UNKNOWN, AttemptState.ASKED)
            for (asked_at_ms,) in await self._pick(
                Attempt, state, "asked_at_ms", order_by="next_ask_at_ms"
            )
        ]
        review = await self._pick(
            Attempt, AttemptState.REVIEW, "asked_at_ms", order_by="next_ask_at_ms"
        )
        review_ms = [asked_at_ms for (asked_at_ms,) in review]
        self._desk.meters.owing(
            Owed(
                due=len(due_ms),
                due_age_s=(now_ms - min(due_ms, default=now_ms)) / SECOND_MS,
                pending=len(pending),
                unknown=len(open_ms),
                unknown_age_s=(now_ms - min(open_ms, default=now_ms)) / SECOND_MS,
                review=len(review),
                review_age_s=(now_ms - min(review_ms, default=now_ms)) / SECOND_MS,
                clock_held_s=self._clock_held_s(),
            )
        )

    def _clock_held_s(self) -> float:
        """Return how long our clock is ahead of the one it follows; say so when that begins."""
        held_s = held_ms(self._desk.clock) / SECOND_MS
        if held_s and not self._was_held:
            self._log.error("clock_held", ahead_s=held_s)
        elif self._was_held and not held_s:
            self._log.warning("clock_follows_again")
        self._was_held = bool(held_s)
        return held_s

    async def audit(self) -> None:
        """Audit once and show what came of it."""
        if self._audit is None:
            return
        try:
            found = await self._audit(self._desk.clock.now_ms())
        except Exception as error:  # noqa: BLE001  Whatever is wrong, the books were not audited.
            self._log.error("audit_failed", exc_info=error)
            self._desk.meters.audited(None)
            return
        tell = self._log.error if found.faults else self._log.info
        tell("audited", faults=found.faults, notes=found.notes, took_s=round(found.took_s, 3))
        self._desk.meters.audited(found)

    async def _audit_when_due(self) -> None:
        if time.monotonic() >= self._audit_at_s and self._is_mine():
            await self.audit()
            self._audit_at_s = time.monotonic() + self._audit_ms / SECOND_MS

    async def _pick(self, record: Any, state: str, field: str, *, order_by: str) -> Any:  # noqa: ANN401  Rows of one field.
        query = Select(
            record=record, equals=(("state", state),), order_by=(order_by,), limit=COUNTED_MAX
        )
        return await self._desk.reader.pick(query, field)
