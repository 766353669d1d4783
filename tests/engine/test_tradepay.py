"""tradePay: a page calls with a signed order, and is shown a cashier or told how the order stands.

A row says what there was, what is called, and what the page is told. What must hold: the same callId
gets what it got; content is compared by U17 and nothing else; faults are told in the order of the
result codes, freshness before merchant before contract before content before state (U3, U10).
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

from typing import Any

import pytest

from tests.engine.score import Score, merchant, stage
from tillgate.acquiring.call import Call
from tillgate.acquiring.merchant import Merchant
from tillgate.engine.commands import SetMerchant
from tillgate.kernel.clock import DAY_MS, MINUTE_MS, SECOND_MS
from tillgate.kernel.money import Money

LIFE_MS = 180 * SECOND_MS
INCONSISTENT = "refused REPEAT_REQ_INCONSISTENT"
EXPIRED_REQUEST = "refused REQUEST_EXPIRED head.reqTime"


async def _nothing(_: Score) -> None:
    """There is no order."""


async def _open(score: Score) -> None:
    await score.calls("A")


async def _paid(score: Score) -> None:
    await score.calls("A")
    await score.confirms("A")


async def _buyer_cancelled(score: Score) -> None:
    await score.calls("A")
    await score.buyer_cancels("A")


async def _poor_tried(score: Score) -> None:
    await score.calls("A", "poor")
    await score.confirms("A")


async def _cancelled(score: Score) -> None:
    await score.calls("A")
    await score.merchant_cancels()


async def _paid_and_cancelled(score: Score) -> None:
    await _paid(score)
    await score.merchant_cancels()


async def _expired(score: Score) -> None:
    await score.calls("A")
    score.waits(LIFE_MS)


async def _expired_and_seen(score: Score) -> None:
    await _expired(score)
    await score.expiry_runs()


async def _asked(score: Score) -> None:
    await score.calls("A", "slow")
    await score.confirms("A")


async def _tombstone(score: Score) -> None:
    await score.merchant_cancels()


# A table reads best a row at a time.
# fmt: off
BY_STATE = (
    # given                the same call                   another call
    (_nothing,            "cashier",                      "cashier"),
    (_open,               "cashier",                      "cashier"),
    (_paid,               "9000",                         "5000"),
    (_buyer_cancelled,    "6001",                         "cashier"),
    (_poor_tried,         "4000 USER_BALANCE_NOT_ENOUGH", "cashier"),
    (_cancelled,          "4000 ORDER_IS_CLOSED",         "4000 ORDER_IS_CLOSED"),
    (_paid_and_cancelled, "9000",                         "5000"),
    (_expired,            "4000 ORDER_IS_CLOSED",         "4000 ORDER_IS_CLOSED"),
    (_expired_and_seen,   "4000 ORDER_IS_CLOSED",         "4000 ORDER_IS_CLOSED"),
    (_asked,              "8000",                         "8000"),
    (_tombstone,          "4000 ORDER_IS_CLOSED",         "4000 ORDER_IS_CLOSED"),
)

COMPARED = (
    # member changed                                         path of the first that differs (U17)
    ({"product_code": "CASHIER_PAY"},                       "body.productCode"),
    ({"amount": Money.parse("10.00 USD")},                  "body.order.orderAmount.currency"),
    ({"amount": Money.parse("10.01 HKD")},                  "body.order.orderAmount.value"),
    ({"seller_id": "2160400000002013"},                     "body.order.seller.sellerId"),
    ({"settle_contract_id": "USD-1"},                       "body.settleContractId"),
    ({"product_code": "CASHIER_PAY", "seller_id": "x"},     "body.productCode"),
    ({"amount": Money.parse("11.00 USD")},                  "body.order.orderAmount.currency"),
    ({"amount": Money.parse("9.00 HKD"), "seller_id": "x"}, "body.order.orderAmount.value"),
)

NOT_COMPARED = (
    {"title": "Another dress"},
    {"detail": "in red"},
    {"seller_name": "COD 2"},
    {"extend_info": '{"productScene":"Paybill"}'},
    {"notify_url": "https://elsewhere.example/notify"},
    {"return_url": "https://elsewhere.example/done"},
    {"version": "2.0.4"},
    {"client_id": "another"},
)

FRESH = (
    # signed, before now  a new order      an order that is there
    (0,                  "cashier",       "cashier"),
    (3 * MINUTE_MS,      "cashier",       "cashier"),
    (3 * MINUTE_MS + 1,  EXPIRED_REQUEST, "cashier"),
    (365 * DAY_MS,       EXPIRED_REQUEST, "cashier"),
    (-5 * MINUTE_MS,     "cashier",       "cashier"),
    (-5 * MINUTE_MS - 1, EXPIRED_REQUEST, "cashier"),
)

STALE = {"req_time_ms": 0}
USD = {"amount": Money.parse("10.00 USD")}
UNCONTRACTED = {"settle_contract_id": "JPY-1"}
SUSPENDED = merchant(active=False)
HKD_ONLY = merchant(currencies=("HKD",))
PRECEDENCE = (
    # there is    the merchant the call says                 the first fault
    (_nothing,   None,        STALE | {"merchant_id": "x"}, EXPIRED_REQUEST),
    (_nothing,   SUSPENDED,   STALE,                        EXPIRED_REQUEST),
    (_nothing,   None,        {"merchant_id": "x"},         "refused MERCHANT_NOT_REGISTERED body.merchantId"),
    (_nothing,   SUSPENDED,   UNCONTRACTED,                 "refused MERCHANT_STATUS_ABNORMAL body.merchantId"),
    (_nothing,   HKD_ONLY,    UNCONTRACTED | USD,           "refused INVALID_CONTRACT body.settleContractId"),
    (_nothing,   HKD_ONLY,    USD,                          "refused CURRENCY_NOT_SUPPORT body.order.orderAmount.currency"),
    (_open,      SUSPENDED,   {"seller_id": "x"},           "refused MERCHANT_STATUS_ABNORMAL body.merchantId"),
    (_open,      HKD_ONLY,    USD,                          "refused CURRENCY_NOT_SUPPORT body.order.orderAmount.currency"),
    (_paid,      None,        {"seller_id": "x"},           f"{INCONSISTENT} body.order.seller.sellerId"),
    (_cancelled, None,        {"seller_id": "x"},           f"{INCONSISTENT} body.order.seller.sellerId"),
    (_expired,   None,        {"seller_id": "x"},           f"{INCONSISTENT} body.order.seller.sellerId"),
    (_asked,     None,        {"seller_id": "x"},           f"{INCONSISTENT} body.order.seller.sellerId"),
    (_tombstone, None,        {"seller_id": "x"},           "4000 ORDER_IS_CLOSED"),
    (_tombstone, None,        STALE,                        "4000 ORDER_IS_CLOSED"),
    (_paid,      None,        STALE,                        "5000"),
)
# fmt: on


@pytest.mark.parametrize(("given", "same", "other"), BY_STATE)
async def test_an_order_answers_by_its_state(given: Any, same: str, other: str) -> None:
    async with stage() as score:
        await given(score)

        assert await score.calls("A") == same
        assert await score.calls("B") == other
        assert await score.calls("A") == same


@pytest.mark.parametrize("given", [_open, _paid])
@pytest.mark.parametrize(("changes", "path"), COMPARED)
@pytest.mark.parametrize("page", ["A", "B"])
async def test_a_changed_content_is_refused_by_its_path(
    given: Any, changes: dict[str, Any], path: str, page: str
) -> None:
    async with stage() as score:
        await given(score)
        before = await score.everything()

        assert await score.calls(page, **changes) == f"{INCONSISTENT} {path}"
        assert await score.everything() == before


@pytest.mark.parametrize("changes", NOT_COMPARED, ids=lambda changes: next(iter(changes)))
async def test_other_content_may_change_and_the_first_stays(changes: dict[str, Any]) -> None:
    async with stage() as score:
        await score.calls("A")
        first = await score.order()

        assert await score.calls("B", **changes) == "cashier"
        assert await score.order() == first


@pytest.mark.parametrize(("age_ms", "new", "known"), FRESH)
async def test_an_order_str_opens_an_order_for_three_minutes(
    age_ms: int, new: str, known: str
) -> None:
    async with stage() as score:
        signed: dict[str, Any] = {"req_time_ms": score.clock.now_ms() - age_ms}

        assert await score.calls("A", **signed) == new
        await score.calls("B")
        assert await score.calls("A", **signed) == known


@pytest.mark.parametrize(("given", "registered", "changes", "told"), PRECEDENCE)
async def test_the_first_fault_is_told(
    given: Any, registered: Merchant | None, changes: dict[str, Any], told: str
) -> None:
    async with stage() as score:
        await given(score)
        if registered is not None:
            await score.operates(SetMerchant(**score.by_hand(), merchant=registered))

        assert await score.calls("B", **changes) == told


async def test_an_order_lives_180_seconds_from_its_creation_whenever_it_was_signed() -> None:
    async with stage() as score:
        await score.calls("A", req_time_ms=score.clock.now_ms() - 3 * MINUTE_MS)
        score.waits(LIFE_MS - 1)
        assert await score.calls("B") == "cashier"
        score.waits(1)
        assert await score.calls("B") == "4000 ORDER_IS_CLOSED"


async def test_who_paid_keeps_9000_when_the_merchant_is_suspended_before_the_answer_arrives() -> (
    None
):
    async with stage() as score:
        await _paid(score)
        await score.operates(SetMerchant(**score.by_hand(), merchant=SUSPENDED))

        assert await score.calls("A") == "9000"
        assert await score.calls("B") == "refused MERCHANT_STATUS_ABNORMAL body.merchantId"


async def test_a_call_is_never_shared_by_two_payers() -> None:
    async with stage() as score:
        await _paid(score)
        score.payers["A-1", "A"] = "poor"

        assert await score.calls("A") == "refused ACCESS_DENIED"


async def test_two_merchants_may_use_the_same_number() -> None:
    async with stage() as score:
        await score.operates(
            SetMerchant(**score.by_hand(), merchant=merchant(merchant_id="other shop"))
        )
        await _paid(score)

        assert await score.calls("B", merchant_id="other shop") == "cashier"


async def test_an_acquirement_id_is_the_day_the_site_and_twelve_digits() -> None:
    async with stage() as score:
        await score.calls("A")
        acquirement_id = (await score.order()).acquirement_id

        assert acquirement_id.startswith("20260302194010800100160")
        assert len(acquirement_id) == 35
        assert acquirement_id.isdigit()


TOLD_TO_PEOPLE = (
    (
        _expired,
        "ORDER_IS_CLOSED: The order expired before it was paid; start a new one with a new merchantTransId.",
    ),
    (
        _expired_and_seen,
        "ORDER_IS_CLOSED: The order expired before it was paid; start a new one with a new merchantTransId.",
    ),
    (
        _cancelled,
        "ORDER_IS_CLOSED: The order is closed; start a new one with a new merchantTransId.",
    ),
)


@pytest.mark.parametrize(("given", "memo"), TOLD_TO_PEOPLE)
async def test_who_pays_an_order_that_expired_is_told_that_it_did(given: Any, memo: str) -> None:
    async with stage() as score:
        await given(score)
        assert await score.calls("A") == "4000 ORDER_IS_CLOSED"

        assert {call.result_memo for call in await score.rows(Call) if call.result_memo} == {memo}
