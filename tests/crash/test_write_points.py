"""The process dies before and after every write of one payment and its notification.

The program that dies is `write_points`, and `after_points` for what follows a payment. What must
hold at every point: the audit is clean at once and after coming back; whoever was told 9000 has
paid; a repeat of the same call is told 9000, never 5000; the merchant acknowledges in the end,
however often it was told. And of what follows: a repeat of the same bytes gets the answer that was
given or must have been given, money goes back once, tokens that were given out work, and nobody is
ever told two different things of one.
"""

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.after_acts import ACTS, status
from tests.crash.hearing import hearing
from tests.support.gateway import environment, merchant_of, order
from tests.support.receiver import receiving
from tillgate.config.folder import Folder
from tillgate.sandbox.identities import make_keys

ROOT = Path(__file__).parents[2]
POINTS_MAX = 200


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(("payer", "commits"), [("rich", 7), ("outside", 8)])
def test_no_write_is_a_place_where_money_or_news_of_it_is_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], payer: str, commits: int
) -> None:
    _run("template", str(tmp_path))
    orders = {f"{payer}-{at}": order(f"{payer}-{at}") for at in range(1, POINTS_MAX)}
    with receiving(merchant_of(tmp_path / "template"), orders) as receiver:
        said = _run(payer, str(tmp_path), receiver.url)
    points = [json.loads(line) for line in said.splitlines()]
    for point in points:
        assert point["audits"] == [0, 0], point
        assert set(point["repeated"][:-1]) <= {"8000"}, point
        assert point["repeated"][-1] == "9000", point
        assert point["answered"] in ("", "8000", "9000"), point
        assert point["notified"] == "ACKNOWLEDGED", point
        assert point["order"] in receiver.paid, point
    *deaths, alive = points
    assert not alive["died"]
    assert alive["answered"] == "9000"
    assert receiver.faults == []
    moments = Counter(point["moment"] for point in deaths)
    # Each life writes anew: where workers' commits come between, a moment may be passed over.
    assert moments["before BEGIN IMMEDIATE"] >= commits - 1, moments
    assert moments["after COMMIT"] >= commits - 1, moments
    again = sum(count > 1 for count in receiver.arrivals.values())
    with capsys.disabled():
        figures = f"{payer}: {len(deaths)} deaths, {again} notifications sent twice"
        print(f"\n  {figures}")  # noqa: T201  The figures are wanted in every run.


@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    "acts",
    [
        ("refund", "refund outside", "cancel", "cancel outside"),
        ("debit", "debit outside"),
        ("sign", "apply", "refresh", "end"),
    ],
    ids=" and ".join,
)
def test_no_write_after_a_payment_is_a_place_where_anything_is_lost_or_done_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], acts: tuple[str, ...]
) -> None:
    make_keys(Folder(tmp_path / "data"))
    with hearing(merchant_of(tmp_path / "data")) as heard:
        _run("template", str(tmp_path), heard.url, program="after_points")
        said = _run("run", str(tmp_path), *acts, program="after_points")
    lives = [json.loads(line) for line in said.splitlines()]
    for life in lives:
        assert life["found"] == "as it must be", life
        *unknown, final = json.loads(life["repeated"])
        assert {status(each) for each in unknown} <= {"U"}, life
        if life["answer"] and status(given := json.loads(life["answer"])) != "U":
            assert [*unknown, final] == [given], life
    for act in acts:
        moments = Counter(life["moment"] for life in lives if life["act"] == act)
        commits = ACTS[act].commits - ACTS[act].is_followed  # Workers' may come between.
        assert moments["before BEGIN IMMEDIATE"] >= commits, (act, moments)
        assert moments["after COMMIT"] >= commits, (act, moments)
        assert moments[""] == 1 + (act == acts[0]), (act, moments)  # The first life begins whole.
    assert heard.faults == []
    assert {subject: facts for subject, facts in heard.facts.items() if len(facts) > 1} == {}
    ended = sum("merchantAgreementId" in str(facts) for facts in heard.facts.values())
    assert ended == sum(life["act"] == "end" for life in lives)
    refunds = sum(life["act"].startswith("refund") for life in lives)
    assert _refunds_of_books(tmp_path / "data") == {1: refunds}
    with capsys.disabled():
        again = sum(facts.total() > 1 for facts in heard.facts.values())
        deaths = sum(bool(life["moment"]) for life in lives)
        figures = f"{deaths} deaths, {again} notifications sent twice"
        print(f"\n  {', '.join(acts)}: {figures}")  # noqa: T201  The figures are wanted in every run.


def _refunds_of_books(data: Path) -> dict[int, int]:
    """Return how many refunds were booked how often, read without any code of ours."""
    with closing(sqlite3.connect(data / "tillgate.sqlite")) as connection:
        rows = connection.execute(
            "SELECT count(*) FROM entries WHERE reference LIKE 'refund:%' AND kind = 'REFUND'"
            " GROUP BY reference"
        ).fetchall()
    return {1: 0, **Counter(booked for (booked,) in rows)}


def _run(*arguments: str, program: str = "write_points") -> str:
    done = subprocess.run(
        [sys.executable, "-m", f"tests.crash.{program}", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
