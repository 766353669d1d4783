"""The guard, through the real sender: a URL goes in, and nothing may arrive inside."""

import ssl
from ipaddress import ip_address

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.e2e.outgoing.conftest import SHORT, MakeSender
from tests.e2e.outgoing.receivers import WordedResolver, http, receiving, replies
from tillgate.kernel.addresses import (
    PRODUCTION,
    AddressRefused,
    Destination,
    Host,
    IPAddress,
    read_destination,
)
from tillgate.kernel.errors import Broken
from tillgate.workers.outgoing.connector import PinnedConnector
from tillgate.workers.outgoing.port import SendFailure
from tillgate.workers.outgoing.sender import HttpSender, agreed_url

OK = replies(http("200 OK", b"{}"))
PUBLIC = "198.41.0.4"  # Public by the tables; nothing answers there on the ports used here.

INTERNAL_SPELLINGS = [
    # loopback
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0X7F.0x0.0x0.0x1",
    "0177.0.0.1",
    "127.0.0.01",
    "127.00.00.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    # this network, and everything that ends up there
    "0",
    "0.0.0.0",  # noqa: S104  It is refused, nothing binds to it.
    "[::]",
    # other characters for the same host
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",
    "\u2460\u2461\u2466.0.0.1",
    "127\u30020\u30020\u30021",
    "127\uff0e0\uff0e0\uff0e1",
    "127\uff610\uff610\uff611",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    "%6c%6f%63%61%6c%68%6f%73%74",
    "%31%32%37.0.0.1",
    "127.0.0.1%00",
    # two readers, two hosts
    "public.example@127.0.0.1",
    "public.example:443@127.0.0.1",
    "127.0.0.1\\@public.example",
    "127.0.0.1\\.public.example",
    "127.0.0.1\t",
    "127.0.0.1%23@public.example",
    "[127.0.0.1]",
    # private, shared, link-local, the platforms' own
    "10.0.0.1",
    "10.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "0300.0250.0.1",
    "3232235521",
    "100.64.0.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "168.63.129.16",
    "100.100.100.200",
    "metadata.google.internal",
    "printer.local",
    "intranet",
    # kept for something else
    "192.0.2.1",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    # IPv4 in IPv6 clothes
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:169.254.169.254]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::a00:1]",
    "[2002:7f00:1::1]",
    "[2001:0:7f00:1::]",
    "[2001:4860:4860::5efe:7f00:1]",
    # inside IPv6
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[::1%25lo]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
]

INTERNAL_ANSWERS = [
    "127.0.0.1",
    "0.0.0.0",  # noqa: S104  It is refused, nothing binds to it.
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "::7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::7f00:1",
    "2002:7f00:1::1",
    "2001::1",
    "fd00::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]


def addresses(*texts: str) -> tuple[IPAddress, ...]:
    return tuple(ip_address(text) for text in texts)


@pytest.mark.parametrize("host", INTERNAL_SPELLINGS)
async def test_every_spelling_of_an_internal_host_is_refused(
    host: str, production_sender: MakeSender
) -> None:
    resolver = WordedResolver([addresses(PUBLIC)])
    async with receiving(OK) as inside:
        sender = production_sender(resolver=resolver)
        for url in (f"https://{host}:{inside.port}/notify", f"https://{host}/notify"):
            result = await sender.send(url, b"{}")
            assert result.failure is SendFailure.REFUSED_BY_GUARD
            assert result.sentence
            assert (result.status, result.connected_address) == (None, None)
        assert inside.connections == 0
    assert resolver.asked == [], "it is refused by its text; no name server hears of it"


def test_there_are_at_least_forty_of_them() -> None:
    assert len(set(INTERNAL_SPELLINGS)) >= 40


@pytest.mark.parametrize("answer", INTERNAL_ANSWERS)
async def test_a_name_that_leads_inside_is_refused(
    answer: str, production_sender: MakeSender
) -> None:
    resolver = WordedResolver([addresses(answer)])
    async with receiving(OK) as inside:
        result = await production_sender(resolver=resolver).send(
            inside.url_of("shop.example").replace("http:", "https:"), b"{}"
        )
        assert result.failure is SendFailure.REFUSED_BY_GUARD
        assert answer not in result.sentence, "an outsider must not learn what a name means inside"
        assert inside.connections == 0
    assert resolver.asked == ["shop.example"]


@pytest.mark.parametrize("answer", sorted(set(INTERNAL_ANSWERS) - {"127.0.0.1", "::1"}))
async def test_one_internal_address_among_good_ones_refuses_the_name(
    answer: str, sandbox_sender: MakeSender
) -> None:
    resolver = WordedResolver([addresses("127.0.0.1", answer)])
    async with receiving(OK) as good:
        result = await sandbox_sender(resolver=resolver).send(good.url_of("shop.example"), b"{}")
        assert result.failure is SendFailure.REFUSED_BY_GUARD
        assert good.connections == 0


async def test_a_name_that_turns_inside_after_the_check_is_not_followed(
    production_sender: MakeSender,
) -> None:
    resolver = WordedResolver([addresses(PUBLIC), addresses("127.0.0.1")])
    async with receiving(OK) as inside:
        sender = production_sender(resolver=resolver, limits=SHORT)
        url = f"https://shop.example:{inside.port}/notify"
        first = await sender.send(url, b"{}")
        assert first.failure in {SendFailure.CONNECT, SendFailure.TIMEOUT}
        assert resolver.asked == ["shop.example"], "one send asks once"
        second = await sender.send(url, b"{}")
        assert second.failure is SendFailure.REFUSED_BY_GUARD
        assert inside.connections == 0


async def test_the_address_connected_to_is_the_one_that_was_checked(
    sandbox_sender: MakeSender,
) -> None:
    resolver = WordedResolver([addresses("127.0.0.1"), addresses("127.0.0.2")])
    async with receiving(OK) as first:
        url = first.url_of("shop.example")
        sender = sandbox_sender(resolver=resolver)
        result = await sender.send(url, b"{}")
        assert (result.status, str(result.connected_address)) == (200, "127.0.0.1")
        assert resolver.asked == ["shop.example"]
        # The first answer is not remembered: the next send checks and uses the next one.
        result = await sender.send(url, b"{}")
        assert result.failure is SendFailure.CONNECT
        assert first.connections == 1


async def test_the_socket_is_refused_even_when_the_url_holds_an_address() -> None:
    """No resolver is asked about an address, so the last door must hold by itself."""
    async with receiving(OK) as inside:
        connector = PinnedConnector(
            addresses=addresses("127.0.0.2"), tls=ssl.create_default_context()
        )
        async with aiohttp.ClientSession(connector=connector) as session:
            with pytest.raises(aiohttp.ClientConnectorError, match="not one that the guard"):
                await session.post(inside.url, data=b"{}")
        assert inside.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "shop.localhost", "shop.example"])
