"""`tillgate clock` without a sandbox: how far ahead is told to the second, and never back."""

import pytest

from tillgate.cli.clock import _tell
from tillgate.cli.root import run


@pytest.mark.parametrize(
    ("ahead_ms", "told"), [(119_999, "2m"), (120_001, "2m"), (119_400, "1m59s"), (0, "0s")]
)
def test_how_far_ahead_is_rounded_to_the_second(
    ahead_ms: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = {"now": "2026-01-31T10:00:00+08:00", "aheadMs": ahead_ms, "ran": {}}

    _tell(answer, as_json=False)

    assert f"ahead by\t{told}\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [("-5m",), ("--", "-5m"), ("--json", "-5m"), ("-1h",), ("--", "-1h"), ("-1h5m",)]
)
def test_a_clock_never_goes_back(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["clock", "advance", *arguments]) == 2

    told = capsys.readouterr()
    assert f"The clock never goes back, so not by {arguments[-1]!r}." in told.out + told.err


@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_help_is_given_where_it_is_asked_for(
    asked: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["clock", "advance", asked]) == 0

    assert "Move the clock ahead" in capsys.readouterr().out


def test_a_mistyped_option_is_still_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["clock", "advance", "5m", "--dat", "x"]) == 2

    assert "--dat" in capsys.readouterr().err
