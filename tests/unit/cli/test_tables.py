"""Tables on a terminal of 80 columns: nothing that is typed again is cut off or broken."""

import re
import sys
from collections.abc import Callable

import pytest

from tillgate.cli.root import run
from tillgate.cli.trigger_events import EVENTS
from tillgate.cli.trigger_faults import FAULTS
from tillgate.sandbox.scenarios.files import names, own


@pytest.fixture
def shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., str]:
    def run_there(*arguments: str) -> str:
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        assert run(arguments) == 0
        return re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)

    return run_there


def test_every_name_of_a_list_is_whole_on_one_line(shown: Callable[..., str]) -> None:
    told = shown("scenario", "list", "--tag", "refund").split()
    expected = [name for name in names() if "refund" in own(name).scenario.tags]
    assert [name for name in expected if name not in told] == []


@pytest.mark.parametrize(
    "arguments", [("scenario", "amounts"), ("scenario", "show", "paid"), ("scenario", "faults")]
)
def test_nothing_is_cut_off(arguments: tuple[str, ...], shown: Callable[..., str]) -> None:
    told = shown(*arguments)
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= 80


def test_the_kinds_to_trigger_are_whole(shown: Callable[..., str]) -> None:
    told = shown("trigger", "--list").split()
    assert [kind for kind in (*EVENTS, *FAULTS) if kind not in told] == []
