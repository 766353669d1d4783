"""The process dies before and after every write of one payment and its notification.

The program that dies is `write_points`. What must hold at every point: the audit is clean at once
and after coming back; whoever was told 9000 has paid; a repeat of the same call is told 9000, never
5000; the merchant acknowledges in the end, however often it was told.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.gateway import environment, merchant_of, order
from tests.support.receiver import receiving

ROOT = Path(__file__).parents[2]
POINTS_MAX = 200


@pytest.mark.timeout(400)
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
    assert moments["before BEGIN IMMEDIATE"] == moments["after COMMIT"] == commits, moments
    again = sum(count > 1 for count in receiver.arrivals.values())
    with capsys.disabled():
        figures = f"{payer}: {len(deaths)} deaths, {again} notifications sent twice"
        print(f"\n  {figures}")  # noqa: T201  The figures are wanted in every run.


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "tests.crash.write_points", *arguments],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
