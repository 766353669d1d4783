"""Both colours of the SDK, over sockets, and a gateway that the tests of a file share.

What must hold: whatever was opened is closed, so that a leak is an error of the test that leaked;
the gateway's books are clean when a file is through with it.
"""

import subprocess
from collections.abc import Iterator

import pytest

from tests.e2e.sdk.selling import connected
from tests.support.doors import Browser
from tests.support.gateway import COMMAND_S_MAX, PIN, Gateway, command, environment, running
from tests.support.small_gateway import Async, Colour, Sync, colour

__all__ = ["colour"]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("sdk") / "gateway") as started:
        yield started
        found = started.audit()
    assert found["clean"], found


@pytest.fixture(scope="module")
def payers(gateway: Gateway) -> dict[str, str]:
    """Return a payer for each colour: one who debits all day is refused for reasons of safety."""
    environ = {**environment(), "TILLGATE_PIN": PIN}
    made = {kind.__name__: f"alice-{kind.__name__.lower()}" for kind in (Sync, Async)}
    for payer in made.values():
        for said in (("add", payer, "--name", "Alice"), ("top-up", payer, "500.00 HKD")):
            subprocess.run(
                command("payer", *said, "--data", str(gateway.data)),
                env=environ,
                capture_output=True,
                check=True,
                timeout=COMMAND_S_MAX,
            )
    return made


@pytest.fixture
def payer(colour: Colour, payers: dict[str, str]) -> str:
    return payers[type(colour).__name__]


@pytest.fixture
def me(gateway: Gateway, colour: Colour) -> Colour:
    return connected(colour, gateway)


@pytest.fixture
def wallet(gateway: Gateway) -> Iterator[Browser]:
    browser = Browser(gateway)
    yield browser
    browser.http.close()
