"""Settings of risk as the rules take them: scores, thresholds, weights, the approximate limits.

Decides how their texts are read and hands them to the rules' own types, which refuse what cannot
work. What must hold: a weight names a rule that exists; nothing is left to be refused when somebody
pays.
"""

from collections.abc import Mapping
from typing import Final

from tillgate.acquiring.risk.judge import check_weights
from tillgate.acquiring.risk.settings import ApproximateLimits, RiskSettings
from tillgate.config.risk import AMOUNTS, COUNTS, HOURS, LIMITS, NAMES, PREFIX, SCORES, WEIGHTS
from tillgate.config.settings import Settings
from tillgate.config.values import amounts, pairs, refused, whole
from tillgate.kernel.clock import HOUR_MS

SANDBOX_WEIGHTS: Final = (("velocity_hour", 0), ("velocity_day", 0))
_NUMBER_MAX: Final = 1_000_000
_HOURS_MAX: Final = 24 * 366


def read_risk(settings: Settings) -> RiskSettings:
    """Return when rules fire and what a score leads to.

    Raises:
        SettingRefused: a value breaks its rule, or values do not fit together.
    """
    said, usual = dict(settings.risk), RiskSettings()
    values: dict[str, int] = {
        name: whole(said, f"{PREFIX}{name}", getattr(usual, name), most=_NUMBER_MAX)
        for name in (*SCORES, *COUNTS)
    }
    for name in HOURS:
        hours = getattr(usual, f"{name}_ms") // HOUR_MS
        said_hours = whole(said, f"{PREFIX}{name}_hours", hours, most=_HOURS_MAX)
        values[f"{name}_ms"] = said_hours * HOUR_MS
    try:
        rules = RiskSettings(
            **values,
            large_amounts=amounts(said, f"{PREFIX}{AMOUNTS}", usual.large_amounts),
            weights=_weights(settings, said),
        )
    except ValueError as error:
        raise refused(_blamed(said, str(error)), str(error), _NEXT) from None
    try:
        check_weights(rules)
    except ValueError as error:
        raise refused(f"{PREFIX}{WEIGHTS}", str(error), _NEXT) from None
    return rules


def read_limits(settings: Settings) -> ApproximateLimits:
    """Return what a merchant may take and a device may pay within a day; no limit by default.

    Raises:
        SettingRefused: a value breaks its rule.
    """
    said = dict(settings.risk)
    values: dict[str, object] = {
        name: (
            whole(said, name, 0, most=_NUMBER_MAX)
            if name.endswith("_count")
            else amounts(said, name, ())
        )
        for name in LIMITS
    }
    try:
        return ApproximateLimits(**values)  # type: ignore[arg-type]  # By the names of its fields.
    except ValueError as error:
        raise refused(_blamed(said, str(error)), str(error), _NEXT) from None


def _weights(settings: Settings, said: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Return the weights that replace the rules' own; a sandbox's few payers may pay often."""
    own = pairs(said, f"{PREFIX}{WEIGHTS}", most=_NUMBER_MAX)
    named = {name for name, _ in own}
    usual = SANDBOX_WEIGHTS if settings.is_sandbox else ()
    return (*own, *(pair for pair in usual if pair[0] not in named))


_NEXT: Final = "see every rule and its weight with: tillgate risk rules"


def _blamed(said: Mapping[str, str], sentence: str) -> str:
    """Return the setting that a sentence names, one that was given if there is any."""
    named = [
        name for name in NAMES if name.removeprefix(PREFIX) in sentence.replace(",", " ").split()
    ]
    given = [name for name in named if name in said]
    return (given or named or [f"{PREFIX}{SCORES[0]}"])[0]
