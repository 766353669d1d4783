"""A merchant's debt limit (`debt_max`): to the minor unit, whatever arrives together.

What must hold: what a merchant is owed never falls below its limit by a refund or a cancel; a
reading that has grown old refuses a moment early and never lets through; a merchant with no limit
has no row.
"""

# ruff: noqa: E501  A row of a table is as wide as what it says.

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.engine.score import SHOP
from tests.engine.server import said
from tests.engine.story import Story
from tillgate.acquiring.debt import Debt, Owed
from tillgate.acquiring.merchant import Merchant
from tillgate.bookkeeping import merchant_account
from tillgate.engine.commands import AskRefund, Cancel
from tillgate.engine.ports import Change
from tillgate.engine.queries import OWED_READS_MAX, owed_if_limited
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.ids import MerchantTransId
from tillgate.kernel.money import Money
from tillgate.ledger.chart import Account, AccountKind
from tillgate.ledger.entries import EntryKind, Leg, journal

REFUSED = "refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value"

PAYOUT = "payout"


class PaidOut(Story):
    """A story in which the shop is paid what it is owed.

    There is no settlement yet, so the entry of one is just written, and the audit finds it odd.
    """

    async def step_payout(self, amount: str) -> str:
        out = Account(AccountKind.FUNDING, PAYOUT)
        entry = journal(
            EntryKind.REFUND,
            [Leg(merchant_account(SHOP), out, Money.parse(f"{amount} HKD"))],
            book=SHOP,
            reference=f"{PAYOUT} {self.operation()}",
            at_ms=self.clock.now_ms(),
        )
        rows = [entry.entry, *entry.postings]
        async with self.store.transaction() as transaction:
            await transaction.flush([Change(row=row, is_insert=True) for row in rows])
        return "-"

    async def step_given(self) -> str:
        row = await self.store.get(Debt, SHOP, "HKD")
        return str(row.given_minor) if row else "-"

    async def clean(self) -> None:
        """Find the books without fault but for the payouts."""
        faults = [finding for finding in await self.findings() if finding.is_fault]
        assert not [fault for fault in faults if PAYOUT not in str(fault)], faults


STORIES = {
    "a merchant's debt has an end": """
        pay A-1                                   9000
        shop debt_max=USD:0,HKD:300               -
        payout 10.00                              -
        refund R-1 3.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        refund R-1 3.00                           DONE
        refund R-2 0.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        refund R-2 7.01                           refused AMOUNT_EXCEEDS_LIMIT body.refundAmount.value
        holds merchant:shop                       -300
        given                                     300
    """,
    "a sale makes room for what it brings": """
        pay A-1                                   9000
        shop debt_max=HKD:0                       -
        payout 10.00                              -
        refund R-1 0.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        pay A-2 amount=4.00                       9000
        refund R-1 4.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        refund R-1 4.00                           DONE
        holds merchant:shop                       0
    """,
    "without a limit there is no row": """
        pay A-1                                   9000
        payout 10.00                              -
        refund R-1 4.00                           DONE
        pay A-2                                   9000
        cancel A-2                                TRADE_CLOSED
        given                                     -
        holds merchant:shop                       -400
    """,
    "another currency's limit is no limit": """
        pay A-1                                   9000
        shop debt_max=USD:0                       -
        payout 10.00                              -
        refund R-1 4.00                           DONE
        given                                     -
    """,
    "a limit that comes later counts what went back before": """
        pay A-1                                   9000
        payout 10.00                              -
        refund R-1 4.00                           DONE
        shop debt_max=HKD:500                     -
        refund R-2 1.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        refund R-2 1.00                           DONE
        given                                     100
    """,
    "a limit that is lifted is counted on, and holds when it is back": """
        pay A-1                                   9000
        payout 10.00                              -
        shop debt_max=HKD:200                     -
        refund R-1 2.00                           DONE
        shop                                      -
        refund R-2 3.00                           DONE
        given                                     500
        shop debt_max=HKD:600                     -
        refund R-3 1.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        refund R-3 1.00                           DONE
        given                                     600
    """,
    "the same refund again is no new debt": """
        pay A-1                                   9000
        payout 10.00                              -
        shop debt_max=HKD:400                     -
        refund R-1 4.00                           DONE
        refund R-1 4.00                           DONE
        given                                     400
        shop debt_max=HKD:0                       -
        refund R-1 4.00                           DONE
    """,
    "a cancel counts, and is held to the limit": """
        pay A-1                                   9000
        pay A-2                                   9000
        pay A-3 amount=5.00                       9000
        shop debt_max=HKD:700                     -
        payout 20.00                              -
        refund R-1 2.00                           DONE
        cancel A-2                                TRADE_CLOSED
        given                                     1200
        cancel A-3                                refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH
        state A-3                                 TRADE_SUCCESS
        refund R-2 0.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        pay A-4 amount=5.00                       9000
        cancel A-3                                TRADE_CLOSED
        cancel A-2                                TRADE_CLOSED
        holds merchant:shop                       -700
    """,
    "a cancel of what is not paid needs no room": """
        shop debt_max=HKD:0                       -
        pay A-1                                   9000
        payout 20.00                              -
        call A A-2                                cashier
        cancel A-2                                TRADE_CLOSED
        cancel A-3                                TRADE_CLOSED
        pay A-4 payer=slow                        asks
        cancel A-4                                noted
        bank yes 1 order=A-4                      4000 ORDER_IS_CLOSED
        given                                     -
        holds merchant:shop                       -1000
    """,
    "a refund that an issuer declined gives its room back": """
        pay A-1 payer=slow                        asks
        bank yes 1                                9000
        shop debt_max=HKD:400                     -
        payout 10.00                              -
        refund R-1 4.00                           asks
        refund R-2 0.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        bank no 2                                 9000
        given                                     400
        refund R-2 4.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        refund R-2 4.00                           asks
        bank yes 3                                9000
        refund R-3 0.01                           refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH body.refundAmount.value
        holds merchant:shop                       -400
    """,
}


