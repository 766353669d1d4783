"""What every sender promises the notifier, held against the real one on both event loops.

The gateway runs on uvloop and a test of a merchant's may not, and the two end connections in
different ways; so the same story is told to both.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import pytest
import uvloop

from tests.e2e.outgoing.receivers import (
    WordedResolver,
    drips,
    hang,
    http,
    receiving,
    replies,
)
from tillgate.kernel.addresses import SANDBOX
from tillgate.workers.outgoing.port import Sender, SendFailure, SendResult
from tillgate.workers.outgoing.sender import HttpSender, SendLimits

LOOPS = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
HEAD_100 = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"

STORIES = [
    # what the receiver does, status, body, failure
    ("answers", replies(http("200 OK", b"{}")), 200, b"{}", None),
    ("fails", replies(http("500 Oops", b"sorry")), 500, b"sorry", None),
    ("redirects", replies(http("302 Found", b"", "Location: /")), 302, b"", SendFailure.REDIRECT),
    ("closes at once", replies(b""), None, b"", SendFailure.BROKEN_OFF),
    ("closes half way", replies(HEAD_100 + b"half"), 200, b"half", SendFailure.BROKEN_OFF),
    ("speaks no HTTP", replies(b"hello\r\n\r\n"), None, b"", SendFailure.PROTOCOL),
    ("hangs", hang, None, b"", SendFailure.TIMEOUT),
    ("drips", drips(HEAD_100 + b"a", b"b", every_s=3_600), 200, b"ab", SendFailure.TIMEOUT),
    ("floods", replies(http("200 OK", b"y" * 9)), 200, b"yyyyyyyy", SendFailure.TOO_LARGE),
]
NAMES = [story[0] for story in STORIES]
WAIT_MS_MAX = 60_000
ENDLESS_MS_MAX = 3_000
"""How long is waited for a receiver that never comes to an end; it has said its first by then."""

Story = Callable[[Sender], Awaitable[SendResult]]


def made(wait_ms_max: int) -> HttpSender:
    return HttpSender(
        policy=SANDBOX,
        resolver=WordedResolver([(ip_address("127.0.0.1"),), (ip_address("10.0.0.1"),)]),
        tls=ssl.create_default_context(),
        limits=SendLimits(exchange_ms_max=wait_ms_max, response_bytes_max=8),
    )


def told(loop: str, story: Story, *, wait_ms_max: int = WAIT_MS_MAX) -> SendResult:
    async def tell() -> SendResult:
        return await story(made(wait_ms_max))

    with asyncio.Runner(loop_factory=LOOPS[loop]) as runner:
        return runner.run(tell())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_receiver_does_is_a_result(name: str, loop: str) -> None:
    _, answer, status, body, failure = STORIES[NAMES.index(name)]

    async def story(sender: Sender) -> SendResult:
        async with receiving(answer) as merchant:
            return await sender.send(merchant.url, b"{}")

    is_endless = failure is SendFailure.TIMEOUT
    result = told(loop, story, wait_ms_max=ENDLESS_MS_MAX if is_endless else WAIT_MS_MAX)
    assert (result.status, result.body, result.failure) == (status, body, failure)
    assert result.sentence.startswith(failure.sentence if failure else "")
    assert bool(result.sentence) is (failure is not None)
    assert str(result.connected_address) == "127.0.0.1"


@pytest.mark.parametrize("loop", LOOPS)
def test_a_name_that_turns_inside_is_refused_at_its_next_send(loop: str) -> None:
    async def story(sender: Sender) -> SendResult:
        async with receiving(replies(http("200 OK"))) as merchant:
            url = merchant.url_of("shop.example")
            assert (await sender.send(url, b"{}")).status == 200
            return await sender.send(url, b"{}")

    assert told(loop, story).failure is SendFailure.REFUSED_BY_GUARD


@pytest.mark.parametrize("loop", LOOPS)
def test_nobody_listening_is_a_result(loop: str) -> None:
    async def story(sender: Sender) -> SendResult:
        async with receiving(hang) as merchant:
            url = merchant.url
        return await sender.send(url, b"{}")

    assert told(loop, story).failure is SendFailure.CONNECT


@pytest.mark.parametrize("loop", LOOPS)
def test_a_cancelled_send_ends_and_frees_its_slot(loop: str) -> None:
    async def story(sender: Sender) -> SendResult:
        async with receiving(hang) as merchant:
            send = asyncio.create_task(sender.send(merchant.url, b"{}"))
            while not merchant.at_once:
                await asyncio.sleep(0.005)
            room = sender.room(merchant.url)
            send.cancel()
            with pytest.raises(asyncio.CancelledError):
                await send
            assert sender.room(merchant.url) == room + 1
        async with receiving(replies(http("200 OK"))) as merchant:
            return await sender.send(merchant.url, b"{}")

    assert told(loop, story).status == 200
