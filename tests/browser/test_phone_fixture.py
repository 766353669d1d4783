"""The fixture `phone` in somebody else's test run; docs/open-on-a-phone.md pays with it.

What must hold: the browser of pytest-playwright is taken where there is one; who lacks Playwright
or Chromium is told the line to type, and the test fails instead of being skipped.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import browser as program
from tests.support.gateway import environment

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]

USES = """
def test_it(phone):
    assert phone.page.viewport_size == {"width": 390, "height": 844}
    assert phone.page.evaluate("navigator.language") == "zh-HK"
"""
OPTIONS = """
import pytest

@pytest.fixture
def phone_options():
    return {"locale": "zh-HK"}
"""
THEIRS = """
import pytest
from playwright.sync_api import sync_playwright

class Theirs:
    @pytest.fixture(scope="session")
    def browser(self):
        with sync_playwright() as driver:
            started = driver.chromium.launch(executable_path=BROWSER)
            yield started
            print("theirs was used")
            started.close()

def pytest_configure(config):
    config.pluginmanager.register(Theirs(), "playwright")
"""
HIDDEN = """
from tillgate.sandbox.phone import chromium
chromium.find_spec = lambda name: None
"""
NOWHERE = """
from tillgate.sandbox.phone import chromium
chromium.NAMES = ("no-such-browser",)
chromium.need_playwright = lambda: None
import playwright.sync_api as api
api.BrowserType.executable_path = property(lambda self: "/no/such/browser")
"""


def run(folder: Path, conftest: str) -> "subprocess.CompletedProcess[str]":
    """Run a merchant's tests in a folder of their own."""
    (folder / "conftest.py").write_text(conftest)
    (folder / "test_it.py").write_text(USES)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--rootdir", "."],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_browser_of_pytest_playwright_is_taken(tmp_path: Path) -> None:
    theirs = THEIRS.replace("BROWSER", repr(str(program.executable())))
    done = run(tmp_path, f"{OPTIONS}\n{theirs}")

    assert (done.returncode, "1 passed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert "theirs was used" in done.stdout


@pytest.mark.parametrize(
    ("conftest", "sentence"),
    [
        (HIDDEN, 'pip install "tillgate[browser]"'),
        (NOWHERE, "sudo apt-get install chromium"),
    ],
    ids=["playwright", "chromium"],
)
def test_what_is_missing_fails_the_test_with_the_line_to_type(
    tmp_path: Path, conftest: str, sentence: str
) -> None:
    done = run(tmp_path, conftest)

    assert done.returncode == 1
    assert sentence in done.stdout
    assert "skipped" not in done.stdout
