"""Confirm: the payer says yes at the cashier, once, twice, too late, or beside another payer.

What must hold: money moves at most once per order; whoever paid is told 9000 however often the
question is sent again; nobody else ever is.
"""

import asyncio

import pytest

from tests.engine.score import ORDER, Score, merchant, stage, token
from tillgate.acquiring.payer import Payer
from tillgate.engine.commands import BindBrowser, SetMerchant
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.ids import PayerId
from tillgate.ledger.entries import Balance

LIFE_MS = 180 * SECOND_MS
BY_RICH = "PAYMENT payer:rich > merchant:shop"


async def _balance(score: Score, payer: str) -> int:
    row = await score.store.get(Balance, f"payer:{payer}", "HKD")
    return row.money.minor if row else 0


async def test_a_wallet_payment_is_one_commit() -> None:
    async with stage() as score:
        await score.calls("A")
        assert await score.confirms("A") == "9000"

        order = await score.order()
        assert (await score.state(), order.payer_id, order.issuer) == (
            "TRADE_SUCCESS",
            "rich",
            "wallet",
        )
        assert order.paid_at_ms == score.clock.now_ms()
        assert await score.entries() == (BY_RICH,)
        assert await _balance(score, "rich") == 9000
        assert await score.holds("merchant:shop") == 1000
        assert await score.told() == ("SUCCESS",)


async def test_a_confirm_resent_after_its_answer_was_lost_is_9000_again() -> None:
    async with stage() as score:
        await score.calls("A")
        assert await score.confirms("A") == "9000"

        assert await score.confirms("A") == "9000"
        assert await score.calls("A") == "9000"
        assert await score.buyer_cancels("A") == "9000"
        assert await score.entries() == (BY_RICH,)


async def test_9000_and_8000_carry_the_return_url_and_nothing_else_does() -> None:
    async with stage() as score:
        await score.calls("A")
        await score.calls("B", "slow")
        await score.calls("C", "poor")
        short = await score.do(score.confirm("C"))
        asked = await score.do(score.confirm("B"))
        waiting = await score.do(score.confirm("A"))
        await score.bank_says("yes", asked.attempt_no)
        paid = await score.do(score.confirm("B"))
        duplicate = await score.do(score.confirm("A"))

        assert asked.issuer == "bank"
        told = [
            (final.result_code, final.return_url) for final in (short, waiting, paid, duplicate)
        ]
        assert told == [
            ("4000", ""),
            ("8000", "https://shop.example/done"),
            ("9000", "https://shop.example/done"),
            ("5000", ""),
        ]


@pytest.mark.parametrize("payer", ["poor", "rich"])
async def test_funds_must_reach(payer: str) -> None:
    async with stage() as score:
        amount = score.terms().amount
        await score.calls("A", payer, amount=amount.of(10_001, "HKD"))

        assert await score.confirms("A") == "4000 USER_BALANCE_NOT_ENOUGH"
        assert await score.entries() == ()
        assert await score.told() == ()
        assert await score.state() == "WAIT_BUYER_PAY"


async def test_the_last_cent_may_be_spent() -> None:
    async with stage() as score:
        await score.calls("A", amount=score.terms().amount.of(10_000, "HKD"))

        assert await score.confirms("A") == "9000"
        assert await _balance(score, "rich") == 0


async def test_a_balance_in_another_currency_is_no_balance() -> None:
    async with stage() as score:
        await score.calls("A", amount=score.terms().amount.of(100, "USD"))

        assert await score.confirms("A") == "4000 USER_BALANCE_NOT_ENOUGH"


async def test_after_too_little_money_another_call_may_pay() -> None:
    async with stage() as score:
        await score.calls("A", "poor")
        await score.confirms("A")
        await score.calls("B", "rich")

        assert await score.confirms("B") == "9000"
        assert await score.confirms("A") == "4000 USER_BALANCE_NOT_ENOUGH"


@pytest.mark.parametrize(
    ("waited_ms", "told", "state"),
    [
        (LIFE_MS - 1, "9000", "TRADE_SUCCESS"),
        (LIFE_MS, "4000 ORDER_IS_CLOSED", "TRADE_CLOSED EXPIRED"),
        (LIFE_MS + 1, "4000 ORDER_IS_CLOSED", "TRADE_CLOSED EXPIRED"),
    ],
)
async def test_an_order_is_over_at_the_very_millisecond(
    waited_ms: int, told: str, state: str
) -> None:
    async with stage() as score:
        await score.calls("A")
        score.waits(waited_ms)

        assert await score.confirms("A") == told
        assert await score.state() == state
        assert await score.calls("A") == told


async def test_two_payers_at_once_pay_once() -> None:
    async with stage() as score:
        await score.tops_up("poor", "50.00 HKD")
        await score.calls("A", "rich")
        await score.calls("B", "poor")
        told = await asyncio.gather(
            *(score.engine.execute(score.confirm(page)) for page in "AB" for _ in range(3))
        )

        assert sorted(final.result_code for final in told) == ["5000"] * 3 + ["9000"] * 3
        assert [final.result_code for final in told[:3]] == ["9000"] * 3
        assert len(await score.entries()) == 1


