"""What follows from the rules that fired: thresholds, precedence, and what may never follow."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.acquiring.risk.evidence import Day, Evidence, Usual
from tillgate.acquiring.risk.judge import Outcome, check_weights, judge
from tillgate.acquiring.risk.records import DeviceSeen, decision, order_risk
from tillgate.acquiring.risk.rules import RULES
from tillgate.acquiring.risk.settings import ApproximateLimits, RiskSettings
from tillgate.acquiring.risk.signals import Signals, Terminal
from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.ids import MerchantId, MerchantTransId, PayerId
from tillgate.kernel.money import Money

NOW_MS = 1_700_000_000_000
TEN = Money.parse("10.00 HKD")
MILDEST_FIRST = list(Outcome)
OFF = tuple((rule.name, 0) for rule in RULES)

INSTANTS = st.integers(-(2**63), 2**63 - 1)
MONEY = st.builds(
    Money.of, st.integers(-(2**63), 2**63 - 1), st.sampled_from(("HKD", "JPY", "USD"))
)
COUNTS = st.integers(-1, 2**31)
DAYS = st.builds(Day, count=COUNTS, spent=MONEY)
SIGNALS = st.builds(
    Signals,
    is_present=st.booleans(),
    faults=st.sampled_from(((), ("riskInfo",))),
    device=st.sampled_from(("", "ab" * 32)),
    terminal=st.sampled_from(Terminal),
    is_jailbroken=st.none() | st.booleans(),
    time_zone_min=st.none() | INSTANTS,
    latitude_deg=st.none() | INSTANTS,
    longitude_deg=st.none() | INSTANTS,
    booted_at_ms=st.none() | INSTANTS,
    unlocked_at_ms=st.none() | INSTANTS,
    signed_up_at_ms=st.none() | INSTANTS,
    signed_in_at_ms=st.none() | INSTANTS,
)
EVIDENCE = st.builds(
    Evidence,
    signals=SIGNALS,
    at_ms=INSTANTS,
    is_agreement=st.booleans(),
    payer_since_ms=INSTANTS,
    hour_count=COUNTS,
    day=DAYS,
    usual=st.none() | st.builds(Usual, count=COUNTS, median=MONEY, largest=MONEY),
    device_since_ms=st.none() | INSTANTS,
    older_devices=COUNTS,
    other_payers=COUNTS,
    merchant_day=st.none() | DAYS,
    device_day=st.none() | DAYS,
)


def evidence(*, is_agreement: bool = False, **signals: Any) -> Evidence:
    """Return what is known of a first payment of an old payer."""
    return Evidence(
        signals=Signals(**signals),
        at_ms=NOW_MS,
        is_agreement=is_agreement,
        payer_since_ms=0,
        hour_count=0,
        day=Day(count=0, spent=Money.of(0, "HKD")),
    )


def weighing(weight: int, *, strong: bool = True) -> RiskSettings:
    """Return settings by which one rule alone weighs so much: jailbroken, or missing riskInfo."""
    name = "device_jailbroken" if strong else "risk_info_missing"
    others = tuple(pair for pair in OFF if pair[0] != name)
    return RiskSettings(weights=(*others, (name, weight)))


@pytest.mark.parametrize(
    ("weight", "by_agreement", "by_pin"),
    [
        (1, Outcome.ACCEPT, Outcome.ACCEPT),
        (29, Outcome.ACCEPT, Outcome.ACCEPT),
        (30, Outcome.ASK_PIN, Outcome.ACCEPT),
        (79, Outcome.ASK_PIN, Outcome.ACCEPT),
        (80, Outcome.REVIEW, Outcome.REVIEW),
        (119, Outcome.REVIEW, Outcome.REVIEW),
        (120, Outcome.REJECT, Outcome.REJECT),
        (999, Outcome.REJECT, Outcome.REJECT),
    ],
)
def test_the_score_leads_to_the_outcome(
    weight: int, by_agreement: Outcome, by_pin: Outcome
) -> None:
    for is_agreement, outcome in ((True, by_agreement), (False, by_pin)):
        known = evidence(is_agreement=is_agreement, is_jailbroken=True)
        judged = judge(known, TEN, weighing(weight))
        assert (judged.outcome, judged.score) == (outcome, weight)


@pytest.mark.parametrize(
    ("weight", "by_agreement"),
    [
        (29, Outcome.ACCEPT),
        (30, Outcome.ASK_PIN),
        (80, Outcome.ASK_PIN),
        (999, Outcome.ASK_PIN),
    ],
)
def test_a_weak_rule_leads_to_the_pin_and_no_further(weight: int, by_agreement: Outcome) -> None:
    settings = weighing(weight, strong=False)

    assert judge(evidence(is_agreement=True), TEN, settings).outcome is by_agreement
    assert judge(evidence(), TEN, settings).outcome is Outcome.ACCEPT


def test_when_thresholds_meet_the_harder_outcome_comes_first() -> None:
    known = evidence(is_agreement=True, is_jailbroken=True)
    same = msgspec.structs.replace(weighing(50), ask_pin_score=50, review_score=50, reject_score=50)
    two = msgspec.structs.replace(weighing(50), ask_pin_score=50, review_score=50)

    assert judge(known, TEN, same).outcome is Outcome.REJECT
    assert judge(known, TEN, two).outcome is Outcome.REVIEW


def test_an_ordinary_payer_pays_freely_with_and_without_risk_info() -> None:
    for is_agreement in (True, False):
        for is_present in (True, False):
            known = evidence(is_agreement=is_agreement, is_present=is_present)
            assert judge(known, TEN, RiskSettings()).outcome is Outcome.ACCEPT


def test_a_new_payer_without_risk_info_pays_a_large_amount_freely() -> None:
    known = msgspec.structs.replace(evidence(is_agreement=True), payer_since_ms=NOW_MS)

    judged = judge(known, Money.parse("9000.00 HKD"), RiskSettings())
    assert judged.rules == ("new_account_large", "risk_info_missing")
    assert judged.outcome is Outcome.ACCEPT


def test_a_payer_who_pays_all_day_without_risk_info_is_never_held_up_with_a_pin() -> None:
    known = msgspec.structs.replace(
        evidence(),
        hour_count=50,
        day=Day(count=50, spent=TEN),
        usual=Usual(count=50, median=Money.of(1, "HKD"), largest=Money.of(1, "HKD")),
    )

    judged = judge(known, TEN, RiskSettings())
    assert set(judged.rules) >= {"velocity_hour", "velocity_day", "amount_unusual"}
    assert judged.outcome is Outcome.ACCEPT


def test_no_single_rule_holds_up_a_payment_by_default() -> None:
    settings = RiskSettings()

    assert all(rule.weight < settings.review_score for rule in RULES)


def test_weak_rules_alone_ask_for_no_pin_by_default() -> None:
    weak = [rule for rule in RULES if rule.is_weak]

    assert {rule.name for rule in weak} == {"risk_info_missing", "risk_info_malformed"}
    assert sum(rule.weight for rule in weak) < RiskSettings().ask_pin_score


@given(EVIDENCE, MONEY)
def test_no_rule_raises_on_any_evidence(known: Evidence, amount: Money) -> None:
    settings = RiskSettings()
    judged = judge(known, amount, settings)

    fired = [rule for rule in RULES if rule.fires(known, amount, settings)]
    assert judged.rules == tuple(rule.name for rule in fired)
    assert judged.score == sum(rule.weight for rule in fired)


@given(EVIDENCE, MONEY)
def test_less_risk_info_changes_no_payment_with_a_pin(known: Evidence, amount: Money) -> None:
    with_pin = msgspec.structs.replace(known, is_agreement=False)
    settings = RiskSettings()
    outcomes = {
        judge(
            msgspec.structs.replace(
                with_pin,
                signals=msgspec.structs.replace(
                    known.signals, is_present=is_present, faults=faults
                ),
            ),
            amount,
            settings,
        ).outcome
        for is_present in (True, False)
        for faults in ((), ("riskInfo",))
    }

    assert len(outcomes) == 1
    assert Outcome.ASK_PIN not in outcomes


@given(EVIDENCE, MONEY, st.sampled_from(RULES), st.integers(0, 200))
def test_more_weight_never_leads_to_a_milder_outcome(
    known: Evidence, amount: Money, rule: Any, more: int
) -> None:
    plain = judge(known, amount, RiskSettings())
    heavier = RiskSettings(weights=((rule.name, rule.weight + more),))
    judged = judge(known, amount, heavier)

    assert judged.score == plain.score + (more if rule.name in plain.rules else 0)
    assert MILDEST_FIRST.index(judged.outcome) >= MILDEST_FIRST.index(plain.outcome)


@given(EVIDENCE, MONEY, st.sampled_from(RULES))
def test_one_rule_fewer_never_leads_to_a_harder_outcome(
    known: Evidence, amount: Money, rule: Any
) -> None:
    plain = judge(known, amount, RiskSettings())
    judged = judge(known, amount, RiskSettings(weights=((rule.name, 0),)))

    assert judged.rules == tuple(name for name in plain.rules if name != rule.name)
    assert MILDEST_FIRST.index(judged.outcome) <= MILDEST_FIRST.index(plain.outcome)


@pytest.mark.parametrize(
    "changes",
    [
        {"ask_pin_score": 0},
        {"ask_pin_score": 81},
        {"review_score": 121},
        {"hour_count": 0},
        {"hour_count": 50},
        {"day_count": 50},
        {"usual_count": 0},
        {"device_payers_max": 50},
        {"weights": (("device_new", -1),)},
    ],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"risk|weight"):
        RiskSettings(**changes)


@pytest.mark.parametrize("changes", [{"merchant_day_count": -1}, {"device_day_count": 100_001}])
def test_limits_that_are_never_reached_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="_day_count must be"):
        ApproximateLimits(**changes)


def test_a_weight_must_name_a_rule() -> None:
    check_weights(RiskSettings(weights=(("device_new", 3),)))
    with pytest.raises(ValueError, match="no risk rule 'device_knew'"):
        check_weights(RiskSettings(weights=(("device_knew", 3),)))


@given(SIGNALS)
def test_kept_signals_are_read_as_they_were(signals: Signals) -> None:
    assert Signals.of_text(signals.text()) == signals


def test_signals_of_another_version_are_still_read() -> None:
    assert Signals.of_text('{"device":"x","colour":"red"}') == Signals(device="x")


def test_a_decision_is_kept_with_the_rules_that_fired() -> None:
    known = evidence(is_agreement=True, is_present=True, is_jailbroken=True, device="d")
    row = decision(
        judge(known, TEN, RiskSettings()),
        known,
        merchant_id=MerchantId("M"),
        merchant_trans_id=MerchantTransId("A-1"),
        decision_no=2,
        payer_id=PayerId("p"),
        amount=TEN,
        at_ms=NOW_MS + 1,
    )

    assert row.key.parts == ("M", "A-1", "2")
    assert (row.outcome, row.score, row.rules) == (Outcome.ACCEPT, 25, ("device_jailbroken",))
    assert (row.is_agreement, row.device, row.amount, row.at_ms) == (True, "d", TEN, NOW_MS + 1)
    assert Signals.of_text(row.signals) == known.signals


def test_the_signals_of_an_order_are_kept_with_it() -> None:
    signals = Signals(is_present=True, device="d")
    row = order_risk(MerchantId("M"), MerchantTransId("A-1"), signals)

    assert (row.key.parts, row.device) == (("M", "A-1"), "d")
    assert Signals.of_text(row.signals) == signals


def test_a_device_is_last_seen_at_its_latest_sight() -> None:
    row = DeviceSeen(
        payer_id=PayerId("p"), device="d", first_seen_at_ms=NOW_MS, last_seen_at_ms=NOW_MS
    )

    assert row.seen(NOW_MS + DAY_MS).last_seen_at_ms == NOW_MS + DAY_MS
    assert row.seen(NOW_MS - 1) == row
