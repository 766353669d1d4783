"""Names of the settings of risk: scores, thresholds and weights of rules, approximate limits.

It keeps what they are called and nothing of what they mean; `bootstrap.risk` reads their texts into
the rules' own types. What must hold: a setting that is not named here is refused as unknown.
"""

from typing import Final

PREFIX: Final = "risk_"
SCORES: Final = ("ask_pin_score", "review_score", "reject_score")
COUNTS: Final = (
    *("hour_count", "day_count", "usual_count", "unusual_times"),
    *("device_payers_max", "sun_min_max", "polar_deg"),
)
HOURS: Final = ("account_new", "device_new", "ahead")
"""Told in hours, as `risk_account_new_hours`."""
AMOUNTS: Final = "large_amounts"
WEIGHTS: Final = "weights"
LIMITS: Final = (
    *("merchant_day_amounts", "merchant_day_count"),
    *("device_day_amounts", "device_day_count"),
)
"""The approximate limits, which have no prefix."""
NAMES: Final = (
    *(f"{PREFIX}{name}" for name in (*SCORES, *COUNTS)),
    *(f"{PREFIX}{name}_hours" for name in HOURS),
    *(f"{PREFIX}{AMOUNTS}", f"{PREFIX}{WEIGHTS}"),
    *LIMITS,
)
"""Every setting of risk."""
