"""One sandbox for the tests of a module; each test begins with one that knows nothing."""

from collections.abc import Iterator

import pytest

from tillgate.sandbox.testing import Sandbox
from tillgate.sandbox.testing_log import lead_away


@pytest.fixture(autouse=True)
def _log_led_away() -> None:
    """Lead the sandbox's log away again: after each test structlog is as it was."""
    lead_away()


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running
