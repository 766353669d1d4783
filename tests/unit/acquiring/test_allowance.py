"""Allowances: what a day's row says after each payment, and after a try that was declined.

What must hold: a day begins with nothing spent, is Hong Kong's, and never goes back; what was given
back of an earlier day changes nothing.
"""

import pytest

from tillgate.acquiring.allowance import Allowance, day_of
from tillgate.kernel.clock import DAY_MS, parse_rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result

NOON_MS = parse_rfc3339("2026-03-02T12:00:00+08:00")
HKD_10 = Money.parse("10.00 HKD")
EMPTY = Allowance(owner="payer:rich", currency="HKD", daily_max=2_000)


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-03-02T00:00:00+08:00", "2026-03-02"),
        ("2026-03-02T23:59:59+08:00", "2026-03-02"),
        ("2026-03-02T15:59:59Z", "2026-03-02"),
        ("2026-03-02T16:00:00Z", "2026-03-03"),
    ],
)
def test_a_day_is_hong_kongs(at: str, day: str) -> None:
    assert day_of(parse_rfc3339(at)) == day


def test_payments_of_a_day_add_up_to_its_limit_and_no_further() -> None:
    spent = EMPTY.reserved(HKD_10, now_ms=NOON_MS).reserved(HKD_10, now_ms=NOON_MS)
    assert (spent.day, spent.spent, spent.count) == ("2026-03-02", 2_000, 2)

    with pytest.raises(Refused) as refused:
        spent.reserved(Money.of(1, "HKD"), now_ms=NOON_MS)
    assert refused.value.result is Result.AMOUNT_EXCEED_DAILY_LIMIT


def test_a_new_day_begins_with_nothing_spent() -> None:
    spent = EMPTY.reserved(HKD_10, now_ms=NOON_MS).reserved(HKD_10, now_ms=NOON_MS + DAY_MS)

    assert (spent.day, spent.spent, spent.count) == ("2026-03-03", 1_000, 1)


def test_a_clock_that_is_behind_forgets_nothing_that_was_spent() -> None:
    ahead = EMPTY.reserved(HKD_10, now_ms=NOON_MS + DAY_MS)
    spent = ahead.reserved(HKD_10, now_ms=NOON_MS)

    assert (spent.day, spent.spent, spent.count) == ("2026-03-03", 2_000, 2)


@pytest.mark.parametrize(("days_later", "spent"), [(0, 1_000), (1, 2_000)])
def test_a_declined_try_gives_its_own_day_back_and_no_other(days_later: int, spent: int) -> None:
    now_ms = NOON_MS + days_later * DAY_MS
    held = EMPTY.reserved(HKD_10, now_ms=now_ms).reserved(HKD_10, now_ms=now_ms)

    assert held.released(HKD_10, asked_at_ms=NOON_MS).spent == spent


@pytest.mark.parametrize(("single_max", "refuses"), [(None, False), (1_000, False), (999, True)])
def test_one_payment_is_held_to_its_limit(single_max: int | None, *, refuses: bool) -> None:
    row = EMPTY.replaced(single_max=single_max)
    if not refuses:
        row.check_single(HKD_10, Result.USER_AMOUNT_EXCEED_LIMIT)
        return
    with pytest.raises(Refused) as refused:
        row.check_single(HKD_10, Result.USER_AMOUNT_EXCEED_LIMIT)
    assert refused.value.result is Result.USER_AMOUNT_EXCEED_LIMIT
