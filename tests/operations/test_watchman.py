"""What the watchman sees in the store, and how an audit beside the payments is told.

What must hold: ages are of the oldest; an audit that cannot be made is never told as clean books; a
fault in the books is found by the audit that a server makes by itself.
"""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any, final

import msgspec
import pytest
from structlog.testing import capture_logs

from tests.support.asgi import sandbox
from tests.support.engines import keep
from tests.support.records import sample
from tests.support.stores import PLACES
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.states import AttemptState, NotificationState
from tillgate.bootstrap import House
from tillgate.bootstrap.auditing import audit, audit_here
from tillgate.edge.meters import Audited, Owed
from tillgate.engine.ports import Reader
from tillgate.kernel.clock import ManualClock, SteadyClock, VirtualClock
from tillgate.kernel.errors import Unavailable
from tillgate.ledger.entries import Balance
from tillgate.workers.watchman import Watchman

NOW_MS = 1_700_000_000_000


@final
class Shown:
    """Keeps what it is shown of the store."""

    def __init__(self) -> None:
        self.owed: list[Owed] = []
        self.audits: list[Audited | None] = []

    def requested(self, door: str, status: int, elapsed_s: float) -> None:
        """Do nothing."""

    def called(self, function: str, result: str) -> None:
        """Do nothing."""

    def told(self, code: str, result: str) -> None:
        """Do nothing."""

    def asked(self, issuer: str, kind: str, *, answer: str, elapsed_s: float) -> None:
        """Do nothing."""

    def sent(self, verdict: str, elapsed_s: float) -> None:
        """Do nothing."""

    def pin_waited(self, elapsed_s: float) -> None:
        """Do nothing."""

    def pins_full(self) -> None:
        """Do nothing."""

    def owing(self, owed: Owed) -> None:
        self.owed.append(owed)

    def audited(self, audited: Audited | None) -> None:
        self.audits.append(audited)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with sandbox(tmp_path / "data") as house:
        yield house


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_what_waits_is_counted_and_the_oldest_tells_the_age(
    house: House, tmp_path: Path, kind: str
) -> None:
    pending = NotificationState.PENDING
    rows = [
        _owed("due", pending, due_at_ms=NOW_MS - 5_000),
        _owed("overdue", pending, due_at_ms=NOW_MS - 90_000),
        _owed("later", pending, due_at_ms=NOW_MS + 60_000),
        _owed("told", NotificationState.ACKNOWLEDGED, due_at_ms=NOW_MS - 900_000),
        _asked("t1", AttemptState.UNKNOWN, asked_at_ms=NOW_MS - 30_000),
        _asked("t2", AttemptState.ASKED, asked_at_ms=NOW_MS - 1_000),
        _asked("t3", AttemptState.REVIEW, asked_at_ms=NOW_MS - 800_000),
        _asked("t5", AttemptState.REVIEW, asked_at_ms=NOW_MS - 700_000),
        _asked("t4", AttemptState.APPROVED, asked_at_ms=NOW_MS - 900_000),
    ]
    shown = Shown()
    with PLACES[kind](tmp_path) as place:
        async with place() as store:
            await keep(store, *rows)
            await _watchman(house, shown, reader=store).look()

    assert shown.owed == [
        Owed(
            due=2,
            due_age_s=90.0,
            pending=3,
            unknown=2,
            unknown_age_s=30.0,
            review=2,
            review_age_s=800.0,
        )
    ]


async def test_nothing_that_waits_has_no_age(house: House, tmp_path: Path) -> None:
    shown = Shown()
    with PLACES["memory"](tmp_path) as place:
        async with place() as store:
            await _watchman(house, shown, reader=store).look()

    assert shown.owed == [Owed()]


