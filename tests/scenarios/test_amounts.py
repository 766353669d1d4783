"""Each row of the amounts' table does what it says, in a whole sandbox gateway."""

from pathlib import Path

import pytest

from tests.scenarios.inside import advance, at, function, pay, refunded
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.payer import WALLET, Payer
from tillgate.acquiring.states import AcquirementState
from tillgate.engine.decide.answers import PAYERS_CODES
from tillgate.issuers import simulated
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.sandbox.chosen.amounts import (
    AMOUNTS,
    Calls,
    Declines,
    Resolves,
    chosen,
)
from tillgate.sandbox.identities import MERCHANT_ID


def test_ordinary_prices_choose_nothing() -> None:
    """Whole amounts, tenths, quarters, and prices that end in 9 or 99 stay ordinary."""
    ordinary = [*range(0, 100, 10), 25, 75, *range(41), *range(90, 100), 49, 59, 69, 79, 88, 89]
    assert [digits for digits in ordinary if chosen(Money.of(100_000 + digits, "HKD"))] == []


def test_the_rows_are_told_apart() -> None:
    """Digits are two, and stand once."""
    digits = [row.digits for row in AMOUNTS]
    assert sorted(set(digits)) == digits
    assert all(chosen(Money.parse(row.sample)) is row for row in AMOUNTS)


def test_each_refusal_of_an_issuer_can_be_chosen() -> None:
    """What a merchant must handle it can also provoke."""
    refusals = {row.act.result for row in AMOUNTS if isinstance(row.act, Declines)}
    assert refusals == PAYERS_CODES


@pytest.mark.parametrize("currency", ["JPY", "BHD"])
def test_the_digits_are_of_minor_units(currency: str) -> None:
    """141 JPY and 0.141 BHD have the digits 41."""
    row = chosen(Money.of(141, currency))
    assert row is not None
    assert row.act == Declines(result=Result.USER_BALANCE_NOT_ENOUGH)


async def test_a_chosen_refusal_moves_nothing(tmp_path: Path) -> None:
    """Each refusal is told by its name, and the payer, whose money it is, is as before."""
    async with at(tmp_path) as house:
        before = await house.desk.reader.get(Payer, "rich")
        assert before is not None
        for row in AMOUNTS:
            if not isinstance(row.act, Declines):
                continue
            told = await pay(house, f"A-{row.digits}", row.sample)
            assert told.said["resultCode"] == "4000", row
            assert told.said["memo"].startswith(row.act.result.name), row
            assert told.order is not None
            assert told.order.waits
        after = await house.desk.reader.get(Payer, "rich")
        assert after is not None
        assert after.issuer == WALLET


async def test_a_chosen_unknown_becomes_what_it_says(tmp_path: Path) -> None:
    """8000 at first; then paid or not, when its time has come and not before."""
    async with at(tmp_path) as house:
        rows = [row for row in AMOUNTS if isinstance(row.act, Resolves)]
        assert len(rows) == 3
        for row in rows:
            told = await pay(house, f"U-{row.digits}", row.sample)
            assert told.said["resultCode"] == "8000", row
        await advance(house, "30m")
        for row in rows:
            assert isinstance(row.act, Resolves)
            found = await house.desk.reader.get(Acquirement, MERCHANT_ID, f"U-{row.digits}")
            assert found is not None
            assert found.was_paid == row.act.is_paid, row
            took_ms = (found.paid_at_ms or 0) - found.created_at_ms
            assert not row.act.is_paid or took_ms >= row.act.after_ms


async def test_a_chosen_callback_is_told(tmp_path: Path) -> None:
    """The page hears the code, and whether the order is paid is as the table says."""
    async with at(tmp_path) as house:
        rows = [row for row in AMOUNTS if isinstance(row.act, Calls)]
        assert rows
        for row in rows:
            assert isinstance(row.act, Calls)
            told = await pay(house, f"C-{row.digits}", row.sample)
            assert told.said["resultCode"] == row.act.code.code, row
            is_paid = told.order is not None and told.order.was_paid
            assert is_paid == row.act.is_paid, row


async def test_a_refund_is_what_its_own_amount_says(tmp_path: Path) -> None:
    """Refused, unknown or done; what is left of the payment follows."""
    async with at(tmp_path) as house:
        trans_id = "R-1"
        paid = await pay(house, trans_id, "100.77 HKD")
        assert paid.said["resultCode"] == "9000"
        assert paid.order is not None
        assert paid.order.issuer == simulated.NAME
        assert (
            await refunded(house, paid.order, "10.71 HKD", "R-71") == "UNAVAILABLE_PAYMENT_METHOD"
        )
        assert await refunded(house, paid.order, "10.72 HKD", "R-72") == "USER_STATUS_ABNORMAL"
        assert await refunded(house, paid.order, "10.73 HKD", "R-73") == "REFUND_IN_PROCESS"
        assert await refunded(house, paid.order, "10.74 HKD", "R-74") == "REFUND_IN_PROCESS"
        assert await refunded(house, paid.order, "1.00 HKD", "R-1") == "SUCCESS"
        await advance(house, "1m")
        assert await refunded(house, paid.order, "10.73 HKD", "R-73") == "SUCCESS"
        assert (
            await refunded(house, paid.order, "10.74 HKD", "R-74") == "UNAVAILABLE_PAYMENT_METHOD"
        )
        found = await house.desk.reader.get(Acquirement, MERCHANT_ID, trans_id)
        assert found is not None
        assert str(found.refunded) == "11.73 HKD"


async def test_a_cancel_of_a_chosen_amount_gives_the_money_back(tmp_path: Path) -> None:
    """No amount chooses what becomes of a cancelled payment."""
    async with at(tmp_path) as house:
        paid = await pay(house, "X-1", "10.71 HKD")
        assert paid.order is not None
        said = await function(house, "payCancel", {"merchantTransId": "X-1"})
        assert said["resultInfo"]["resultCode"] == "SUCCESS"
        await advance(house, "1m")
        found = await house.desk.reader.get(Acquirement, MERCHANT_ID, "X-1")
        attempt = await house.desk.reader.get(Attempt, MERCHANT_ID, "X-1", 2)
        assert found is not None
        assert found.state is AcquirementState.TRADE_CLOSED
        assert attempt is not None
        assert attempt.state.value == "APPROVED"
