"""What every reader promises: conditions, order and pages mean the same in each store.

What must hold: a reader sees each commit that was answered, and nothing that was not committed.
"""

import pytest

from tests.support.records import sample
from tests.support.stores import AnyStore
from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.operator import Fact
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.states import AcquirementState
from tillgate.engine.ports import Change, Select
from tillgate.kernel.money import Money
from tillgate.ledger.entries import Posting

WAIT, PAID, CLOSED = (
    AcquirementState.WAIT_BUYER_PAY,
    AcquirementState.TRADE_SUCCESS,
    AcquirementState.TRADE_CLOSED,
)
ORDERS = [
    # merchant, number, state, expires, closed, reason, cancel requested
    ("M", "a", WAIT, 300, None, None, False),
    ("M", "b", PAID, 100, None, None, True),
    ("M", "c", WAIT, 200, None, None, False),
    ("N", "a", CLOSED, 100, 150, CloseReason.EXPIRED, False),
    ("N", "d", CLOSED, 100, 140, CloseReason.CANCELLED, False),
]
QUERIES = [
    # what is asked, the orders that answer
    (Select(record=Acquirement), "Ma Mb Mc Na Nd"),
    (Select(record=Acquirement, limit=2), "Ma Mb"),
    (Select(record=Acquirement, equals=(("merchant_id", "N"),)), "Na Nd"),
    (Select(record=Acquirement, equals=(("state", WAIT),)), "Ma Mc"),
    (Select(record=Acquirement, equals=(("state", "WAIT_BUYER_PAY"),)), "Ma Mc"),
    (Select(record=Acquirement, equals=(("state", (WAIT, PAID)),)), "Ma Mb Mc"),
    (Select(record=Acquirement, equals=(("state", ()),)), ""),
    (Select(record=Acquirement, equals=(("close_reason", None),)), "Ma Mb Mc"),
    (Select(record=Acquirement, equals=(("close_reason", (None, CloseReason.EXPIRED)),)),
     "Ma Mb Mc Na"),
    (Select(record=Acquirement, equals=(("cancel_requested", True),)), "Mb"),
    (Select(record=Acquirement, equals=(("merchant_id", "M"), ("state", PAID))), "Mb"),
    (Select(record=Acquirement, equals=(("merchant_id", "M' OR '1'='1"),)), ""),
    (Select(record=Acquirement, at_most=(("expires_at_ms", 200),)), "Mb Mc Na Nd"),
    (Select(record=Acquirement, at_most=(("closed_at_ms", 140),)), "Nd"),
    (Select(record=Acquirement, order_by=("expires_at_ms",)), "Mb Na Nd Mc Ma"),
    (Select(record=Acquirement, order_by=("-expires_at_ms",)), "Ma Mc Mb Na Nd"),
    (Select(record=Acquirement, order_by=("state", "-expires_at_ms")), "Na Nd Mb Ma Mc"),
    (Select(record=Acquirement, order_by=("closed_at_ms",)), "Ma Mb Mc Nd Na"),
    (Select(record=Acquirement, order_by=("-closed_at_ms",)), "Na Nd Ma Mb Mc"),
    (Select(record=Acquirement, order_by=("-merchant_id",)), "Na Nd Ma Mb Mc"),
    (Select(record=Acquirement, order_by=("-cancel_requested",), limit=1), "Mb"),
    (Select(record=Acquirement, after_key=("M", "b")), "Mc Na Nd"),
    (Select(record=Acquirement, after_key=("M", "bb"), limit=2), "Mc Na"),
    (Select(record=Acquirement, after_key=("N", "d")), ""),
    (Select(record=Acquirement, equals=(("state", WAIT),), at_most=(("expires_at_ms", 299),),
            after_key=("M", "a"), order_by=("expires_at_ms",), limit=5), "Mc"),
]  # fmt: skip


@pytest.mark.parametrize(("query", "expected"), QUERIES)
async def test_a_query_means_the_same_everywhere(
    store: AnyStore, query: Select, expected: str
) -> None:
    rows = [
        sample(
            Acquirement,
            merchant_id=merchant,
            merchant_trans_id=number,
            acquirement_id=number,
            state=state,
            expires_at_ms=expires,
            closed_at_ms=closed,
            close_reason=reason,
            cancel_requested=cancel,
        )
        for merchant, number, state, expires, closed, reason, cancel in reversed(ORDERS)
    ]
    async with store.transaction() as transaction:
        await transaction.flush([Change(row, is_insert=True) for row in rows])
    found = await store.select(query)
    assert " ".join(f"{row.merchant_id}{row.merchant_trans_id}" for row in found) == expected
    assert all(row in rows for row in found)


async def test_numbers_in_a_key_are_paged_as_numbers(store: AnyStore) -> None:
    rows = [sample(Posting, leg_no=number) for number in (1, 2, 10, 11)]
    async with store.transaction() as transaction:
        await transaction.flush([Change(row, is_insert=True) for row in rows])
    query = Select(record=Posting, after_key=("M", "PAYMENT-1", 2))
    assert [row.leg_no for row in await store.select(query)] == [10, 11]


async def test_text_is_ordered_by_code_point(store: AnyStore) -> None:
    names = ["", "A", "Z", "a", "é", "繁", "\uffff", "\U0001f600"]
    async with store.transaction() as transaction:
        rows = [sample(Fact, name=name) for name in reversed(names)]
        await transaction.flush([Change(row, is_insert=True) for row in rows])
    assert [row.name for row in await store.select(Select(record=Fact))] == names


