"""The judge of `make cluster-test` finds what it should: each fault is planted once.

What must hold: a cluster that kept its word gives no finding, so that a finding means something.
"""

from typing import Any

import pytest

from tests.support.gateway import order
from tools.cluster import verdict
from tools.cluster.breaking import PLAN, Heartbeat, Kind, Who
from tools.cluster.load import against_balances, against_entries
from tools.cluster.payers import Payment
from tools.cluster.prober import Promise

ONE, TWO = "00000001", "00000002"
MACHINES = ("db1", "db2", "db3")
KEPT = {"db1": {1: ONE}, "db2": {1: TWO}}


def _promise(writer: str, number: int, told_s: float, **changes: Any) -> Promise:
    timeline = changes.get("timeline", ONE)
    given = {"timeline": timeline, "server": timeline, "sent_s": told_s - 0.01, **changes}
    return Promise(writer=writer, number=number, told_s=told_s, **given)


FIRST, SECOND = _promise("db1", 1, 10.0), _promise("db2", 1, 40.0, timeline=TWO)


def test_a_cluster_that_kept_its_word_is_not_blamed() -> None:
    promises = [FIRST, SECOND]

    assert verdict.lost(promises, KEPT) == []
    assert verdict.twice(KEPT, {"db1": 1, "db2": 1, "db3": 0}) == []
    assert verdict.two_leaders(promises, MACHINES) == []


def test_a_promise_whose_row_is_gone_is_lost() -> None:
    assert verdict.lost([FIRST, SECOND], {"db1": {1: ONE}}) == [
        "db2 was promised 1, and it is gone"
    ]


def test_a_promise_whose_row_was_written_again_was_lost() -> None:
    (finding,) = verdict.lost([FIRST], {"db1": {1: TWO}})

    assert "written again" in finding


@pytest.mark.parametrize("total", [0, 2])
def test_a_write_that_was_not_added_once_is_found(total: int) -> None:
    (finding,) = verdict.twice(KEPT, {"db1": total, "db2": 1})

    assert finding.startswith("db1 wrote 1 numbers")


def test_a_timeline_of_two_machines_is_two_leaders() -> None:
    promises = [FIRST, _promise("db3", 1, 11.0)]

    assert verdict.two_leaders(promises, MACHINES) == [
        f"db1 and db3 both took writes on timeline {ONE}"
    ]


def test_a_gateway_may_write_on_any_timeline() -> None:
    promises = [FIRST, _promise("through HAProxy", 1, 11.0)]

    assert verdict.two_leaders(promises, MACHINES) == []


def test_an_old_leader_that_answers_after_the_new_one_is_two_leaders() -> None:
    (finding,) = verdict.two_leaders([FIRST, SECOND, _promise("db1", 2, 40.5)], MACHINES)

    assert "db1 was promised 2" in finding


def test_an_answer_that_was_only_late_is_no_second_leader() -> None:
    frozen = _promise("db1", 2, 70.0, sent_s=39.0)

    assert verdict.two_leaders([FIRST, SECOND, frozen], MACHINES) == []


def _payment(*told: str) -> Payment:
    return Payment(order=order("p-1", "1.00 HKD"), payer="anna", began_s=0.0, told=list(told))


@pytest.mark.parametrize(
    ("told", "booked", "is_well"),
    [
        (("9000",), 1, True),
        (("8000", "9000"), 1, True),
        (("9000",), 0, False),
        (("9000",), 2, False),
        (("8000",), 1, False),
        (("5000", "9000"), 1, False),
        (("4000",), 0, False),
        (("8000", "4000"), 1, False),
        ((), 0, False),
    ],
)
def test_whoever_was_told_9000_is_in_the_ledger_once(
    told: tuple[str, ...], booked: int, *, is_well: bool
) -> None:
    assert (against_entries([_payment(*told)], {"p-1": booked}) == []) == is_well


def test_an_entry_that_nobody_asked_for_is_found() -> None:
    assert against_entries([], {"p-2": 1}) == ["p-2 was never asked for"]


def test_money_that_was_taken_twice_is_found() -> None:
    assert against_balances([_payment("9000")], {"payer:anna": 900}, given=1000) == []
    assert against_balances([_payment("9000")], {"payer:anna": 800}, given=1000) == [
        "anna has 800 instead of 900"
    ]


def test_an_outage_is_the_longest_silence_around_the_event() -> None:
    heart = Heartbeat()
    heart.moments_s = [1.0, 2.0, 9.0, 30.0, 31.0, 33.0]

    assert heart.longest_s(10.0, 31.5) == 21.0
    assert heart.longest_s(31.5, 33.5) == 2.0
    assert heart.longest_s(31.5, 43.5) == 10.5


def test_a_leader_fails_ten_times_in_each_way() -> None:
    leaders = [kind for who, kind in PLAN if who is Who.LEADER]

    assert len(leaders) == 10
    assert set(leaders) == set(Kind)
