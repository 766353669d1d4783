"""The story of what commits wrote, and the watching that it stands on.

What must hold: each entry is told once with its postings, an order only when its state changed,
both before whoever waits for the commit is answered; a watcher that fails harms nobody.
"""

from tests.e2e.notify import shops
from tests.e2e.notify.claims import MERCHANT, PAID, claim, record_failure
from tests.e2e.notify.shops import Shop
from tests.e2e.notify.stage import Stage, staged
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.call import Final
from tillgate.edge.story import Step, StepKind
from tillgate.engine.commands import AnswerAttempt, Cancel, ReleaseNotification, TopUp
from tillgate.engine.committed import Committed
from tillgate.engine.decide.paying import Ask
from tillgate.engine.issuer import Answer, Approved, Declined, Unknown
from tillgate.kernel.ids import ClientId, MerchantId, MerchantTransId, PayerId
from tillgate.kernel.money import Money
from tillgate.workers.storyteller import Storyteller

TEN = {"currency": "HKD", "value": "1000"}


def told(step: Step) -> str:
    """Return a step in a line."""
    if step.kind is StepKind.ACQUIREMENT:
        before, state = step.detail.get("stateBefore"), step.detail["state"]
        return f"{step.merchant_trans_id}: {before or 'new'} to {state}"
    legs = [f"{leg['source']} > {leg['destination']}" for leg in step.detail["postings"]]
    return f"{step.merchant_trans_id}: {step.detail['kind']} {', '.join(legs)}"


async def story_of(stage: Stage) -> list[str]:
    kinds = (StepKind.ACQUIREMENT, StepKind.LEDGER_ENTRY)
    return [told(step) for step in await stage.told() if step.kind in kinds]


def cancel(stage: Stage, order: str) -> Cancel:
    return Cancel(
        operation_id=stage.operation(),
        client_id=ClientId("CM-1"),
        merchant_id=MerchantId("M-1"),
        merchant_trans_id=MerchantTransId(order),
    )


async def answer(stage: Stage, order: str, number: int, said: Answer) -> None:
    await stage.engine.execute(
        AnswerAttempt(
            operation_id=stage.operation(),
            merchant_id=MerchantId("M-1"),
            merchant_trans_id=MerchantTransId(order),
            attempt_no=number,
            answer=said,
        )
    )


async def test_a_sale_and_its_undoing_are_told_entry_by_entry() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        stage.engine.watch(Storyteller(stage.desk.story).watch)
        await stage.pays(shop, "A-1")
        await stage.engine.execute(cancel(stage, "A-1"))
        await stage.engine.execute(cancel(stage, "A-1"))
        assert await story_of(stage) == [
            "A-1: new to WAIT_BUYER_PAY",
            "A-1: PAYMENT payer:rich > merchant:M-1",
            "A-1: WAIT_BUYER_PAY to TRADE_SUCCESS",
            "A-1: REFUND merchant:M-1 > payer:rich",
            "A-1: TRADE_SUCCESS to TRADE_CLOSED",
        ]
        [paid, _] = await stage.told(StepKind.LEDGER_ENTRY)
        assert paid.detail["postings"] == [
            {"source": "payer:rich", "destination": "merchant:M-1", "amount": TEN}
        ]


async def test_an_outside_issuers_money_is_told_under_its_order() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        stage.engine.watch(Storyteller(stage.desk.story).watch)
        for order in ("A/1", "B-1"):  # An order's number may hold a slash.
            assert isinstance(await stage.pays(shop, order, payer="slow"), Ask)
        await answer(stage, "A/1", 1, Declined())
        await answer(stage, "A/1", 1, Approved())
        await answer(stage, "A/1", 2, Approved())
        await stage.engine.execute(cancel(stage, "B-1"))
        await answer(stage, "B-1", 1, Approved())
        await answer(stage, "B-1", 2, Approved())
        assert await story_of(stage) == [
            "A/1: new to WAIT_BUYER_PAY",
            "B-1: new to WAIT_BUYER_PAY",
            "A/1: LATE_APPROVAL issuer:bank > suspense:bank",
            "A/1: RETURNED suspense:bank > issuer:bank",
            "B-1: PAYMENT issuer:bank > merchant:M-1",
            "B-1: REFUND merchant:M-1 > returning:bank",
            "B-1: WAIT_BUYER_PAY to TRADE_CLOSED",
            "B-1: RETURNED returning:bank > issuer:bank",
        ]


async def test_what_an_issuer_was_asked_is_told_whenever_its_answer_changes() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        stage.engine.watch(Storyteller(stage.desk.story).watch)
        await stage.pays(shop, "A-1", payer="slow")
        for said in (Unknown(), Unknown(), Declined()):
            await answer(stage, "A-1", 1, said)

        asked = await stage.told(StepKind.ISSUER_ASKED)

        assert [(step.detail["state"], step.verdict) for step in asked] == [
            ("ASKED", "info"),
            ("UNKNOWN", "info"),
            ("DECLINED", "bad"),
        ]
        assert {step.merchant_trans_id for step in asked} == {"A-1"}


async def test_an_entry_without_an_order_is_told_without_one() -> None:
    async with staged() as [stage]:
        stage.engine.watch(Storyteller(stage.desk.story).watch)
        await stage.engine.execute(
            TopUp(**stage.by_hand(), payer_id=PayerId("rich"), money=Money.parse("10.00 HKD"))
        )
        assert await story_of(stage) == [": TOP_UP funding:ada > payer:rich"]


async def test_watchers_see_rows_with_what_they_were_and_no_fault_of_theirs_is_felt() -> None:
    seen: list[tuple[str, str]] = []

    def fails(committed: Committed) -> None:
        raise ValueError("a defect")

    def watches(committed: Committed) -> None:
        for row, before in committed.of(Acquirement):
            seen.append((before.state.value if before else "", row.state.value))

    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        stage.engine.watch(fails)
        stage.engine.watch(watches)
        outcome = await stage.pays(shop, "A-1")
        assert isinstance(outcome, Final)
        assert outcome.result_code == "9000"
        assert seen == [("", "WAIT_BUYER_PAY"), ("WAIT_BUYER_PAY", "TRADE_SUCCESS")]


async def test_only_a_number_that_nobody_has_passed_or_recorded_is_given_back() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        await stage.pays(shop, "A-1")
        row = await stage.owed(shop, "A-1")

        async def release(send_no: int) -> int:
            command = ReleaseNotification(
                operation_id=stage.operation(),
                merchant_id=MERCHANT,
                notification_id=PAID,
                send_no=send_no,
            )
            return int((await stage.engine.execute(command)).send_no)

        assert await claim(stage, sends=0) == 1
        assert await release(1) == 1
        assert await stage.owed(shop, "A-1") == row, "as if it had never been claimed"
        assert await claim(stage, sends=0) == 1
        stage.clock.advance(30_000)
        assert await claim(stage, sends=1) == 2
        assert await release(1) == 0, "a later claim has passed it"
        await record_failure(stage, 2)
        assert await release(2) == 0, "it went out"
        assert (await stage.owed(shop, "A-1")).sends == 2
