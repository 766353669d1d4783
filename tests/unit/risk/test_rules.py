"""Each rule of risk at its edges, as one table: what is the case, and whether the rule fires.

Every row stands on the same calm evidence, on which no rule fires, and changes only what it names.
"""

from typing import Any

import msgspec
import pytest

from tillgate.acquiring.risk.evidence import Day, Evidence, Usual
from tillgate.acquiring.risk.judge import judge
from tillgate.acquiring.risk.rules import RULES, sentence_of
from tillgate.acquiring.risk.settings import RiskSettings
from tillgate.acquiring.risk.signals import Signals, Terminal
from tillgate.kernel.clock import DAY_MS, MINUTE_MS
from tillgate.kernel.money import Money

NOW_MS = 1_700_000_000_000
PHONE = "ab" * 32
TEN = Money.parse("10.00 HKD")
LARGE = Money.parse("5000.00 HKD")

CALM = Evidence(
    signals=Signals(is_present=True, device=PHONE, terminal=Terminal.APP, is_jailbroken=False),
    at_ms=NOW_MS,
    is_agreement=True,
    payer_since_ms=NOW_MS - 400 * DAY_MS,
    hour_count=0,
    day=Day(count=0, spent=Money.of(0, "HKD")),
)


def day(count: int, spent: str = "0.00 HKD") -> Day:
    return Day(count=count, spent=Money.parse(spent))


def usual(count: int, median: str, largest: str) -> Usual:
    return Usual(count=count, median=Money.parse(median), largest=Money.parse(largest))


def at(latitude: int, longitude: int, zone_min: int) -> dict[str, Any]:
    return {"latitude_deg": latitude, "longitude_deg": longitude, "time_zone_min": zone_min}


FIRES, NOT = True, False
TENS = usual(5, "10.00 HKD", "10.00 HKD")

# fmt: off
TABLE: dict[str, list[tuple[bool, str, dict[str, Any]]]] = {
    "velocity_hour": [
        (NOT,   "10.00 HKD",    {"hour_count": 9}),
        (FIRES, "10.00 HKD",    {"hour_count": 10}),
    ],
    "velocity_day": [
        (NOT,   "10.00 HKD",    {"day": day(29)}),
        (FIRES, "10.00 HKD",    {"day": day(30)}),
    ],
    "amount_unusual": [
        (NOT,   "100.01 HKD",   {}),
        (NOT,   "100.00 HKD",   {"usual": TENS}),
        (FIRES, "100.01 HKD",   {"usual": TENS}),
        (NOT,   "100.01 USD",   {"usual": TENS}),
        (NOT,   "100.01 HKD",   {"usual": usual(4, "10.00 HKD", "10.00 HKD")}),
        (NOT,   "100.01 HKD",   {"usual": usual(5, "10.00 HKD", "100.01 HKD")}),
        (FIRES, "100.01 HKD",   {"usual": usual(5, "10.00 HKD", "100.00 HKD")}),
    ],
    "new_account_large": [
        (NOT,   "5000.00 HKD",  {"payer_since_ms": NOW_MS - DAY_MS}),
        (FIRES, "5000.00 HKD",  {"payer_since_ms": NOW_MS - DAY_MS + 1}),
        (NOT,   "4999.99 HKD",  {"payer_since_ms": NOW_MS}),
        (FIRES, "4999.99 HKD",  {"payer_since_ms": NOW_MS, "day": day(1, "0.01 HKD")}),
        (NOT,   "4999.99 HKD",  {"payer_since_ms": NOW_MS, "day": day(1, "9.99 USD")}),
        (NOT,   "999999 JPY",   {"payer_since_ms": NOW_MS}),
    ],
    "new_customer_large": [
        (NOT,   "5000.00 HKD",  {"signed_up_at_ms": None}),
        (NOT,   "5000.00 HKD",  {"signed_up_at_ms": NOW_MS - DAY_MS}),
        (FIRES, "5000.00 HKD",  {"signed_up_at_ms": NOW_MS - DAY_MS + 1}),
        (NOT,   "4999.99 HKD",  {"signed_up_at_ms": NOW_MS - DAY_MS + 1}),
    ],
    "device_new": [
        (NOT,   "10.00 HKD",    {"older_devices": 0}),
        (FIRES, "10.00 HKD",    {"older_devices": 1}),
        (NOT,   "10.00 HKD",    {"older_devices": 1, "device": ""}),
        (FIRES, "10.00 HKD",    {"older_devices": 1, "device_since_ms": NOW_MS - DAY_MS + 1}),
        (NOT,   "10.00 HKD",    {"older_devices": 1, "device_since_ms": NOW_MS - DAY_MS}),
    ],
    "device_shared": [
        (NOT,   "10.00 HKD",    {"other_payers": 5}),
        (FIRES, "10.00 HKD",    {"other_payers": 6}),
        (NOT,   "10.00 HKD",    {"other_payers": 6, "device": ""}),
    ],
    "device_jailbroken": [
        (NOT,   "10.00 HKD",    {"is_jailbroken": None}),
        (NOT,   "10.00 HKD",    {"is_jailbroken": False}),
        (FIRES, "10.00 HKD",    {"is_jailbroken": True}),
    ],
    "place_contradicts_clock": [
        (NOT,   "10.00 HKD",    at(22, 114, 480)),      # Hong Kong, as it is.
        (FIRES, "10.00 HKD",    at(22, 114, -300)),     # Hong Kong with New York's clock.
        (NOT,   "10.00 HKD",    at(40, 116, 660)),      # The seed's own sample.
        (NOT,   "10.00 HKD",    at(65, -168, -480)),    # The west of Alaska in summer.
        (NOT,   "10.00 HKD",    at(2, -157, 840)),      # Kiritimati, across the date line.
        (NOT,   "10.00 HKD",    at(-18, -179, 720)),    # The east of Fiji, likewise.
        (NOT,   "10.00 HKD",    at(0, 0, 210)),
        (FIRES, "10.00 HKD",    at(0, 0, 211)),
        (FIRES, "10.00 HKD",    at(0, 0, -211)),
        (FIRES, "10.00 HKD",    at(65, 0, 400)),
        (NOT,   "10.00 HKD",    at(66, 0, 400)),        # Near a pole nobody follows the sun.
        (NOT,   "10.00 HKD",    at(-66, 0, 400)),
        (NOT,   "10.00 HKD",    {"time_zone_min": 660}),
        (NOT,   "10.00 HKD",    {"latitude_deg": 1, "longitude_deg": 114}),
    ],
    "times_contradict": [
        (NOT,   "10.00 HKD",    {"booted_at_ms": 5}),
        (NOT,   "10.00 HKD",    {"booted_at_ms": 5, "unlocked_at_ms": 5}),
        (FIRES, "10.00 HKD",    {"booted_at_ms": 6, "unlocked_at_ms": 5}),
        (NOT,   "10.00 HKD",    {"signed_up_at_ms": 5, "signed_in_at_ms": 5}),
        (FIRES, "10.00 HKD",    {"signed_up_at_ms": 6, "signed_in_at_ms": 5}),
        (NOT,   "10.00 HKD",    {"booted_at_ms": 6, "signed_in_at_ms": 5}),
        (NOT,   "10.00 HKD",    {"unlocked_at_ms": NOW_MS + DAY_MS}),
        (FIRES, "10.00 HKD",    {"unlocked_at_ms": NOW_MS + DAY_MS + 1}),
        (NOT,   "10.00 HKD",    {"signed_up_at_ms": NOW_MS + DAY_MS}),
        (FIRES, "10.00 HKD",    {"signed_up_at_ms": NOW_MS + DAY_MS + 1}),
    ],
    "terminal_contradicts_device": [
        (FIRES, "10.00 HKD",    {"terminal": Terminal.WEB}),
        (FIRES, "10.00 HKD",    {"terminal": Terminal.WAP}),
        (NOT,   "10.00 HKD",    {"terminal": Terminal.APP}),
        (NOT,   "10.00 HKD",    {"terminal": Terminal.UNSAID}),
        (NOT,   "10.00 HKD",    {"terminal": Terminal.WEB, "device": ""}),
    ],
    "risk_info_missing": [
        (NOT,   "10.00 HKD",    {"is_present": True}),
        (FIRES, "10.00 HKD",    {"is_present": False}),
    ],
    "risk_info_malformed": [
        (NOT,   "10.00 HKD",    {"faults": ()}),
        (FIRES, "10.00 HKD",    {"faults": ("riskInfo.deviceInfo.imei",)}),
    ],
}
# fmt: on

