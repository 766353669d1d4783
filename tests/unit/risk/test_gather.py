"""Evidence as it is read: a payer's and a device's history, what is bounded, and totals of a day.

Over the real memory store; that every store selects alike is the contract suite's to show.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, final

import pytest

from tests.support.records import sample
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.risk.evidence import COUNTED_MAX, Day, Evidence, Usual
from tillgate.acquiring.risk.judge import Outcome
from tillgate.acquiring.risk.records import DeviceSeen, RiskDecision
from tillgate.acquiring.risk.settings import ApproximateLimits
from tillgate.acquiring.risk.signals import Signals
from tillgate.acquiring.states import AcquirementState
from tillgate.edge import day_totals
from tillgate.edge.day_totals import DayTotals
from tillgate.edge.evidence import gather
from tillgate.engine.ports import Change, Select
from tillgate.kernel.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tillgate.kernel.ids import MerchantId, MerchantTransId, PayerId
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.storage.memory import MemoryStore

NOW_MS: Final = 1_700_000_000_000
ANN: Final = PayerId("ann")
SHOP: Final = MerchantId("shop")
TEN: Final = Money.parse("10.00 HKD")
NO_MONEY: Final = Money.parse("0.00 HKD")
PHONE, TABLET = "aa" * 32, "bb" * 32
PAYER: Final = sample(Payer, payer_id=ANN, created_at_ms=NOW_MS - 9 * DAY_MS)
ALL: Final = ApproximateLimits(merchant_day_count=100_000, device_day_count=100_000)


@final
class CountedReads:
    """A memory store that keeps what was asked of it."""

    def __init__(self) -> None:
        """Start empty."""
        self.store = MemoryStore()
        self.selects: list[Select] = []

    async def get(self, record: Any, *parts: str | int) -> Any:
        """Return the row of this key."""
        return await self.store.get(record, *parts)

    async def select(self, query: Select) -> Sequence[Any]:
        """Return the rows that match."""
        self.selects.append(query)
        return await self.store.select(query)

    async def pick(self, query: Select, *fields: str) -> Sequence[Any]:
        """Return these fields of the rows that match."""
        self.selects.append(query)
        return await self.store.pick(query, *fields)

    async def total(self, account: str, currency: str, *, book: str) -> int:
        """Return what an account holds in one book."""
        return await self.store.total(account, currency, book=book)

    async def put(self, *rows: Record) -> None:
        """Commit rows."""
        async with self.store.transaction() as work:
            assert not await work.flush([Change(row, is_insert=True) for row in rows])


@pytest.fixture
def reader() -> CountedReads:
    return CountedReads()


def paid(number: int, age_ms: int, amount: str = "10.00 HKD", **changes: Any) -> Acquirement:
    """Return an order that Ann paid so long ago."""
    money = Money.parse(amount)
    values = {
        "merchant_id": SHOP,
        "merchant_trans_id": MerchantTransId(f"t{number}"),
        "acquirement_id": str(number),
        "state": AcquirementState.TRADE_SUCCESS,
        "amount": money,
        "refunded": money - money,
        "paid_at_ms": NOW_MS - age_ms,
        "payer_id": ANN,
        "issuer": "wallet",
    }
    return sample(Acquirement, **(values | changes))


def seen(payer: str, device: str, age_ms: int) -> DeviceSeen:
    return DeviceSeen(
        payer_id=PayerId(payer),
        device=device,
        first_seen_at_ms=NOW_MS - age_ms,
        last_seen_at_ms=NOW_MS,
    )


def decided(number: int, age_ms: int, decision_no: int = 1, **changes: Any) -> RiskDecision:
    values: dict[str, Any] = {
        "merchant_id": SHOP,
        "merchant_trans_id": MerchantTransId(f"t{number}"),
        "decision_no": decision_no,
        "payer_id": ANN,
        "at_ms": NOW_MS - age_ms,
        "amount": TEN,
        "outcome": Outcome.ACCEPT,
        "score": 0,
        "rules": (),
        "is_agreement": False,
        "signals": "{}",
        "device": PHONE,
    }
    return RiskDecision(**(values | changes))


async def gathered(
    reader: CountedReads, device: str = "", totals: DayTotals | None = None, now_ms: int = NOW_MS
) -> Evidence:
    return await gather(
        reader,
        payer=PAYER,
        merchant_id=SHOP,
        amount=TEN,
        signals=Signals(is_present=True, device=device),
        now_ms=now_ms,
        is_agreement=True,
        totals=totals,
    )


async def test_a_first_payment_has_no_history_and_costs_one_read(reader: CountedReads) -> None:
    assert await gathered(reader) == Evidence(
        signals=Signals(is_present=True),
        at_ms=NOW_MS,
        is_agreement=True,
        payer_since_ms=NOW_MS - 9 * DAY_MS,
        hour_count=0,
        day=Day(count=0, spent=NO_MONEY),
    )
    assert len(reader.selects) == 1


async def test_payments_are_counted_by_hour_and_day(reader: CountedReads) -> None:
    await reader.put(
        paid(1, -SECOND_MS),  # Another process's clock is a little ahead.
        paid(2, HOUR_MS - 1, "30.00 HKD"),
        paid(3, HOUR_MS, "5.00 USD"),
        paid(4, DAY_MS - 1, "50.00 HKD"),
        paid(5, DAY_MS, "20.00 HKD"),
        paid(6, MINUTE_MS, payer_id=PayerId("bob")),
        paid(7, MINUTE_MS, paid_at_ms=None, payer_id=None, state=AcquirementState.WAIT_BUYER_PAY),
    )

    known = await gathered(reader)
    assert known.hour_count == 2
    assert known.day == Day(count=4, spent=Money.parse("90.00 HKD"))
    median, largest = Money.parse("20.00 HKD"), Money.parse("50.00 HKD")
    assert known.usual == Usual(count=4, median=median, largest=largest)


async def test_only_the_newest_payments_are_read(reader: CountedReads) -> None:
    await reader.put(*(paid(number, number) for number in range(COUNTED_MAX + 5)))

    known = await gathered(reader)
    assert (known.hour_count, known.day.count) == (COUNTED_MAX, COUNTED_MAX)
    assert {query.limit for query in reader.selects} == {COUNTED_MAX}


async def test_a_device_has_its_payers_and_a_payer_its_devices(reader: CountedReads) -> None:
    await reader.put(
        seen("ann", PHONE, HOUR_MS),
        seen("ann", TABLET, DAY_MS),
        seen("ann", "cc" * 32, MINUTE_MS),
        seen("ann", "ee" * 32, HOUR_MS),
        seen("bob", PHONE, DAY_MS),
        seen("cleo", PHONE, DAY_MS),
        seen("bob", TABLET, DAY_MS),
    )

    on_phone = await gathered(reader, PHONE)
    assert on_phone.device_since_ms == NOW_MS - HOUR_MS
    assert (on_phone.older_devices, on_phone.other_payers) == (1, 2)
    on_new = await gathered(reader, "dd" * 32)
    assert on_new.device_since_ms is None
    assert (on_new.older_devices, on_new.other_payers) == (4, 0)


async def test_a_payer_with_many_devices_still_knows_this_one(reader: CountedReads) -> None:
    await reader.put(*(seen("ann", f"{number:064x}", DAY_MS) for number in range(COUNTED_MAX)))
    await reader.put(seen("ann", "ff" * 32, HOUR_MS))

    known = await gathered(reader, "ff" * 32)
    assert known.device_since_ms == NOW_MS - HOUR_MS
    assert known.older_devices == COUNTED_MAX


async def test_no_total_is_read_while_no_limit_looks_at_it(reader: CountedReads) -> None:
    of_dollars = ApproximateLimits(merchant_day_amounts=(Money.of(1, "USD"),))

    for limits in (ApproximateLimits(), of_dollars):
        known = await gathered(reader, PHONE, DayTotals(reader, limits))
        assert (known.merchant_day, known.device_day) == (None, None)
    assert {query.record for query in reader.selects} == {Acquirement, DeviceSeen}
    assert all(name == "payer_id" for query in reader.selects[::3] for name, _ in query.equals)


async def test_a_merchants_day_is_what_it_was_paid_by_anybody(reader: CountedReads) -> None:
    await reader.put(
        paid(1, 1),
        paid(2, DAY_MS - 1, payer_id=PayerId("bob")),
        paid(3, DAY_MS),
        paid(4, 1, "5.00 USD"),
        paid(5, 1, merchant_id=MerchantId("other")),
        paid(6, 1, paid_at_ms=None, payer_id=None, state=AcquirementState.WAIT_BUYER_PAY),
    )

    known = await gathered(reader, totals=DayTotals(reader, ALL))
    assert known.merchant_day == Day(count=3, spent=Money.parse("20.00 HKD"))
    assert known.device_day is None


async def test_a_devices_day_counts_each_order_that_was_let_pass_once(
    reader: CountedReads,
) -> None:
    await reader.put(
        decided(1, 1),
        decided(1, 2, decision_no=2),
        decided(2, DAY_MS - 1),
        decided(3, DAY_MS),
        decided(4, 1, outcome=Outcome.REJECT),
        decided(5, 1, device=TABLET),
    )

    known = await gathered(reader, PHONE, DayTotals(reader, ALL))
    assert known.device_day == Day(count=2, spent=Money.parse("20.00 HKD"))


async def test_totals_are_at_most_a_second_old_and_read_only_what_is_new(
    reader: CountedReads,
) -> None:
    totals = DayTotals(reader, ALL)

    async def count(now_ms: int) -> int:
        day = await totals.of_merchant(SHOP, TEN.currency, now_ms)
        assert day is not None
        assert day.spent == Money.of(1_000 * day.count, "HKD")
        return day.count

    await reader.put(paid(1, DAY_MS - 3 * SECOND_MS), paid(2, HOUR_MS))
    assert await count(NOW_MS) == 2
    await reader.put(paid(3, 0))
    assert await count(NOW_MS + SECOND_MS - 1) == 2
    assert await count(NOW_MS + SECOND_MS) == 3
    # Seen late: its process committed after another that read the clock later.
    await reader.put(paid(4, day_totals.OVERLAP_MS - 1))
    assert await count(NOW_MS + 2 * SECOND_MS) == 4
    # The first is a day old now, and in two days all are.
    assert await count(NOW_MS + 3 * SECOND_MS) == 3
    assert await count(NOW_MS + 2 * DAY_MS) == 0
    limits = [query.limit for query in reader.selects]
    assert limits == [day_totals.PAGE_ROWS, *[day_totals.NEWS_ROWS] * 4]


async def test_who_asks_at_the_same_time_reads_once(reader: CountedReads) -> None:
    await reader.put(paid(1, 0))
    totals = DayTotals(reader, ALL)

    days = await asyncio.gather(*(totals.of_merchant(SHOP, TEN.currency, NOW_MS) for _ in range(5)))
    assert days == [Day(count=1, spent=TEN)] * 5
    assert len(reader.selects) == 1


async def test_a_day_of_many_pages_is_read_whole(
    reader: CountedReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_totals, "PAGE_ROWS", 3)
    ages_ms = [0, 0, 0, 1, 2, 2, 3, 4, 4, 5]
    await reader.put(*(paid(number, age_ms) for number, age_ms in enumerate(ages_ms)))

    day = await DayTotals(reader, ALL).of_merchant(SHOP, TEN.currency, NOW_MS)
    assert day == Day(count=10, spent=Money.parse("100.00 HKD"))


async def test_what_is_remembered_is_bounded_and_read_again(
    reader: CountedReads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(day_totals, "REMEMBERED_MAX", 2)
    await reader.put(paid(1, 0))
    totals = DayTotals(reader, ALL)

    for merchant in (SHOP, MerchantId("b"), MerchantId("c"), SHOP):
        day = await totals.of_merchant(merchant, TEN.currency, NOW_MS)
        assert day is not None
        assert day.count == (merchant == SHOP)
    assert len(reader.selects) == 4
