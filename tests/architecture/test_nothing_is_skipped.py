"""A skipped test fails the run, wherever the skip is spelled: this runs small suites and looks.

It knows pytest only by its exit code and its report. What must hold: an expected failure is no
skip.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.source import TESTS

PASSED, FAILED, INTERRUPTED = 0, 1, 2


def _run(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(TESTS / "conftest.py", folder)
    (folder / "test_planted.py").write_text(f"import pytest\n\n{text}\n", encoding="utf-8")
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", folder)
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # Ours are slow to load.
    )


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("@pytest.mark.skip(reason='no browser')\ndef test_it(): ...", FAILED),
        ("@pytest.mark.skipif(True, reason='no browser')\ndef test_it(): ...", FAILED),
        ("def test_it(): pytest.skip('no browser')", FAILED),
        ("@pytest.fixture\ndef it(): pytest.skip('no browser')\ndef test_it(it): ...", FAILED),
        ("pytest.skip('no browser', allow_module_level=True)", INTERRUPTED),
    ],
)
def test_a_skip_fails_the_run_and_says_why(tmp_path: Path, text: str, code: int) -> None:
    done = _run(tmp_path, text)

    assert done.returncode == code, done.stdout
    assert "no browser" in done.stdout


@pytest.mark.parametrize(
    "text",
    ["def test_it(): ...", "@pytest.mark.xfail(reason='known')\ndef test_it(): assert False"],
)
def test_other_outcomes_stay_what_they_are(tmp_path: Path, text: str) -> None:
    done = _run(tmp_path, text)

    assert done.returncode == PASSED, done.stdout
