"""Two machines share one database, and the clock of one is behind the other's.

Each line of a story says which of them does it. What must hold: whatever follows is dated no
earlier than what it follows, so that nothing waits for the clock that is behind; the books are
clean after each line.
"""

import pytest

from tests.engine.story import Story

AGREED = """
    ahead  prepare G-1                                SIGNING
    behind sign G-1                                   ACTIVE
    ahead  apply code                                 generation 1
"""
STORIES = {
    "paid, given back in parts and closed": """
        ahead  call B A-1                             cashier
        behind confirm B A-1                          9000
        ahead  refund R-1 4.00                        DONE
        behind refund R-2 6.00                        DONE
        behind state                                  TRADE_CLOSED REFUNDED
    """,
    "paid and cancelled": """
        ahead  pay A-1                                9000
        behind cancel A-1                             TRADE_CLOSED
        behind told                                   SUCCESS WITHDRAWN
    """,
    "cancelled before it was paid": """
        ahead  call B A-1                             cashier
        behind cancel A-1                             TRADE_CLOSED
        behind confirm B A-1                          4000 ORDER_IS_CLOSED
    """,
    "answered by an outside issuer, and given back by it": """
        ahead  pay A-1 payer=slow                     asks
        behind bank yes 1                             9000
        ahead  refund R-1 10.00                       asks
        behind bank nothing 2                         9000
        behind bank yes 2                             9000
        behind state                                  TRADE_CLOSED REFUNDED
    """,
    "a refund that an outside issuer declines": """
        ahead  pay A-1 payer=slow                     asks
        behind bank yes 1                             9000
        ahead  refund R-1 10.00                       asks
        behind bank no 2                              9000
        behind refund_is R-1                          FAILED UNAVAILABLE_PAYMENT_METHOD
    """,
    "declined, and approved late": """
        ahead  pay A-1 payer=slow                     asks
        ahead  bank no 1                              4000 UNAVAILABLE_PAYMENT_METHOD
        behind bank yes 1                             4000 UNAVAILABLE_PAYMENT_METHOD
        behind bank yes 2                             4000 UNAVAILABLE_PAYMENT_METHOD
    """,
    "cancelled while an issuer is asked": """
        ahead  pay A-1 payer=slow                     asks
        ahead  cancel A-1                             noted
        behind bank yes 1                             4000 ORDER_IS_CLOSED
        behind bank yes 2                             4000 ORDER_IS_CLOSED
    """,
    "held and released": """
        ahead  pay A-1 seen=jailbroken                8000
        behind decide release A-1                     Registered
        behind state                                  TRADE_SUCCESS
    """,
    "held and refused": """
        ahead  pay A-1 seen=jailbroken                8000
        behind decide refuse A-1                      Registered
    """,
    "held and cancelled": """
        ahead  pay A-1 seen=jailbroken                8000
        behind cancel A-1                             TRADE_CLOSED
    """,
    "agreed and debited": AGREED
    + """
        ahead  debit D-1 1.00                         SUCCESS
        behind state D-1                              TRADE_SUCCESS
    """,
    "signed by the one ahead, debited and ended": """
        behind prepare G-1                            SIGNING
        ahead  sign G-1                               ACTIVE
        behind apply code                             generation 1
        behind debit D-1 1.00                         SUCCESS
        behind apply refresh 1                        generation 2
        behind end G-1                                CANCELED
    """,
    "ended before anybody signed": """
        ahead  prepare G-1                            SIGNING
        behind end G-1                                CANCELED
    """,
    "ended with the person": """
        behind prepare G-1                            SIGNING
        ahead  sign G-1                               ACTIVE
        behind erase rich G-1                         Registered
    """,
}


@pytest.mark.parametrize("apart_ms", [1_000, 100_000])
@pytest.mark.parametrize("name", STORIES)
async def test_what_follows_is_dated_no_earlier(name: str, apart_ms: int) -> None:
    ahead = Story()
    await ahead.set_up()
    behind = Story(ahead.store, seed=8)
    behind.engine.start()
    behind.payers, behind.signers = ahead.payers, ahead.signers
    ahead.clock.advance(apart_ms)
    try:
        for line in filter(None, map(str.strip, STORIES[name].splitlines())):
            where, _, step = line.partition(" ")
            await {"ahead": ahead, "behind": behind}[where].perform(step)
    finally:
        await ahead.engine.stop()
        await behind.engine.stop()
