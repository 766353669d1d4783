"""Rules of rows stand in every store, whoever writes: each has rows that break it alone.

The memory store and the SQL stores pass the same suite, so that what the simulator may not keep no
disk keeps. What must hold: no test here knows which store it talks to.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.support.records import SAMPLES, sample
from tests.support.stores import AnyStore
from tests.support.writing import insert, load, update
from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.agreement import Agreement, Grant, GrantKind
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.debt import Debt
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.acquiring.operator import Fact
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.records import DeviceSeen, RiskDecision
from tillgate.acquiring.states import AcquirementState, AgreementState, RefundState
from tillgate.engine.ports import StoreRefused
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance, Entry, Posting
from tillgate.storage.rules import APPEND_ONLY, RULES

SIGNING: dict[str, Any] = {
    "state": AgreementState.SIGNING,
    "payer_id": None,
    "signed_at_ms": None,
    "code_ends_at_ms": None,
}
CANCELLED: dict[str, Any] = {
    "state": AgreementState.CANCELED,
    "cancelled_at_ms": 1_700_000_070_000,
    "cancelled_by": "payer",
}
ENDED: dict[str, Any] = {
    "kind": NotificationKind.AGREEMENT_CANCELLED,
    "merchant_trans_id": "",
    "acquirement_id": "",
    "merchant_agreement_id": "g1",
    "happened_at_ms": 1,
    "paid_at_ms": None,
}
DONE: dict[str, Any] = {"state": RefundState.DONE, "ended_at_ms": 1_700_000_120_000}


def of(record: type[Record], *rows: dict[str, Any]) -> Sequence[Record]:
    """Return samples of a kind of record, each with its changes."""
    return [sample(record, **changes) for changes in rows]


BROKEN: Sequence[tuple[str, Sequence[Record]]] = [
    # the rule's name, rows that break it alone
    ("acquirement_has_a_price", of(Acquirement, {"amount": Money.of(0, "HKD")})),
    (
        "acquirement_gives_back_no_more_than_it_took",
        of(
            Acquirement,
            {"refunded": Money.of(1_001, "HKD")},
            {"refunded": Money.of(-1, "HKD")},
        ),
    ),
    ("acquirement_gives_back_what_it_took", of(Acquirement, {"refunded": Money.of(0, "USD")})),
    (
        "acquirement_waits_for_refunds_once_paid",
        of(Acquirement, {"refunds_open": 1}, {"refunds_open": -1, "paid_at_ms": 1}),
    ),
    (
        "acquirement_says_why_it_was_declined",
        of(
            Acquirement,
            {"failure": "RISK_REJECT"},
            {"close_reason": CloseReason.DECLINED},
            {"close_reason": CloseReason.EXPIRED, "failure": "RISK_REJECT"},
        ),
    ),
    (
        "attempt_names_its_refund",
        of(
            Attempt,
            {"merchant_refund_id": "r1"},
            {"kind": AttemptKind.REFUND, "purpose": AttemptPurpose.REFUND},
        ),
    ),
    (
        "attempt_by_agreement_is_a_debit",
        of(Attempt, {"kind": AttemptKind.REFUND, "merchant_agreement_id": "g1"}),
    ),
    (
        "notification_is_of_one_thing",
        of(
            Notification,
            {"merchant_trans_id": ""},
            {"merchant_agreement_id": "g1"},
            ENDED | {"merchant_trans_id": "t1"},
            ENDED | {"acquirement_id": "1"},
            ENDED | {"merchant_agreement_id": ""},
        ),
    ),
    (
        "notification_of_an_agreement_has_its_own_time",
        of(
            Notification,
            {"happened_at_ms": 1},
            ENDED | {"happened_at_ms": None},
            ENDED | {"paid_at_ms": 1},
        ),
    ),
    (
        "refund_gives_something",
        of(Refund, {"amount": Money.of(0, "HKD")}, {"amount": Money.of(-1, "HKD")}),
    ),
    (
        "refund_ends_with_its_question",
        of(Refund, {"ended_at_ms": 1_700_000_120_000}, {"state": RefundState.DONE}),
    ),
    ("refund_ends_after_it_began", of(Refund, DONE | {"ended_at_ms": 1_700_000_119_999})),
    (
        "refund_says_why_it_failed",
        of(
            Refund,
            {"failure": "PROCESS_FAIL"},
            DONE | {"failure": "PROCESS_FAIL"},
            DONE | {"state": RefundState.FAILED},
        ),
    ),
    (
        "refund_without_a_question_is_done",
        of(Refund, {"attempt_no": 0}, DONE | {"attempt_no": -1}),
    ),
    ("risk_decision_is_numbered", of(RiskDecision, {"decision_no": 0})),
    ("risk_decision_is_about_money", of(RiskDecision, {"amount": Money.of(0, "HKD")})),
    (
        "agreement_is_signed_by_a_payer",
        of(
            Agreement,
            {"payer_id": None},
            {"code_ends_at_ms": None},
            SIGNING | {"payer_id": "rich"},
            SIGNING | {"code_ends_at_ms": 1_700_000_660_000},
        ),
    ),
    (
        "agreement_stands_once_signed",
        of(
            Agreement,
            SIGNING | {"state": AgreementState.ACTIVE},
            {"state": AgreementState.SIGNING},
        ),
    ),
    (
        "agreement_is_cancelled_by_a_side",
        of(
            Agreement,
            {"cancelled_at_ms": 1_700_000_070_000, "cancelled_by": "payer"},
            {"cancelled_by": "merchant"},
            CANCELLED | {"cancelled_by": ""},
            CANCELLED | {"cancelled_by": "somebody"},
            CANCELLED | {"cancelled_at_ms": None},
        ),
    ),
    (
        "agreement_is_signed_in_time",
        of(
            Agreement,
            {"signed_at_ms": 1_699_999_999_999},
            {"signed_at_ms": 1_700_000_600_000},
            SIGNING | {"expires_at_ms": 1_699_999_999_999},
        ),
    ),
    (
        "agreement_has_its_times_in_order",
        of(
            Agreement,
            {"code_ends_at_ms": 1_700_000_059_999},
            CANCELLED | {"cancelled_at_ms": 1_700_000_059_999},
            SIGNING | CANCELLED | {"cancelled_at_ms": 1_699_999_999_999},
        ),
    ),
    ("allowance_is_not_below_zero", of(Allowance, {"single_max": -1}, {"daily_max": -1})),
    ("allowance_is_used_up", of(Allowance, {"spent": -1}, {"count": -1})),
    (
        "allowance_is_used_on_a_day",
        of(Allowance, {"day": ""}, {"day": "", "spent": 0}, {"day": "", "count": 0}),
    ),
    ("debt_begins_with_something", of(Debt, {"given_minor": 0}, {"given_minor": -1})),
    ("device_seen_has_a_name", of(DeviceSeen, {"device": ""})),
    ("device_seen_never_goes_back", of(DeviceSeen, {"last_seen_at_ms": 1_699_999_999_999})),
    ("grant_lives", of(Grant, {"expires_at_ms": 1_700_000_061_000})),
    (
        "grant_counts_its_generations",
        of(Grant, {"generation": 0}, {"generation": -1}, {"kind": GrantKind.CODE}),
    ),
    (
        "merchant_tokens_live",
        of(Merchant, {"refund_window_ms": -1}, {"access_life_ms": 0}, {"refresh_life_ms": 0}),
    ),
    ("payer_tries_are_counted_up", of(Payer, {"pin_tries_used": -1})),
    ("payer_open_tries_are_used", of(Payer, {"pin_tries_open": -1}, {"pin_tries_open": 1})),
    (
        "payer_outlived_tries_are_open",
        of(Payer, {"pin_tries_outlived": -1}, {"pin_tries_outlived": 1}),
    ),
    ("balance_has_a_floor", of(Balance, {"money": Money.of(-1, "HKD")})),
    ("balance_holds_its_currency", of(Balance, {"money": Money.of(1, "USD")})),
    ("entry_has_legs", of(Entry, {"legs": 0})),
    ("posting_moves_money", of(Posting, {"money": Money.of(0, "HKD")})),
    ("posting_goes_somewhere", of(Posting, {"destination": "payer:rich"})),
]
CASES = [(name, row) for name, rows in BROKEN for row in rows]


def key_of_sample(row: Record) -> bool:
    """Tell whether a row has its sample's key, so that it may be a change of it."""
    return row.key == sample(type(row)).key


