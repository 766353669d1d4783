"""The notifier: what is owed to merchants' servers is sent, until they acknowledge it.

It decides which due notification is sent next, and who may hold up whom; the ladder and the fence
are the engine's, one send is `delivery`'s. What must hold: merchants take turns; one that hangs
fills its own places and its own part of a page of due rows, and nobody else's; a row is started
only when the sender has room for it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Final, final
from urllib.parse import urlsplit

from tillgate.acquiring.notification import Notification
from tillgate.acquiring.states import NotificationState
from tillgate.edge.desk import Desk
from tillgate.engine.committed import Committed
from tillgate.engine.ports import Select
from tillgate.workers.delivery import Delivery
from tillgate.workers.loop import Loop
from tillgate.workers.outgoing.port import Sender
from tillgate.workers.settings import WorkerSettings
from tillgate.workers.spreading import picked
from tillgate.workers.under_way import UnderWay

_LAST: Final = "\U0010ffff"
"""Sorts after every notification's id, so a page read after it begins with the next merchant."""


@final
class Notifier:
    """Sends what is due, merchants in turn."""

    def __init__(self, desk: Desk, sender: Sender, settings: WorkerSettings) -> None:
        """Take its parts; `start` makes it work, `tick` does what is due once."""
        self._desk = desk
        self._sender = sender
        self._delivery = Delivery(desk, sender)
        self._settings = settings
        self._under_way = UnderWay(pause_ms=settings.pause_ms, done=self._one_ended)
        self._of_merchant: Counter[str] = Counter()
        self._on_the_way_to: Counter[str] = Counter()
        self._last_merchant = ""
        self._is_behind = False
        self._looking = asyncio.Lock()
        self._loop = Loop(
            "notifier", self._look, poll_ms=settings.notify_poll_ms, pause_ms=settings.pause_ms
        )

    def start(self) -> None:
        """Begin on the running loop."""
        self._loop.start()

    async def stop(self) -> None:
        """Begin no more sends, and wait for those under way; one given up is sent again later."""
        await self._loop.stop()
        await self._under_way.drain(self._settings.drain_ms)

    def watch(self, committed: Committed) -> None:
        """Look at once when a commit made a notification due."""
        now_ms = self._desk.clock.now_ms()
        if any(_is_due(row, now_ms) for row, _ in committed.of(Notification)):
            self._loop.wake()

    async def tick(self) -> None:
        """Send everything that is due now, and return when all of it is recorded."""
        await self._under_way.run_dry(self._look)

    async def next_at_ms(self) -> int | None:
        """Return when the next send is due, as far as the store knows."""
        query = Select(
            record=Notification,
            equals=(("state", NotificationState.PENDING),),
            order_by=("due_at_ms",),
            limit=self._settings.notify_page,
        )
        rows: Sequence[Notification] = await self._desk.reader.select(query)
        return min((max(row.due_at_ms, row.lease_until_ms) for row in rows), default=None)

    async def _look(self) -> None:
        """Start what is due and has a place: from the merchant after the last one, once around."""
        async with self._looking:
            self._is_behind = False
            last = self._last_merchant
            if not self._has_place():
                self._is_behind = True
                return
            if await self._begin_few(after=last):
                return
            await self._sweep(after=last, until=_LAST)
            if last:
                await self._sweep(after="", until=last)

    async def _begin_few(self, *, after: str) -> bool:
        """Start what is due, from the merchant after one, if it is little; tell whether it was.

        Little is found by when it is due. In the order of merchants a database may walk over all
        there ever was, until it has found a page: it believes there is more than there is by now.
        """
        most = self._settings.notify_few_max
        by_due = self._query(order_by=("due_at_ms",), limit=most + 1)
        if len(await self._desk.reader.pick(by_due, "due_at_ms")) > most:
            return False
        rows = sorted(await self._desk.reader.select(by_due), key=_merchant_of)
        grouped = _by_merchant(rows)
        for merchant_id, some in sorted(grouped, key=lambda each: (each[0] <= after, each[0])):
            if not self._has_place():
                self._is_behind = True
                break
            is_spread = self._settings.spread > 1 and len(some) > self._settings.spread
            self._begin(await self._longest_due(merchant_id) if is_spread else some)
        return True

    async def _sweep(self, *, after: str, until: str) -> None:
        """Go over the merchants after one, up to another, that have something due."""
        limit = self._settings.notify_page
        while self._has_place():
            after_key = (after, _LAST) if after else ()
            page = await self._due(after_key=after_key, limit=limit)
            for merchant_id, rows in _by_merchant(page):
                if merchant_id > until:
                    return
                is_cut_off = len(page) == limit and merchant_id == page[-1].merchant_id
                is_spread = self._settings.spread > 1 and len(rows) > self._settings.spread
                some = is_cut_off or is_spread
                self._begin(await self._longest_due(merchant_id) if some else rows)
                after = merchant_id
            if len(page) < limit:
                return
        self._is_behind = True

    async def _longest_due(self, merchant_id: str) -> Sequence[Notification]:
        """Return what was due first of a merchant whose notifications fill a page.

        It is one more than there can be places for, so that it shows when more are waiting.
        """
        places = self._settings.notify_sends_per_merchant_max
        limit = places * self._settings.spread + 1
        limit += self._of_merchant[merchant_id] + self._under_way.resting
        rows = await self._due(merchant_id=merchant_id, order_by=("due_at_ms",), limit=limit)
        return rows if self._settings.spread == 1 else self._some(rows)

    def _some(self, rows: Sequence[Notification]) -> Sequence[Notification]:
        """Return as many as a merchant has places, of those that may be started."""
        free = [row for row in rows if self._under_way.may_start(row.key)]
        self._is_behind |= len(free) > self._settings.notify_sends_per_merchant_max
        return picked(free, self._settings.notify_sends_per_merchant_max, self._desk.ids)

    async def _due(
        self,
        *,
        limit: int,
        merchant_id: str = "",
        after_key: tuple[str, ...] = (),
        order_by: tuple[str, ...] = (),
    ) -> Sequence[Notification]:
        query = self._query(
            limit=limit, merchant_id=merchant_id, after_key=after_key, order_by=order_by
        )
        rows: Sequence[Notification] = await self._desk.reader.select(query)
        return rows

    def _query(
        self,
        *,
        limit: int,
        merchant_id: str = "",
        after_key: tuple[str, ...] = (),
        order_by: tuple[str, ...] = (),
    ) -> Select:
        now_ms = self._desk.clock.now_ms()
        of_merchant = (("merchant_id", merchant_id),) if merchant_id else ()
        return Select(
            record=Notification,
            equals=(("state", NotificationState.PENDING), *of_merchant),
            at_most=(("due_at_ms", now_ms), ("lease_until_ms", now_ms)),
            after_key=after_key,
            order_by=order_by,
            limit=limit,
        )

    def _begin(self, rows: Iterable[Notification]) -> None:
        """Start one merchant's sends, those due first before others, as far as there are places."""
        for row in sorted(rows, key=lambda row: row.due_at_ms):
            if not self._under_way.may_start(row.key):
                continue
            if not self._has_place_for(row):
                self._is_behind = True
                continue
            self._of_merchant[row.merchant_id] += 1
            self._on_the_way_to[_host(row.url)] += 1
            self._under_way.start(row.key, self._deliver(row))
            self._last_merchant = row.merchant_id

    def _has_place(self) -> bool:
        return self._under_way.count < self._settings.notify_sends_max

    def _has_place_for(self, row: Notification) -> bool:
        """Tell whether a send would go out without waiting, counting those about to."""
        of_merchant = self._of_merchant[row.merchant_id]
        room = self._sender.room(row.url) - self._on_the_way_to[_host(row.url)]
        is_free = of_merchant < self._settings.notify_sends_per_merchant_max
        return self._has_place() and is_free and room > 0

    def _one_ended(self) -> None:
        if self._is_behind:
            self._loop.wake()

    async def _deliver(self, row: Notification) -> None:
        try:
            try:
                claimed = await self._delivery.claimed(row)
            finally:
                _less(self._on_the_way_to, _host(row.url))  # From here on the sender counts it.
            if claimed is not None and not await self._delivery.send(row, claimed):
                self._under_way.rest(row.key)
        finally:
            _less(self._of_merchant, row.merchant_id)


def _is_due(row: Notification, now_ms: int) -> bool:
    is_pending = row.state is NotificationState.PENDING
    return is_pending and max(row.due_at_ms, row.lease_until_ms) <= now_ms


def _merchant_of(row: Notification) -> str:
    return row.merchant_id


def _by_merchant(page: Sequence[Notification]) -> Iterable[tuple[str, list[Notification]]]:
    grouped = groupby(page, key=_merchant_of)
    return [(merchant_id, list(rows)) for merchant_id, rows in grouped]


def _host(url: str) -> str:
    """Return where a URL leads, roughly: the sender alone reads it as it is."""
    try:
        return urlsplit(url.strip()).netloc.lower()
    except ValueError:
        return url


def _less(counter: Counter[str], name: str) -> None:
    counter[name] -= 1
    if not counter[name]:
        del counter[name]
