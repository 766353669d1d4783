"""Upgrades over rows: a database as a released revision left it, brought up to date.

`rows_of_0001.sql` holds rows of every kind that the release with revision 0001 wrote itself. What
must hold: each reads after an upgrade as it read before, with nothing refunded, agreed or judged;
what is written once is still protected; an upgrade that fails leaves the database as it was.
"""

import re
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy

from tests.support import postgres
from tests.support.records import sample
from tests.support.schemas import described, run, tables
from tests.support.stores import opened
from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt, AttemptPurpose
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.states import AcquirementState, AttemptState, NotificationState
from tillgate.engine.ports import Change, Select, StoreRefused
from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Entry, EntryKind
from tillgate.storage import migrate
from tillgate.storage.opening import SchemaDiffers
from tillgate.storage.rules import APPEND_ONLY, RULES
from tillgate.storage.shape import TABLES

ROWS: Final = Path(__file__).with_name("rows_of_0001.sql")

ADDED: Final[Mapping[type[Record], Mapping[str, object]]] = {
    Acquirement: {"agreement_tried": False, "refunds_open": 0, "failure": ""},
    Attempt: {"merchant_refund_id": "", "merchant_agreement_id": ""},
    Merchant: {
        "redirect_url": "",
        "debt_max": (),
        "refund_window_ms": 365 * DAY_MS,
        "access_life_ms": 365 * DAY_MS,
        "refresh_life_ms": 730 * DAY_MS,
    },
    Notification: {
        "kind": NotificationKind.PAYMENT,
        "merchant_agreement_id": "",
        "happened_at_ms": None,
    },
    Payer: {
        "session_no": 0,
        "pin_tries_open": 0,
        "pin_open_until_ms": 0,
        "pin_tries_outlived": 0,
    },
}
"""What an old row says in the fields that are new since 0001."""


@pytest.fixture
def old(url: str) -> str:
    """Return a database as a gateway of revision 0001 left it."""
    migrate.upgrade(url, "0001")
    script = ROWS.read_text()
    if migrate.is_postgresql(url):
        postgres.run(url, re.sub(r"X'([0-9A-F]*)'", r"'\\x\1'", script))
    else:
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.executescript(script)
    return url


async def records(url: str, record: type[Record]) -> Sequence[Any]:
    """Return what a store finds."""
    async with opened(url) as store:
        return await store.select(Select(record=record))


def test_there_are_rows_of_every_kind_in_every_state_there_was(old: str) -> None:
    before = tables(old)
    assert [name for name, rows in before.items() if not rows] == []
    assert {row["close_reason"] for row in before["acquirements"]} == {
        None, CloseReason.CANCELLED, CloseReason.EXPIRED, CloseReason.NEVER_CREATED,
    }  # fmt: skip
    assert {row["state"] for row in before["acquirements"]} == {
        AcquirementState.WAIT_BUYER_PAY,
        AcquirementState.TRADE_SUCCESS,
        AcquirementState.TRADE_CLOSED,
    }
    assert {row["state"] for row in before["attempts"]} == set(AttemptState) - {AttemptState.REVIEW}
    purposes = {row["purpose"] for row in before["attempts"]}
    assert purposes == set(AttemptPurpose) - {AttemptPurpose.REFUND}
    assert {row["state"] for row in before["notifications"]} == set(NotificationState)
    kinds = {row["kind"] for row in before["entries"]}
    assert kinds == set(EntryKind) - {EntryKind.REFUND_DECLINED}


async def test_an_older_database_is_not_opened_before_it_is_upgraded(old: str) -> None:
    with pytest.raises(SchemaDiffers, match="tillgate db upgrade"):
        async with opened(old):
            pass


def test_every_row_reads_as_before(old: str) -> None:
    before = tables(old)
    migrate.upgrade(old)
    after = tables(old)
    for name, rows in before.items():
        assert [{key: row[key] for key in rows[0]} for row in after[name]] == rows
    assert [name for name in after.keys() - before.keys() if after[name]] == []
    assert set(after) == set(TABLES.values())


@pytest.mark.parametrize("record", ADDED, ids=lambda record: record.__name__)
async def test_what_is_new_of_an_old_row_says_nothing_happened(
    old: str, record: type[Record]
) -> None:
    before = tables(old)[TABLES[record]]
    migrate.upgrade(old)
    found = await records(old, record)
    assert len(found) == len(before)
    new = ADDED[record]
    assert {name for name in record.__struct_fields__ if name not in _names(before[0])} == set(new)
    for row in found:
        assert {name: getattr(row, name) for name in new} == new


async def test_every_old_row_keeps_every_rule(old: str) -> None:
    migrate.upgrade(old)
    for record, rules in RULES.items():
        for row in await records(old, record):
            assert [rule.name for rule in rules if not rule.holds(row)] == []


@pytest.mark.parametrize("record", APPEND_ONLY)
async def test_what_is_written_once_is_still_protected(old: str, record: type[Record]) -> None:
    migrate.upgrade(old)
    async with opened(old) as store:
        async with store.transaction() as transaction:
            await transaction.flush([Change(sample(record), is_insert=True)])
        [first, *_] = await store.select(Select(record=record))
        with pytest.raises(StoreRefused):
            async with store.transaction() as transaction:
                await transaction.flush([Change(first, is_insert=False)])


async def test_an_old_order_is_told_its_end_once_still(old: str) -> None:
    migrate.upgrade(old)
    async with opened(old) as store:
        [told, *_] = await store.select(Select(record=Notification))
        values = {name: getattr(told, name) for name in told.__struct_fields__}
        again = Notification(**values | {"notification_id": "another"})
        async with store.transaction() as transaction:
            lost = await transaction.flush([Change(again, is_insert=True)])
        assert lost == [again.key]


def test_an_upgrade_that_fails_leaves_everything_as_it_was(old: str) -> None:
    """A row that breaks a rule of the new tables stops the upgrade half way."""
    run(
        old,
        "UPDATE notifications SET merchant_trans_id = '' WHERE notification_id ="
        " (SELECT max(notification_id) FROM notifications)",
    )
    before = tables(old), described(old)
    with pytest.raises(sqlalchemy.exc.IntegrityError, match="notification_is_of_one_thing"):
        migrate.upgrade(old)
    assert (tables(old), described(old)) == before
    assert migrate.current(old) == "0001"


async def test_the_old_books_are_the_new_ones(old: str) -> None:
    kinds = Counter(row["kind"] for row in tables(old)["entries"])
    migrate.upgrade(old)
    entries = await records(old, Entry)
    assert Counter(entry.kind for entry in entries) == kinds
    async with opened(old) as store:
        owed = await store.total("merchant:shop", "HKD", book="shop")
        paid = [row for row in await store.select(Select(record=Acquirement)) if row.was_paid]
        assert owed == sum((row.amount - row.refunded).minor for row in paid)


def _names(row: Mapping[str, Any]) -> set[str]:
    """Return the fields that a table's columns are of."""
    monies = {name.removesuffix("_minor") for name in row if name.endswith("_minor")}
    return {*row, *monies}
