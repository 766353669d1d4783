"""The machine's resolver: what it answers, and that a name server that hangs holds one thread."""

import asyncio
import threading
from ipaddress import ip_address

import pytest

from tests.e2e.outgoing.conftest import SHORT, MakeSender
from tests.e2e.outgoing.receivers import http, receiving, replies
from tillgate.kernel.addresses import IPAddress
from tillgate.workers.outgoing.port import ResolutionFailed, SendFailure
from tillgate.workers.outgoing.resolver import SystemResolver, addresses_of

LOOPBACK = ip_address("127.0.0.1")


async def test_this_machine_has_a_name(sandbox_sender: MakeSender) -> None:
    resolver = SystemResolver()
    async with receiving(replies(http("200 OK", b"{}"))) as merchant:
        result = await sandbox_sender(resolver=resolver).send(merchant.url_of("localhost"), b"{}")
        assert (result.status, result.connected_address) == (200, LOOPBACK)
    resolver.close()


async def test_a_name_that_nobody_has_is_told(sandbox_sender: MakeSender) -> None:
    resolver = SystemResolver()
    sender = sandbox_sender(resolver=resolver, limits=SHORT)
    result = await sender.send("https://nowhere.invalid/", b"{}")
    assert result.failure in {SendFailure.DNS, SendFailure.TIMEOUT}
    resolver.close()


def test_a_scope_id_is_kept_so_that_the_guard_sees_it() -> None:
    assert [str(address) for address in addresses_of("fe80::1%1")] == ["fe80::1%1"]


class SlowLookup:
    """Name servers of which some hang until they are let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.asked: list[str] = []

    def __call__(self, name: str) -> tuple[IPAddress, ...]:
        self.asked.append(name)
        if name.startswith("slow"):
            self.let_go.wait()
        if name.endswith("gone"):
            raise ResolutionFailed(f"{name} has no address.")
        return (LOOPBACK,)


async def test_a_name_whose_servers_hang_holds_one_thread_however_often_it_is_tried() -> None:
    lookup = SlowLookup()
    resolver = SystemResolver(lookup=lookup, threads=2)
    for _ in range(5):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(resolver.resolve("slow.example"), 0.02)
    while not lookup.asked:  # Its thread comes up meanwhile.
        await asyncio.sleep(0.005)
    assert await resolver.resolve("quick.example") == (LOOPBACK,)
    assert lookup.asked == ["slow.example", "quick.example"]
    waiting = asyncio.create_task(resolver.resolve("slow.example"))
    await asyncio.sleep(0)
    lookup.let_go.set()
    assert await waiting == (LOOPBACK,), "who asks meanwhile gets the answer of the open question"
    resolver.close()


async def test_an_answer_is_not_remembered() -> None:
    lookup = SlowLookup()
    resolver = SystemResolver(lookup=lookup)
    for _ in range(2):
        await resolver.resolve("shop.example")
    assert lookup.asked == ["shop.example"] * 2
    resolver.close()


async def test_a_failure_that_nobody_waits_for_any_more_is_quiet() -> None:
    lookup = SlowLookup()
    resolver = SystemResolver(lookup=lookup)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(resolver.resolve("slow.gone"), 0.02)
    lookup.let_go.set()
    with pytest.raises(ResolutionFailed):
        await resolver.resolve("slow.gone")
    resolver.close()


async def test_open_questions_have_a_limit() -> None:
    lookup = SlowLookup()
    resolver = SystemResolver(lookup=lookup, threads=1, lookups_max=2)
    waiting = [asyncio.create_task(resolver.resolve(f"slow{n}.example")) for n in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(ResolutionFailed, match="Too many"):
        await resolver.resolve("shop.example")
    lookup.let_go.set()
    assert await asyncio.gather(*waiting) == [(LOOPBACK,)] * 2
    assert await resolver.resolve("shop.example") == (LOOPBACK,)
    resolver.close()
