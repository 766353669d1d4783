"""The merchant cancels by U19, and orders run out of time.

A row says what there was, how long ago it was paid, and what a cancel makes of it. What must hold: a
cancelled payment is given back in the same commit; a cancel that is sent again says the same; an
order that was never created leaves a tombstone.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

from typing import Any

import pytest

from tests.engine.score import NOON_MS, SHOP, Score, merchant, stage
from tillgate.acquiring.acquirement import CloseReason
from tillgate.acquiring.states import AcquirementState
from tillgate.engine.commands import Cancel, SetMerchant
from tillgate.engine.decide.end_order import is_cancellable
from tillgate.engine.ports import Change
from tillgate.kernel.clock import HOUR_MS, MINUTE_MS, SECOND_MS, parse_rfc3339
from tillgate.kernel.ids import ClientId, MerchantId, MerchantTransId
from tillgate.kernel.money import Money
from tillgate.ledger.entries import Balance

BY_RICH = "PAYMENT payer:rich > merchant:shop"
TO_RICH = "REFUND merchant:shop > payer:rich"
BY_BANK = "PAYMENT issuer:bank > merchant:shop"
TO_BANK = "REFUND merchant:shop > returning:bank"
TO_MIDNIGHT_MS = 12 * HOUR_MS
BUFFER_MS = 15 * MINUTE_MS
CLOSED = "TRADE_CLOSED"
LATE = "refused CANCEL_EXPIRED"


async def _opened(score: Score) -> None:
    await score.calls("A")


async def _paid(score: Score) -> None:
    await score.calls("A")
    await score.confirms("A")


async def _paid_by_bank(score: Score) -> None:
    await score.calls("A", "slow")
    await score.confirms("A")
    await score.bank_says("yes")


async def _tried(score: Score) -> None:
    await score.calls("A", "poor")
    await score.confirms("A")


async def _nothing(_: Score) -> None:
    """There is no order."""


# A table reads best a row at a time.
# fmt: off
TABLE = (
    # given          waited                          told    ends as                       entries             notified
    (_opened,       0,                              CLOSED, "TRADE_CLOSED CANCELLED",     (),                 ()),
    (_opened,       180 * SECOND_MS,                CLOSED, "TRADE_CLOSED EXPIRED",       (),                 ()),
    (_tried,        0,                              CLOSED, "TRADE_CLOSED CANCELLED",     (),                 ("ORDER_IS_CLOSED",)),
    (_tried,        180 * SECOND_MS,                CLOSED, "TRADE_CLOSED EXPIRED",       (),                 ("ORDER_IS_CLOSED",)),
    (_nothing,      0,                              CLOSED, "TRADE_CLOSED NEVER_CREATED", (),                 ()),
    (_paid,         0,                              CLOSED, "TRADE_CLOSED CANCELLED",     (BY_RICH, TO_RICH), ("SUCCESS WITHDRAWN",)),
    (_paid_by_bank, 0,                              CLOSED, "TRADE_CLOSED CANCELLED",     (BY_BANK, TO_BANK), ("SUCCESS WITHDRAWN",)),
    (_paid,         TO_MIDNIGHT_MS - 1,             CLOSED, "TRADE_CLOSED CANCELLED",     (BY_RICH, TO_RICH), ("SUCCESS WITHDRAWN",)),
    (_paid,         TO_MIDNIGHT_MS,                 CLOSED, "TRADE_CLOSED CANCELLED",     (BY_RICH, TO_RICH), ("SUCCESS WITHDRAWN",)),
    (_paid,         TO_MIDNIGHT_MS + BUFFER_MS - 1, CLOSED, "TRADE_CLOSED CANCELLED",     (BY_RICH, TO_RICH), ("SUCCESS WITHDRAWN",)),
    (_paid,         TO_MIDNIGHT_MS + BUFFER_MS,     LATE,   "TRADE_SUCCESS",              (BY_RICH,),         ("SUCCESS",)),
    (_paid_by_bank, TO_MIDNIGHT_MS + BUFFER_MS,     LATE,   "TRADE_SUCCESS",              (BY_BANK,),         ("SUCCESS",)),
)

WINDOW = (
    # paid                         asked                        may be cancelled
    ("2026-03-02T00:00:00+08:00", "2026-03-03T00:14:59+08:00", True),
    ("2026-03-02T00:00:00+08:00", "2026-03-03T00:15:00+08:00", False),
    ("2026-03-02T23:59:59+08:00", "2026-03-03T00:14:59+08:00", True),
    ("2026-03-02T23:59:59+08:00", "2026-03-03T00:15:00+08:00", False),
    ("2026-03-02T16:00:00Z",      "2026-03-03T16:14:59Z",      True),
    ("2026-03-02T15:59:59Z",      "2026-03-02T16:15:00Z",      False),
    ("2026-02-28T12:00:00+08:00", "2026-03-01T00:14:59+08:00", True),
)
# fmt: on


@pytest.mark.parametrize(("given", "waited_ms", "told", "state", "entries", "notified"), TABLE)
async def test_a_merchant_cancels(  # noqa: PLR0917  A row of the table.
    given: Any,
    waited_ms: int,
    told: str,
    state: str,
    entries: tuple[str, ...],
    notified: tuple[str, ...],
) -> None:
    async with stage() as score:
        await given(score)
        score.waits(waited_ms)

        for _ in range(2):
            assert await score.merchant_cancels() == told
            assert await score.state() == state
            assert await score.entries() == entries
            assert await score.told() == notified


@pytest.mark.parametrize(("paid", "asked", "may"), WINDOW)
def test_the_window_is_the_day_in_hong_kong_and_a_quarter_of_an_hour(
    paid: str, asked: str, *, may: bool
) -> None:
    assert is_cancellable(parse_rfc3339(paid), parse_rfc3339(asked)) is may


async def test_the_payer_has_the_money_back_with_the_cancel() -> None:
    async with stage() as score:
        await _paid(score)
        await score.merchant_cancels()

        balance = await score.store.get(Balance, "payer:rich", "HKD")
        assert balance is not None
        assert str(balance.money) == "100.00 HKD"
        assert await score.holds("merchant:shop") == 0
        assert (await score.order()).paid_at_ms == NOON_MS


async def test_an_issuers_money_waits_until_the_issuer_took_it() -> None:
    async with stage() as score:
        await _paid_by_bank(score)
        await score.merchant_cancels()
        assert await score.holds("returning:bank") == 1000

        await score.money_goes_back()
        assert await score.holds("returning:bank") == 0
        assert await score.holds("issuer:bank") == 0


async def test_a_cancel_noted_twice_is_one_cancel() -> None:
    async with stage() as score:
        await score.calls("A", "slow")
        await score.confirms("A")
        assert await score.merchant_cancels() == "noted"
        assert await score.merchant_cancels() == "noted"

        await score.bank_says("no")
        assert await score.merchant_cancels() == CLOSED
        assert await score.state() == "TRADE_CLOSED CANCELLED"


async def test_a_tombstone_outlives_every_later_order_str() -> None:
    async with stage() as score:
        await score.merchant_cancels()
        first = await score.order()

        assert await score.calls("A") == "4000 ORDER_IS_CLOSED"
        assert await score.calls("B", seller_id="other") == "4000 ORDER_IS_CLOSED"
        assert await score.order() == first


async def test_a_tombstone_needs_a_merchant() -> None:
    async with stage() as score:
        command = Cancel(
            operation_id=score.operation(),
            client_id=ClientId("C"),
            merchant_id=MerchantId("nobody"),
            merchant_trans_id=MerchantTransId("A-1"),
        )

        refusal = await score.do(command)
        assert refusal.text == "refused MERCHANT_NOT_REGISTERED body.merchantId"


async def test_a_suspended_merchant_may_still_cancel() -> None:
    async with stage() as score:
        await _paid(score)
        await score.operates(SetMerchant(**score.by_hand(), merchant=merchant(active=False)))

        assert await score.merchant_cancels() == CLOSED


@pytest.mark.parametrize(
    ("refunded", "state", "waited_ms", "told"),
    [
        ("4.00 HKD", AcquirementState.TRADE_SUCCESS, 0, "refused REFUND_TRANSACTION_EXIST"),
        ("10.00 HKD", AcquirementState.TRADE_CLOSED, 0, "refused REFUND_TRANSACTION_EXIST"),
        ("4.00 HKD", AcquirementState.TRADE_SUCCESS, 2 * TO_MIDNIGHT_MS, LATE),
        ("10.00 HKD", AcquirementState.TRADE_CLOSED, 2 * TO_MIDNIGHT_MS, LATE),
    ],
)
async def test_after_a_refund_nothing_is_cancelled(
    refunded: str, state: AcquirementState, waited_ms: int, told: str
) -> None:
    score = Score()
    await score.set_up()
    await _paid(score)
    order = (await score.order()).replaced(refunded=Money.parse(refunded), state=state)
    if state is AcquirementState.TRADE_CLOSED:
        order = order.replaced(close_reason=CloseReason.REFUNDED, closed_at_ms=NOON_MS)
    async with score.store.transaction() as transaction:
        await transaction.flush([Change(row=order, is_insert=False)])
    score.waits(waited_ms)

    assert await score.merchant_cancels() == told
    assert await score.order() == order
    assert await score.calls("B") == "5000"
    await score.engine.stop()


async def test_expiry_closes_an_order_when_its_time_is_over_and_not_before() -> None:
    async with stage() as score:
        await score.calls("A")
        score.waits(180 * SECOND_MS - 1)
        assert await score.expiry_runs() == "WAIT_BUYER_PAY"
        score.waits(1)
        assert await score.expiry_runs() == CLOSED

        assert await score.state() == "TRADE_CLOSED EXPIRED"
        assert await score.told() == ()


async def test_an_order_somebody_tried_to_pay_is_told_when_it_expires() -> None:
    async with stage() as score:
        await _tried(score)
        score.waits(180 * SECOND_MS)
        await score.expiry_runs()

        assert await score.told() == ("ORDER_IS_CLOSED",)


@pytest.mark.parametrize("given", [_paid, _paid_by_bank, _nothing])
async def test_expiry_leaves_what_has_ended(given: Any) -> None:
    async with stage() as score:
        await given(score)
        if given is _nothing:
            await score.merchant_cancels()
        before = await score.order()
        score.waits(10**9)
        await score.expiry_runs()

        assert await score.order() == before


async def test_a_lookup_is_by_merchant_and_number() -> None:
    async with stage() as score:
        await score.operates(SetMerchant(**score.by_hand(), merchant=merchant(merchant_id="other")))
        await _paid(score)
        command = Cancel(
            operation_id=score.operation(),
            client_id=ClientId("C"),
            merchant_id=MerchantId("other"),
            merchant_trans_id=MerchantTransId("A-1"),
        )
        await score.do(command)

        assert (await score.order()).merchant_id == SHOP
        assert await score.state() == "TRADE_SUCCESS"
