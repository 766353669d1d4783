"""When `/readyz` is red: while the house opens, while it drains, while the database is silent.

What must hold: a load balancer hears of a stop before the listener closes, and requests that come
meanwhile are answered; a database that hangs is asked once, and red comes within a bounded time.
"""

import asyncio
import json
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest
from structlog.testing import capture_logs

from tests.support.gateway import END_S_MAX, Gateway, order, running
from tillgate.edge.readiness import Readiness, Why
from tillgate.gateway.front import Doorway

OPENS_LATER = """
import asyncio, pathlib
from tillgate.cli import main, running

prepare, file = running.register, pathlib.Path({file!r})

async def prepares(house):
    while not file.exists():
        await asyncio.sleep(0.01)
    await prepare(house)

running.register = prepares
main()
"""
"""The command, which does not open its doors before a file is there."""


async def test_a_check_that_hangs_is_red_in_time_and_asked_once() -> None:
    asked, let_go = 0, asyncio.Event()

    async def check() -> None:
        nonlocal asked
        asked += 1
        await let_go.wait()

    readiness = Readiness(check, wait_s_max=0.05)
    with capture_logs() as logged:
        found = await asyncio.gather(*(readiness.why_not() for _ in range(20)))
        assert set(found) == {Why.DATABASE}  # It was told, although the check still hangs.
        assert asked == 1
        let_go.set()
        await asyncio.sleep(0)
        assert await readiness.why_not() is None
    assert [line["event"] for line in logged] == ["not_ready", "ready_again"]


async def test_red_is_logged_when_it_begins_and_when_it_ends() -> None:
    fault: list[Exception] = [OSError("the database is gone")]

    async def check() -> None:
        if fault:
            raise fault[0]

    readiness = Readiness(check)
    with capture_logs() as logged:
        for _ in range(3):
            assert await readiness.why_not() is Why.DATABASE
        fault.clear()
        assert await readiness.why_not() is None
    assert [line["event"] for line in logged] == ["not_ready", "ready_again"]


async def test_a_drain_is_told_once_however_often_it_is_asked_for() -> None:
    async def check() -> None: ...

    readiness = Readiness(check)
    with capture_logs() as logged:
        readiness.drain()
        readiness.drain()
        assert await readiness.why_not() is Why.DRAINING
    assert logged == [{"event": "not_ready", "log_level": "info", "why": "draining"}]


@pytest.mark.parametrize(
    ("path", "status"), [("/healthz", 200), ("/readyz", 503), ("/cashier/trade-pay", 503)]
)
async def test_before_the_house_is_open_the_server_is_alive_and_not_ready(
    path: str, status: int
) -> None:
    sent: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        sent.append(message)

    async def receive() -> dict[str, Any]:
        raise AssertionError

    await Doorway()({"type": "http", "path": path, "headers": []}, receive, send)

    assert sent[0]["status"] == status
    body = json.loads(sent[1]["body"])
    assert body.get("why", "starting") == "starting"
    assert "resultCode" not in body or body["memo"].startswith("SYSTEM_ERROR: ")


def test_a_starting_server_says_so_until_it_is_ready(tmp_path: Path) -> None:
    may_open = tmp_path / "may-open"
    gateway = Gateway(tmp_path / "gateway", program=OPENS_LATER.format(file=str(may_open)))
    starting = threading.Thread(target=gateway.start)
    starting.start()
    told = []
    try:
        while starting.is_alive() and (found := _readiness(gateway.origin)) != {"ready": True}:
            told += [found] if found else []
            if told:
                may_open.touch()
            time.sleep(0.01)
    finally:
        may_open.touch()
        starting.join()
        gateway.stop()
    assert told[0] == {"ready": False, "why": "starting"}
    # Once the house is open, a database that takes seconds is another reason.
    assert {each["why"] for each in told} <= {"starting", "database"}


def test_a_server_that_drains_is_red_and_goes_on_answering(tmp_path: Path) -> None:
    with running(tmp_path / "gateway", drain_s="600") as gateway:
        process = _asked_to_stop(gateway)

        assert _readiness(gateway.origin) == {"ready": False, "why": "draining"}
        merchant = gateway.merchant()
        with httpx2.Client(base_url=gateway.origin, trust_env=False, timeout=END_S_MAX) as http:
            call = {"orderStr": merchant.order_str(order("late-1")), "callId": "late"}
            assert "cashierUrl" in http.post("/cashier/trade-pay", json=call).json()
        assert process.poll() is None


def test_a_server_that_has_drained_ends_by_itself(tmp_path: Path) -> None:
    with running(tmp_path / "gateway", drain_s="2") as gateway:
        began_s = time.monotonic()
        assert _asked_to_stop(gateway).wait(END_S_MAX) == 0
        assert time.monotonic() - began_s >= 2


def test_who_asks_twice_does_not_wait_for_a_load_balancer(tmp_path: Path) -> None:
    with running(tmp_path / "gateway", drain_s="600") as gateway:
        process = _asked_to_stop(gateway)
        process.send_signal(signal.SIGTERM)
        assert process.wait(END_S_MAX) == 0


def _asked_to_stop(gateway: Gateway) -> "subprocess.Popen[bytes]":
    """Ask a server to stop, and wait until it drains; its own `stop` would wait on."""
    process = gateway._process  # noqa: SLF001  As above.
    assert process is not None
    process.send_signal(signal.SIGTERM)
    while (found := _readiness(gateway.origin)) is not None and found.get("why") != "draining":
        time.sleep(0.01)
    return process


def _readiness(origin: str) -> dict[str, Any] | None:
    """Return what `/readyz` says, or None when nobody listens."""
    place = urlsplit(origin).netloc
    connection = HTTPConnection(place, timeout=END_S_MAX)
    try:
        connection.request("GET", "/readyz")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
    except OSError:
        return None
    finally:
        connection.close()
    return found
