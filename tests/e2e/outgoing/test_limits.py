"""What a receiver may cost: real servers that hang, drip, redirect, flood, refuse and lie."""

import asyncio
import gzip
import json
import random
import socket
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from pkgutil import resolve_name

import pytest

from tests.e2e.outgoing.certificates import Authority
from tests.e2e.outgoing.conftest import PATIENT, SHORT, MakeSender
from tests.e2e.outgoing.receivers import (
    Answer,
    HangingResolver,
    WordedResolver,
    drips,
    hang,
    http,
    receiving,
    replies,
)
from tillgate.kernel.clock import SECOND_MS
from tillgate.workers.outgoing.port import SendFailure
from tillgate.workers.outgoing.sender import DEFAULT_LIMITS, SendLimits

LOOPBACK = ip_address("127.0.0.1")
BODY_MAX = 64 * 1_024
TAUGHT = http("200 OK", b'{"response":{}}', "Set-Cookie: a=b", "Content-Type: application/json")


def test_the_limits_are_those_of_the_protocol() -> None:
    assert DEFAULT_LIMITS.exchange_ms_max == 10_000
    assert DEFAULT_LIMITS.response_bytes_max == BODY_MAX
    assert DEFAULT_LIMITS.sends_per_host_max == 4


async def test_a_message_arrives_as_it_was_given_and_its_answer_comes_back(
    sandbox_sender: MakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    body = json.dumps({"request": {"head": {}, "body": {"title": "付款"}}}).encode()
    async with receiving(replies(TAUGHT)) as merchant:
        sender = sandbox_sender()
        for _ in range(2):
            result = await sender.send(merchant.url + "?a=b%2Fc&d=é", body)
            assert (result.status, result.body) == (200, b'{"response":{}}')
            assert (result.failure, result.sentence) == (None, "")
            assert result.connected_address == LOOPBACK
    head, _, sent = merchant.requests[1].partition(b"\r\n\r\n")
    line, *fields = head.decode("ascii").split("\r\n")
    assert sent == body
    assert line == "POST /notify?a=b%2Fc&d=%C3%A9 HTTP/1.1"
    assert sorted(fields) == [
        "Accept-Encoding: identity",
        "Accept: application/json",
        "Connection: close",
        f"Content-Length: {len(body)}",
        "Content-Type: application/json;charset=utf-8",
        f"Host: 127.0.0.1:{merchant.port}",
        "User-Agent: Tillgate",
    ]
    assert merchant.connections == 2, "no connection is kept, so none is reused unchecked"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("", "/"),
        ("?a=b", "/?a=b"),
        ("/a/../b//c", "/a/../b//c"),
        ("/%7Ea%2fb?c=%20+d%3D&e", "/%7Ea%2fb?c=%20+d%3D&e"),
        ('/a b/\u4ed8?"<>{}|^`=\u00e9#part', "/a%20b/%E4%BB%98?%22%3C%3E%7B%7D%7C%5E%60=%C3%A9"),
        ("/%zz?100%", "/%zz?100%"),
    ],
)
async def test_the_merchants_path_and_query_are_sent_as_written(
    written: str, sent: str, sandbox_sender: MakeSender
) -> None:
    async with receiving(replies(TAUGHT)) as merchant:
        url = merchant.url.removesuffix("/notify") + written
        assert (await sandbox_sender().send(url, b"{}")).status == 200
        assert merchant.requests[0].startswith(f"POST {sent} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("status", ["500 Oops", "404 Not Found", "204 No Content", "429 Later"])
async def test_any_other_status_is_an_answer(status: str, sandbox_sender: MakeSender) -> None:
    async with receiving(replies(http(status))) as merchant:
        result = await sandbox_sender().send(merchant.url, b"{}")
        assert (result.status, result.failure) == (int(status[:3]), None)


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Temp", "308 Perm"])
async def test_a_redirect_is_not_followed(status: str, sandbox_sender: MakeSender) -> None:
    async with receiving(replies(TAUGHT)) as target:
        moved = http(status, b"gone", f"Location: {target.url}")
        async with receiving(replies(moved)) as merchant:
            result = await sandbox_sender().send(merchant.url, b"{}")
            assert (result.status, result.body) == (int(status[:3]), b"gone")
            assert result.failure is SendFailure.REDIRECT
        assert target.connections == 0


HEAD_100 = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [
        hang,
        drips(HEAD_100, b"x" * 100, every_s=0.1),
        drips(b"", HEAD_100, every_s=0.1),
        drips(b"", b"HTTP/1.1 102 Wait\r\n\r\n" * 100, every_s=0.01),
        drips(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"1\r\nx\r\n" * 50,
            every_s=0.1,
        ),
    ],
    ids=["silent", "body byte by byte", "head byte by byte", "endless 1xx", "chunk by chunk"],
)
async def test_an_exchange_ends_in_time_however_slowly_its_bytes_come(
    answer: Answer, sandbox_sender: MakeSender
) -> None:
    async with receiving(answer) as merchant:
        result = await sandbox_sender(limits=SHORT).send(merchant.url, b"{}")
        assert result.failure is SendFailure.TIMEOUT
        assert result.elapsed_ms >= SHORT.exchange_ms_max - 100
        assert result.connected_address in {LOOPBACK, None}  # Even to connect may take too long.
        await _until(lambda: merchant.at_once == 0)  # It really hung up.


