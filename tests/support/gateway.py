"""A sandbox gateway as a process of its own, reached over HTTP, and its demo merchant.

`running` starts `tillgate serve --sandbox --data DIR --port P`, waits until it says that it is
ready, and ends it. What must hold: nothing of the test's own environment reaches the server; a
server that does not come up fails with what it said; whatever was started is ended.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, final

from tests.support import databases
from tests.support.ports import HeldPort
from tillgate.merchant import Merchant, Order
from tillgate.protocol.profile import Profile

CLIENT_ID: Final = "4Q5XSH6SSG02T006"
MERCHANT_ID: Final = "2160400000002012"
PIN: Final = "123456"
READY_S_MAX: Final = 120.0
END_S_MAX: Final = 60.0
COMMAND_S_MAX: Final = 120.0
PATIENT: Final = {"queue_wait_ms_max": "120000", "requests_per_s_max": "100000"}
"""Nobody is turned away because a disk takes seconds for a commit, nor because a machine is fast:
whoever takes part in a test comes from one address."""
PROGRAM: Final = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from tillgate.cli import main
main()
"""
"""The command, which hears Ctrl-C also where the tests themselves run in the background."""
LOUD_PROGRAM: Final = """
import logging, sys, structlog
from tillgate.cli import logs, main, running

def set_logging(*_: object):
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(
        level=logging.DEBUG, stream=sys.stderr, format="%(name)s %(levelname)s %(message)s"
    )
    logging.getLogger("loud").debug("Every logger is heard.")

running.set_logging = set_logging
main()
"""
"""The same program with every logger at the level DEBUG."""


def command(*arguments: str, program: str = PROGRAM) -> list[str]:
    """Return how `tillgate` is started with these arguments, by this very Python."""
    return [sys.executable, "-c", program, *arguments]


def environment() -> dict[str, str]:
    """Return the test's environment without what would change a server."""
    return {name: text for name, text in os.environ.items() if not name.startswith("TILLGATE_")}


def tillgate(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `tillgate` to its end, with these variables, and return what it said."""
    return subprocess.run(
        command(*arguments),
        env={**environment(), **variables},
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@final
class Gateway:
    """A server of one data folder; it may be killed and started again."""

    def __init__(self, data: Path, *, program: str = PROGRAM, **settings: str) -> None:
        """Name the folder; `settings` are environment variables without their prefix.

        It is `PATIENT` unless they say otherwise.
        """
        self.data = data
        self.log = data.with_name(f"{data.name}.log")
        self._held = HeldPort()
        self.port = self._held.number
        self._program = program
        self._settings = {
            f"TILLGATE_{name.upper()}": text for name, text in (PATIENT | settings).items()
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def origin(self) -> str:
        """Return the wallet's and the cashier's origin."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Return the number of the process that was started."""
        assert self._process is not None
        return self._process.pid

    @property
    def shop_origin(self) -> str:
        """Return the demo shop's origin."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start the server, on the port it had before, and wait until it answers.

        The port is held all the while, so that a server which was killed finds it free again; a
        port 0 is exchanged for another one.
        """
        databases.furnish(self.data)
        if self._held.number != self.port:
            self._held = HeldPort(self.port)
            self.port = self._held.number
        said = self.data.with_name(f"{self.data.name}.out")
        arguments = ("serve", "--sandbox", "--data", str(self.data), "--port", str(self.port))
        with said.open("wb") as out, self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command(*arguments, "--json", program=self._program),
                env={**environment(), **self._settings},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=log,
            )
        ends_s = time.monotonic() + READY_S_MAX
        while not said.read_bytes().endswith(b"\n"):
            if self._process.poll() is not None or time.monotonic() > ends_s:
                break
            time.sleep(0.02)
        announced = said.read_bytes()
        if not announced.endswith(b"\n") or json.loads(announced)["port"] != self.port:
            self.kill()
            message = f"the server did not come up:\n{said.read_text()}{self.logged()}"
            raise AssertionError(message)

    def kill(self) -> None:
        """End the server as a power cut would: it learns nothing of it."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(END_S_MAX)

    def stop(self) -> int:
        """End the server as an operator would, and return its exit code."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
        return self.wait()

    def wait(self) -> int:
        """Wait for a server that was told to stop, and return its exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            return process.wait(END_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(END_S_MAX)
            message = f"the server did not stop when asked to:\n{self.logged()}"
            raise AssertionError(message) from None

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run another command on the same folder and database."""
        return tillgate(*arguments, "--data", str(self.data), **self._settings)

    def logged(self) -> str:
        """Return everything the server logged so far."""
        return self.log.read_text() if self.log.exists() else ""

    def audit(self) -> Mapping[str, Any]:
        """Return what `tillgate ledger audit --json` finds."""
        done = self.run("ledger", "audit", "--json")
        assert done.returncode in (0, 1), done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["clean"] == (done.returncode == 0)
        return found

    def merchant(self) -> Merchant:
        """Return the demo merchant, with the keys that the sandbox wrote."""
        return merchant_of(self.data, base_url=self.origin)


def merchant_of(data: Path, *, base_url: str = "http://127.0.0.1:8080") -> Merchant:
    """Return the demo merchant of a sandbox's data folder."""
    return Merchant(
        client_id=CLIENT_ID,
        merchant_id=MERCHANT_ID,
        private_key=data / "keys" / "merchant.private.pem",
        gateway_public_key=data / "keys" / "gateway.public.pem",
        base_url=base_url,
        profile=Profile.TILLGATE,
    )


def order(number: str, amount: str = "10.00 HKD", **changes: Any) -> Order:
    """Return an order of the demo merchant."""
    return Order(merchant_trans_id=number, title="Women Summer Dress", amount=amount, **changes)


@contextmanager
def running(data: Path, *, program: str = PROGRAM, **settings: str) -> Iterator[Gateway]:
    """Run a server for as long as the block lasts."""
    gateway = Gateway(data, program=program, **settings)
    gateway.start()
    try:
        yield gateway
    except BaseException:
        gateway.kill()
        raise
    gateway.stop()