def test_every_rule_has_a_row_that_breaks_it() -> None:
    named = [rule.name for rules in RULES.values() for rule in rules]
    assert [name for name, _ in BROKEN] == named


@pytest.mark.parametrize("row", SAMPLES, ids=lambda row: type(row).__name__)
def test_a_sample_keeps_every_rule(row: Record) -> None:
    assert [rule.name for rule in RULES.get(type(row), ()) if not rule.holds(row)] == []


@pytest.mark.parametrize(("name", "row"), CASES)
async def test_a_row_that_breaks_a_rule_is_refused(store: AnyStore, name: str, row: Record) -> None:
    broken = [rule.name for rule in RULES[type(row)] if not rule.holds(row)]
    assert broken == [name]
    with pytest.raises(StoreRefused):
        await insert(store, sample(Fact), row)
    assert await store.get(Fact, "mode") is None
    assert await load(store, row.key) == {row.key: None}


CHANGES = [(n, row) for n, row in CASES if type(row) not in APPEND_ONLY and key_of_sample(row)]


@pytest.mark.parametrize(("name", "row"), CHANGES)
async def test_an_update_that_breaks_a_rule_is_refused(
    store: AnyStore, name: str, row: Record
) -> None:
    before = sample(type(row))
    await insert(store, before)
    with pytest.raises(StoreRefused):
        await update(store, row)
    assert await load(store, row.key) == {row.key: before}


