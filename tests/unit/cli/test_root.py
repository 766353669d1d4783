"""The root command: what is loaded when, what a missing library says, and what every help shows."""

import re
import subprocess
import sys
from itertools import pairwise

import pytest
import typer

from tillgate.cli.root import COMMANDS, SERVER_LIBRARIES, LazyGroup, run


def _imported_by(*arguments: str) -> set[str]:
    script = (
        "import sys\n"
        "from tillgate.cli.root import run\n"
        "code = run(sys.argv[1:])\n"
        "print('\\n' + ' '.join(sorted({name.partition('.')[0] for name in sys.modules})))\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=False
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("order", "sign", "missing.json", "--key", "missing.pem"),
        ("keys", "generate", "--help"),
        ("wallet", "pay", "missing.txt", "--url", "http://127.0.0.1:9", "--payer", "rich"),
        ("order", "query", "A-1", "--data", "/nonexistent"),
        ("agreement", "show", "sub-1", "--data", "/nonexistent"),
        ("--help",),
    ],
)
def test_what_the_base_install_runs_loads_no_library_of_the_server(
    arguments: tuple[str, ...],
) -> None:
    assert not _imported_by(*arguments) & SERVER_LIBRARIES


@pytest.mark.parametrize("arguments", [("serve", "--sandbox"), ("demo",)])
def test_a_missing_library_of_the_server_ends_with_the_line_to_type(
    arguments: tuple[str, ...],
) -> None:
    script = (
        "import sys\n"
        f"for name in {sorted(SERVER_LIBRARIES)!r}: sys.modules[name] = None\n"
        "from tillgate.cli.root import run\n"
        "sys.exit(run(sys.argv[1:]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        env={"HOME": "/nonexistent", "PATH": ""},
        check=False,
    )

    assert done.returncode == 2, done.stderr
    assert 'pip install "tillgate[gateway]"' in done.stderr


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["sell"]) == 2
    assert "sell" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("tillgate ")


def _leaves() -> list[tuple[str, ...]]:
    group = LazyGroup(name="tillgate")
    context = typer.Context(group)
    found: list[tuple[str, ...]] = []
    for name in COMMANDS:
        command = group.get_command(context, name)
        children = getattr(command, "commands", None)
        found.extend([(name, child) for child in children] if children else [(name,)])
    return found


@pytest.mark.parametrize("leaf", _leaves(), ids=" ".join)
def test_every_help_shows_an_example_and_takes_json(
    leaf: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*leaf, "--help"]) == 0

    shown = capsys.readouterr().out
    assert "Example" in shown
    assert f"tillgate {' '.join(leaf)}" in shown
    assert "--json" in shown
    assert "completion" not in shown


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_every_group_shows_an_example_too(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*filter(None, [name]), "--help"]) == 0

    assert f"Example: tillgate {name}" in capsys.readouterr().out


def test_ctrl_c_while_it_still_loads_shows_no_traceback() -> None:
    script = (
        "import sys\n"
        "import tillgate.cli\n"
        "class Pressed:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'tillgate.cli.root': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Pressed())\n"
        "tillgate.cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "demo"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (130, "")


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_no_help_offers_what_is_switched_off(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*filter(None, [name]), "--help"]) == 0

    assert "completion" not in capsys.readouterr().out


@pytest.mark.parametrize("leaf", [("trigger",), ("clock", "advance"), ("wallet", "open")])
def test_the_terminals_width_alone_breaks_the_lines_of_a_help(
    leaf: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run([*leaf, "--help"]) == 0

    prose = capsys.readouterr().out.partition("╭")[0].split("Example:")[0]
    told = "\n".join(line.strip() for line in prose.strip().splitlines())
    paragraphs = [each.splitlines() for each in re.split(r"\n{2,}", told)]
    lines = [(line, after) for each in paragraphs for line, after in pairwise(each)]
    assert lines
    early = [line for line, after in lines if len(f" {line} {after.split()[0]} ") <= 80]
    assert not early
