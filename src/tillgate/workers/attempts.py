"""The attempts worker: issuers that have not said yes or no are asked again, refunds are asked for.

It decides when somebody is asked, never what an answer means. What must hold: an ask is claimed
before it is made, so two workers never ask at once; no transaction is open meanwhile; nothing but
an explicit answer ends an attempt (DESIGN section 1).
"""

import asyncio
from collections.abc import Sequence
from typing import Final, final

from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.states import AttemptState
from tillgate.edge.asking import ask_again
from tillgate.edge.desk import Desk
from tillgate.engine.commands import ClaimAttempt
from tillgate.engine.committed import Committed
from tillgate.engine.decide.answer_attempt import Claimed
from tillgate.engine.lanes import Lane
from tillgate.engine.ports import Select
from tillgate.workers.loop import Loop
from tillgate.workers.settings import WorkerSettings
from tillgate.workers.spreading import picked
from tillgate.workers.under_way import UnderWay

UNANSWERED: Final = (AttemptState.ASKED, AttemptState.UNKNOWN)
"""REVIEW waits for an operator, whom no timer asks."""


@final
class Attempts:
    """Asks again, so many at a time."""

    def __init__(self, desk: Desk, settings: WorkerSettings) -> None:
        """Take its parts; `start` makes it work, `tick` does what is due once."""
        self._desk = desk
        self._settings = settings
        self._under_way = UnderWay(pause_ms=settings.pause_ms, done=self._one_ended)
        self._is_behind = False
        self._looking = asyncio.Lock()
        self._loop = Loop(
            "attempts", self._look, poll_ms=settings.attempts_poll_ms, pause_ms=settings.pause_ms
        )

    def start(self) -> None:
        """Begin on the running loop."""
        self._loop.start()

    async def stop(self) -> None:
        """Begin no more, and wait for what is under way; what is given up is asked again later."""
        await self._loop.stop()
        await self._under_way.drain(self._settings.drain_ms)

    def watch(self, committed: Committed) -> None:
        """Look at once when a commit made an ask due: a refund that an issuer owes an answer to."""
        now_ms = self._desk.clock.now_ms()
        if any(_is_due(row, now_ms) for row, _ in committed.of(Attempt)):
            self._loop.wake()

    async def tick(self) -> None:
        """Ask everything that is due now, and return when every answer is committed."""
        await self._under_way.run_dry(self._look)

    async def next_at_ms(self) -> int | None:
        """Return when somebody is asked next."""
        rows = await self._unanswered(limit=1)
        return rows[0].next_ask_at_ms if rows else None

    async def _look(self) -> None:
        async with self._looking:
            most = self._settings.attempts_max * self._settings.spread
            limit = most + self._under_way.count + self._under_way.resting
            now_ms = self._desk.clock.now_ms()
            due = await self._unanswered(limit=limit, at_most=(("next_ask_at_ms", now_ms),))
            self._is_behind = len(due) == limit
            if self._settings.spread > 1:
                free = [row for row in due if self._under_way.may_start(row.key)]
                self._is_behind |= len(free) > self._settings.attempts_max
                due = picked(free, self._settings.attempts_max, self._desk.ids)
            for attempt in due:
                if self._under_way.count >= self._settings.attempts_max:
                    self._is_behind = True
                    break
                if self._under_way.may_start(attempt.key):
                    self._under_way.start(attempt.key, self._ask(attempt))

    def _one_ended(self) -> None:
        if self._is_behind:
            self._loop.wake()

    async def _ask(self, attempt: Attempt) -> None:
        claimed: Claimed = await self._desk.engine.execute(
            ClaimAttempt(
                operation_id=self._desk.operation(),
                merchant_id=attempt.merchant_id,
                merchant_trans_id=attempt.merchant_trans_id,
                attempt_no=attempt.attempt_no,
                asks=attempt.asks,
            ),
            Lane.BACKGROUND,
        )
        if claimed.question is None:
            return
        await ask_again(
            self._desk,
            (attempt.merchant_id, attempt.merchant_trans_id),
            attempt.attempt_no,
            kind=claimed.kind,
            issuer_name=claimed.issuer,
            question=claimed.question,
        )

    async def _unanswered(
        self, *, limit: int, at_most: tuple[tuple[str, int], ...] = ()
    ) -> Sequence[Attempt]:
        query = Select(
            record=Attempt,
            equals=(("state", UNANSWERED),),
            at_most=at_most,
            order_by=("next_ask_at_ms",),
            limit=limit,
        )
        rows: Sequence[Attempt] = await self._desk.reader.select(query)
        return rows


def _is_due(row: Attempt, now_ms: int) -> bool:
    return row.state in UNANSWERED and row.next_ask_at_ms <= now_ms
