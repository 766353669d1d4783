"""One sandbox server and one Chromium for the browser tests of a worker; a fresh context for each.

What must hold: a page that logs an error of its own or throws fails its test, for a page that a
person pays on has none; nothing is shared between tests but the server; a test that fails says what
its pages showed.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Frame,
    Page,
    sync_playwright,
)

from tests.browser.acting import WAIT_S_MAX, Stage
from tests.support import browser as chromium
from tests.support.gateway import Gateway, running

EXPECTED = ("Failed to load resource",)
"""What the browser itself logs when a door answers 401 or a test cuts the network."""
WAIT_MS_MAX = WAIT_S_MAX * 1_000


@pytest.fixture(autouse=True)
def _patient_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever holds the phone wait as long as these tests do; users need not."""
    monkeypatch.setattr("tillgate.sandbox.phone.person.WAIT_S_MAX", WAIT_S_MAX)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let at most two browsers run at once: files that name no group of their own share one."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failure what each page showed."""
    report = yield
    if call.when == "call" and report.failed and isinstance(item, pytest.Function):
        browsers = [each for each in item.funcargs.values() if isinstance(each, Browser)]
        shown = [
            f"--- {frame.url}\n{words_of(frame)}"
            for browser in browsers
            for context in browser.contexts
            for page in context.pages
            for frame in page.frames
        ]
        report.sections.append(("pages", "\n".join(shown)))
    return report


def words_of(frame: Frame) -> str:
    """Return what a page says, or why it cannot be asked."""
    with suppress(Error):
        return str(frame.evaluate("document.body ? document.body.innerText : ''"))
    return "(it cannot be asked)"


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("browser") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as driver:
        program = driver.chromium.launch(
            executable_path=chromium.executable(),
            args=list(chromium.ARGUMENTS),
            timeout=WAIT_MS_MAX,
        )
        yield program
        program.close()


NewContext = Callable[..., BrowserContext]


def new_patient_context(browser: Browser, **wishes: object) -> BrowserContext:
    """Make a context that waits for as long as a busy machine may take."""
    context = browser.new_context(**wishes)  # type: ignore[arg-type]  # playwright's own options
    context.set_default_timeout(WAIT_MS_MAX)
    return context


@contextmanager
def watched_contexts(browser: Browser) -> Iterator[NewContext]:
    """Make contexts for a block, whose pages must log no error of their own."""
    opened: list[BrowserContext] = []
    faults: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED):
            faults.append(message.text)

    def watch(page: Page) -> None:
        page.on("console", hear)
        page.on("pageerror", lambda error: faults.append(str(error)))

    def make(**wishes: object) -> BrowserContext:
        wanted = {"viewport": {"width": 390, "height": 844}, "locale": "en-US", **wishes}
        context = new_patient_context(browser, **wanted)
        context.on("page", watch)
        opened.append(context)
        return context

    yield make
    for context in opened:
        context.close()
    assert faults == []


@pytest.fixture
def new_context(browser: Browser) -> Iterator[NewContext]:
    with watched_contexts(browser) as make:
        yield make


@pytest.fixture
def stage(gateway: Gateway, new_context: NewContext) -> Stage:
    """A person with a phone in front of the shop."""
    return Stage(gateway, new_context(reduced_motion="reduce").new_page())