@pytest.mark.parametrize("name", STORIES)
async def test_a_debt_limit(name: str) -> None:
    story = PaidOut()
    await story.set_up()
    await story.perform(STORIES[name])
    await story.engine.stop()


@pytest.fixture
async def story() -> Any:
    """Return a stage where six orders of 10.00 are paid and paid out, with a limit of 20.00."""
    story = PaidOut()
    await story.set_up()
    for number in range(1, 7):
        await story.step(f"pay A-{number}")
    await story.step("payout 60.00")
    await story.step("shop debt_max=HKD:2000")
    yield story
    await story.clean()
    assert await story.holds("merchant:shop") >= -2_000
    await story.engine.stop()


async def _refund(story: PaidOut, number: int, amount: str, seen: Owed | None) -> AskRefund:
    found = await story.order(f"A-{number}")
    money = Money.parse(f"{amount} HKD")
    command = story.refund(f"R-{number}", money, found.acquirement_id)
    return msgspec.structs.replace(command, owed=seen)


async def _at_once(story: PaidOut, commands: Sequence[Any]) -> Counter[str]:
    outcomes = await asyncio.gather(*map(story.once, commands))
    return Counter(said(outcome) for outcome in outcomes)


async def test_refunds_of_one_batch_share_the_limit(story: PaidOut) -> None:
    seen = await story.owed(SHOP, "HKD")
    commands = [await _refund(story, number, "10.00", seen) for number in range(1, 7)]

    assert await _at_once(story, commands) == {"DONE": 2, REFUSED: 4}
    assert await story.holds("merchant:shop") == -2_000


async def test_refunds_of_several_batches_share_the_limit(story: PaidOut) -> None:
    """All were read before any was decided."""
    seen = await story.owed(SHOP, "HKD")
    commands = [await _refund(story, number, "6.67", seen) for number in range(1, 7)]
    told = [said(await story.once(command)) for command in commands]

    assert told == ["DONE", "DONE", *[REFUSED] * 4]
    assert await story.holds("merchant:shop") == -1_334


async def test_refunds_and_cancels_of_one_batch_share_the_limit(story: PaidOut) -> None:
    seen = await story.owed(SHOP, "HKD")
    commands: list[Any] = []
    for number in range(1, 7, 2):
        commands.append(await _refund(story, number, "10.00", seen))
        cancel: Cancel = story.cancel(f"A-{number + 1}")
        commands.append(msgspec.structs.replace(cancel, owed=seen))

    assert await _at_once(story, commands) == {
        "DONE": 1,
        "TRADE_CLOSED": 1,
        REFUSED: 2,
        "refused MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH": 2,
    }


