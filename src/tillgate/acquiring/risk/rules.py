"""The rules of risk: small declared values, each with a name, a sentence, a weight and a predicate.

A rule tells whether something odd is the case and nothing of what follows from it; `judge` adds the
weights. What must hold: no predicate raises, whatever the evidence; none needs riskInfo to be
there; and a weak rule, one that fires because a merchant told us less, never counts towards a
review or a refusal.
"""

from collections.abc import Callable
from typing import Final, final

import msgspec

from tillgate.acquiring.risk.evidence import Evidence
from tillgate.acquiring.risk.settings import RiskSettings
from tillgate.kernel.money import Money, Rounding

_MINUTES_OF_A_DEGREE: Final = 4
_MINUTES_OF_A_DAY: Final = 1_440


@final
class RiskRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule.

    Attributes:
        name: under which it is kept with a decision; never reused for another meaning.
        sentence: what is the case when it fires.
        weight: what it adds to the score, unless the settings say otherwise.
        fires: tells whether it is the case.
        is_weak: it counts only towards asking for the PIN.
    """

    name: str
    sentence: str
    weight: int
    fires: Callable[[Evidence, Money, RiskSettings], bool]
    is_weak: bool = False


def _many_in_an_hour(evidence: Evidence, _: Money, settings: RiskSettings) -> bool:
    return evidence.hour_count >= settings.hour_count


def _many_in_a_day(evidence: Evidence, _: Money, settings: RiskSettings) -> bool:
    return evidence.day.count >= settings.day_count


def _is_amount_unusual(evidence: Evidence, amount: Money, settings: RiskSettings) -> bool:
    usual = evidence.usual
    if usual is None or usual.count < settings.usual_count:
        return False
    if not amount.currency == usual.median.currency == usual.largest.currency:
        return False
    most = usual.median.at_rate(settings.unusual_times, 1, rounding=Rounding.DOWN)
    return amount > most and amount > usual.largest


def _is_large_for_new_account(evidence: Evidence, amount: Money, settings: RiskSettings) -> bool:
    is_new = evidence.at_ms - evidence.payer_since_ms < settings.account_new_ms
    # The day counts as well, so that a large amount cannot come in slices.
    return is_new and (
        _is_large(amount, settings) or _is_large(_with_day(evidence, amount), settings)
    )


def _is_large_for_new_customer(evidence: Evidence, amount: Money, settings: RiskSettings) -> bool:
    since_ms = evidence.signals.signed_up_at_ms
    is_new = since_ms is not None and evidence.at_ms - since_ms < settings.account_new_ms
    return is_new and _is_large(amount, settings)


def _is_device_new(evidence: Evidence, _: Money, settings: RiskSettings) -> bool:
    if not evidence.signals.device or not evidence.older_devices:
        return False
    since_ms = evidence.device_since_ms
    return since_ms is None or evidence.at_ms - since_ms < settings.device_new_ms


def _is_device_shared(evidence: Evidence, _: Money, settings: RiskSettings) -> bool:
    return bool(evidence.signals.device) and evidence.other_payers > settings.device_payers_max


def _is_jailbroken(evidence: Evidence, _: Money, __: RiskSettings) -> bool:
    return evidence.signals.is_jailbroken is True


def _is_clock_of_another_place(evidence: Evidence, _: Money, settings: RiskSettings) -> bool:
    said = evidence.signals
    if said.time_zone_min is None or said.latitude_deg is None or said.longitude_deg is None:
        return False
    if abs(said.latitude_deg) >= settings.polar_deg:
        return False
    apart = abs(said.time_zone_min - said.longitude_deg * _MINUTES_OF_A_DEGREE) % _MINUTES_OF_A_DAY
    return min(apart, _MINUTES_OF_A_DAY - apart) > settings.sun_min_max


def _are_times_untrue(evidence: Evidence, _: Money, settings: RiskSettings) -> bool:
    said = evidence.signals
    pairs = (
        (said.booted_at_ms, said.unlocked_at_ms),
        (said.signed_up_at_ms, said.signed_in_at_ms),
    )
    latest_ms = evidence.at_ms + settings.ahead_ms
    return any(
        (earlier is not None and later is not None and earlier > later)
        or (earlier is not None and earlier > latest_ms)
        or (later is not None and later > latest_ms)
        for earlier, later in pairs
    )


def _is_terminal_untrue(evidence: Evidence, _: Money, __: RiskSettings) -> bool:
    return evidence.signals.terminal.is_browser and bool(evidence.signals.device)


def _is_missing(evidence: Evidence, _: Money, __: RiskSettings) -> bool:
    return not evidence.signals.is_present


def _is_malformed(evidence: Evidence, _: Money, __: RiskSettings) -> bool:
    return bool(evidence.signals.faults)


def _is_large(amount: Money, settings: RiskSettings) -> bool:
    large = settings.large_from(amount.currency.code)
    return large is not None and amount.currency == large.currency and amount >= large


def _with_day(evidence: Evidence, amount: Money) -> Money:
    spent = evidence.day.spent
    return spent + amount if spent.currency == amount.currency else amount


RULES: Final[tuple[RiskRule, ...]] = (
    RiskRule(
        name="velocity_hour",
        sentence="The payer paid many times within the last hour.",
        weight=30,
        fires=_many_in_an_hour,
    ),
    RiskRule(
        name="velocity_day",
        sentence="The payer paid many times within the last day.",
        weight=15,
        fires=_many_in_a_day,
    ),
    RiskRule(
        name="amount_unusual",
        sentence="The amount is far above what the payer usually pays.",
        weight=20,
        fires=_is_amount_unusual,
    ),
    RiskRule(
        name="new_account_large",
        sentence="The payer's account is new and already pays a large amount.",
        weight=20,
        fires=_is_large_for_new_account,
    ),
    RiskRule(
        name="new_customer_large",
        sentence="The buyer has just signed up with the merchant and pays a large amount.",
        weight=10,
        fires=_is_large_for_new_customer,
    ),
    RiskRule(
        name="device_new",
        sentence="The payer uses another device than before.",
        weight=15,
        fires=_is_device_new,
    ),
    RiskRule(
        name="device_shared",
        sentence="Many other payers were seen on the device.",
        weight=30,
        fires=_is_device_shared,
    ),
    RiskRule(
        name="device_jailbroken",
        sentence="The protection of the device's system was removed.",
        weight=25,
        fires=_is_jailbroken,
    ),
    RiskRule(
        name="place_contradicts_clock",
        sentence="The device's time zone is not that of the place it says it is at.",
        weight=20,
        fires=_is_clock_of_another_place,
    ),
    RiskRule(
        name="times_contradict",
        sentence="Times in riskInfo are out of order or lie in the future.",
        weight=20,
        fires=_are_times_untrue,
    ),
    RiskRule(
        name="terminal_contradicts_device",
        sentence="The terminal is a browser, yet riskInfo holds hardware numbers no browser sees.",
        weight=10,
        fires=_is_terminal_untrue,
    ),
    RiskRule(
        name="risk_info_missing",
        sentence="The merchant sent no riskInfo.",
        weight=5,
        fires=_is_missing,
        is_weak=True,
    ),
    RiskRule(
        name="risk_info_malformed",
        sentence="Some of riskInfo could not be read.",
        weight=5,
        fires=_is_malformed,
        is_weak=True,
    ),
)
"""Every rule, in the order in which those that fired are kept."""


def sentence_of(name: str) -> str:
    """Return the sentence of a rule, for whoever reads a kept decision."""
    for rule in RULES:
        if rule.name == name:
            return rule.sentence
    return "A rule of an earlier version."