async def test_a_clock_that_holds_to_its_time_is_told_until_the_machines_is_right(
    house: House,
) -> None:
    wall, shown = [NOW_MS], Shown()
    clock = VirtualClock(SteadyClock(lambda: wall[0], lambda: 0), offset_ms=5)
    watchman = Watchman(
        msgspec.structs.replace(house.desk, meters=shown, clock=clock), look_ms=1_000
    )
    with capture_logs() as logged:
        for wall[0] in (NOW_MS, NOW_MS - 3_600_000, NOW_MS - 3_600_000, NOW_MS):
            await watchman.look()

    assert [owed.clock_held_s for owed in shown.owed] == [0, 3_600, 3_600, 0]
    assert [(line["event"], line["log_level"]) for line in logged] == [
        ("clock_held", "error"),
        ("clock_follows_again", "warning"),
    ]


async def test_books_that_were_bent_are_found_by_the_servers_own_audit(house: House) -> None:
    clean = await audit(house.settings, house.books.clock.now_ms())
    assert clean.faults == 0
    assert clean.took_s > 0
    assert clean.ended_at_ms > 0

    store: Any = house.books.reader  # It is the store itself, by another port.
    await keep(store, sample(Balance, account="payer:nobody"))
    shown = Shown()
    with capture_logs() as logged:
        await _watchman(house, shown, settings_audit=True).audit()

    (found,) = shown.audits
    assert found is not None
    assert found.faults, "nothing was ever booked to this account"
    assert [(line["event"], line["log_level"]) for line in logged] == [("audited", "error")]


async def test_books_that_memory_does_not_take_are_refused_and_never_told_as_clean(
    house: House,
) -> None:
    store: Any = house.books.reader
    entries = [sample(Balance, account=f"payer:{number}") for number in range(9)]
    await keep(store, *entries)

    with pytest.raises(Unavailable, match="from a timer on a larger one"):
        await audit_here(house.settings, NOW_MS, rows_max=8)
    assert (await audit_here(house.settings, NOW_MS, rows_max=10_000)).faults


async def test_an_audit_that_cannot_be_made_is_told_as_that(house: House, tmp_path: Path) -> None:
    elsewhere = msgspec.structs.replace(house.settings, database=tmp_path / "nothing.sqlite")
    with pytest.raises(Unavailable, match=r"The audit ended with 1: .*There is no database"):
        await audit(elsewhere, NOW_MS)

    async def fails(now_ms: int) -> Audited:
        raise Unavailable(f"at {now_ms}")

    shown = Shown()
    desk = msgspec.structs.replace(house.desk, meters=shown)
    with capture_logs() as logged:
        await Watchman(desk, look_ms=1, audit=fails, audit_ms=1).audit()
    assert shown.audits == [None]
    assert [line["event"] for line in logged] == ["audit_failed"]


async def test_without_a_period_nothing_is_audited(house: House) -> None:
    async def never(now_ms: int) -> Audited:
        raise AssertionError(now_ms)

    shown = Shown()
    desk = msgspec.structs.replace(house.desk, meters=shown)
    await Watchman(desk, look_ms=1, audit=never, audit_ms=0).audit()
    assert shown.audits == []


def _watchman(
    house: House, shown: Shown, *, reader: Reader | None = None, settings_audit: bool = False
) -> Watchman:
    desk = msgspec.structs.replace(
        house.desk,
        meters=shown,
        clock=ManualClock(NOW_MS),
        reader=reader or house.desk.reader,
    )
    made = partial(audit, house.settings) if settings_audit else None
    return Watchman(desk, look_ms=1_000, audit=made, audit_ms=1_000)


def _owed(name: str, state: NotificationState, *, due_at_ms: int) -> Notification:
    return sample(
        Notification,
        notification_id=name,
        merchant_trans_id=name,
        state=state,
        due_at_ms=due_at_ms,
        ended_at_ms=None if state is NotificationState.PENDING else due_at_ms,
    )


def _asked(number: str, state: AttemptState, *, asked_at_ms: int) -> Attempt:
    answered_at_ms = asked_at_ms if state is AttemptState.APPROVED else None
    return sample(
        Attempt,
        merchant_trans_id=number,
        state=state,
        asked_at_ms=asked_at_ms,
        next_ask_at_ms=asked_at_ms,
        answered_at_ms=answered_at_ms,
    )
