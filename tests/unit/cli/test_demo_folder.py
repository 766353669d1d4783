"""A demo runs in a folder of its own: who looks beside it is told where it is.

What must hold: each command that finds nothing in the user's folder names the demo's when there is
one, and speaks of none when there is not.
"""

from pathlib import Path

import pytest

from tillgate.cli.root import run
from tillgate.config.folder import Folder

COMMANDS = [
    ("logs", "--once"),
    ("trigger", "payment.paid"),
    ("clock", "show"),
    ("clock", "advance", "2m", "--url", "http://127.0.0.1:9"),
    ("scenario", "run", "paid", "--url", "http://127.0.0.1:9"),
    ("record", "--for", "1s"),
    ("listen", "--forward-to", "http://127.0.0.1:9/notify"),
    ("order", "query", "A-1"),
    ("exam", "http://127.0.0.1:9/", "--order-url", "http://127.0.0.1:9/"),
    ("ledger", "audit"),
    ("payer", "show"),
]


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """Return the user's own folder, where nobody ever began."""
    monkeypatch.setenv("TILLGATE_DATA", str(tmp_path / "own"))
    monkeypatch.chdir(tmp_path)
    return Folder(tmp_path / "own")


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_who_finds_nothing_is_told_of_the_demo(
    arguments: tuple[str, ...], own: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    Folder(own.demo).make()

    assert run(arguments) in {2, 3}

    assert f"`tillgate demo` has a folder of its own: --data {own.demo}" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_nobody_is_told_of_a_demo_that_never_ran(
    arguments: tuple[str, ...], own: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) in {2, 3}

    said = capsys.readouterr().err
    assert str(own.path) in said
    assert "tillgate demo" not in said


def test_the_help_of_the_demo_tells_its_own_default(capsys: pytest.CaptureFixture[str]) -> None:
    run(["demo", "--help"])

    assert "demo in the user's own" in capsys.readouterr().out