async def test_a_sale_after_the_reading_refuses_early_and_lets_nothing_through(
    story: PaidOut,
) -> None:
    seen = await story.owed(SHOP, "HKD")
    await story.step("refund R-1 10.00")
    await story.step("refund R-2 10.00 order=A-2")
    await story.step("pay A-7")

    assert said(await story.once(await _refund(story, 3, "10.00", seen))) == REFUSED
    assert await story.step("refund R-3 10.00 order=A-3") == "DONE"


async def test_what_an_issuer_declines_between_two_readings_never_lets_more_through(
    story: PaidOut,
) -> None:
    """The row is read before a refund is declined, the sum after it."""
    await story.step("pay B-1 payer=slow")
    await story.step("bank yes 1 order=B-1")
    await story.step("payout 10.00")
    assert await story.step("refund R-9 10.00 order=B-1") == "asks"
    given_minor = int(await story.step("given"))
    await story.step("bank no 2 order=B-1")
    seen = Owed(owed_minor=await story.holds("merchant:shop"), given_minor=given_minor)
    commands = [await _refund(story, number, "10.00", seen) for number in range(1, 7)]

    assert await _at_once(story, commands) == {"DONE": 2, REFUSED: 4}


async def test_a_refund_between_the_two_readings_counts_twice_and_not_never(story: PaidOut) -> None:
    assert await story.step("given") == "-"
    await story.step("refund R-1 10.00")
    seen = Owed(owed_minor=await story.holds("merchant:shop"), given_minor=0)
    command = await _refund(story, 2, "10.00", seen)
    assert said(await story.once(command)) == REFUSED

    assert await story.step("refund R-2 10.00 order=A-2") == "DONE"


class Meddling:
    """A reader beside which something happens each time before a sum is read."""

    def __init__(self, story: PaidOut, *lines: str) -> None:
        self._story = story
        self._lines = list(lines)

    async def get(self, *key: Any) -> Any:
        return await self._story.store.get(*key)

    async def total(self, account: str, currency: str, *, book: str) -> int:
        if self._lines:
            await self._story.step(self._lines.pop(0))
        return await self._story.store.total(account, currency, book=book)


async def test_a_door_reads_again_when_a_refund_came_between(story: PaidOut) -> None:
    shop = await story.store.get(Merchant, SHOP)
    assert shop is not None
    meddling: Any = Meddling(story, "refund R-1 5.00", "refund R-2 5.00 order=A-2")
    seen = await owed_if_limited(meddling, shop, "HKD")

    assert seen == Owed(owed_minor=-1_000, given_minor=1_000)


async def test_a_door_that_is_meddled_with_for_ever_reads_too_little(story: PaidOut) -> None:
    shop = await story.store.get(Merchant, SHOP)
    assert shop is not None
    lines = [f"refund R-{number} 1.00" for number in range(OWED_READS_MAX)]
    meddling: Any = Meddling(story, *lines)
    seen = await owed_if_limited(meddling, shop, "HKD")

    given_minor = 100 * OWED_READS_MAX
    assert seen == Owed(owed_minor=-given_minor, given_minor=given_minor - 100)


async def test_a_limit_that_the_door_did_not_know_of_decides_nothing(story: PaidOut) -> None:
    command = await _refund(story, 1, "10.00", None)
    cancel = story.cancel("A-2")
    before = await story.everything()
    for each in (command, cancel):
        with pytest.raises(Unavailable):
            await story.engine.execute(each)

    assert await story.everything() == before
    assert await story.step("refund R-1 10.00") == "DONE"


async def test_each_merchant_has_its_own_debt(story: PaidOut) -> None:
    await story.step("refund R-1 10.00")
    rows = await story.rows(Debt)

    assert [(row.merchant_id, row.currency, row.given_minor) for row in rows] == [
        (SHOP, "HKD", 1_000)
    ]


async def test_a_door_reads_nothing_for_a_merchant_without_a_limit(story: PaidOut) -> None:
    shop = await story.store.get(Merchant, SHOP)
    assert shop is not None

    assert await owed_if_limited(story.store, shop, "HKD") is not None
    assert await owed_if_limited(story.store, shop, "USD") is None
    assert await owed_if_limited(story.store, shop, "") is None


async def test_a_cancel_of_an_order_the_door_did_not_see_is_asked_again(story: PaidOut) -> None:
    """The order was opened and paid after the door had looked for it."""
    command = story.cancel("A-3")
    assert (await story.order("A-3")).merchant_trans_id == MerchantTransId("A-3")
    with pytest.raises(Unavailable):
        await story.engine.execute(command)

    assert await story.step("cancel A-3") == "TRADE_CLOSED"
