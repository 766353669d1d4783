"""Done-when: merchants' projects outside this repository use the plugin, each in its own pytest.

They are copied away and run by the installed package, with nothing of this repository's settings.
Times are printed (`pytest -s`) and not asserted: they tell of the machine, too.
"""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
THIRTY_LINES = Path(__file__).with_name("thirty_lines.py.txt")
SHOP = ROOT / "examples" / "shop_with_tests"


def run_pytest(
    folder: Path, *arguments: str, code: int = 0, **variables: str
) -> "subprocess.CompletedProcess[str]":
    """Run a project's tests as its developer would, and return what was printed."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("PYTEST")}
    # What is installed here beside Tillgate is not what a merchant has.
    ours = ("asyncio", "xdist", "timeout", "schemathesis", "hypothesispytest", "playwright")
    without = [f"-pno:{name}" for name in ours]
    began_s = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *without, *arguments],
        cwd=folder,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    print(f"{folder.name}: pytest took {time.perf_counter() - began_s:.2f} s")  # noqa: T201  For who measures.
    assert done.returncode == code, done.stdout + done.stderr
    return done


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def test_a_project_of_thirty_lines_tests_all_that_can_happen(project: Path) -> None:
    text = THIRTY_LINES.read_text(encoding="utf-8")
    (project / "test_shop.py").write_text(text, encoding="utf-8")
    done = run_pytest(project, "-W", "error", "-v")

    assert len(text.splitlines()) <= 30
    passed = set(re.findall(r"::(\w+) PASSED", done.stdout))
    assert passed == {
        *("test_pay", "test_cancel", "test_fail", "test_unknown", "test_refund"),
        *("test_duplicate_notification", "test_25_hours_of_retries"),
    }


def test_the_example_shop_passes_its_tests_in_any_order(tmp_path: Path) -> None:
    folder = shutil.copytree(SHOP, tmp_path / "shop")
    numbers = re.findall(r"^def (test_\w+)", (folder / "test_shop.py").read_text(), re.MULTILINE)
    forwards = run_pytest(folder, "-W", "error", "-q")
    backwards = run_pytest(folder, "-q", *(f"test_shop.py::{name}" for name in numbers[::-1]))

    for done in (forwards, backwards):
        assert f"{len(numbers)} passed" in done.stdout


def test_the_recipe_installs_what_the_shop_needs() -> None:
    recipe = (SHOP / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    needs = (SHOP / "requirements.txt").read_text(encoding="utf-8").split()

    assert re.findall(r"run: (.+)", recipe) == ["pip install -r requirements.txt", "pytest"]
    assert needs == ["flask>=3.1", "tillgate[testing]"]
