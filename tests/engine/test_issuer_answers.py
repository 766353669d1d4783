"""When an outside issuer answers: after the order's time, after it said no, twice, or never.

Each row is one payment: page A's payer confirmed and the bank was asked; page B's payer stands at a
second cashier. Something happens meanwhile, the bank answers, and the row says what everybody is
told and what is booked. What must hold: no timer ends an attempt, and the audit is clean after each.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

from typing import NamedTuple

import pytest

from tests.engine.score import ORDER, SHOP, Score, stage
from tillgate.acquiring.attempt import Attempt
from tillgate.engine.commands import ClaimAttempt
from tillgate.kernel.clock import DAY_MS, SECOND_MS
from tillgate.kernel.ids import MerchantTransId

OPEN = "WAIT_BUYER_PAY"
PAID = "TRADE_SUCCESS"
CLOSED = "TRADE_CLOSED"
CANCELLED = "TRADE_CLOSED CANCELLED"
EXPIRED = "TRADE_CLOSED EXPIRED"
IS_CLOSED = "4000 ORDER_IS_CLOSED"
DECLINED = "4000 UNAVAILABLE_PAYMENT_METHOD"

PAYMENT = "PAYMENT issuer:bank > merchant:shop"
BY_RICH = "PAYMENT payer:rich > merchant:shop"
BACK = "REFUND merchant:shop > returning:bank"
TO_RICH = "REFUND merchant:shop > payer:rich"
LATE = "LATE_APPROVAL issuer:bank > suspense:bank"

GOOD = ("SUCCESS",)
UNDONE = ("SUCCESS WITHDRAWN",)
BAD = ("ORDER_IS_CLOSED",)


class Row(NamedTuple):
    """One payment and its end."""

    bank: str
    meanwhile: str
    told: str
    state: str
    page_a: str
    page_b: str
    entries: tuple[str, ...]
    suspense: int
    notified: tuple[str, ...]


# A table reads best a row at a time.
# fmt: off
TABLE = (
    #   the bank says meanwhile           who is told order ends page A     page B     entries          suspense notified
    Row("late yes",   "nothing",          "",         PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
    Row("late yes",   "merchant cancels", "noted",    CANCELLED, IS_CLOSED, "5000",    (PAYMENT, BACK), 0,       BAD),
    Row("late yes",   "buyer cancels",    "8000",     PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
    Row("late yes",   "B confirms",       "8000",     PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
    Row("late yes",   "expiry runs",      OPEN,       PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),

    Row("no",         "nothing",          "",         OPEN,      DECLINED,  "cashier", (),              0,       ()),
    Row("no",         "merchant cancels", "noted",    CANCELLED, DECLINED,  IS_CLOSED, (),              0,       BAD),
    Row("no",         "buyer cancels",    "8000",     OPEN,      DECLINED,  "cashier", (),              0,       ()),
    Row("no",         "B confirms",       "8000",     OPEN,      DECLINED,  "cashier", (),              0,       ()),
    Row("no",         "expiry runs",      OPEN,       OPEN,      DECLINED,  "cashier", (),              0,       ()),

    Row("late no",    "nothing",          "",         EXPIRED,   DECLINED,  IS_CLOSED, (),              0,       BAD),
    Row("late no",    "merchant cancels", "noted",    CANCELLED, DECLINED,  IS_CLOSED, (),              0,       BAD),
    Row("late no",    "buyer cancels",    "8000",     EXPIRED,   DECLINED,  IS_CLOSED, (),              0,       BAD),
    Row("late no",    "B confirms",       "8000",     EXPIRED,   DECLINED,  IS_CLOSED, (),              0,       BAD),
    Row("late no",    "expiry runs",      OPEN,       EXPIRED,   DECLINED,  IS_CLOSED, (),              0,       BAD),

    Row("never",      "nothing",          "",         OPEN,      "8000",    "8000",    (),              0,       ()),
    Row("never",      "merchant cancels", "noted",    OPEN,      "8000",    "8000",    (),              0,       ()),
    Row("never",      "buyer cancels",    "8000",     OPEN,      "8000",    "8000",    (),              0,       ()),
    Row("never",      "B confirms",       "8000",     OPEN,      "8000",    "8000",    (),              0,       ()),
    Row("never",      "expiry runs",      OPEN,       OPEN,      "8000",    "8000",    (),              0,       ()),

    Row("no, yes",    "nothing",          "",         OPEN,      DECLINED,  "cashier", (LATE,),         1000,    ()),
    Row("no, yes",    "merchant cancels", CLOSED,     CANCELLED, DECLINED,  IS_CLOSED, (LATE,),         1000,    BAD),
    Row("no, yes",    "buyer cancels",    DECLINED,   OPEN,      DECLINED,  "cashier", (LATE,),         1000,    ()),
    Row("no, yes",    "B confirms",       "9000",     PAID,      DECLINED,  "9000",    (LATE, BY_RICH), 1000,    GOOD),
    Row("no, yes",    "time and expiry",  CLOSED,     EXPIRED,   DECLINED,  IS_CLOSED, (LATE,),         1000,    BAD),

    Row("yes, yes",   "nothing",          "",         PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
    Row("yes, yes",   "merchant cancels", CLOSED,     CANCELLED, "9000",    "5000",    (PAYMENT, BACK), 0,       UNDONE),
    Row("yes, yes",   "buyer cancels",    "9000",     PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
    Row("yes, yes",   "B confirms",       "5000",     PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
    Row("yes, yes",   "time and expiry",  PAID,       PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),

    Row("yes, no",    "nothing",          "",         PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
    Row("yes, no",    "merchant cancels", CLOSED,     CANCELLED, "9000",    "5000",    (PAYMENT, BACK), 0,       UNDONE),
    Row("yes, no",    "buyer cancels",    "9000",     PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
    Row("yes, no",    "B confirms",       "5000",     PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
    Row("yes, no",    "time and expiry",  PAID,       PAID,      "9000",    "5000",    (PAYMENT,),      0,       GOOD),
)
# fmt: on


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row.bank} / {row.meanwhile}")
async def test_an_issuer_answers(row: Row) -> None:
    async with stage() as score:
        await _ask(score)
        first, _, second = row.bank.removeprefix("late ").partition(", ")
        if row.bank.startswith("late"):
            await score.bank_says("nothing")
            score.waits(200 * SECOND_MS)
        if second:
            await score.bank_says(first)
        assert await _meanwhile(score, row.meanwhile) == row.told
        await _answer(score, second or first)

        assert await score.state() == row.state
        assert await score.calls("A") == row.page_a
        assert await score.calls("B") == row.page_b
        assert await score.entries() == row.entries
        assert await score.holds("suspense:bank") == row.suspense
        assert await score.told() == row.notified
        await score.clean()

        await score.money_goes_back()
        assert await score.holds("suspense:bank") == 0
        assert await score.holds("returning:bank") == 0
        assert await score.calls("A") == row.page_a


@pytest.mark.parametrize("second", ["yes", "no", "nothing"])
async def test_a_cancel_that_was_noted_holds_whatever_follows_the_yes(second: str) -> None:
    async with stage() as score:
        await _ask(score)
        assert await score.merchant_cancels() == "noted"
        assert await score.bank_says("yes") == IS_CLOSED
        await score.bank_says(second)

        assert await score.state() == CANCELLED
        assert await score.merchant_cancels() == "TRADE_CLOSED"
        assert await score.entries() == (PAYMENT, BACK)
        assert await score.told() == BAD


async def test_an_attempt_unknown_for_a_day_is_listed_and_stays_open() -> None:
    async with stage() as score:
        await _ask(score)
        await score.bank_says("nothing")
        score.waits(DAY_MS - 1)
        assert await score.codes() == set()
        score.waits(1)

        assert await score.expiry_runs() == OPEN
        assert await score.codes() == {"UNKNOWN_FOR_A_DAY"}


async def test_a_late_yes_while_another_payer_asks_is_given_back() -> None:
    async with stage() as score:
        await _ask(score)
        await score.bank_says("no")
        assert await score.calls("C", "other") == "cashier"
        assert await score.confirms("C") == "asks"
        await score.bank_says("yes", 1)

        assert await score.codes() == {"SUSPENSE_NOT_EMPTY"}
        assert await score.bank_says("yes", 2) == "9000"
        await score.money_goes_back()
        assert await score.codes() == set()
        assert await score.holds("issuer:bank") == -1000
        assert await score.calls("C") == "9000"


@pytest.mark.parametrize(
    ("words", "held", "note"),
    [
        (("no",), 1000, {"REFUND_DECLINED"}),
        (("no", "yes"), 0, set[str]()),
        (("no", "yes", "yes"), 0, set[str]()),
        (("yes", "yes"), 0, set[str]()),
        (("yes", "no"), 0, {"CONTRADICTED"}),
        (("nothing", "yes"), 0, set[str]()),
    ],
)
async def test_a_refund_at_the_issuer(words: tuple[str, ...], held: int, note: set[str]) -> None:
    async with stage() as score:
        await _ask(score)
        await score.bank_says("yes")
        assert await score.merchant_cancels() == "TRADE_CLOSED"
        for word in words:
            await score.bank_says(word, 2)

        assert await score.holds("returning:bank") == held
        assert await score.codes() == note


async def _ask(score: Score) -> None:
    assert await score.calls("A", "slow") == "cashier"
    assert await score.calls("B", "rich") == "cashier"
    assert await score.confirms("A") == "asks"


async def _meanwhile(score: Score, what: str) -> str:
    match what:
        case "merchant cancels":
            return await score.merchant_cancels()
        case "buyer cancels":
            return await score.buyer_cancels("A")
        case "B confirms":
            return await score.confirms("B")
        case "expiry runs":
            return await score.expiry_runs()
        case "time and expiry":
            score.waits(200 * SECOND_MS)
            return await score.expiry_runs()
        case _:
            return ""


async def _answer(score: Score, word: str) -> None:
    if word == "never":
        for _ in range(3):
            assert await score.bank_says("nothing") == "8000"
            score.waits(DAY_MS)
    else:
        await score.bank_says(word)


async def test_an_issuer_that_keeps_silent_is_asked_ever_less_often_and_never_given_up() -> None:
    async with stage() as score:
        await score.calls("A", "slow")
        await score.confirms("A")
        waits = []
        for asks in range(1, 12):
            await score.bank_says("nothing")
            (attempt,) = await score.rows(Attempt)
            assert (attempt.asks, attempt.state) == (asks, "UNKNOWN")
            waits.append((attempt.next_ask_at_ms - score.clock.now_ms()) // SECOND_MS)
            score.waits(attempt.next_ask_at_ms - score.clock.now_ms())
            await score.do(
                ClaimAttempt(
                    operation_id=score.operation(),
                    merchant_id=SHOP,
                    merchant_trans_id=MerchantTransId(ORDER),
                    attempt_no=1,
                    asks=asks,
                )
            )

        assert waits == [5, 10, 20, 40, 80, 160, 320, 600, 600, 600, 600]
        assert await score.bank_says("yes") == "9000"
