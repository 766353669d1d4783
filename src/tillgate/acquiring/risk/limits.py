"""The approximate limits of merchants and devices: refuses what the evidence says goes beyond them.

They need no locked row, so no payment waits for another of the same merchant; in return they may be
passed by what is paid at the same moment (DESIGN section 1). What must hold: without evidence of a
day nothing is refused, and the limits of payers and agreements, which are exact, are not here.
"""

from tillgate.acquiring.risk.evidence import Day, Evidence
from tillgate.acquiring.risk.settings import ApproximateLimits
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result


def check_limits(evidence: Evidence, amount: Money, limits: ApproximateLimits) -> None:
    """Raise `Refused` for the first limit that the payment would pass: amounts before counts."""
    code = amount.currency.code
    merchant, device = evidence.merchant_day, evidence.device_day
    _check_amount(merchant, amount, limits.merchant_amount(code), "The merchant")
    _check_amount(device, amount, limits.device_amount(code), "The device")
    _check_count(merchant, limits.merchant_day_count, "The merchant")
    _check_count(device, limits.device_day_count, "The device")


def _check_amount(day: Day | None, amount: Money, limit: Money | None, whose: str) -> None:
    if day is None or limit is None:
        return
    if not day.spent.currency == amount.currency == limit.currency:
        return
    if day.spent + amount > limit:
        sentence = f"{whose} has reached the limit of a day; try a smaller amount or later."
        raise Refused(Result.AMOUNT_EXCEED_DAILY_LIMIT, sentence)


def _check_count(day: Day | None, limit: int, whose: str) -> None:
    if day is not None and limit and day.count >= limit:
        sentence = f"{whose} has reached the number of payments of a day; try again later."
        raise Refused(Result.PAYMENT_COUNT_EXCEED_LIMIT, sentence)
