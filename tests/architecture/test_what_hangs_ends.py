"""What hangs ends, and what is slow to come up does not: this runs small suites and looks.

It knows pytest only by its exit code and its report. What must hold: the time a test may run begins
when all that it is handed is there; what comes up or goes for ever is ended all the same.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import TESTS

PASSED, FAILED = 0, 1
LIMIT = "FIXTURES_S_MAX: Final = 1_800\n"
SETTINGS = "[pytest]\ntimeout = {test_s}\ntimeout_func_only = {func_only}\n"


def _run(
    folder: Path, text: str, *, test_s: float = 300, fixtures_s: float = 1_800
) -> "subprocess.CompletedProcess[str]":
    conftest = (TESTS / "conftest.py").read_text(encoding="utf-8")
    assert conftest.count(LIMIT) == 1
    limited = conftest.replace(LIMIT, f"FIXTURES_S_MAX: Final = {fixtures_s}\n")
    (folder / "conftest.py").write_text(limited, encoding="utf-8")
    ours = (TESTS.parent / "pyproject.toml").read_text(encoding="utf-8")
    func_only = "timeout_func_only = true\n" in ours
    settings = SETTINGS.format(test_s=test_s, func_only=str(func_only).lower())
    (folder / "pytest.ini").write_text(settings, encoding="utf-8")
    (folder / "test_planted.py").write_text(f"import pytest, time\n\n{text}\n", encoding="utf-8")
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "timeout", folder)
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        timeout=120,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # Ours are slow to load.
    )


def test_what_comes_up_longer_than_a_test_may_run_ends_nothing(tmp_path: Path) -> None:
    slow = "@pytest.fixture\ndef it():\n    time.sleep(2)\n    yield\n    time.sleep(2)\n"

    done = _run(tmp_path, f"{slow}def test_it(it): ...", test_s=1)

    assert done.returncode == PASSED, done.stdout


@pytest.mark.parametrize(
    ("text", "limits"),
    [
        ("def test_it(): time.sleep(600)", {"test_s": 1}),
        ("@pytest.fixture\ndef it(): time.sleep(600)\ndef test_it(it): ...", {"fixtures_s": 1}),
        (
            "@pytest.fixture\ndef it():\n    yield\n    time.sleep(600)\ndef test_it(it): ...",
            {"fixtures_s": 1},
        ),
    ],
    ids=["a test", "what comes up", "what goes"],
)
def test_what_hangs_ends(tmp_path: Path, text: str, limits: dict[str, float]) -> None:
    done = _run(tmp_path, text, **limits)

    assert done.returncode == FAILED, done.stdout
    assert "Timeout (>1" in done.stdout