async def test_what_came_before_the_end_is_kept(
    sandbox_sender: MakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is over once the beginning was read, by a clock of the test's own."""
    loop = asyncio.get_running_loop()
    passed_s, time_of = [0.0], loop.time
    exchange = resolve_name("tillgate.workers.outgoing.sender:_Exchange")
    take = exchange.take

    def take_and_wait(self: object, chunk: bytes) -> None:
        take(self, chunk)
        passed_s[0] = PATIENT.exchange_ms_max / SECOND_MS

    async def begins(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(HEAD_100 + b"begun")
        await hang(reader, writer)

    monkeypatch.setattr(loop, "time", lambda: time_of() + passed_s[0])
    monkeypatch.setattr(exchange, "take", take_and_wait)
    async with receiving(begins) as merchant:
        result = await sandbox_sender().send(merchant.url, b"{}")
        assert (result.status, result.body) == (200, b"begun")
        assert result.failure is SendFailure.TIMEOUT


async def test_a_name_server_that_hangs_is_given_up(sandbox_sender: MakeSender) -> None:
    sender = sandbox_sender(resolver=HangingResolver(), limits=SHORT)
    result = await sender.send("https://shop.example/", b"{}")
    assert (result.failure, result.connected_address) == (SendFailure.TIMEOUT, None)


async def test_a_name_without_an_address_is_told(sandbox_sender: MakeSender) -> None:
    result = await sandbox_sender().send("https://shop.example/", b"{}")
    assert result.failure is SendFailure.DNS
    assert "shop.example" in result.sentence


async def test_a_closed_port_is_told(sandbox_sender: MakeSender) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
        result = await sandbox_sender().send(url, b"{}")  # Nobody listens on it meanwhile.
    assert (result.failure, result.status) == (SendFailure.CONNECT, None)


def flood(head: bytes) -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for _ in range(16):  # A megabyte in all.
            writer.write(b"y" * BODY_MAX)
            await writer.drain()

    return answer


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /\r\nConnection: close\r\n\r\n",
    ],
)
async def test_a_megabyte_is_cut_off(head: bytes, sandbox_sender: MakeSender) -> None:
    async with receiving(flood(head)) as merchant:
        result = await sandbox_sender().send(merchant.url, b"{}")
        assert result.failure is SendFailure.TOO_LARGE
        assert result.body == b"y" * BODY_MAX