async def test_one_payer_with_two_pages_pays_once() -> None:
    async with stage() as score:
        await score.calls("A")
        await score.calls("B")
        told = await asyncio.gather(*(score.engine.execute(score.confirm(page)) for page in "AB"))

        assert [final.result_code for final in told] == ["9000", "5000"]
        assert await _balance(score, "rich") == 9000


async def test_two_orders_at_once_cannot_overdraw_one_balance() -> None:
    async with stage() as score:
        amount = score.terms().amount.of(6_000, "HKD")
        for order in ("A-1", "A-2"):
            await score.calls("A", merchant_trans_id=order, amount=amount)
        told = await asyncio.gather(
            *(score.engine.execute(score.confirm("A", order=order)) for order in ("A-1", "A-2"))
        )

        assert sorted(final.result_code for final in told) == ["4000", "9000"]
        assert await _balance(score, "rich") == 4000


async def test_a_payment_and_a_cancel_at_once_leave_a_cancelled_order() -> None:
    async with stage() as score:
        await score.calls("A")
        paid, ended = await asyncio.gather(
            score.engine.execute(score.confirm("A")), score.engine.execute(score.cancel())
        )

        assert ended.state == "TRADE_CLOSED"
        assert paid.result_code in {"9000", "4000"}
        assert await score.state() == "TRADE_CLOSED CANCELLED"
        assert await _balance(score, "rich") == 10_000


@pytest.mark.parametrize("payer", ["poor", "slow"])
async def test_another_payer_is_refused(payer: str) -> None:
    async with stage() as score:
        await score.calls("A", "rich")

        assert await score.confirms("A", payer) == "refused ACCESS_DENIED"
        await score.confirms("A")
        assert await score.confirms("A", payer) == "refused ACCESS_DENIED"


async def test_an_unknown_cashier_is_refused() -> None:
    async with stage() as score:
        assert await score.confirms("nowhere", "rich") == "refused ORDER_NOT_EXIST"
        assert await score.buyer_cancels("nowhere") == "refused ORDER_NOT_EXIST"


async def test_a_confirm_after_the_buyers_cancel_says_6001() -> None:
    async with stage() as score:
        await score.calls("A")
        assert await score.buyer_cancels("A") == "6001"

        assert await score.confirms("A") == "6001"
        assert await score.state() == "WAIT_BUYER_PAY"
        assert await score.entries() == ()


async def test_a_confirm_after_the_merchants_cancel_says_closed() -> None:
    async with stage() as score:
        await score.calls("A")
        await score.merchant_cancels()

        assert await score.confirms("A") == "4000 ORDER_IS_CLOSED"


async def test_an_outside_issuer_is_asked_once_under_one_name() -> None:
    async with stage() as score:
        await score.calls("A", "slow")
        command = score.confirm("A")
        first = await score.do(command)
        assert await score.confirms("A") == "8000"

        assert (await score.do(command)).question == first.question
        assert first.question.reference == f"shop/{ORDER}/1"
        assert (await score.order()).attempt_open == 1


async def test_a_cashier_of_the_page_form_belongs_to_who_signs_in_first() -> None:
    async with stage() as score:
        await score.calls_without_wallet("A")
        assert await score.confirms("A", "rich") == "refused ACCESS_DENIED"
        assert await score.signs_in("A", "rich") == "Bound"

        assert await score.signs_in("A", "poor") == "refused ACCESS_DENIED"
        assert await score.signs_in("A", "nobody") == "refused USER_NOT_EXIST"
        assert await score.confirms("A", "rich") == "9000"


async def test_a_cashier_of_the_wallet_form_is_not_for_signing_in() -> None:
    async with stage() as score:
        await score.calls("A", "rich")

        assert await score.signs_in("A", "poor") == "refused ACCESS_DENIED"
        assert (await score.store.get(Payer, PayerId("poor"))) is not None
        assert await score.confirms("A", "rich") == "9000"


async def test_the_first_browser_keeps_the_cashier() -> None:
    async with stage() as score:
        await score.calls_without_wallet("A")
        held = [
            (
                await score.do(
                    BindBrowser(
                        operation_id=score.operation(), token_hash=token("A"), browser_hash=browser
                    )
                )
            ).browser_hash
            for browser in ("first", "second", "first")
        ]

        assert held == ["first", "first", "first"]


async def test_a_merchant_suspended_meanwhile_is_paid_by_nobody() -> None:
    async with stage() as score:
        await score.calls("A")
        await score.do(SetMerchant(**score.by_hand(), merchant=merchant(active=False)))

        assert await score.confirms("A") == "4000 MERCHANT_STATUS_ABNORMAL"
        assert await score.entries() == ()
