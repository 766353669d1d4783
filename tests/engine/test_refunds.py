"""Refunds by U20, and cancels beside them by U19, as stories.

What must hold: refunds never sum to more than was paid, from the moment they are asked; the same
merchantRefundId gets its first answer; only an explicit answer of an outside issuer ends one.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

import pytest

from tests.engine.story import perform

STORIES = {
    "part by part until nothing is left": """
        pay A-1                                   9000
        refund R-1 4.00                           DONE
        state                                     TRADE_SUCCESS
        refunded                                  4.00 HKD open 0
        holds payer:rich                          9400
        refund R-2 5.99                           DONE
        refund R-3 0.02                           refused AMOUNT_EXCEEDS_LIMIT body.refundAmount.value
        refund R-3 0.01                           DONE
        state                                     TRADE_CLOSED REFUNDED
        refunded                                  10.00 HKD open 0
        holds payer:rich                          10000
        holds merchant:shop                       0
        refund R-4 0.01                           refused AMOUNT_EXCEEDS_LIMIT body.refundAmount.value
        call B A-1                                5000
        told                                      SUCCESS
    """,
    "all at once, and not a unit more": """
        pay A-1                                   9000
        refund R-1 10.01                          refused AMOUNT_EXCEEDS_LIMIT body.refundAmount.value
        refund R-1 10.00                          DONE
        state                                     TRADE_CLOSED REFUNDED
    """,
    "the same number is the same refund": """
        pay A-1                                   9000
        pay A-2                                   9000
        refund R-1 4.00                           DONE
        refund R-1 4.00                           DONE
        refund R-1 4.01                           refused REPEAT_REQ_INCONSISTENT body.refundAmount.value
        refund R-1 4.00 currency=USD              refused REPEAT_REQ_INCONSISTENT body.refundAmount.currency
        refund R-1 4.00 order=A-2                 refused REPEAT_REQ_INCONSISTENT body.acquirementId
        refund R-2 6.00                           DONE
        wait 400 days                             -
        refund R-1 4.00                           DONE
        refund R-2 6.00                           DONE
        holds merchant:shop                       1000
    """,
    "in the currency of the payment": """
        pay A-1                                   9000
        refund R-1 4.00 currency=USD              refused CURRENCY_NOT_SAME body.refundAmount.currency
        refunded                                  0.00 HKD open 0
    """,
    "another merchant's payment is not there": """
        pay A-1                                   9000
        refund R-1 4.00 merchant=kiosk            refused ORDER_NOT_EXIST body.acquirementId
        refund R-1 4.00 merchant=nobody           refused MERCHANT_NOT_REGISTERED body.merchantId
        refund R-1 4.00                           DONE
        refund R-1 4.00 merchant=kiosk            refused ORDER_NOT_EXIST body.acquirementId
    """,
    "what was not paid is not refunded": """
        call A A-1                                cashier
        refund R-1 4.00                           refused ORDER_STATUS_INVALID body.acquirementId
        confirm A A-1                             9000
        refund R-1 4.00                           DONE
        call A A-2                                cashier
        cancel A-2                                TRADE_CLOSED
        refund R-2 4.00 order=A-2                 refused ORDER_IS_CLOSED body.acquirementId
        call A A-3                                cashier
        wait 180 seconds                          -
        expire A-3                                TRADE_CLOSED
        refund R-3 4.00 order=A-3                 refused ORDER_IS_CLOSED body.acquirementId
    """,
    "what was cancelled is not refunded": """
        pay A-1                                   9000
        cancel A-1                                TRADE_CLOSED
        refund R-1 4.00                           refused ORDER_IS_CLOSED body.acquirementId
        holds payer:rich                          10000
    """,
    "a tombstone has nothing to give back": """
        cancel A-9                                TRADE_CLOSED
        refund R-1 4.00 order=A-9                 refused ORDER_IS_CLOSED body.acquirementId
    """,
    "inside the window and not after it": """
        pay A-1                                   9000
        wait 364 days                             -
        wait 86399999 ms                          -
        refund R-1 4.00                           DONE
        wait 1 ms                                 -
        refund R-2 4.00                           refused AGREEMENT_REFUND_TIME_EXCEEDS_LIMIT body.acquirementId
        refund R-1 4.00                           DONE
    """,
    "a locked payer has the money back": """
        pay A-1                                   9000
        tries rich                                -
        refund R-1 4.00                           DONE
        holds payer:rich                          9400
    """,
    "a suspended merchant may give back": """
        pay A-1                                   9000
        shop active=no                            -
        refund R-1 4.00                           DONE
    """,
    "an outside issuer says yes": """
        pay A-1 payer=slow                        asks
        refund R-1 4.00                           refused ORDER_STATUS_INVALID body.acquirementId
        bank yes 1                                9000
        refund R-1 4.00                           asks
        refunded                                  4.00 HKD open 1
        refund R-2 6.01                           refused AMOUNT_EXCEEDS_LIMIT body.refundAmount.value
        refund R-2 6.00                           asks
        refunded                                  10.00 HKD open 2
        state                                     TRADE_SUCCESS
        bank yes 3                                9000
        state                                     TRADE_SUCCESS
        bank nothing 2                            9000
        refund_is R-1                             ASKED
        bank yes 2                                9000
        state                                     TRADE_CLOSED REFUNDED
        holds returning:bank                      0
        holds issuer:bank                         0
        notes                                     -
    """,
    "an outside issuer says no": """
        pay A-1 payer=slow                        asks
        bank yes 1                                9000
        refund R-1 10.00                          asks
        holds merchant:shop                       0
        bank no 2                                 9000
        refund_is R-1                             FAILED UNAVAILABLE_PAYMENT_METHOD
        refunded                                  0.00 HKD open 0
        state                                     TRADE_SUCCESS
        holds merchant:shop                       1000
        holds returning:bank                      0
        notes                                     REFUND_DECLINED
        refund R-1 10.00                          FAILED
        refund R-2 10.00                          asks
        bank yes 3                                9000
        state                                     TRADE_CLOSED REFUNDED
    """,
    "an outside issuer says nothing, then yes": """
        pay A-1 payer=slow                        asks
        bank yes 1                                9000
        refund R-1 10.00                          asks
        bank nothing 2                            9000
        wait 2 days                               -
        notes                                     UNKNOWN_FOR_A_DAY
        refunded                                  10.00 HKD open 1
        bank yes 2                                9000
        refund_is R-1                             DONE
        state                                     TRADE_CLOSED REFUNDED
    """,
    "an outside issuer says nothing, then no": """
        pay A-1 payer=slow                        asks
        bank yes 1                                9000
        refund R-1 10.00                          asks
        bank nothing 2                            9000
        bank no 2                                 9000
        refund_is R-1                             FAILED UNAVAILABLE_PAYMENT_METHOD
        refund R-2 10.00                          asks
    """,
    "a late yes after its own no is nobody's money": """
        pay A-1 payer=slow                        asks
        bank yes 1                                9000
        refund R-1 4.00                           asks
        bank no 2                                 9000
        bank yes 2                                9000
        bank yes 2                                9000
        refund_is R-1                             FAILED UNAVAILABLE_PAYMENT_METHOD
        refunded                                  0.00 HKD open 0
        holds suspense:bank                       -400
        notes                                     SUSPENSE_NOT_EMPTY
        refund R-2 10.00                          asks
        bank yes 3                                9000
        state                                     TRADE_CLOSED REFUNDED
    """,
    "a late no after its own yes is for the operator": """
        pay A-1 payer=slow                        asks
        bank yes 1                                9000
        refund R-1 4.00                           asks
        bank yes 2                                9000
        bank no 2                                 9000
        bank no 2                                 9000
        refund_is R-1                             DONE
        holds returning:bank                      0
        notes                                     CONTRADICTED
    """,
    "while a cancel is noted nothing is refunded": """
        pay A-1 payer=slow                        asks
        cancel A-1                                noted
        refund R-1 4.00                           refused ORDER_STATUS_INVALID body.acquirementId
        bank yes 1                                4000 ORDER_IS_CLOSED
        refund R-1 4.00                           refused ORDER_IS_CLOSED body.acquirementId
        refunded                                  10.00 HKD open 0
        bank yes 2                                4000 ORDER_IS_CLOSED
        holds issuer:bank                         0
    """,
    "after a refund nothing is cancelled": """
        pay A-1                                   9000
        refund R-1 4.00                           DONE
        cancel A-1                                refused REFUND_TRANSACTION_EXIST
        refund R-2 6.00                           DONE
        cancel A-1                                refused REFUND_TRANSACTION_EXIST
        wait 2 days                               -
        cancel A-1                                refused CANCEL_EXPIRED
        state                                     TRADE_CLOSED REFUNDED
    """,
    "while a refund is open nothing is cancelled": """
        pay A-1 payer=slow                        asks
        bank yes 1                                9000
        refund R-1 4.00                           asks
        cancel A-1                                refused REFUND_TRANSACTION_EXIST
        bank no 2                                 9000
        cancel A-1                                TRADE_CLOSED
        bank yes 2                                9000
        bank yes 3                                9000
        holds merchant:shop                       0
        holds suspense:bank                       -400
    """,
    "a refund of a late approval beside a merchant's own": """
        call A A-1 payer=slow                     cashier
        call B A-1 payer=rich                     cashier
        confirm A A-1                             asks
        bank no 1                                 4000 UNAVAILABLE_PAYMENT_METHOD
        bank yes 1                                4000 UNAVAILABLE_PAYMENT_METHOD
        confirm B A-1                             9000
        refund R-1 10.00                          DONE
        state                                     TRADE_CLOSED REFUNDED
        bank no 2                                 4000 UNAVAILABLE_PAYMENT_METHOD
        bank yes 2                                4000 UNAVAILABLE_PAYMENT_METHOD
        holds suspense:bank                       0
        holds issuer:bank                         0
    """,
}


@pytest.mark.parametrize("name", STORIES)
async def test_a_refund(name: str) -> None:
    await perform(STORIES[name])
