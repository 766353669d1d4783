"""One sandbox, in a thread, for the tests of a module; each test uses orders of its own."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tillgate.cli.root import run
from tillgate.merchant import Merchant
from tillgate.sandbox.testing import Sandbox
from tillgate.sandbox.testing_log import lead_away


@pytest.fixture(autouse=True)
def _log_led_away() -> None:
    """Lead the sandbox's log away again: after each test structlog is as it was."""
    lead_away()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Sandbox]:
    with Sandbox() as started:
        yield started


@pytest.fixture
def merchant(gateway: Sandbox) -> Merchant:
    """Return the demo merchant."""
    return gateway.merchant


@pytest.fixture(scope="session")
def counted() -> Iterator[int]:
    return itertools.count(1)


@pytest.fixture
def number(counted: Iterator[int]) -> Callable[[], str]:
    """Return what numbers orders that no other test has."""
    return lambda: f"L-{next(counted)}"


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what it printed as one JSON value."""
        [value] = self.lines
        return value

    @property
    def lines(self) -> list[Any]:
        """Return what it printed as a JSON value a line; the gateway here may log between them."""
        return [json.loads(line) for line in self.out.splitlines() if line[:1] in "{["]


@pytest.fixture
def tillgate(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Done]:
    """Run commands in this process, in a folder of the test's own."""
    monkeypatch.chdir(tmp_path)

    def ran(*arguments: str) -> Done:
        capfd.readouterr()
        code = run([*arguments])
        said = capfd.readouterr()
        return Done(code, said.out, said.err)

    return ran
