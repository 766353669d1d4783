"""`make cluster-test` looks at gateways as a load balancer does, and blames those that mislead it.

What must hold: a gateway that was red while it could not commit, and is green again, is not blamed.
"""

import asyncio
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tools.cluster.readiness import OUTAGE_S_MIN, Balancer

LONG_S = OUTAGE_S_MIN + 1


class _Server(ThreadingHTTPServer):
    status = 200
    asked = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.asked += 1
        self.send_response(self.server.status if self.path == "/readyz" else 404)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The base class's name.
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


async def _looked(server: _Server, *statuses: int) -> tuple[str, float, list[str]]:
    """Let a balancer see these statuses; return how long an outage around them was, and its word.

    Who asks again has written down what it was told the time before.
    """
    origin, began_s = f"http://127.0.0.1:{server.server_port}", time.monotonic()
    balancer = Balancer([origin])
    balancer.start()
    for status in statuses:
        server.status, asked = status, server.asked
        while server.asked < asked + 3:  # The first may have been asked before.
            await asyncio.sleep(0.02)
    await balancer.stop()
    lasted_s = time.monotonic() - began_s + LONG_S
    return origin, lasted_s, balancer.findings([(began_s, lasted_s)])


async def test_a_gateway_that_was_red_in_time_and_is_green_again_is_not_blamed(
    server: _Server,
) -> None:
    _, _, found = await _looked(server, 200, 503, 200)

    assert found == []


async def test_a_gateway_that_was_green_all_the_time_is_blamed(server: _Server) -> None:
    origin, lasted_s, found = await _looked(server, 200)

    said = f"said it was ready all the {lasted_s:.0f} s in which it could not commit"
    assert found == [f"{origin} {said}"]


async def test_a_gateway_that_stays_red_is_blamed(server: _Server) -> None:
    origin, _, found = await _looked(server, 503)

    assert found == [f"{origin} is not ready in the end"]
