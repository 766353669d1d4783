"""Each of the example shops as it stands, and with each fault a merchant may make planted in it.

What must hold: a shop as it stands passes every case; a planted fault fails the cases that are
named for it and no other, in each of the three.
"""

from pathlib import Path

import pytest

from tests.adapters.shops import FRAMEWORKS
from tests.exam.conftest import Hold
from tests.exam.plants import ASK_TOGETHER, ASKS_FIRST, END_PLANTS, ENDS, PLANTS, SLOW
from tests.exam.shops import AGREEMENTS, open_shop
from tillgate import exam

pytestmark = pytest.mark.timeout(180)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_shop_as_it_stands_passes_every_case(
    framework: str, data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop(framework, data=data, folder=tmp_path / "shop") as shop:
        report = hold(shop)

    assert [finding.name for finding in report.findings] == list(exam.names_of())
    held = [finding for finding in report.findings if finding.verdict != exam.Verdict.PASSED]
    assert [(each.name, each.verdict) for each in held] == [
        (name, exam.Verdict.NOT_JUDGED) for name in ENDS
    ]
    assert all("--agreement NUMBER" in each.happened for each in held)
    assert report.has_passed
    assert not report.remarks


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_shop_with_agreements_passes_every_case(
    framework: str, data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop(framework, data=data, folder=tmp_path / "shop", patches=AGREEMENTS) as shop:
        report = hold(shop, has_agreement=True)

    assert [finding.name for finding in report.findings] == list(exam.names_of())
    assert not [finding for finding in report.findings if finding.verdict != exam.Verdict.PASSED]


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", END_PLANTS)
def test_a_planted_fault_of_an_end_fails_by_name_and_alone(
    name: str, framework: str, hold: Hold, *, data: Path, tmp_path: Path
) -> None:
    plant = END_PLANTS[name]
    with open_shop(framework, data=data, folder=tmp_path / "shop", patches=plant.patches) as shop:
        report = hold(shop, ["paid", *ENDS], has_agreement=True)

    assert {finding.name for finding in report.of(exam.Verdict.FAILED)} == plant.fails


@pytest.mark.parametrize("framework", FRAMEWORKS)
@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_fails_by_name_and_alone(
    name: str, framework: str, hold: Hold, *, data: Path, tmp_path: Path
) -> None:
    plant = PLANTS[name]
    with open_shop(framework, data=data, folder=tmp_path / "shop", patches=plant.patches) as shop:
        report = hold(shop)

    failed = {finding.name for finding in report.of(exam.Verdict.FAILED)}
    assert failed - plant.may_fail == plant.fails
    assert not report.has_passed


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_server_that_takes_too_long_is_told_so(
    framework: str, data: Path, tmp_path: Path, hold: Hold
) -> None:
    with open_shop(framework, data=data, folder=tmp_path / "shop", patches=SLOW) as shop:
        report = hold(shop, ["forged", "paid", "ack-time", "ack-form"], limit_ms=3_000)

    failed = {finding.name for finding in report.of(exam.Verdict.FAILED)}
    assert failed == {"paid", "ack-time"}
    [late] = [finding for finding in report.findings if finding.name == "ack-time"]
    assert "longer than 3 s" in late.happened


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_who_asks_first_and_writes_after_fails_where_two_ask_and_alone(
    framework: str, data: Path, tmp_path: Path, hold: Hold
) -> None:
    others = [name for name in exam.names_of() if name != "at-once"]
    with open_shop(framework, data=data, folder=tmp_path / "one", patches=ASKS_FIRST) as shop:
        one = hold(shop, others)
    with open_shop(framework, data=data, folder=tmp_path / "two", patches=ASK_TOGETHER) as shop:
        two = hold(shop, ["at-once"], limit_ms=120_000)

    assert not one.of(exam.Verdict.FAILED)
    assert [finding.name for finding in two.of(exam.Verdict.FAILED)] == ["at-once"]
