"""The expiry worker: orders whose time is over are closed, so that their merchants are told.

Doors judge an order by its own time, whether this worker has passed or not; it only writes down
what is true already (U10). It also forgets marks of requests and operations that are long over.
What must hold: an order with an open attempt is left alone; a row is forgotten only when it counts
no more.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import final

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.replay import MARK_KEPT_MS, RequestMark
from tillgate.acquiring.states import AcquirementState
from tillgate.edge.desk import Desk
from tillgate.engine.commands import Expire
from tillgate.engine.lanes import Lane
from tillgate.engine.operation import Operation
from tillgate.engine.ports import Select
from tillgate.workers.loop import Loop
from tillgate.workers.settings import WorkerSettings
from tillgate.workers.spreading import picked
from tillgate.workers.under_way import UnderWay


@final
class Expiry:
    """Closes orders out of time, and forgets old marks and operations, page by page."""

    def __init__(self, desk: Desk, settings: WorkerSettings) -> None:
        """Take its parts; `start` makes it work, `tick` does what is due once."""
        self._desk = desk
        self._settings = settings
        self._under_way = UnderWay(pause_ms=settings.pause_ms, done=lambda: None)
        self._looking = asyncio.Lock()
        self._kept_ms: Mapping[type[RequestMark | Operation], int] = {
            RequestMark: MARK_KEPT_MS,
            Operation: settings.operation_kept_ms,
        }
        self._loop = Loop(
            "expiry", self.tick, poll_ms=settings.expiry_poll_ms, pause_ms=settings.pause_ms
        )

    def start(self) -> None:
        """Begin on the running loop."""
        self._loop.start()

    async def stop(self) -> None:
        """Begin no more, and wait for what is under way."""
        await self._loop.stop()
        await self._under_way.drain(self._settings.drain_ms)

    async def tick(self) -> None:
        """Close every order whose time is over now, then forget some of what is old."""
        async with self._looking:
            while await self._close_page():
                continue
            for record, kept_ms in self._kept_ms.items():
                await self._forget(record, self._desk.clock.now_ms() - kept_ms)

    async def next_at_ms(self) -> int | None:
        """Return when the next order's time is over."""
        rows = await self._waiting(limit=1)
        return rows[0].expires_at_ms if rows else None

    async def _close_page(self) -> bool:
        """Close a page of orders; tell whether there may be more that can be closed now."""
        limit = self._settings.expiry_page * self._settings.spread + self._under_way.resting
        now_ms = self._desk.clock.now_ms()
        page = await self._waiting(limit=limit, at_most=(("expires_at_ms", now_ms),))
        orders = [row for row in page if self._under_way.may_start(row.key)]
        if self._settings.spread > 1:
            orders = picked(orders, self._settings.expiry_page, self._desk.ids)
        for order in orders:
            self._under_way.start(order.key, self._close(order))
        while self._under_way.count:
            await self._under_way.one_ended()
        return len(page) == limit and bool(orders)

    async def _forget(self, record: type[RequestMark | Operation], before_ms: int) -> None:
        """Forget rows of a kind, some pages of them.

        It looks first, so that the store's writer is left alone while there is nothing to forget.
        """
        oldest = Select(
            record=record, at_most=(("at_ms", before_ms - 1),), order_by=("at_ms",), limit=1
        )
        limit = self._settings.forget_page
        for _ in range(self._settings.forget_pages_max):
            if not await self._desk.reader.pick(oldest, "at_ms"):
                return
            if await self._desk.engine.forget(record, before_ms=before_ms, limit=limit) < limit:
                return

    async def _close(self, order: Acquirement) -> None:
        command = Expire(
            operation_id=self._desk.operation(),
            merchant_id=order.merchant_id,
            merchant_trans_id=order.merchant_trans_id,
        )
        ended = await self._desk.engine.execute(command, Lane.BACKGROUND)
        if ended.state is AcquirementState.WAIT_BUYER_PAY:  # An attempt was begun meanwhile.
            self._under_way.rest(order.key)

    async def _waiting(
        self, *, limit: int, at_most: tuple[tuple[str, int], ...] = ()
    ) -> Sequence[Acquirement]:
        query = Select(
            record=Acquirement,
            equals=(("state", AcquirementState.WAIT_BUYER_PAY), ("attempt_open", 0)),
            at_most=at_most,
            order_by=("expires_at_ms",),
            limit=limit,
        )
        rows: Sequence[Acquirement] = await self._desk.reader.select(query)
        return rows