@pytest.mark.parametrize(
    ("length", "failure"), [(BODY_MAX, None), (BODY_MAX + 1, SendFailure.TOO_LARGE)]
)
async def test_the_limit_is_exact(
    length: int, failure: SendFailure | None, sandbox_sender: MakeSender
) -> None:
    async with receiving(replies(http("200 OK", b"z" * length))) as merchant:
        result = await sandbox_sender().send(merchant.url, b"{}")
        assert (result.failure, len(result.body)) == (failure, BODY_MAX)


async def test_a_packed_answer_is_not_unpacked(sandbox_sender: MakeSender) -> None:
    packed = gzip.compress(b"0" * 10_000_000)
    async with receiving(replies(http("200 OK", packed, "Content-Encoding: gzip"))) as merchant:
        result = await sandbox_sender().send(merchant.url, b"{}")
        assert (result.failure, result.body) == (None, packed)


@pytest.mark.parametrize(
    ("raw", "failure"),
    [
        (b"", SendFailure.BROKEN_OFF),
        (b"HTTP/1.1 200", SendFailure.BROKEN_OFF),
        (b"HTTP/1.1 200 OK\r\nContent-Le", SendFailure.BROKEN_OFF),
        (HEAD_100 + b"half", SendFailure.BROKEN_OFF),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", SendFailure.BROKEN_OFF),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", SendFailure.PROTOCOL),
        (b"hello, I speak something else\r\n\r\n", SendFailure.PROTOCOL),
        (b"SSH-2.0-OpenSSH_9.6\r\n", SendFailure.PROTOCOL),
        (b"HTTP/1.1 999999 OK\r\n\r\n", SendFailure.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", SendFailure.PROTOCOL),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            SendFailure.PROTOCOL,
        ),
        (b"HTTP/1.1 200 OK\r\nX: " + b"h" * 20_000 + b"\r\n\r\n", SendFailure.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1_000 + b"\r\n", SendFailure.PROTOCOL),
        (b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n", SendFailure.PROTOCOL),
    ],
)
async def test_an_answer_that_is_none_is_told(
    raw: bytes, failure: SendFailure, sandbox_sender: MakeSender
) -> None:
    async with receiving(replies(raw)) as merchant:
        result = await sandbox_sender().send(merchant.url, b"{}")
        assert result.failure is failure
        assert result.sentence.isprintable()
        assert result.connected_address == LOOPBACK


