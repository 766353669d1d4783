"""What may be set about risk: scores, thresholds of single rules, and the approximate limits.

Defaults let an ordinary payer and the demo pay freely, with or without riskInfo. What must hold:
settings that cannot work, as a threshold beyond what is ever counted, are refused when they are
made and not when somebody pays.
"""

from typing import final

import msgspec

from tillgate.acquiring.risk.evidence import COUNTED_MAX
from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.money import Money

LIMIT_COUNT_MAX = 100_000
"""The most payments a day that an approximate limit can count."""


def _large_amounts() -> tuple[Money, ...]:
    return (
        Money.of(500_000, "HKD"),
        Money.of(500_000, "MOP"),
        Money.of(500_000, "CNY"),
        Money.of(65_000, "USD"),
    )


@final
class RiskSettings(msgspec.Struct, frozen=True, kw_only=True):
    """When a rule fires, and what a score leads to.

    Attributes:
        ask_pin_score: from this score on an agreement's debit needs the PIN.
        review_score: from this score on an operator decides.
        reject_score: from this score on the payment is refused.
        weights: pairs (rule, weight) that replace a rule's own weight; 0 switches it off.
        hour_count: so many payments in the last hour are many.
        day_count: so many payments in the last day are many.
        usual_count: so many payments show what is usual for a payer.
        unusual_times: an amount above so many times the usual one is unusual.
        account_new_ms: a payer, or a merchant's customer, is new for so long.
        large_amounts: from this amount on a payment is large, one for each currency; in a currency
            that is not named none is large.
        device_new_ms: a device that joins others of a payer is new for so long.
        device_payers_max: so many other payers on one device are still a family.
        sun_min_max: so many minutes may lie between a place's clock and its sun. The furthest
            inhabited place, in the west of Alaska, has 196 in summer.
        polar_deg: from this latitude on clocks follow people and not the sun.
        ahead_ms: an instant that lies further ahead of us than this is not true.
    """

    ask_pin_score: int = 30
    review_score: int = 80
    reject_score: int = 120
    weights: tuple[tuple[str, int], ...] = ()
    hour_count: int = 10
    day_count: int = 30
    usual_count: int = 5
    unusual_times: int = 10
    account_new_ms: int = DAY_MS
    large_amounts: tuple[Money, ...] = msgspec.field(default_factory=_large_amounts)
    device_new_ms: int = DAY_MS
    device_payers_max: int = 5
    sun_min_max: int = 210
    polar_deg: int = 66
    ahead_ms: int = DAY_MS

    def __post_init__(self) -> None:
        """Refuse thresholds that are out of order or that nothing ever reaches."""
        if not 0 < self.ask_pin_score <= self.review_score <= self.reject_score:
            message = "risk scores must rise: 0 < ask_pin_score <= review_score <= reject_score"
            raise ValueError(message)
        for name in ("hour_count", "day_count", "usual_count", "device_payers_max"):
            if not 0 < getattr(self, name) < COUNTED_MAX:
                message = f"risk {name} must be 1 to {COUNTED_MAX - 1}: no more is counted"
                raise ValueError(message)
        for name, weight in self.weights:
            if weight < 0:
                message = f"the weight of {name!r} is {weight}; a weight is 0 or more"
                raise ValueError(message)

    def large_from(self, currency: str) -> Money | None:
        """Return the least large amount in a currency."""
        return _of_currency(self.large_amounts, currency)


@final
class ApproximateLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant may take and a device may pay within 24 hours; off by default.

    They may be passed by what is paid within a second or at the same time (DESIGN section 1). An
    amount is one for each currency; a count of 0 is no limit.
    """

    merchant_day_amounts: tuple[Money, ...] = ()
    merchant_day_count: int = 0
    device_day_amounts: tuple[Money, ...] = ()
    device_day_count: int = 0

    def __post_init__(self) -> None:
        """Refuse counts that are never reached."""
        for name in ("merchant_day_count", "device_day_count"):
            if not 0 <= getattr(self, name) <= LIMIT_COUNT_MAX:
                message = f"{name} must be 0 (no limit) to {LIMIT_COUNT_MAX}"
                raise ValueError(message)

    def merchant_amount(self, currency: str) -> Money | None:
        """Return what a merchant may take in a currency, None without a limit."""
        return _of_currency(self.merchant_day_amounts, currency)

    def device_amount(self, currency: str) -> Money | None:
        """Return what may be paid on a device in a currency, None without a limit."""
        return _of_currency(self.device_day_amounts, currency)

    def counts_merchant(self, currency: str) -> bool:
        """Tell whether a payment in this currency needs what its merchant took."""
        return bool(self.merchant_day_count) or self.merchant_amount(currency) is not None

    def counts_device(self, currency: str) -> bool:
        """Tell whether a payment in this currency needs what was paid on its device."""
        return bool(self.device_day_count) or self.device_amount(currency) is not None


def _of_currency(amounts: tuple[Money, ...], code: str) -> Money | None:
    return next((amount for amount in amounts if amount.currency.code == code), None)
