"""Settings of risk: what is read from texts, and what a text that breaks its rule is told."""

from pathlib import Path

import pytest

from tillgate.acquiring.risk.settings import ApproximateLimits, RiskSettings
from tillgate.bootstrap.books import decide_settings
from tillgate.bootstrap.risk import read_limits, read_risk
from tillgate.config import SettingRefused, Settings, read_settings
from tillgate.config.risk import COUNTS, HOURS, LIMITS, SCORES
from tillgate.kernel.clock import HOUR_MS
from tillgate.kernel.money import Money


def _settings(**variables: str) -> Settings:
    environ = {f"TILLGATE_{name.upper()}": text for name, text in variables.items()}
    return read_settings({}, environ, home=Path("/home/alice"))


def test_without_anything_said_the_rules_own_defaults_hold() -> None:
    assert read_risk(_settings()) == RiskSettings()
    assert read_limits(_settings()) == ApproximateLimits()


def test_every_field_of_the_rules_has_its_setting() -> None:
    names = {*SCORES, *COUNTS, *(f"{name}_ms" for name in HOURS), "large_amounts", "weights"}

    assert names == set(RiskSettings.__struct_fields__)
    assert set(LIMITS) == set(ApproximateLimits.__struct_fields__)


def test_what_is_said_reaches_the_rules() -> None:
    settings = _settings(
        risk_ask_pin_score="20",
        risk_account_new_hours="48",
        risk_large_amounts="100.00 HKD, 90 JPY",
        risk_weights="device_new=0, velocity_hour = 40",
        merchant_day_amounts="5000.00 HKD",
        device_day_count="3",
    )

    decide = decide_settings(settings)

    assert decide.risk.ask_pin_score == 20
    assert decide.risk.account_new_ms == 48 * HOUR_MS
    assert decide.risk.large_amounts == (Money.parse("100.00 HKD"), Money.parse("90 JPY"))
    assert decide.risk.weights == (("device_new", 0), ("velocity_hour", 40))
    assert decide.approximate.merchant_day_amounts == (Money.parse("5000.00 HKD"),)
    assert decide.approximate.device_day_count == 3


def test_a_sandboxs_few_payers_may_pay_often_unless_a_weight_says_otherwise() -> None:
    def weights(**said: str) -> dict[str, int]:
        return dict(read_risk(_settings(mode="sandbox", **said)).weights)

    assert weights() == {"velocity_hour": 0, "velocity_day": 0}
    assert weights(risk_weights="device_new=1, velocity_day=9") == {
        "device_new": 1,
        "velocity_day": 9,
        "velocity_hour": 0,
    }


def test_they_may_stand_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "tillgate.toml").write_text(
        'risk_review_score = 90\nrisk_large_amounts = "none"\nmerchant_day_count = 7\n'
    )
    settings = read_settings({"data": str(tmp_path)}, {}, home=tmp_path)

    assert read_risk(settings).review_score == 90
    assert read_risk(settings).large_amounts == ()
    assert read_limits(settings).merchant_day_count == 7


# A table reads best a row at a time.
# fmt: off
REFUSED = (
    ("risk_ask_pin_score",   "many",                   "whole number"),
    ("risk_review_score",    "200",                    "scores must rise"),
    ("risk_ask_pin_score",   "0",                      "scores must rise"),
    ("risk_hour_count",      "50",                     "1 to 49"),
    ("risk_ahead_hours",     "-1",                     "whole number"),
    ("risk_large_amounts",   "100",                    "names no currency"),
    ("risk_large_amounts",   "0.00 HKD",               "above zero"),
    ("risk_large_amounts",   "1.00 HKD, 2.00 HKD",     "currency of its own"),
    ("risk_weights",         "device_neu=1",           "there is no risk rule 'device_neu'"),
    ("risk_weights",         "device_new",             "one whole number"),
    ("risk_weights",         "device_new=-1",          "one whole number"),
    ("risk_weights",         "device_new=1,device_new=2", "one whole number"),
    ("merchant_day_count",   "100001",                 "0 (no limit) to 100000"),
    ("device_day_amounts",   "1.001 HKD",              "2 decimal digits"),
)
# fmt: on


@pytest.mark.parametrize(("name", "text", "says"), REFUSED)
def test_a_value_that_breaks_its_rule_is_refused_at_start_by_name(
    name: str, text: str, says: str
) -> None:
    with pytest.raises(SettingRefused) as refused:
        decide_settings(_settings(**{name: text}))

    assert f"TILLGATE_{name.upper()}" in str(refused.value)
    assert says in str(refused.value)
    assert "Next: " in str(refused.value)
