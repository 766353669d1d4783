"""Which Chromium is started, and how: a phone's size, touch, and nothing reached for by itself.

Decides where a browser is looked for and what is said when there is none. What must hold: no
browser, or no Playwright, is a sentence with the line to type.
"""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, final

from tillgate.kernel.errors import TillgateError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Playwright

PIP_LINE: Final = 'pip install "tillgate[browser]"'
VARIABLE: Final = "TILLGATE_CHROMIUM"
"""Names the browser's program, for the command and for tests alike."""
NAMES: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS: Final = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
WIDTH: Final = 390
HEIGHT: Final = 844
SCALE: Final = 3
AGENT: Final = (
    "Mozilla/5.0 (Linux; Android 14; Tillgate) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/{major}.0.0.0 Mobile Safari/537.36"
)


@final
class NoBrowser(TillgateError):
    """Playwright or Chromium is missing; the text is what to type."""


def need_playwright() -> None:
    """Return when Playwright is there.

    Raises:
        NoBrowser: it is not.
    """
    if find_spec("playwright") is None:
        raise NoBrowser(f"This needs Playwright, which drives the browser. Type: {PIP_LINE}")


def program(driver: "Playwright", named: str = "") -> Path:
    """Return the browser's program: as named, on PATH, or the one that Playwright keeps.

    Raises:
        NoBrowser: there is none.
    """
    if named:
        if not Path(named).is_file():
            raise NoBrowser(
                f"{named} is not a program; give Chromium's path with --chromium or {VARIABLE}."
            )
        return Path(named)
    on_path = next((path for name in NAMES if (path := shutil.which(name))), "")
    found = on_path or driver.chromium.executable_path
    if not Path(found).is_file():
        raise NoBrowser(
            "No Chromium was found. On Debian or Ubuntu type: sudo apt-get install chromium "
            "(or: playwright install chromium), or name yours with --chromium PATH."
        )
    return Path(found)


def phone_sized(browser: "Browser", **wishes: Any) -> "BrowserContext":  # noqa: ANN401  Playwright's own.
    """Return a fresh context of a phone's size with a touch screen; `wishes` are Playwright's."""
    major = browser.version.partition(".")[0]
    usual = {
        "viewport": {"width": WIDTH, "height": HEIGHT},
        "screen": {"width": WIDTH, "height": HEIGHT},
        "device_scale_factor": SCALE,
        "is_mobile": True,
        "has_touch": True,
        "user_agent": AGENT.format(major=major),
    }
    return browser.new_context(**{**usual, **wishes})
