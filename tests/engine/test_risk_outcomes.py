"""What follows from risk, as stories: accept, ask for the PIN, hold for an operator, reject.

`fine` is accepted, `odd` asks for the PIN, `jailbroken` is held, `untrue` is rejected. What must
hold: a held payment is unknown until an operator decides, no timer, worker or issuer ends it, and
what was cancelled meanwhile is never released.
"""

import asyncio

import msgspec
import pytest

from tests.engine.score import token
from tests.engine.server import RISK, SEEN, said
from tests.engine.story import Story, perform
from tests.support.evidence import evidence
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.risk.evidence import Day
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.risk.settings import ApproximateLimits
from tillgate.engine.commands import ClaimAttempt, Confirm
from tillgate.engine.settings import DecideSettings
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money, zero

AGREED = """
    prepare G-1                                   SIGNING
    sign G-1                                      ACTIVE
    apply code                                    generation 1
"""
HELD = """
    call B A-1                                    cashier
    pay A-1 seen=jailbroken                       8000
    judged                                        1 REVIEW
    spent payer:rich                              1000 in 1
"""
DEBITED = (
    AGREED
    + """
    debit D-1 seen=jailbroken                     open
    judged D-1                                    1 REVIEW
    spent payer:rich                              1000 in 1
    spent agreement:shop/G-1                      1000 in 1
"""
)