async def test_pages_hand_out_every_row_once(store: AnyStore) -> None:
    rows = [sample(Notification, notification_id=f"n{n:02}", merchant_trans_id=str(n))
            for n in range(25)]  # fmt: skip
    async with store.transaction() as transaction:
        await transaction.flush([Change(row, is_insert=True) for row in rows])
    found: list[Notification] = []
    after = ("", "")
    while page := await store.select(Select(record=Notification, after_key=after, limit=10)):
        found += page
        after = (page[-1].merchant_id, page[-1].notification_id)
    assert found == rows


@pytest.mark.parametrize(
    "query",
    [
        Select(record=Fact, equals=(("nothing", 1),)),
        Select(record=Fact, order_by=("value; DROP TABLE facts",)),
        Select(record=Posting, order_by=("money",)),
        Select(record=Merchant, equals=(("hosts", "shop.example"),)),
    ],
)
async def test_what_cannot_be_compared_is_refused(store: AnyStore, query: Select) -> None:
    with pytest.raises(ValueError, match=query.record.__name__):
        await store.select(query)


async def test_a_reader_sees_every_answered_commit_and_nothing_else(store: AnyStore) -> None:
    for number in range(30):
        async with store.transaction() as transaction:
            change = Change(sample(Fact, name=f"f{number:02}"), is_insert=True)
            await transaction.flush([change])
            assert await store.get(Fact, f"f{number:02}") is None
        assert await store.get(Fact, f"f{number:02}") == change.row
        assert len(await store.select(Select(record=Fact))) == number + 1


POSTINGS = [
    # book, entry, from, to, how much
    ("M", "1", "payer:rich", "merchant:M", "10.00 HKD"),
    ("M", "2", "issuer:sandbox", "merchant:M", "5.50 HKD"),
    ("M", "3", "merchant:M", "payer:rich", "2.25 HKD"),
    ("M", "4", "merchant:M", "returning:sandbox", "0.01 HKD"),
    ("M", "5", "issuer:sandbox", "suspense:sandbox", "7.00 HKD"),
    ("M", "6", "payer:rich", "merchant:M", "900 JPY"),
    ("N", "7", "payer:rich", "merchant:M", "1000.00 HKD"),
    ("rich", "8", "funding:ann", "payer:rich", "100.00 HKD"),
]
TOTALS = [
    # account, currency, book, what came in less what went out
    ("merchant:M", "HKD", "M", 1_324),
    ("merchant:M", "JPY", "M", 900),
    ("merchant:M", "USD", "M", 0),
    ("merchant:M", "HKD", "N", 100_000),
    ("payer:rich", "HKD", "M", -775),
    ("payer:rich", "HKD", "rich", 10_000),
    ("suspense:sandbox", "HKD", "M", 700),
    ("merchant:", "HKD", "M", 0),
    ("merchant:M' OR '1'='1", "HKD", "M", 0),
    ("merchant:M", "HKD", "nobody's", 0),
]


@pytest.mark.parametrize("case", TOTALS)
async def test_a_total_is_what_came_in_less_what_went_out(
    store: AnyStore, case: tuple[str, str, str, int]
) -> None:
    account, currency, book, expected = case
    rows = [
        sample(
            Posting,
            book=of,
            entry_id=entry,
            source=source,
            destination=destination,
            money=Money.parse(money),
        )
        for of, entry, source, destination, money in POSTINGS
    ]
    async with store.transaction() as transaction:
        await transaction.flush([Change(row, is_insert=True) for row in rows])
    assert await store.total(account, currency, book=book) == expected


async def test_a_total_sees_every_answered_commit_and_nothing_else(store: AnyStore) -> None:
    for number in range(1, 31):
        async with store.transaction() as transaction:
            change = Change(sample(Posting, leg_no=number), is_insert=True)
            await transaction.flush([change])
            assert await store.total("merchant:M", "HKD", book="M") == 1_000 * (number - 1)
        assert await store.total("merchant:M", "HKD", book="M") == 1_000 * number


async def test_payments_without_a_device_are_found_as_those_with_one(store: AnyStore) -> None:
    devices = ["", "d1", "", "d2"]
    rows = [sample(RiskDecision, decision_no=n, device=d) for n, d in enumerate(devices, start=1)]
    async with store.transaction() as transaction:
        await transaction.flush([Change(row, is_insert=True) for row in rows])

    async def found(*wanted: str) -> list[int]:
        value = wanted if len(wanted) > 1 else wanted[0]
        query = Select(record=RiskDecision, equals=(("device", value),))
        return [row.decision_no for row in await store.select(query)]

    assert await found("") == [1, 3]
    assert await found("d1") == [2]
    assert await found("", "d2") == [1, 3, 4]


async def test_some_fields_are_picked_as_the_whole_rows_have_them(store: AnyStore) -> None:
    rows = [
        sample(Acquirement, merchant_trans_id=str(number), acquirement_id=str(number))
        for number in range(3)
    ]
    async with store.transaction() as work:
        assert not await work.flush([Change(row, is_insert=True) for row in rows])
    query = Select(record=Acquirement, order_by=("-merchant_trans_id",), limit=2)

    picked = await store.pick(query, "amount", "state", "cancel_requested", "paid_at_ms")

    whole = await store.select(query)
    assert [tuple(row) for row in picked] == [
        (row.amount, row.state, row.cancel_requested, row.paid_at_ms) for row in whole
    ]
    with pytest.raises(ValueError, match="has no field 'none'"):
        await store.pick(query, "none")
