"""What a merchant took and what was paid on a device within 24 hours, for the approximate limits.

No row is locked and none is hot: the first question reads the day, later ones read what is new, and
none reads twice within a second, so an answer may be that old (DESIGN section 1). What must hold:
nothing is read for a payment that no limit looks at; what is remembered is bounded, and whatever is
forgotten is read again.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple, final

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.risk.evidence import Day
from tillgate.acquiring.risk.judge import Outcome
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.risk.settings import LIMIT_COUNT_MAX, ApproximateLimits
from tillgate.engine.ports import Reader, Select
from tillgate.kernel.clock import DAY_MS, MINUTE_MS, SECOND_MS
from tillgate.kernel.ids import MerchantId
from tillgate.kernel.money import Currency, Money

FRESH_MS: Final = SECOND_MS
"""How old an answer may be."""
OVERLAP_MS: Final = 5 * SECOND_MS
"""How much is read again: a commit may become visible after a later one of another process."""
PAGE_ROWS: Final = 1_000
"""How many rows are read at once of a day that is not known yet."""
NEWS_ROWS: Final = 256
"""How many rows are read at once to find what is new; several batches may share a millisecond."""
REMEMBERED_MAX: Final = 512
"""How many merchants and devices are remembered at once."""


class _Kind(NamedTuple):
    """Which rows are counted: those of `record` whose `field` is the subject, at `at_field`."""

    record: type[Acquirement] | type[RiskDecision]
    field: str
    at_field: str
    further: tuple[tuple[str, Any], ...] = ()


_OF_MERCHANT: Final = _Kind(Acquirement, "merchant_id", "paid_at_ms")
# A payment that an operator let pass is not counted on its device: it was looked at.
_OF_DEVICE: Final = _Kind(RiskDecision, "device", "at_ms", further=(("outcome", Outcome.ACCEPT),))


class _Paid(NamedTuple):
    """One payment that counts; `order` makes an order count once."""

    at_ms: int
    order: tuple[str, str]
    amount: Money


@final
class _Tally:
    """The payments of one subject, oldest first, as far as they were read."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.read_at_ms: int | None = None
        self.paid: deque[_Paid] = deque()
        self.orders: set[tuple[str, str]] = set()
        self.spent: dict[Currency, Money] = {}

    def since_ms(self, now_ms: int) -> int:
        """Return from when on rows may be new."""
        day_ms = now_ms - DAY_MS
        return max(day_ms, self.paid[-1].at_ms - OVERLAP_MS) if self.paid else day_ms

    def take(self, found: Iterable[_Paid], now_ms: int) -> None:
        """Add what is new and drop what is older than a day."""
        for each in sorted(found, key=lambda paid: paid.at_ms):
            if each.order not in self.orders:
                self.orders.add(each.order)
                self.paid.append(each)
                self._spend(each.amount)
        while self.paid and self.paid[0].at_ms <= now_ms - DAY_MS:
            gone = self.paid.popleft()
            self.orders.discard(gone.order)
            self._spend(-gone.amount)
        self.read_at_ms = now_ms

    def day(self, currency: Currency) -> Day:
        """Return the count of all, and the sum in one currency."""
        return Day(count=len(self.paid), spent=self.spent.get(currency, Money(0, currency)))

    def _spend(self, amount: Money) -> None:
        before = self.spent.get(amount.currency, Money(0, amount.currency))
        self.spent[amount.currency] = before + amount


@final
class DayTotals:
    """Answers what was paid within a day, as far as there are limits to hold it against."""

    def __init__(self, reader: Reader, limits: ApproximateLimits) -> None:
        """Remember nothing yet."""
        self._reader = reader
        self._limits = limits
        self._tallies: OrderedDict[tuple[str, str], _Tally] = OrderedDict()

    @property
    def limits(self) -> ApproximateLimits:
        """Return the limits that the totals are for."""
        return self._limits

    async def of_merchant(
        self, merchant_id: MerchantId, currency: Currency, now_ms: int
    ) -> Day | None:
        """Return what a merchant took, None when no limit looks at it."""
        if not self._limits.counts_merchant(currency.code):
            return None
        return await self._day(_OF_MERCHANT, merchant_id, currency, now_ms)

    async def of_device(self, device: str, currency: Currency, now_ms: int) -> Day | None:
        """Return what was paid on a device, None when it is unknown or no limit looks at it."""
        if not device or not self._limits.counts_device(currency.code):
            return None
        return await self._day(_OF_DEVICE, device, currency, now_ms)

    async def _day(self, kind: _Kind, subject: str, currency: Currency, now_ms: int) -> Day:
        tally = self._tally((kind.field, subject))
        async with tally.lock:
            if tally.read_at_ms is None or now_ms - tally.read_at_ms >= FRESH_MS:
                tally.take(await self._read(kind, subject, tally, now_ms), now_ms)
        return tally.day(currency)

    def _tally(self, name: tuple[str, str]) -> _Tally:
        tally = self._tallies.setdefault(name, _Tally())
        self._tallies.move_to_end(name)
        if len(self._tallies) > REMEMBERED_MAX:
            self._tallies.popitem(last=False)
        return tally

    async def _read(self, kind: _Kind, subject: str, tally: _Tally, now_ms: int) -> set[_Paid]:
        """Return the payments that may be new, newest page first."""
        since_ms = tally.since_ms(now_ms)
        limit = PAGE_ROWS if tally.read_at_ms is None else NEWS_ROWS
        found: set[_Paid] = set()
        until_ms = now_ms + MINUTE_MS
        for _ in range(LIMIT_COUNT_MAX // limit + 1):
            page = await self._page(kind, subject, until_ms, limit)
            found.update(each for each in page if each.at_ms > since_ms)
            if len(page) < limit or page[-1].at_ms <= since_ms:
                break
            # A page that begins and ends in one millisecond would be read for ever.
            until_ms = page[-1].at_ms - (page[0].at_ms == page[-1].at_ms)
        return found

    async def _page(self, kind: _Kind, subject: str, until_ms: int, limit: int) -> Sequence[_Paid]:
        rows = await self._reader.select(
            Select(
                record=kind.record,
                equals=((kind.field, subject), *kind.further),
                at_most=((kind.at_field, until_ms),),
                order_by=(f"-{kind.at_field}",),
                limit=limit,
            )
        )
        return [
            _Paid(getattr(row, kind.at_field), (row.merchant_id, row.merchant_trans_id), row.amount)
            for row in rows
        ]
