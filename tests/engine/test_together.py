"""Commands of people who meet in one batch: refunds, cancels, tokens and answers at one instant.

What must hold: whatever waits together is decided one after the other on what the one before left;
what was resolved before it was so is resolved again; the audit is clean after each.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.engine.score import SHOP
from tests.engine.server import digest, said
from tests.engine.story import Story
from tillgate.acquiring.agreement import GrantKind
from tillgate.engine.commands import AnswerAttempt, ApplyToken, LockOut, SignAgreement
from tillgate.engine.issuer import Approved, Declined
from tillgate.kernel.ids import MerchantTransId, PayerId
from tillgate.kernel.money import Money

LEFT = "refused AMOUNT_EXCEEDS_LIMIT body.refundAmount.value"
AGREED = """
    prepare G-1                                   SIGNING
    sign G-1                                      ACTIVE
    apply code                                    generation 1
"""


@pytest.fixture
async def story() -> Any:
    """Return a stage, and find its books clean behind the test."""
    story = Story()
    await story.set_up()
    yield story
    await story.clean()
    await story.engine.stop()


async def _at_once(story: Story, *commands: Any) -> Sequence[str]:
    """Send commands that wait at the same time; return what each was told."""
    return [said(outcome) for outcome in await asyncio.gather(*map(story.once, commands))]


async def _paid(story: Story, payer: str = "rich") -> str:
    await story.step(f"pay A-1 payer={payer}")
    if payer == "slow":
        await story.step("bank yes 1")
    return (await story.order()).acquirement_id


def _refund(story: Story, number: int, amount: str, acquirement_id: str) -> Any:
    return story.refund(f"R-{number}", Money.parse(f"{amount} HKD"), acquirement_id)


@pytest.mark.parametrize(("payer", "yes"), [("rich", "DONE"), ("slow", "asks")])
async def test_fifty_refunds_and_cancels_give_one_payment_back_once(
    story: Story, payer: str, yes: str
) -> None:
    paid = await _paid(story, payer)
    commands = [
        story.cancel() if number % 5 == 4 else _refund(story, number, "3.00", paid)
        for number in range(50)
    ]
    told = await _at_once(story, *commands)

    assert [told.count(word) for word in (yes, LEFT, "refused REFUND_TRANSACTION_EXIST")] == [
        3,
        37,
        10,
    ]
    assert await story.step("refunded") == f"9.00 HKD open {3 if payer == 'slow' else 0}"


async def test_a_cancel_before_refunds_gives_all_back_and_leaves_them_nothing(story: Story) -> None:
    paid = await _paid(story)
    told = await _at_once(
        story, story.cancel(), *(_refund(story, number, "5.00", paid) for number in range(3))
    )

    assert told == ["TRADE_CLOSED", *["refused ORDER_IS_CLOSED body.acquirementId"] * 3]
    assert await story.holds("payer:rich") == 10_000


async def test_one_number_with_two_contents_is_one_refund(story: Story) -> None:
    paid = await _paid(story)
    commands = [_refund(story, 1, amount, paid) for amount in ("4.00", "5.00", "4.00")]
    told = await _at_once(story, *commands)

    assert told == [
        "DONE",
        "refused REPEAT_REQ_INCONSISTENT body.refundAmount.value",
        "DONE",
    ]
    assert await story.step("refunded") == "4.00 HKD open 0"


async def test_a_debit_a_cancel_and_a_debit_again_meet(story: Story) -> None:
    await story.perform(AGREED)
    told = await _at_once(story, story.debit("D-1"), story.cancel("D-1"), story.debit("D-1"))

    assert told == ["SUCCESS", "TRADE_CLOSED", "ORDER_IS_CLOSED"]
    assert await story.holds("payer:rich") == 10_000


async def test_a_cancel_of_what_is_debited_behind_it_leaves_a_tombstone(story: Story) -> None:
    await story.perform(AGREED)
    told = await _at_once(story, story.cancel("D-1"), story.debit("D-1"))

    assert told == ["TRADE_CLOSED", "ORDER_IS_CLOSED"]
    assert await story.state("D-1") == "TRADE_CLOSED NEVER_CREATED"


async def test_a_refund_meets_the_answer_that_pays(story: Story) -> None:
    await story.step("pay A-1 payer=slow")
    order = await story.order()
    answer = AnswerAttempt(
        operation_id=story.operation(),
        merchant_id=SHOP,
        merchant_trans_id=MerchantTransId("A-1"),
        attempt_no=1,
        answer=Approved(),
    )
    told = await _at_once(story, answer, _refund(story, 1, "10.00", order.acquirement_id))

    assert told == ["9000", "asks"]


async def test_a_yes_and_a_no_to_one_refund_meet(story: Story) -> None:
    paid = await _paid(story, "slow")
    await story.once(_refund(story, 1, "10.00", paid))
    answers = [
        AnswerAttempt(
            operation_id=story.operation(),
            merchant_id=SHOP,
            merchant_trans_id=MerchantTransId("A-1"),
            attempt_no=2,
            answer=answer,
        )
        for answer in (Declined(), Approved(), Approved(), Declined())
    ]
    await _at_once(story, *answers)

    assert await story.step("refund_is R-1") == "FAILED UNAVAILABLE_PAYMENT_METHOD"
    assert await story.holds("merchant:shop") == 1_000
    assert await story.holds("suspense:bank") == -1_000


async def test_a_review_is_decided_and_cancelled_at_once(story: Story) -> None:
    await story.step("pay A-1 seen=jailbroken")
    told = await _at_once(story, story.cancel(), story.decide(release=True), story.cancel())

    assert told == ["TRADE_CLOSED", "refused ORDER_STATUS_INVALID", "TRADE_CLOSED"]
    assert await story.holds("payer:rich") == 10_000


async def test_a_released_review_and_a_cancel_give_the_money_back(story: Story) -> None:
    await story.step("pay A-1 seen=jailbroken")
    told = await _at_once(story, story.decide(release=True), story.cancel())

    assert told == ["Registered", "TRADE_CLOSED"]
    assert await story.state() == "TRADE_CLOSED CANCELLED"
    assert await story.holds("payer:rich") == 10_000


async def test_a_lock_out_ends_no_call_that_waits_for_a_review(story: Story) -> None:
    await story.step("pay A-1 seen=jailbroken")
    await story.step("tries rich")
    lock_out = LockOut(
        operation_id=story.operation(),
        token_hash="token of page of rich for A-1",
        payer_id=PayerId("rich"),
    )
    assert await _at_once(story, lock_out) == ["8000"]

    await story.step("decide release A-1")
    assert await story.state() == "TRADE_SUCCESS"


async def test_a_code_is_given_in_the_batch_that_signs(story: Story) -> None:
    await story.step("prepare G-1")
    sign = SignAgreement(
        operation_id=story.operation(),
        token_hash=digest("page shop G-1"),
        payer_id=PayerId("rich"),
        code_hash=digest("code shop G-1"),
    )
    apply = ApplyToken(
        operation_id=story.operation(),
        client_id=story.terms().client_id,
        merchant_id=SHOP,
        kind=GrantKind.CODE,
        given_hash=digest("code shop G-1"),
        access_hash=digest("access shop G-1 1"),
        refresh_hash=digest("refresh shop G-1 1"),
    )
    again = msgspec.structs.replace(apply, operation_id=story.operation())

    assert await _at_once(story, sign, apply, again) == ["ACTIVE", "generation 1", "generation 1"]


async def test_two_payers_sign_one_agreement(story: Story) -> None:
    await story.step("prepare G-1")
    signs = [
        SignAgreement(
            operation_id=story.operation(),
            token_hash=digest("page shop G-1"),
            payer_id=PayerId(payer),
            code_hash=digest("code shop G-1"),
        )
        for payer in ("poor", "rich")
    ]

    assert await _at_once(story, *signs) == ["ACTIVE", "refused AGREEMENT_STATUS_INVALID"]


async def test_a_payers_day_is_exact_over_agreements_and_pages(story: Story) -> None:
    await story.perform(
        AGREED
        + """
        prepare G-2                               SIGNING
        sign G-2                                  ACTIVE
        apply code agreement=G-2                  generation 1
        payer rich daily=25.00                    -
    """
    )
    told = await _at_once(
        story,
        story.debit("D-1"),
        story.open_call("A", "A-1", agreement="G-2"),
        story.debit("D-2", agreement="G-2"),
        story.open_call("A", "A-2", agreement="G-1"),
        story.debit("D-3", "5.00"),
    )

    assert told == ["SUCCESS", "9000", "AMOUNT_EXCEED_DAILY_LIMIT", "cashier", "SUCCESS"]
    assert await story.step("spent payer:rich") == "2500 in 3"
