"""`tillgate simulate` as a person and a program use it.

What must hold: exit 0 when clean, 1 with findings; a finding comes with the command that shows it
again; with --json one JSON value and nothing else.
"""

import json
import re

import pytest

from tillgate.cli.root import run

pytestmark = pytest.mark.timeout(300)


def test_a_clean_seed_exits_0_and_says_what_was_injected(
    capfd: pytest.CaptureFixture[str],
) -> None:
    code = run(["simulate", "--seed", "3", "--steps", "6", "--json"])

    said = json.loads(capfd.readouterr().out)
    assert code == 0
    assert (said["clean"], said["seeds"], said["failedSeeds"]) == (True, 1, [])
    assert sum(times > 0 for times in said["faults"].values()) >= 10


def test_a_finding_exits_1_and_tells_how_to_see_it_again(
    capfd: pytest.CaptureFixture[str],
) -> None:
    code = run(["simulate", "--seeds", "10", "--plant", "lost-outbox-row"])

    told = capfd.readouterr().out
    assert code == 1
    assert "nobody told" in told
    assert re.search(r"tillgate simulate --seed \d+ --plant lost-outbox-row --trace", told)


def test_a_trace_shows_every_event(capfd: pytest.CaptureFixture[str]) -> None:
    code = run(["simulate", "--seed", "3", "--steps", "2", "--trace"])

    told = capfd.readouterr().out
    assert code == 0
    assert "commits Acquirement(" in told
    assert "world      QUIET" in told


@pytest.mark.parametrize("option", [("--plant", "nothing-of-the-kind"), ("--steps", "0")])
def test_what_cannot_be_run_is_a_usage_error(option: tuple[str, str]) -> None:
    assert run(["simulate", *option]) == 2
