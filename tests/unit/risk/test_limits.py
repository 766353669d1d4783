"""The approximate limits: what passes them, which is told first, and that they are off."""

from typing import Any

import pytest

from tillgate.acquiring.risk.evidence import Day, Evidence
from tillgate.acquiring.risk.limits import check_limits
from tillgate.acquiring.risk.settings import ApproximateLimits
from tillgate.acquiring.risk.signals import Signals
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result

TEN = Money.parse("10.00 HKD")
HUNDRED = (Money.parse("100.00 HKD"),)
AMOUNT, COUNT = Result.AMOUNT_EXCEED_DAILY_LIMIT, Result.PAYMENT_COUNT_EXCEED_LIMIT


def day(count: int, spent: str) -> Day:
    return Day(count=count, spent=Money.parse(spent))


def evidence(merchant: Day | None, device: Day | None) -> Evidence:
    return Evidence(
        signals=Signals(),
        at_ms=0,
        is_agreement=False,
        payer_since_ms=0,
        hour_count=0,
        day=day(0, "0.00 HKD"),
        merchant_day=merchant,
        device_day=device,
    )


# fmt: off
TABLE: list[tuple[dict[str, Any], Day, Result | None]] = [
    # limits                                          the day so far            refused with
    ({"day_amounts": HUNDRED},                        day(1, "90.00 HKD"),      None),
    ({"day_amounts": HUNDRED},                        day(1, "90.01 HKD"),      AMOUNT),
    ({"day_amounts": HUNDRED},                        day(1, "90.01 USD"),      None),
    ({"day_amounts": (Money.parse("1.00 USD"),)},     day(1, "90.01 HKD"),      None),
    ({"day_count": 3},                                day(2, "0.00 HKD"),       None),
    ({"day_count": 3},                                day(3, "0.00 HKD"),       COUNT),
    ({"day_count": 3, "day_amounts": HUNDRED},        day(3, "90.01 HKD"),      AMOUNT),
    ({},                                              day(999, "9999.00 HKD"),  None),
]
# fmt: on


def told(known: Evidence, limits: ApproximateLimits) -> Result | None:
    try:
        check_limits(known, TEN, limits)
    except Refused as refused:
        return refused.result
    return None


@pytest.mark.parametrize(("limits", "so_far", "result"), TABLE)
@pytest.mark.parametrize("whose", ["merchant", "device"])
def test_what_would_pass_a_limit_is_refused(
    whose: str, limits: dict[str, Any], so_far: Day, result: Result | None
) -> None:
    named = ApproximateLimits(**{f"{whose}_{name}": value for name, value in limits.items()})
    both = {"merchant": (so_far, None), "device": (None, so_far)}

    assert told(evidence(*both[whose]), named) is result
    # Without evidence of the day nothing is refused.
    assert told(evidence(None, None), named) is None


def test_an_amount_is_told_before_a_count_whosever_they_are() -> None:
    limits = ApproximateLimits(merchant_day_count=1, device_day_amounts=HUNDRED)

    known = evidence(day(1, "0.00 HKD"), day(0, "90.01 HKD"))
    assert told(known, limits) is AMOUNT


def test_limits_are_off_by_default() -> None:
    off = ApproximateLimits()

    assert not off.counts_merchant("HKD")
    assert not off.counts_device("HKD")


def test_only_a_currency_with_a_limit_is_counted_for_its_amount() -> None:
    amounts = ApproximateLimits(merchant_day_amounts=HUNDRED, device_day_amounts=HUNDRED)
    counts = ApproximateLimits(merchant_day_count=1, device_day_count=1)

    assert (amounts.counts_merchant("HKD"), amounts.counts_merchant("USD")) == (True, False)
    assert (amounts.counts_device("HKD"), amounts.counts_device("USD")) == (True, False)
    assert counts.counts_merchant("USD")
    assert counts.counts_device("USD")