async def test_no_bytes_whatever_make_the_sender_raise(sandbox_sender: MakeSender) -> None:
    chance = random.Random(20_240_607)
    whole = http("200 OK", b'{"a":1}', "Content-Type: text/html; charset=\xe9", "X-A: b")
    spoilt = whole

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(spoilt)
        await writer.drain()

    sender = sandbox_sender(limits=SendLimits(exchange_ms_max=200))
    async with receiving(answer) as merchant:
        for _ in range(300):
            data = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            spoilt = bytes(data[: chance.randint(len(data) // 2, len(data))])
            result = await sender.send(merchant.url, b"{}")
            assert result.failure is not None or result.status is not None


async def test_at_most_four_go_to_a_host_at_once(sandbox_sender: MakeSender) -> None:
    go_on = asyncio.Event()

    async def slow(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(TAUGHT)
        await writer.drain()

    async with receiving(slow) as merchant:
        sender = sandbox_sender()
        assert sender.room(merchant.url) == 4
        sends = [asyncio.create_task(sender.send(merchant.url, b"{}")) for _ in range(12)]
        await _until(lambda: merchant.at_once == 4)
        assert sender.room(merchant.url) == 0
        go_on.set()
        assert {result.status for result in await asyncio.gather(*sends)} == {200}
        assert merchant.at_once_most == 4
        assert sender.room(merchant.url) == 4


async def test_a_host_that_hangs_delays_no_other(sandbox_sender: MakeSender) -> None:
    sender = sandbox_sender()
    async with receiving(hang) as stuck, receiving(replies(TAUGHT)) as healthy:
        waiting = [asyncio.create_task(sender.send(stuck.url, b"{}")) for _ in range(20)]
        await _until(lambda: stuck.at_once == 4)
        for _ in range(5):
            result = await sender.send(healthy.url, b"{}")
            assert result.status == 200
        assert stuck.at_once == 4, "it hung all the while"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert sender.room(stuck.url) == 4, "a cancelled send gives its slot back"


async def test_whoever_gets_no_turn_is_told_that_nothing_was_sent(
    sandbox_sender: MakeSender,
) -> None:
    limits = SendLimits(exchange_ms_max=120_000, turn_wait_ms_max=100, sends_per_host_max=1)
    sender = sandbox_sender(limits=limits)
    async with receiving(hang) as stuck:
        first = asyncio.create_task(sender.send(stuck.url, b"{}"))
        await _until(lambda: stuck.at_once == 1)
        result = await sender.send(stuck.url, b"{}")
        assert (result.failure, result.elapsed_ms) == (SendFailure.BUSY, 0)
        assert stuck.connections == 1
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_all_hosts_together_have_a_limit(sandbox_sender: MakeSender) -> None:
    limits = SendLimits(exchange_ms_max=120_000, turn_wait_ms_max=100, sends_max=2)
    sender = sandbox_sender(limits=limits)
    async with receiving(hang) as stuck, receiving(replies(TAUGHT)) as other:
        waiting = [asyncio.create_task(sender.send(stuck.url, b"{}")) for _ in range(2)]
        await _until(lambda: stuck.at_once == 2)
        assert sender.room(other.url) == 0
        assert (await sender.send(other.url, b"{}")).failure is SendFailure.BUSY
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert (await sender.send(other.url, b"{}")).status == 200


async def test_tls_is_spoken_to_the_name_at_the_checked_address(
    authority: Authority, tmp_path: Path, sandbox_sender: MakeSender
) -> None:
    tls = authority.serving("shop.example", tmp_path)
    async with receiving(replies(TAUGHT), tls=tls) as merchant:
        sender = sandbox_sender(resolver=WordedResolver([(LOOPBACK,)]), tls=authority.trusting())
        result = await sender.send(merchant.url_of("shop.example"), b"{}")
        assert (result.status, result.failure) == (200, None)
        assert result.connected_address == LOOPBACK
        assert f"Host: shop.example:{merchant.port}".encode() in merchant.requests[0]


@pytest.mark.parametrize("fault", ["unknown authority", "other name", "expired", "an address"])
async def test_a_certificate_that_does_not_fit_is_refused(
    fault: str, authority: Authority, tmp_path: Path, sandbox_sender: MakeSender
) -> None:
    host = "other.example" if fault == "other name" else "shop.example"
    tls = authority.serving(host, tmp_path, expired=fault == "expired")
    trust = Authority() if fault == "unknown authority" else authority
    async with receiving(replies(TAUGHT), tls=tls) as merchant:
        sender = sandbox_sender(resolver=WordedResolver([(LOOPBACK,)]), tls=trust.trusting())
        url = merchant.url if fault == "an address" else merchant.url_of("shop.example")
        result = await sender.send(url, b"{}")
        assert (result.failure, result.status) == (SendFailure.TLS, None)
        assert merchant.requests == []


async def test_a_server_that_speaks_no_tls_is_refused(sandbox_sender: MakeSender) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(TAUGHT)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        result = await sandbox_sender().send(f"https://127.0.0.1:{port}/", b"{}")
        assert result.failure is SendFailure.TLS


@pytest.mark.parametrize("when", ["before the handshake", "after it"])
async def test_a_tls_server_that_hangs_is_cut_off(
    when: str, authority: Authority, tmp_path: Path, sandbox_sender: MakeSender
) -> None:
    tls = authority.serving("shop.example", tmp_path) if when == "after it" else None
    async with receiving(hang, tls=tls) as merchant:
        sender = sandbox_sender(
            resolver=WordedResolver([(LOOPBACK,)]), tls=authority.trusting(), limits=SHORT
        )
        result = await sender.send(f"https://shop.example:{merchant.port}/", b"{}")
        assert result.failure is SendFailure.TIMEOUT


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not holds():
            await asyncio.sleep(0.005)
