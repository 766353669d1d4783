"""One long story over each store: whatever the rules write, every schema keeps and finds again.

What must hold: the same lines are told the same in memory and on disk, and leave clean books.
"""

from tests.engine.story import Story
from tests.support.stores import AnyStore

STORY = """
    shop notify_url=https://shop.example/n        -
    pay A-1                                       9000
    refund R-1 4.00 mark=m1 sent=x                DONE
    refund R-2 6.00 mark=m1 sent=y                refused REPEATED_REQ_MSG_ID head.reqMsgId
    refund R-2 6.00                               DONE
    state                                         TRADE_CLOSED REFUNDED
    pay A-2 payer=slow                            asks
    bank yes 1 order=A-2                          9000
    refund R-3 4.00 order=A-2                     asks
    refund R-4 4.00 order=A-2                     asks
    bank no 2 order=A-2                           9000
    bank yes 3 order=A-2                          9000
    bank yes 2 order=A-2                          9000
    refunded A-2                                  4.00 HKD open 0
    prepare G-1                                   SIGNING
    sign G-1 single=10.00 daily=25.00             ACTIVE
    apply code                                    generation 1
    apply refresh 1                               generation 2
    call A A-3 agreement=G-1                      9000
    debit D-1 generation=2                        SUCCESS
    debit D-2 generation=1                        AMOUNT_EXCEED_DAILY_LIMIT
    limit G-1 single=9.00                         9.00 -
    debit D-3 generation=2                        PAYMENT_AMOUNT_EXCEED_LIMIT
    payer rich daily=100.00                       -
    prepare G-2                                   SIGNING
    sign G-2 payer=slow                           ACTIVE
    apply code agreement=G-2                      generation 1
    debit D-4 agreement=G-2                       asks
    bank no 1 order=D-4                           4000 UNAVAILABLE_PAYMENT_METHOD
    bank yes 1 order=D-4                          4000 UNAVAILABLE_PAYMENT_METHOD
    bank yes 2 order=D-4                          4000 UNAVAILABLE_PAYMENT_METHOD
    pay A-4 seen=jailbroken                       8000
    decide release A-4                            Registered
    pay A-5 seen=jailbroken                       8000
    cancel A-5                                    TRADE_CLOSED
    pay A-6 seen=odd                              9000
    end G-1 payer=rich                            CANCELED
    end G-2                                       CANCELED
    cancel A-4                                    TRADE_CLOSED
    cancel A-9                                    TRADE_CLOSED
    spent payer:rich                              5000 in 5
    notes                                         SUSPENSE_NOT_EMPTY
"""


async def test_the_long_story(store: AnyStore) -> None:
    story = Story(store)
    await story.set_up()
    try:
        await story.perform(STORY)
    finally:
        await story.engine.stop()
