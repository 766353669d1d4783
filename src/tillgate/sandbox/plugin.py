"""The pytest plugin of `pip install "tillgate[testing]"`: a gateway, a wallet, a clock, a merchant.

Decides how long each lives: one gateway for the run, and for each test a house in it that knows
nothing of the test before. It is loaded by every pytest of a project that has Tillgate installed,
so it loads nothing itself until a fixture is asked for. What must hold: a test that uses none of
the fixtures pays nothing; `-p no:tillgate` leaves nothing of it.
"""

import sys
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tillgate.sandbox.phone.fixtures import phone, phone_options, tillgate_browser

if TYPE_CHECKING:
    from tillgate.merchant import Merchant
    from tillgate.sandbox.testing import Sandbox, TestClock, Wallet

__all__ = [
    "clock",
    "gateway",
    "merchant",
    "phone",
    "phone_options",
    "tillgate_browser",
    "tillgate_sandbox",
    "wallet",
]
ISOLATION = "tillgate_isolation"
PIP_LINE = 'pip install "tillgate[testing]"'


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a project say how far tests are kept apart."""
    sentence = "Whether each test has a gateway that knows nothing (test), or all share one (run)."
    parser.addini(ISOLATION, sentence, default="test")


@pytest.fixture(scope="session")
def tillgate_sandbox() -> "Iterator[Sandbox]":
    """Return the gateway of the whole run, for what an app reads once: its address and keys."""
    try:
        from tillgate.sandbox.testing import Sandbox  # noqa: PLC0415  It loads a whole gateway.
    except ModuleNotFoundError as missing:
        sentence = f"The fixture needs the gateway's libraries ({missing.name} is missing)"
        pytest.fail(f"{sentence}. Type: {PIP_LINE}", pytrace=False)
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def gateway(tillgate_sandbox: "Sandbox", pytestconfig: pytest.Config) -> "Sandbox":
    """Return a gateway that knows nothing of the tests before; its address and keys stay."""
    isolation = pytestconfig.getini(ISOLATION)
    if isolation not in ("test", "run"):
        message = f"{ISOLATION} is test or run, not {isolation!r}"
        raise pytest.UsageError(message)
    if isolation == "test":
        tillgate_sandbox.reset()
    return tillgate_sandbox


@pytest.fixture
def wallet(gateway: "Sandbox") -> "Wallet":
    """Return the wallet of a payer with 100 000.00 HKD; `gateway.wallet("poor")` is another's."""
    return gateway.wallet()


@pytest.fixture
def clock(gateway: "Sandbox") -> "TestClock":
    """Return the gateway's clock; it is everybody's again in the next test."""
    return gateway.clock


@pytest.fixture
def merchant(gateway: "Sandbox") -> "Merchant":
    """Return the SDK, with the sandbox's keys and address."""
    return gateway.merchant


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what merchants were sent, below a test that failed."""
    report = yield
    if report.failed and call.when == "call" and "tillgate.sandbox.testing" in sys.modules:
        asked: dict[str, Any] = getattr(item, "funcargs", {})
        used = asked.get("tillgate_sandbox") or asked.get("gateway")
        told = getattr(used, "notifications", None)
        lines = told.lines() if told is not None else []
        if lines:
            report.sections.append(("What merchants were sent", "\n".join(lines)))
    return report
