"""The pytest fixture `phone`: a merchant's page in a phone whose wallet is the test's own sandbox.

The plugin hands it on under its name. It takes the browser of pytest-playwright where that plugin
is installed, since two drivers cannot run in one thread, and else starts one for the whole run.
What must hold: a machine without Playwright or Chromium fails the test with the line to type.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tillgate.kernel.errors import TillgateError
from tillgate.sandbox.phone import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tillgate.sandbox.phone.person import Phone


@pytest.fixture(scope="session")
def tillgate_browser(request: pytest.FixtureRequest) -> "Iterator[Browser]":
    """Start Chromium once for the run, or take pytest-playwright's."""
    try:
        chromium.need_playwright()
        if request.config.pluginmanager.hasplugin("playwright"):
            yield request.getfixturevalue("browser")
            return
        with _started() as browser:
            yield browser
    except TillgateError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def phone_options() -> Mapping[str, Any]:
    """Return what the phone is beside its size, as Playwright's `new_context` takes it.

    Override it in your own conftest.py, as in `{"locale": "zh-HK", "color_scheme": "dark"}`.
    """
    return {}


@pytest.fixture
def phone(
    gateway: Any,  # noqa: ANN401  The plugin's own fixture.
    tillgate_browser: "Browser",
    phone_options: Mapping[str, Any],
) -> "Iterator[Phone]":
    """Return a phone whose payer is signed in at this test's gateway."""
    from tillgate.sandbox.phone.person import Phone  # noqa: PLC0415  Playwright may be missing.

    context = chromium.phone_sized(tillgate_browser, **phone_options)
    try:
        yield Phone(context, gateway=gateway.origin, settle=gateway.settle)
    finally:
        context.close()


@contextmanager
def _started() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  It may be missing.

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium.program(driver, os.environ.get(chromium.VARIABLE, "")),
            args=list(chromium.ARGUMENTS),
        )
        try:
            yield browser
        finally:
            browser.close()
