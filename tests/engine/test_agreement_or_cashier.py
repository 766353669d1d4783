"""AGREEMENT_OR_CASHIER_PAY (U14), as stories: a page that may debit an agreement, once.

What must hold: a debit that was declined, refused by a limit or by risk leads to the cashier of the
same order, and no second call tries again; unknown answers 8000; money moves once.
"""

import asyncio

import pytest

from tests.engine.server import said
from tests.engine.story import Story, perform

AGREED = """
    prepare G-1                                   SIGNING
    sign G-1 payer={payer}                        ACTIVE
    apply code                                    generation 1
"""

PAGES = {
    "debited at once, without a PIN": """
        call A A-1 agreement=G-1                  9000
        call A A-1 agreement=G-1                  9000
        call B A-1 agreement=G-1                  5000
        holds payer:rich                          9000
        told                                      SUCCESS
        spent agreement:shop/G-1                  1000 in 1
        judged                                    1 ACCEPT
    """,
    "declined leads to the cashier, and only once": """
        call A A-1 agreement=G-1 amount=100.01    cashier
        topup rich 1000.00                        ToppedUp
        call A A-1 agreement=G-1 amount=100.01    cashier
        call B A-1 agreement=G-1 amount=100.01    cashier
        confirm B A-1                             9000
        call A A-1 agreement=G-1 amount=100.01    5000
        judged                                    1 ACCEPT, 2 ACCEPT
        spent agreement:shop/G-1                  0 in 0
    """,
    "beyond a limit leads to the cashier": """
        limit G-1 single=9.99                     9.99 -
        call A A-1 agreement=G-1                  cashier
        confirm A A-1                             9000
        limit G-1 daily=9.99                      - 9.99
        call A A-2 agreement=G-1                  cashier
        payer rich single=9.99                    -
        call A A-3 agreement=G-1                  cashier
        confirm A A-3                             4000 USER_AMOUNT_EXCEED_LIMIT
    """,
    "a risk leads to the cashier": """
        call A A-1 agreement=G-1 seen=odd         cashier
        confirm A A-1 seen=odd                    9000
        call A A-2 agreement=G-1 seen=jailbroken  cashier
        state A-2                                 WAIT_BUYER_PAY
        call A A-3 agreement=G-1 seen=untrue      cashier
        confirm A A-3 seen=untrue                 4000 RISK_REJECT
        judged                                    1 ASK_PIN, 2 ACCEPT
        judged A-2                                1 REVIEW
        judged A-3                                1 REJECT, 2 REJECT
    """,
    "another product never debits": """
        call A A-1 agreement=G-1 product=CASHIER_PAY  cashier
        judged                                    -
    """,
    "an agreement that is over, another's, or none": """
        call A A-1 agreement=G-9                  cashier
        call B A-1 agreement=G-1 payer=poor       cashier
        end G-1                                   CANCELED
        call C A-1 agreement=G-1                  cashier
        judged                                    -
        confirm C A-1                             9000
    """,
    "a locked payer stands before the cashier": """
        tries rich                                -
        call A A-1 agreement=G-1                  cashier
        unlock rich                               Registered
        call A A-1 agreement=G-1                  9000
    """,
    "a page without a wallet around it debits nothing": """
        call A A-1 form=PAGE                      cashier
        call A A-1 agreement=G-1                  cashier
        call B A-1 agreement=G-1 form=PAGE        cashier
        judged                                    -
    """,
    "an order that is cancelled or out of time": """
        call A A-1                                cashier
        cancel A-1                                TRADE_CLOSED
        call B A-1 agreement=G-1                  4000 ORDER_IS_CLOSED
        call A A-2                                cashier
        wait 180 seconds                          -
        call B A-2 agreement=G-1                  4000 ORDER_IS_CLOSED
        holds payer:rich                          10000
    """,
}

PAGES_OUTSIDE = {
    "unknown answers 8000": """
        call A A-1 agreement=G-1                  asks
        call A A-1 agreement=G-1                  8000
        call B A-1 agreement=G-1                  8000
        bank nothing 1                            8000
        bank yes 1                                9000
        call A A-1 agreement=G-1                  9000
        call B A-1 agreement=G-1                  5000
    """,
    "declined opens the cashier, once": """
        call A A-1 agreement=G-1                  asks
        bank no 1                                 cashier
        bank no 1                                 cashier
        call A A-1 agreement=G-1                  cashier
        call B A-1 agreement=G-1                  cashier
        confirm A A-1                             asks
        bank yes 2                                9000
    """,
    "declined, then approved after all": """
        call A A-1 agreement=G-1                  asks
        bank no 1                                 cashier
        bank yes 1                                cashier
        holds suspense:bank                       1000
        bank nothing 2                            cashier
        bank yes 2                                cashier
        holds suspense:bank                       0
        confirm A A-1                             asks
        bank yes 3                                9000
    """,
    "declined too late for a cashier": """
        call A A-1 agreement=G-1                  asks
        wait 180 seconds                          -
        bank no 1                                 4000 UNAVAILABLE_PAYMENT_METHOD
        state                                     TRADE_CLOSED EXPIRED
    """,
    "approved with a cancel noted": """
        call A A-1 agreement=G-1                  asks
        cancel A-1                                noted
        bank yes 1                                4000 ORDER_IS_CLOSED
        state                                     TRADE_CLOSED CANCELLED
    """,
}


@pytest.mark.parametrize("name", PAGES)
async def test_a_page_debits_the_wallet(name: str) -> None:
    await perform(AGREED.format(payer="rich") + PAGES[name])


@pytest.mark.parametrize("name", PAGES_OUTSIDE)
async def test_a_page_debits_an_outside_issuer(name: str) -> None:
    text = AGREED.format(payer="slow") + PAGES_OUTSIDE[name].replace("A-1 ag", "A-1 payer=slow ag")
    await perform(text.replace("payer=slow agreement=G-1   ", "payer=slow agreement=G-1  "))


async def test_two_calls_at_once_debit_once() -> None:
    story = Story()
    await story.set_up()
    await story.perform(AGREED.format(payer="rich"))
    calls = (story.open_call(page, "A-1", agreement="G-1") for page in ("A", "B", "C"))

    told = await asyncio.gather(*map(story.once, calls))

    assert [said(outcome) for outcome in told] == ["9000", "5000", "5000"]
    assert await story.holds("payer:rich") == 9_000
    await story.engine.stop()