async def test_the_sandbox_reaches_this_machine(host: str, sandbox_sender: MakeSender) -> None:
    resolver = WordedResolver([addresses("127.0.0.1")])
    async with receiving(OK) as merchant:
        result = await sandbox_sender(resolver=resolver).send(merchant.url_of(host), b"{}")
        assert (result.status, result.body, result.failure) == (200, b"{}", None)


async def test_the_sandbox_opens_ipv6_loopback(sandbox_sender: MakeSender) -> None:
    """Nothing listens there, so it ends the same on a machine without IPv6."""
    async with receiving(OK) as elsewhere:
        result = await sandbox_sender().send(elsewhere.url_of("[::1]"), b"{}")
        assert result.failure is SendFailure.CONNECT


async def test_a_dead_address_gives_way_to_the_next_approved_one(
    sandbox_sender: MakeSender,
) -> None:
    resolver = WordedResolver([addresses("127.0.0.3", "127.0.0.1")])
    async with receiving(OK) as merchant:
        result = await sandbox_sender(resolver=resolver).send(
            merchant.url_of("shop.example"), b"{}"
        )
        assert (result.status, str(result.connected_address)) == (200, "127.0.0.1")


@pytest.mark.parametrize("host", ["10.0.0.1", "127.1", "[::ffff:127.0.0.1]", "0.0.0.1", "db"])
async def test_the_sandbox_opens_nothing_but_loopback(
    host: str, sandbox_sender: MakeSender
) -> None:
    async with receiving(OK) as inside:
        result = await sandbox_sender().send(inside.url_of(host), b"{}")
        assert result.failure is SendFailure.REFUSED_BY_GUARD
        assert inside.connections == 0


async def test_production_sends_over_https_alone(production_sender: MakeSender) -> None:
    result = await production_sender().send("http://shop.example/notify", b"{}")
    assert result.failure is SendFailure.REFUSED_BY_GUARD
    assert "https://" in result.sentence


@pytest.mark.parametrize(
    ("check_hostname", "verify_mode"),
    [(False, ssl.CERT_REQUIRED), (True, ssl.CERT_OPTIONAL), (False, ssl.CERT_NONE)],
)
def test_a_sender_that_would_trust_anybody_is_not_made(
    check_hostname: bool,  # noqa: FBT001  A column of the table above.
    verify_mode: ssl.VerifyMode,
) -> None:
    lenient = ssl.create_default_context()
    lenient.check_hostname = check_hostname
    lenient.verify_mode = verify_mode
    with pytest.raises(Broken):
        HttpSender(policy=PRODUCTION, resolver=WordedResolver([()]), tls=lenient)


@pytest.mark.parametrize(
    ("url", "agreed"),
    [
        ("https://shop.example:8443/", True),
        ("https://SHOP.example:8443/a", True),
        ("https://inside.example:8443/", False),
        ("https://shop.example:9443/", False),
        ("http://shop.example:8443/", False),
    ],
)
def test_the_library_must_read_the_place_that_was_judged(
    url: str,
    agreed: bool,  # noqa: FBT001  A column of the table above.
) -> None:
    host = Host(name="shop.example", address=None)
    destination = Destination(url=url, scheme="https", host=host, port=8443)
    if agreed:
        assert str(agreed_url(destination)) == url
    else:
        with pytest.raises(AddressRefused, match="two ways"):
            agreed_url(destination)


@settings(deadline=None)
@given(st.text(max_size=40), st.sampled_from(["shop.example", "[2606:4700::1]", "8.8.8.8"]))
def test_whatever_is_judged_good_is_read_alike(rest: str, host: str) -> None:
    for url in (f"https://{host}/{rest}", f"https://{host}?{rest}", f"https://{host}{rest}"):
        try:
            destination = read_destination(url, PRODUCTION)
        except AddressRefused:
            continue
        assert agreed_url(destination).port == destination.port
