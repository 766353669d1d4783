"""Ten thousand idle connections, slow-loris in head and body, peers that never take their answer.

The server is a real process with its usual limits. What must hold: while a crowd stands there, a
healthy client is served; the server holds no more connections than its limits say,
and its memory is bounded; as soon as the crowd has gone it is as before.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.hostile.buyers import CALM, IS_LONG, Buyers, add_payers, check_books
from tests.hostile.crowds import crowd
from tests.hostile.measuring import PATIENCE_S, becomes, files, memory_kib, pid_of, status
from tests.support.gateway import Gateway, running
from tillgate.cli.listener import OTHER_FILES_MAX, WAITING_MIN
from tillgate.config.settings import Limits

CROWD: Final = 10_000
HELD_MAX: Final = Limits().connections_max + WAITING_MIN
MEMORY_KIB_MAX: Final = 100 * 1024
"""How much memory all connections together may cost."""
STANDS_S: Final = 600
"""How long a crowd may stand that is to be seen standing: longer than all else takes."""
REQUEST_WAIT_S: Final = 30 if IS_LONG else 3
HEAD: Final = b"POST /wallet/session HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n"

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """One server for all crowds: each must leave it as it was."""
    limits = {"request_wait_s_max": str(REQUEST_WAIT_S)}
    folder = tmp_path_factory.mktemp("connections")
    with running(folder / "gateway", risk_weights=CALM, **limits) as started:
        yield started


def check_healthy(gateway: Gateway, *, times: int = 10) -> None:
    """Ask as a newcomer would, each time on a connection of its own."""
    assert [status(gateway, "/healthz") for _ in range(times)] == [200] * times


def check_bounds(gateway: Gateway, before_kib: int) -> None:
    """Hold what the server has open, and its memory, to the limits."""
    pid = pid_of(gateway)
    assert files(pid) < HELD_MAX + OTHER_FILES_MAX
    assert memory_kib(pid) - before_kib < MEMORY_KIB_MAX


async def test_ten_thousand_idle_connections_keep_nobody_from_paying(tmp_path: Path) -> None:
    """Others are paid for and answered while the crowd stands, not behind its end."""
    limits = {"request_wait_s_max": str(STANDS_S)}
    with (
        running(tmp_path / "gateway", risk_weights=CALM, **limits) as gateway,
        crowd(gateway, CROWD) as idle,
    ):
        await asyncio.to_thread(add_payers, gateway, ("ann",))
        before_kib = memory_kib(pid_of(gateway))
        buyers = Buyers(gateway, ("ann",))
        async with buyers.buying():
            await asyncio.to_thread(idle.grow, CROWD)
            assert idle.refused == 0
            await asyncio.to_thread(idle.shrinks_to, HELD_MAX)
            await buyers.more_are_paid()
            await asyncio.to_thread(check_healthy, gateway)
            check_bounds(gateway, before_kib)
            assert await asyncio.to_thread(idle.open) > HELD_MAX / 2
        await buyers.close()
        idle.close()
        assert set(buyers.told()) <= {"9000", "lost"}
        check_healthy(gateway)
        check_books(gateway, buyers.payments)


@pytest.mark.parametrize(
    "said",
    [
        HEAD + b"x-slow: ",
        HEAD + b"content-length: 4000\r\n\r\n",
        HEAD + b"transfer-encoding: chunked\r\n\r\n",
        b"",
    ],
    ids=["head", "body", "chunked body", "blank lines"],
)
def test_peers_that_trickle_hold_their_places_for_a_while_and_keep_nobody_out(
    gateway: Gateway, said: bytes
) -> None:
    before_kib = memory_kib(pid_of(gateway))
    whole = said % gateway.port if said else said
    piece = b"\r\n" if not said else b"1\r\na\r\n" if b"chunked" in said else b"a"
    with crowd(gateway, 3_000) as slow:
        first_s = time.monotonic()
        slow.grow(3_000, whole)
        began_s = time.monotonic()
        slow.shrinks_to(HELD_MAX)
        while slow.open():
            assert time.monotonic() - began_s < REQUEST_WAIT_S + PATIENCE_S, slow.open()
            slow.trickle(piece)
            check_healthy(gateway, times=1)
            check_bounds(gateway, before_kib)
            time.sleep(0.2)
        assert time.monotonic() - first_s > REQUEST_WAIT_S / 2
    check_healthy(gateway)


def test_a_connection_between_requests_is_not_kept_alive_by_blank_lines(gateway: Gateway) -> None:
    with crowd(gateway, 1) as one:
        one.grow(1, b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n\r\n" % gateway.port)
        one.wires[0].settimeout(PATIENCE_S)
        assert one.wires[0].recv(4_096).startswith(b"HTTP/1.1 200")
        one.wires[0].setblocking(False)  # noqa: FBT003  The standard library's shape.
        began_s = time.monotonic()
        while one.open():
            assert time.monotonic() - began_s < REQUEST_WAIT_S + PATIENCE_S
            one.trickle(b"\r\n")
            time.sleep(0.1)


def test_peers_that_never_take_their_answers_are_let_go(gateway: Gateway) -> None:
    before_kib = memory_kib(pid_of(gateway))
    # The system's own buffers hold a few megabytes of answers; this asks for more.
    asked = b"GET /openapi.json HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n\r\n" % gateway.port
    with crowd(gateway, 20) as deaf:
        before = files(pid_of(gateway))
        deaf.grow(20, asked * 100)
        check_healthy(gateway)
        began_s = time.monotonic()
        while files(pid_of(gateway)) > before:
            assert time.monotonic() - began_s < REQUEST_WAIT_S + PATIENCE_S, files(pid_of(gateway))
            check_bounds(gateway, before_kib)
            time.sleep(0.2)
    check_healthy(gateway)


def test_peers_that_vanish_in_the_middle_leave_nothing_behind(gateway: Gateway) -> None:
    before = files(pid_of(gateway))
    with crowd(gateway, 500) as gone:
        gone.grow(500, HEAD % gateway.port + b"content-length: 4000\r\n\r\nhalf")
        for wire in gone.wires[:250]:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # A reset.
        for wire in gone.wires[250:]:
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_WR)
    began_s = time.monotonic()
    while files(pid_of(gateway)) > before + 5:
        assert time.monotonic() - began_s < PATIENCE_S
        time.sleep(0.1)
    check_healthy(gateway)


def test_more_requests_than_may_be_answered_at_once_are_turned_away_and_told_so(
    tmp_path: Path,
) -> None:
    """The seats are taken by readers of the live story, whose answers never end."""
    with (
        running(tmp_path / "gateway", connections_max="8") as gateway,
        contextlib.ExitStack() as held,
    ):
        client = held.enter_context(
            httpx2.Client(base_url=gateway.origin, trust_env=False, timeout=PATIENCE_S)
        )
        for _ in range(8):
            story = held.enter_context(client.stream("GET", "/wallet/story"))
            assert story.status_code == 200
        refused = client.get("/healthz")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["memo"].startswith("REQUEST_TRAFFIC_EXCEED_LIMIT")
        assert refused.json()["resultCode"] is None
        held.close()
        becomes(gateway, 200, path="/healthz")  # It hears of their end when it comes to it.
        check_healthy(gateway)
