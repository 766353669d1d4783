"""The example shops, each run as its own docstring says: one process, one file, one port.

It starts them, buys, posts bytes to their notify URL and reads what they show. What must hold: what
was started is ended; a shop that does not come up fails with what it printed; bytes are posted as
they are given, by a client that adds nothing.
"""

import http.client
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, NamedTuple, final
from urllib.parse import urlsplit

from tests.support.gateway import environment
from tests.support.ports import HeldPort

FRAMEWORKS: Final = ("fastapi", "flask", "django")
EXAMPLES: Final = Path(__file__).parents[2] / "examples"
READY_S_MAX: Final = 120.0


class Answered(NamedTuple):
    """What came back from an address."""

    status: int
    content_type: str
    body: bytes


@final
class Shop:
    """A shop that runs in a process of its own, with its books in a folder of its own."""

    def __init__(self, framework: str, *, port: int, folder: Path) -> None:
        """Name its place; `open_shop` starts it."""
        self.framework = framework
        self.url = f"http://127.0.0.1:{port}"
        self.printed_path = folder / "printed.txt"
        self.logged_path = folder / "logged.txt"

    def printed(self) -> str:
        """Return everything it printed and logged, apart as it came: lines do not mix."""
        paths = (self.printed_path, self.logged_path)
        return "\n".join(path.read_text(errors="replace") for path in paths)

    def buy(self) -> tuple[str, str]:
        """Return a new order's number and its order string."""
        text = send(f"{self.url}/orders", "POST").body.decode()
        return json.loads(text)["request"]["body"]["merchantTransId"], text

    def states(self, query: str = "") -> dict[str, str]:
        """Return what it shows of its orders, as one who comes with this query sees it."""
        answer = send(f"{self.url}/orders{query}", "GET")
        assert answer.status == 200, answer
        states: dict[str, str] = json.loads(answer.body)
        return states

    def shipped(self) -> list[str]:
        """Return the numbers it shipped, in order, each as often as it did."""
        lines = self.printed_path.read_text(errors="replace").splitlines()
        return [line.partition(" ")[2] for line in lines if line.startswith("Ship ")]

    def notify(self, raw: bytes, **headers: str) -> Answered:
        """Post bytes to its notify URL."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        return send(f"{self.url}/notify", "POST", raw, named)


@contextmanager
def open_shop(framework: str, *, data: Path, folder: Path) -> Iterator[Shop]:
    """Run an example with the keys in `data` for as long as the block lasts."""
    folder.mkdir()
    held = HeldPort()
    port = held.number
    shop = Shop(framework, port=port, folder=folder)
    script = EXAMPLES / f"{framework}_shop.py"
    with shop.printed_path.open("wb") as printed, shop.logged_path.open("wb") as logged:
        process = subprocess.Popen(
            [sys.executable, "-u", str(script), str(data), str(port)],
            cwd=folder,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=logged,
        )
    try:
        _await_open(shop, process, port)
        yield shop
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)
        held.let_go()


def send(
    url: str,
    method: str,
    body: bytes | Iterator[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answered:
    """Send a request over a connection of its own; a body that is no bytes goes in chunks."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=READY_S_MAX)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    try:
        # A server may answer, and hang up, before it has read everything: its answer counts.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(
                method,
                path,
                body=body,
                headers=dict(headers or {}),
                encode_chunked=body is not None and not isinstance(body, bytes),
            )
        answer = connection.getresponse()
        content_type = answer.getheader("content-type", "")
        return Answered(answer.status, content_type, answer.read())
    finally:
        connection.close()


def _await_open(shop: Shop, process: "subprocess.Popen[bytes]", port: int) -> None:
    ends_s = time.monotonic() + READY_S_MAX
    while process.poll() is None and time.monotonic() < ends_s:
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    message = f"the shop on {shop.framework} did not come up:\n{shop.printed()}"
    raise AssertionError(message)