KEPT: Sequence[Record] = [
    *of(
        Acquirement,
        {"amount": Money.of(0, "HKD"), "state": AcquirementState.TRADE_CLOSED},
        {"refunded": Money.of(1_000, "HKD"), "refunds_open": 2, "paid_at_ms": 1},
        {"close_reason": CloseReason.DECLINED, "failure": "RISK_REJECT"},
    ),
    *of(
        Attempt,
        {
            "kind": AttemptKind.REFUND,
            "purpose": AttemptPurpose.REFUND,
            "merchant_refund_id": "r1",
        },
        {"merchant_agreement_id": "g1"},
    ),
    *of(Notification, ENDED),
    *of(
        Refund,
        DONE,
        DONE | {"attempt_no": 0},
        DONE | {"state": RefundState.FAILED, "failure": "PROCESS_FAIL"},
    ),
    *of(
        Agreement,
        SIGNING,
        SIGNING | CANCELLED,
        CANCELLED,
        CANCELLED | {"cancelled_by": "merchant", "cancelled_at_ms": 1_700_000_060_000},
        SIGNING | {"expires_at_ms": 1_700_000_000_000},
    ),
    *of(
        Allowance,
        {"single_max": None, "daily_max": None},
        {"single_max": 0, "daily_max": 0},
        {"day": "", "spent": 0, "count": 0},
    ),
    *of(DeviceSeen, {"last_seen_at_ms": 1_700_000_000_000}),
    *of(Grant, {"kind": GrantKind.CODE, "generation": 0}, {"kind": GrantKind.REFRESH}),
    *of(Merchant, {"refund_window_ms": 0, "debt_max": ("HKD:100000",)}),
]
"""Rows at the edges of what the rules allow."""


@pytest.mark.parametrize("row", KEPT, ids=range(len(KEPT)))
async def test_a_row_at_the_edge_of_the_rules_is_kept(store: AnyStore, row: Record) -> None:
    assert await insert(store, row) == []
    assert await load(store, row.key) == {row.key: row}


@pytest.mark.parametrize("record", APPEND_ONLY)
async def test_what_is_written_once_is_never_changed(store: AnyStore, record: type[Record]) -> None:
    await insert(store, sample(record))
    with pytest.raises(StoreRefused):
        await update(store, sample(record))


async def test_an_update_of_what_does_not_exist_is_refused(store: AnyStore) -> None:
    with pytest.raises(StoreRefused, match="does not exist"):
        await update(store, sample(Balance))


async def test_a_refusal_names_the_row(store: AnyStore) -> None:
    rows = [sample(Balance, account="payer:a"), sample(Balance, money=Money.of(-1, "HKD"))]
    with pytest.raises(StoreRefused, match=r"Balance\(payer:rich, HKD\)"):
        await insert(store, *rows)