STORIES = {
    "accepted": """
        pay A-1 seen=fine                         9000
        judged                                    1 ACCEPT
    """,
    "a PIN answers what asks for one": """
        pay A-1 seen=odd                          9000
        judged                                    1 ACCEPT
    """,
    "a debit without a PIN is refused where one is asked for": AGREED
    + """
        debit D-1 seen=odd                        RISK_REJECT
        state D-1                                 TRADE_CLOSED DECLINED RISK_REJECT
        judged D-1                                1 ASK_PIN
        spent payer:rich                          -
    """,
    "rejected": AGREED
    + """
        pay A-1 seen=untrue                       4000 RISK_REJECT
        state A-1                                 WAIT_BUYER_PAY
        debit D-1 seen=untrue                     RISK_REJECT
        state D-1                                 TRADE_CLOSED DECLINED RISK_REJECT
        holds payer:rich                          10000
    """,
    "held, everybody else waits": HELD
    + """
        call C A-1 payer=poor                     8000
        confirm B A-1                             8000
        expire A-1                                WAIT_BUYER_PAY
        wait 25 hours                             -
        expire A-1                                WAIT_BUYER_PAY
        confirm B A-1                             8000
        notes                                     REVIEW_FOR_A_DAY
        refund R-1 1.00                           refused ORDER_STATUS_INVALID body.acquirementId
    """,
    "held and released": HELD
    + """
        decide release A-1                        Registered
        state                                     TRADE_SUCCESS
        holds payer:rich                          9000
        spent payer:rich                          1000 in 1
        decide release A-1                        refused ORDER_STATUS_INVALID
        decide refuse A-1                         refused ORDER_STATUS_INVALID
        confirm B A-1                             5000
        call C A-1                                5000
        told                                      SUCCESS
        refund R-1 4.00                           DONE
        refund R-2 6.00                           DONE
        state                                     TRADE_CLOSED REFUNDED
    """,
    "held, released and cancelled": HELD
    + """
        decide release A-1                        Registered
        cancel A-1                                TRADE_CLOSED
        holds payer:rich                          10000
        told                                      SUCCESS WITHDRAWN
    """,
    "held and refused": HELD
    + """
        decide refuse A-1                         Registered
        state                                     WAIT_BUYER_PAY
        spent payer:rich                          0 in 0
        decide release A-1                        refused ORDER_STATUS_INVALID
        confirm B A-1                             9000
        judged                                    1 REVIEW, 2 ACCEPT
    """,
    "held and refused after the order's time": HELD
    + """
        wait 180 seconds                          -
        decide refuse A-1                         Registered
        state                                     TRADE_CLOSED EXPIRED
        confirm B A-1                             4000 ORDER_IS_CLOSED
        told                                      ORDER_IS_CLOSED
    """,
    "held and released after the order's time": HELD
    + """
        wait 2 days                               -
        decide release A-1                        Registered
        state                                     TRADE_SUCCESS
        spent payer:rich                          1000 in 1
    """,
    "held and cancelled meanwhile": HELD
    + """
        cancel A-1                                TRADE_CLOSED
        cancel A-1                                TRADE_CLOSED
        decide release A-1                        refused ORDER_STATUS_INVALID
        state                                     TRADE_CLOSED CANCELLED
        holds payer:rich                          10000
        spent payer:rich                          0 in 0
        cancel A-1                                TRADE_CLOSED
        told                                      ORDER_IS_CLOSED
    """,
    "held, and its merchant suspended": HELD
    + """
        shop active=no                            -
        decide release A-1                        refused MERCHANT_STATUS_ABNORMAL
        state                                     WAIT_BUYER_PAY
        shop active=yes                           -
        decide release A-1                        Registered
        state                                     TRADE_SUCCESS
    """,
    "held, and the money is gone": HELD
    + """
        pay A-2 amount=95.00                      9000
        decide release A-1                        Registered
        state                                     WAIT_BUYER_PAY
        spent payer:rich                          9500 in 1
    """,
    "held twice": HELD
    + """
        decide refuse A-1                         Registered
        call D A-1                                cashier
        confirm D A-1 seen=jailbroken             8000
        decide release A-1 1                      refused ORDER_STATUS_INVALID
        decide release A-1 2                      Registered
        state                                     TRADE_SUCCESS
        judged                                    1 REVIEW, 2 REVIEW
    """,
    "no issuer's answer decides": HELD
    + """
        bank yes 1                                8000
        bank no 1                                 8000
        bank nothing 1                            8000
        decide refuse A-1                         Registered
        bank yes 1                                4000 RISK_REJECT
        holds suspense:wallet                     0
        pay A-2 seen=jailbroken                   8000
        decide release A-2                        Registered
        bank no 1 order=A-2                       9000
        notes                                     -
    """,
    "decided in nobody's name, or where nothing waits": HELD
    + """
        decide release A-1 operator=              refused PARAM_MISSING
        decide release A-1 9                      refused ORDER_NOT_EXIST
        decide release A-9                        refused ORDER_NOT_EXIST
        state                                     WAIT_BUYER_PAY
    """,
    "a locked payer's released payment was confirmed before": HELD
    + """
        tries rich                                -
        decide release A-1                        Registered
        state                                     TRADE_SUCCESS
    """,
    "a debit held and released": DEBITED
    + """
        decide release D-1                        Registered
        debit D-1                                 SUCCESS
        spent agreement:shop/G-1                  1000 in 1
    """,
    "a debit held and refused": DEBITED
    + """
        decide refuse D-1                         Registered
        debit D-1                                 RISK_REJECT
        state D-1                                 TRADE_CLOSED DECLINED RISK_REJECT
        spent agreement:shop/G-1                  0 in 0
        told                                      ORDER_IS_CLOSED
    """,
    "a debit held and cancelled meanwhile": DEBITED
    + """
        cancel D-1                                TRADE_CLOSED
        decide release D-1                        refused ORDER_STATUS_INVALID
        state D-1                                 TRADE_CLOSED CANCELLED
        debit D-1                                 ORDER_IS_CLOSED
        holds payer:rich                          10000
    """,
    "a debit held, its agreement ended meanwhile": DEBITED
    + """
        end G-1 payer=rich                        CANCELED
        decide release D-1                        Registered
        state D-1                                 TRADE_CLOSED DECLINED EXPIRED_ACCESS_TOKEN
        holds payer:rich                          10000
    """,
    "held, its payer erased meanwhile": HELD
    + """
        erase rich                                Registered
        decide release A-1                        Registered
        state                                     WAIT_BUYER_PAY
        holds payer:rich                          10000
        spent payer:rich                          0 in 0
        decide release A-1                        refused ORDER_STATUS_INVALID
        told                                      -
    """,
    "an erased payer's outside issuer is never asked": """
        pay A-1 payer=slow seen=jailbroken        8000
        erase slow                                Registered
        decide release A-1                        Registered
        state                                     WAIT_BUYER_PAY
        bank no 1                                 4000 USER_STATUS_ABNORMAL
    """,
    "a held debit counts against the limit": AGREED
    + """
        limit G-1 daily=10.00                     - 10.00
        debit D-1 seen=jailbroken                 open
        debit D-2 0.01                            AMOUNT_EXCEED_DAILY_LIMIT
        decide refuse D-1                         Registered
        debit D-3 10.00                           SUCCESS
    """,
    "an outside issuer is asked once an operator released": """
        pay A-1 payer=slow seen=jailbroken        8000
        bank yes 1                                8000
        holds issuer:bank                         0
        decide release A-1                        Registered
        state                                     WAIT_BUYER_PAY
        cancel A-1                                noted
        bank yes 1                                4000 ORDER_IS_CLOSED
        bank yes 2                                4000 ORDER_IS_CLOSED
        holds issuer:bank                         0
    """,
    "an outside issuer declines what an operator released": """
        pay A-1 payer=slow seen=jailbroken        8000
        decide release A-1                        Registered
        bank no 1                                 4000 UNAVAILABLE_PAYMENT_METHOD
        spent payer:slow                          0 in 0
    """,
    "what an operator refused is never asked": """
        pay A-1 payer=slow seen=jailbroken        8000
        decide refuse A-1                         Registered
        state                                     WAIT_BUYER_PAY
        spent payer:slow                          0 in 0
        call B A-1 payer=rich                     cashier
        confirm B A-1                             9000
    """,
}


