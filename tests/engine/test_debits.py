"""Debits of agreements by a merchant's server (U23), as stories.

What must hold: a declined debit closes its order with the reason; limits are exact, also within one
batch; nobody is debited by another's agreement.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

import asyncio
from typing import Any

import pytest

from tests.engine.score import SHOP
from tests.engine.server import digest, said
from tests.engine.story import Story, perform
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.call import Call
from tillgate.engine.commands import CancelAgreement
from tillgate.kernel.ids import MerchantAgreementId
from tillgate.storage.memory import MemoryStore

AGREED = """
    prepare G-1                                   SIGNING
    sign G-1 payer={payer}                        ACTIVE
    apply code                                    generation 1
"""

DEBITS = {
    "paid, and asked again": """
        debit D-1                                 SUCCESS
        state D-1                                 TRADE_SUCCESS
        holds payer:rich                          9000
        told                                      SUCCESS
        debit D-1 11.00                           refused REPEAT_REQ_INCONSISTENT body.order.orderAmount.value
        debit D-1                                 SUCCESS
        refund R-1 10.00 order=D-1                DONE
        debit D-1                                 SUCCESS
        judged D-1                                1 ACCEPT
    """,
    "declined for want of funds closes its order": """
        debit D-1 100.01                          USER_BALANCE_NOT_ENOUGH
        state D-1                                 TRADE_CLOSED DECLINED USER_BALANCE_NOT_ENOUGH
        told                                      ORDER_IS_CLOSED
        topup rich 1000.00                        ToppedUp
        debit D-1 100.01                          USER_BALANCE_NOT_ENOUGH
        debit D-2 100.01                          SUCCESS
        cancel D-1                                TRADE_CLOSED
        spent payer:rich                          10001 in 1
    """,
    "cancelled like any other payment": """
        debit D-1                                 SUCCESS
        cancel D-1                                TRADE_CLOSED
        debit D-1                                 ORDER_IS_CLOSED
        state D-1                                 TRADE_CLOSED CANCELLED
        holds payer:rich                          10000
        cancel D-2                                TRADE_CLOSED
        debit D-2 99.00                           ORDER_IS_CLOSED
    """,
    "repeated after its token and agreement are over": """
        debit D-1                                 SUCCESS
        end G-1                                   CANCELED
        debit D-1                                 SUCCESS
        debit D-2                                 refused EXPIRED_ACCESS_TOKEN head.accessToken
        wait 400 days                             -
        debit D-1                                 SUCCESS
    """,
    "by a token of nobody's, of another client's, merchant's or payer's": """
        debit D-1 generation=2                    refused INVALID_ACCESS_TOKEN head.accessToken
        debit D-1 client=C2                       refused INVALID_ACCESS_TOKEN head.accessToken
        debit D-1 merchant=kiosk                  refused INVALID_ACCESS_TOKEN head.accessToken
        debit D-1 payer=poor                      refused INVALID_ACCESS_TOKEN head.accessToken
        debit D-1 payer=nobody                    refused INVALID_ACCESS_TOKEN head.accessToken
        prepare G-2                               SIGNING
        sign G-2 payer=poor                       ACTIVE
        debit D-1 resolved=G-2                    refused INVALID_ACCESS_TOKEN head.accessToken
        debit D-1 resolved=G-2 payer=poor         refused INVALID_ACCESS_TOKEN head.accessToken
        debit D-1 resolved=G-9                    refused INVALID_ACCESS_TOKEN head.accessToken
        holds payer:rich                          10000
    """,
    "under a number that was another payer's debit": """
        prepare G-2                               SIGNING
        sign G-2 payer=poor                       ACTIVE
        apply code agreement=G-2                  generation 1
        topup poor 100.00                         ToppedUp
        debit D-1                                 SUCCESS
        debit D-1 agreement=G-2 payer=poor        refused REPEAT_REQ_INCONSISTENT head.accessToken
        debit D-2 100.01                          USER_BALANCE_NOT_ENOUGH
        debit D-2 100.01 agreement=G-2 payer=poor  refused REPEAT_REQ_INCONSISTENT head.accessToken
        holds payer:rich                          9000
        debit D-1                                 SUCCESS
    """,
    "in another currency": """
        debit D-1 currency=USD                    refused CURRENCY_NOT_SUPPORT body.order.orderAmount.currency
        shop currencies=USD                       -
        debit D-1                                 refused CURRENCY_NOT_SUPPORT body.order.orderAmount.currency
    """,
    "of a locked payer": """
        tries rich                                -
        debit D-1                                 refused USER_STATUS_ABNORMAL
        unlock rich                               Registered
        debit D-1                                 SUCCESS
        tries rich                                -
        debit D-1                                 SUCCESS
    """,
    "by a suspended merchant": """
        debit D-1                                 SUCCESS
        shop active=no                            -
        debit D-1                                 SUCCESS
        debit D-2                                 refused MERCHANT_STATUS_ABNORMAL body.merchantId
    """,
    "within the agreement's limits, exactly": """
        limit G-1 single=10.00 daily=20.00        10.00 20.00
        debit D-1 10.01                           PAYMENT_AMOUNT_EXCEED_LIMIT
        debit D-2 10.00                           SUCCESS
        debit D-3 9.99                            SUCCESS
        debit D-4 0.02                            AMOUNT_EXCEED_DAILY_LIMIT
        debit D-5 0.01                            SUCCESS
        state D-4                                 TRADE_CLOSED DECLINED AMOUNT_EXCEED_DAILY_LIMIT
        refund R-1 10.00 order=D-2                DONE
        debit D-6 0.01                            AMOUNT_EXCEED_DAILY_LIMIT
        pay A-1                                   9000
        spent agreement:shop/G-1                  2000 in 3
        spent payer:rich                          3000 in 4
        wait 11 hours                             -
        wait 3599999 ms                           -
        debit D-7 0.01                            AMOUNT_EXCEED_DAILY_LIMIT
        wait 1 ms                                 -
        debit D-8 10.00                           SUCCESS
        debit D-4 0.02                            AMOUNT_EXCEED_DAILY_LIMIT
        spent agreement:shop/G-1                  1000 in 1
        spent payer:rich                          1000 in 1
    """,
    "within the payer's limits, exactly": """
        payer rich single=10.00 daily=20.00       -
        debit D-1 10.01                           USER_AMOUNT_EXCEED_LIMIT
        debit D-2 10.00                           SUCCESS
        pay A-1 amount=10.01                      4000 USER_AMOUNT_EXCEED_LIMIT
        pay A-2 amount=10.00                      9000
        pay A-3 amount=0.01                       4000 AMOUNT_EXCEED_DAILY_LIMIT
        debit D-3 0.01                            AMOUNT_EXCEED_DAILY_LIMIT
        cancel A-2                                TRADE_CLOSED
        debit D-4 0.01                            AMOUNT_EXCEED_DAILY_LIMIT
        payer rich daily=20.01                    -
        debit D-5 0.01                            SUCCESS
    """,
    "of an agreement ended before": """
        end G-1 payer=rich                        CANCELED
        debit D-1                                 refused EXPIRED_ACCESS_TOKEN head.accessToken
    """,
    "with an order's number that a page took before": """
        pay D-1                                   9000
        debit D-1                                 refused REPEAT_REQ_INCONSISTENT body.productCode
        debit D-2                                 SUCCESS
        call A D-2                                refused REPEAT_REQ_INCONSISTENT body.productCode
    """,
}

OUTSIDE = {
    "yes": """
        debit D-1                                 asks
        state D-1                                 WAIT_BUYER_PAY
        bank nothing 1 order=D-1                  8000
        debit D-1                                 open
        bank yes 1 order=D-1                      9000
        debit D-1                                 SUCCESS
        spent agreement:shop/G-1                  1000 in 1
    """,
    "no": """
        debit D-1                                 asks
        spent agreement:shop/G-1                  1000 in 1
        spent payer:slow                          1000 in 1
        bank no 1 order=D-1                       4000 UNAVAILABLE_PAYMENT_METHOD
        state D-1                                 TRADE_CLOSED DECLINED UNAVAILABLE_PAYMENT_METHOD
        debit D-1                                 UNAVAILABLE_PAYMENT_METHOD
        spent agreement:shop/G-1                  0 in 0
        spent payer:slow                          0 in 0
        told                                      ORDER_IS_CLOSED
    """,
    "no, then yes": """
        debit D-1                                 asks
        bank no 1 order=D-1                       4000 UNAVAILABLE_PAYMENT_METHOD
        bank yes 1 order=D-1                      4000 UNAVAILABLE_PAYMENT_METHOD
        holds suspense:bank                       1000
        bank yes 2 order=D-1                      4000 UNAVAILABLE_PAYMENT_METHOD
        holds suspense:bank                       0
        state D-1                                 TRADE_CLOSED DECLINED UNAVAILABLE_PAYMENT_METHOD
    """,
    "no, with a cancel noted": """
        debit D-1                                 asks
        cancel D-1                                noted
        bank no 1 order=D-1                       4000 UNAVAILABLE_PAYMENT_METHOD
        state D-1                                 TRADE_CLOSED CANCELLED
        debit D-1                                 ORDER_IS_CLOSED
    """,
    "yes, with a cancel noted": """
        debit D-1                                 asks
        cancel D-1                                noted
        bank yes 1 order=D-1                      4000 ORDER_IS_CLOSED
        state D-1                                 TRADE_CLOSED CANCELLED
        debit D-1                                 ORDER_IS_CLOSED
        bank yes 2 order=D-1                      4000 ORDER_IS_CLOSED
        holds issuer:bank                         0
    """,
    "late, long after the order's time and the agreement's end": """
        debit D-1                                 asks
        end G-1 payer=slow                        CANCELED
        wait 3 days                               -
        expire D-1                                WAIT_BUYER_PAY
        bank yes 1 order=D-1                      9000
        debit D-1                                 SUCCESS
    """,
    "no, on the next day, which it does not touch": """
        limit G-1 payer=slow daily=10.00          - 10.00
        debit D-1                                 asks
        debit D-2                                 AMOUNT_EXCEED_DAILY_LIMIT
        wait 1 days                               -
        debit D-3                                 asks
        bank no 1 order=D-1                       4000 UNAVAILABLE_PAYMENT_METHOD
        spent agreement:shop/G-1                  1000 in 1
        debit D-4 0.01                            AMOUNT_EXCEED_DAILY_LIMIT
    """,
}


@pytest.mark.parametrize("name", DEBITS)
async def test_a_server_debits_the_wallet(name: str) -> None:
    await perform(AGREED.format(payer="rich") + DEBITS[name])


@pytest.mark.parametrize("name", OUTSIDE)
async def test_a_server_debits_an_outside_issuer_that_says(name: str) -> None:
    await perform(AGREED.format(payer="slow") + OUTSIDE[name])


async def _agreed(payer: str = "rich") -> Story:
    story = Story()
    await story.set_up()
    await story.perform(AGREED.format(payer=payer))
    return story


async def _at_once(story: Story, *commands: Any) -> list[str]:
    """Send commands that wait at the same time, so that one batch decides them."""
    return [said(outcome) for outcome in await asyncio.gather(*map(story.once, commands))]


async def test_a_days_limit_is_exact_within_one_batch() -> None:
    story = await _agreed()
    await story.perform("limit G-1 daily=25.00                     - 25.00")
    told = await _at_once(story, *(story.debit(f"D-{n}") for n in range(6)))

    assert told == ["SUCCESS", "SUCCESS", *["AMOUNT_EXCEED_DAILY_LIMIT"] * 4]
    await story.clean()
    await story.engine.stop()


async def test_one_number_is_debited_once_within_one_batch() -> None:
    story = await _agreed()
    told = await _at_once(story, *(story.debit("D-1") for _ in range(20)))

    assert set(told) == {"SUCCESS"}
    assert await story.holds("payer:rich") == 9_000
    await story.clean()
    await story.engine.stop()


async def test_a_number_that_another_payer_paid_stays_theirs_when_its_call_is_forgotten() -> None:
    story = await _agreed()
    await story.perform("""
        prepare G-2                               SIGNING
        sign G-2 payer=poor                       ACTIVE
        apply code agreement=G-2                  generation 1
        debit D-1                                 SUCCESS
        wait 31 days                              -
    """)
    assert isinstance(story.store, MemoryStore)
    for row in await story.rows(Call):
        story.store._drop(row)  # noqa: SLF001  An operator may, after so long (docs/scaling.md).
    await story.perform("""
        debit D-1 agreement=G-2 payer=poor        refused REPEAT_REQ_INCONSISTENT head.accessToken
    """)
    await story.clean()
    await story.engine.stop()


async def test_a_debit_behind_a_cancel_in_one_batch_is_refused_and_one_before_it_stands() -> None:
    story = await _agreed()
    end = CancelAgreement(
        operation_id=story.operation(),
        merchant_id=SHOP,
        merchant_agreement_id=MerchantAgreementId("G-1"),
    )
    told = await _at_once(story, story.debit("D-1"), end, story.debit("D-2"))

    assert told == ["SUCCESS", "CANCELED", "refused EXPIRED_ACCESS_TOKEN head.accessToken"]
    assert await story.store.get(Acquirement, SHOP, "D-2") is None
    await story.clean()
    await story.engine.stop()


async def test_a_server_call_has_no_cashier() -> None:
    story = await _agreed()
    await story.perform("debit D-1                                 SUCCESS")
    calls = await story.rows(Call)

    assert [(call.form, call.result_code) for call in calls] == [("SERVER", "9000")]
    assert digest("") not in calls[0].token_hash
    await story.engine.stop()