ROWS = [(name, *row) for name, rows in TABLE.items() for row in rows]


def calm_but(case: dict[str, Any]) -> Evidence:
    """Return the calm evidence with some fields changed, its own or those of its signals."""
    said = {name: value for name, value in case.items() if name in Signals.__struct_fields__}
    known = {name: value for name, value in case.items() if name not in said}
    signals = msgspec.structs.replace(CALM.signals, **said)
    return msgspec.structs.replace(CALM, signals=signals, **known)


@pytest.mark.parametrize(("rule", "fires", "amount", "case"), ROWS)
def test_a_rule_fires_at_its_edge(
    rule: str, amount: str, case: dict[str, Any], *, fires: bool
) -> None:
    judged = judge(calm_but(case), Money.parse(amount), RiskSettings())

    # No other rule fires either, or something else than the row says would have moved it.
    assert judged.rules == ((rule,) if fires else ())


def test_every_rule_has_rows_that_fire_and_rows_that_do_not() -> None:
    shown = {(name, fires) for name, fires, _, _ in ROWS}

    assert shown == {(rule.name, fires) for rule in RULES for fires in (FIRES, NOT)}


def test_names_are_alone_and_each_has_its_sentence() -> None:
    names = [rule.name for rule in RULES]

    assert len(set(names)) == len(names)
    assert all(sentence_of(rule.name) == rule.sentence for rule in RULES)
    assert all(rule.sentence.endswith(".") and rule.weight > 0 for rule in RULES)


def test_a_rule_that_is_gone_is_still_spoken_of() -> None:
    assert sentence_of("of_1999") == "A rule of an earlier version."


def test_thresholds_come_from_the_settings() -> None:
    settings = RiskSettings(
        hour_count=2, account_new_ms=MINUTE_MS, large_amounts=(Money.of(1, "HKD"),)
    )

    judged = judge(calm_but({"hour_count": 2, "payer_since_ms": NOW_MS}), TEN, settings)
    assert judged.rules == ("velocity_hour", "new_account_large")
    later = calm_but({"hour_count": 1, "payer_since_ms": NOW_MS - MINUTE_MS})
    assert judge(later, LARGE, settings).rules == ()