@pytest.mark.parametrize("name", STORIES)
async def test_risk(name: str) -> None:
    await perform(STORIES[name])


def _claim(story: Story, asks: int) -> ClaimAttempt:
    return ClaimAttempt(
        operation_id=story.operation(),
        merchant_id=story.terms().merchant_id,
        merchant_trans_id=story.terms().merchant_trans_id,
        attempt_no=1,
        asks=asks,
    )


async def test_no_worker_asks_about_a_review_until_it_is_released() -> None:
    story = Story()
    await story.set_up()
    await story.perform("pay A-1 payer=slow seen=jailbroken        8000")
    story.waits(10**11)
    assert (await story.do(_claim(story, 0))).question is None

    await story.perform("decide release A-1                        Registered")
    assert (await story.do(_claim(story, 1))).question is None
    asked = await story.do(_claim(story, 0))
    assert (asked.issuer, asked.question.asks) == ("bank", 1)
    await story.engine.stop()


async def test_two_operators_decide_once() -> None:
    story = Story()
    await story.set_up()
    await story.perform(HELD)
    words = (True, False, True)
    told = await asyncio.gather(*(story.once(story.decide(release=word)) for word in words))
    assert sorted(map(said, told)) == ["Registered", *["refused ORDER_STATUS_INVALID"] * 2]
    logged = [row for row in await story.rows(OperatorAction) if row.action == "risk decide"]
    assert [(row.operator, row.subject) for row in logged] == [("ada", "Attempt(shop, A-1, 1)")]
    assert {row.state for row in await story.rows(Attempt)} == {"APPROVED"}
    await story.clean()
    await story.engine.stop()


@pytest.mark.parametrize(
    ("spent", "count", "told"),
    [
        ("89.99", 1, "9000"),
        ("90.01", 1, "4000 AMOUNT_EXCEED_DAILY_LIMIT"),
        ("0.00", 2, "9000"),
        ("0.00", 3, "4000 PAYMENT_COUNT_EXCEED_LIMIT"),
    ],
)
async def test_an_approximate_limit_refuses_before_risk_is_asked(
    spent: str, count: int, told: str
) -> None:
    limits = ApproximateLimits(
        merchant_day_amounts=(Money.parse("100.00 HKD"),), merchant_day_count=3
    )
    story = Story(settings=DecideSettings(risk=RISK, approximate=limits))
    await story.set_up()
    await story.perform("call A A-1                                cashier")
    day = Day(count=count, spent=zero("HKD") + Money.parse(f"{spent} HKD"))
    confirm = Confirm(
        operation_id=story.operation(),
        token_hash=token("A", "A-1"),
        payer_id=PayerId("rich"),
        evidence=evidence(story.clock.now_ms(), merchant_day=day),
    )

    assert said(await story.do(confirm)) == told
    assert await story.step("judged") == ("1 ACCEPT" if told == "9000" else "-")
    await story.clean()
    await story.engine.stop()


async def test_risk_judges_what_is_debited_whatever_the_evidence_says_of_a_pin() -> None:
    story = Story()
    await story.set_up()
    await story.perform(AGREED)
    now_ms = story.clock.now_ms()
    odd = {"signals": SEEN["odd"]}
    debit = msgspec.structs.replace(
        story.debit("D-1", seen="odd"), evidence=evidence(now_ms, **odd, is_agreement=False)
    )
    assert said(await story.do(debit)) == "RISK_REJECT"

    await story.step("call A A-1")
    confirm = Confirm(
        operation_id=story.operation(),
        token_hash=token("A", "A-1"),
        payer_id=PayerId("rich"),
        evidence=evidence(now_ms, **odd, is_agreement=True),
    )
    assert said(await story.do(confirm)) == "9000"
    kept = {row.merchant_trans_id: row.is_agreement for row in await story.rows(RiskDecision)}
    assert kept == {"D-1": True, "A-1": False}
    await story.clean()
    await story.engine.stop()
