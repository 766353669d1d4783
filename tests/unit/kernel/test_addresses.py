"""Which hosts and addresses are internal: every block, its edges, and every odd spelling."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.kernel.addresses import (
    PRODUCTION,
    SANDBOX,
    URL_LENGTH_MAX,
    AddressKind,
    AddressRefused,
    check_address,
    kind_of,
    read_destination,
    read_host,
)

KINDS = [
    # address, kind
    ("0.0.0.0", AddressKind.UNSPECIFIED),  # noqa: S104  It is judged, nothing binds to it.
    ("0.255.255.255", AddressKind.UNSPECIFIED),
    ("9.255.255.255", AddressKind.PUBLIC),
    ("10.0.0.0", AddressKind.PRIVATE),
    ("10.255.255.255", AddressKind.PRIVATE),
    ("11.0.0.0", AddressKind.PUBLIC),
    ("100.63.255.255", AddressKind.PUBLIC),
    ("100.64.0.0", AddressKind.SHARED),
    ("100.100.100.200", AddressKind.SHARED),
    ("100.127.255.255", AddressKind.SHARED),
    ("100.128.0.0", AddressKind.PUBLIC),
    ("126.255.255.255", AddressKind.PUBLIC),
    ("127.0.0.1", AddressKind.LOOPBACK),
    ("127.255.255.255", AddressKind.LOOPBACK),
    ("128.0.0.0", AddressKind.PUBLIC),
    ("168.63.129.15", AddressKind.PUBLIC),
    ("168.63.129.16", AddressKind.PLATFORM),
    ("169.253.255.255", AddressKind.PUBLIC),
    ("169.254.169.254", AddressKind.LINK_LOCAL),
    ("169.255.0.0", AddressKind.PUBLIC),
    ("172.15.255.255", AddressKind.PUBLIC),
    ("172.16.0.0", AddressKind.PRIVATE),
    ("172.31.255.255", AddressKind.PRIVATE),
    ("172.32.0.0", AddressKind.PUBLIC),
    ("192.0.0.192", AddressKind.RESERVED),
    ("192.0.1.0", AddressKind.PUBLIC),
    ("192.0.2.1", AddressKind.DOCUMENTATION),
    ("192.88.99.1", AddressKind.SIX_TO_FOUR),
    ("192.167.255.255", AddressKind.PUBLIC),
    ("192.168.0.0", AddressKind.PRIVATE),
    ("192.168.255.255", AddressKind.PRIVATE),
    ("192.169.0.0", AddressKind.PUBLIC),
    ("198.17.255.255", AddressKind.PUBLIC),
    ("198.18.0.0", AddressKind.BENCHMARK),
    ("198.19.255.255", AddressKind.BENCHMARK),
    ("198.20.0.0", AddressKind.PUBLIC),
    ("198.51.100.7", AddressKind.DOCUMENTATION),
    ("203.0.113.7", AddressKind.DOCUMENTATION),
    ("223.255.255.255", AddressKind.PUBLIC),
    ("224.0.0.0", AddressKind.MULTICAST),
    ("239.255.255.255", AddressKind.MULTICAST),
    ("240.0.0.0", AddressKind.RESERVED),
    ("255.255.255.254", AddressKind.RESERVED),
    ("255.255.255.255", AddressKind.BROADCAST),
    ("::", AddressKind.UNSPECIFIED),
    ("::1", AddressKind.LOOPBACK),
    ("::2", AddressKind.MAPPED),
    ("::127.0.0.1", AddressKind.MAPPED),
    ("::8.8.8.8", AddressKind.MAPPED),
    ("::1:0:0", AddressKind.RESERVED),
    ("::ffff:127.0.0.1", AddressKind.MAPPED),
    ("::ffff:8.8.8.8", AddressKind.MAPPED),
    ("::ffff:0:127.0.0.1", AddressKind.MAPPED),
    ("64:ff9b::7f00:1", AddressKind.NAT64),
    ("64:ff9b::808:808", AddressKind.NAT64),
    ("64:ff9b:1::1", AddressKind.NAT64),
    ("64:ff9b:1:ffff:ffff:ffff:ffff:ffff", AddressKind.NAT64),
    ("100::1", AddressKind.RESERVED),
    ("2001::1", AddressKind.TEREDO),
    ("2001:0:ffff::1", AddressKind.TEREDO),
    ("2001:2::1", AddressKind.BENCHMARK),
    ("2001:20::1", AddressKind.RESERVED),
    ("2001:1ff:ffff::1", AddressKind.RESERVED),
    ("2001:200::1", AddressKind.PUBLIC),
    ("2001:db8::1", AddressKind.DOCUMENTATION),
    ("2001:4860:4860::8888", AddressKind.PUBLIC),
    ("2001:4860:4860::5efe:a00:1", AddressKind.ISATAP),
    ("2001:4860:4860::200:5efe:a00:1", AddressKind.ISATAP),
    ("2002:7f00:1::", AddressKind.SIX_TO_FOUR),
    ("2002:808:808::1", AddressKind.SIX_TO_FOUR),
    ("2606:4700:4700::1111", AddressKind.PUBLIC),
    ("3fff::1", AddressKind.DOCUMENTATION),
    ("3fff:1000::1", AddressKind.PUBLIC),
    ("4000::1", AddressKind.RESERVED),
    ("5f00::1", AddressKind.RESERVED),
    ("fc00::1", AddressKind.PRIVATE),
    ("fd00:ec2::254", AddressKind.PRIVATE),
    ("fe80::1", AddressKind.LINK_LOCAL),
    ("fe80::1%eth0", AddressKind.SCOPED),
    ("2606:4700:4700::1111%1", AddressKind.SCOPED),
    ("::1%lo", AddressKind.SCOPED),
    ("fec0::1", AddressKind.SITE_LOCAL),
    ("ff02::1", AddressKind.MULTICAST),
]

# Each is, or some reader takes it for, an address or a name inside.
INTERNAL_HOSTS = [
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "127.1.",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0X7F000001",
    "0x7f.0.0.1",
    "0177.0.0.1",
    "0177.0.0.01",
    "127.0.0.0x1",
    "0x7f.1",
    "127.00.0.1",
    "127.0.0.01",
    "0",
    "0.0.0.0",  # noqa: S104  It is judged, nothing binds to it.
    "0x",
    "0x.0x.0x.0x",
    "4294967295",
    "256.256.256.256",
    "1.2.3.4.5",
    "127.0.0.1.5",
    "\uff11\uff12\uff17.0.0.1",  # Fullwidth digits.
    "\u2460\u2461\u2466.0.0.1",  # Circled digits.
    "\u0661\u0662\u0667.0.0.1",  # Arabic-Indic digits.
    "127\u30020\u30020\u30021",  # Ideographic full stops.
    "127\uff0e0\uff0e0\uff0e1",  # Fullwidth full stops.
    "127\uff610\uff610\uff611",  # Halfwidth ideographic full stops.
    "127.0.0.1\u00ad",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "127.0.0.1%00.example.com",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[fe80::1%25eth0]",
    "[fe80::1%eth0]",
    "[::1%251]",
    "[fd00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[127.0.0.1]",
    "[localhost]",
    "[v1.127.0.0.1]",
    "[]",
    "[::1",
    "::1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "api.localhost",
    "loca\u029fhost",
    "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3",
    "localhost.localdomain",
    "printer.local",
    "metadata.google.internal",
    "router.home.arpa",
    "intranet",
    "db",
    "",
    ".",
    "..",
    ".example.com",
    "example..com",
    "example.com.",
    "-a.example.com",
    "a-.example.com",
    "a_b.example.com",
    "exa mple.com",
    "example.com\t",
    "a" * 64 + ".example.com",
    "a." * 126 + "com",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "255.255.255.255",
]


@pytest.mark.parametrize(("text", "kind"), KINDS)
def test_every_block_has_its_kind_to_the_edge(text: str, kind: AddressKind) -> None:
    assert kind_of(ip_address(text)) is kind


def test_every_kind_is_reached() -> None:
    assert {kind for _, kind in KINDS} == set(AddressKind)


@pytest.mark.parametrize(("text", "kind"), KINDS)
def test_production_opens_public_addresses_and_sandbox_loopback_besides(
    text: str, kind: AddressKind
) -> None:
    for policy, opened in (
        (PRODUCTION, {AddressKind.PUBLIC}),
        (SANDBOX, {AddressKind.PUBLIC, AddressKind.LOOPBACK}),
    ):
        if kind in opened:
            check_address(ip_address(text), policy)
        else:
            with pytest.raises(AddressRefused, match=r"^That is an? |^That is the broadcast"):
                check_address(ip_address(text), policy)


@given(st.ip_addresses(v=4))
def test_what_the_standard_library_calls_internal_is_never_public(address: IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved:
        assert kind_of(address) is not AddressKind.PUBLIC


@given(st.ip_addresses(v=6))
def test_the_same_of_ipv6(address: IPv6Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert kind_of(address) is not AddressKind.PUBLIC


@given(st.ip_addresses(v=4))
def test_no_ipv6_form_of_an_ipv4_address_is_public(address: IPv4Address) -> None:
    low = int(address)
    for form in (low, 0xFFFF << 32 | low, 0x0064_FF9B << 96 | low, 0x2002 << 112 | low << 80):
        if form > 1:
            assert kind_of(IPv6Address(form)) not in {AddressKind.PUBLIC, AddressKind.LOOPBACK}


def test_a_refusal_does_not_tell_the_address() -> None:
    with pytest.raises(AddressRefused) as refusal:
        check_address(IPv4Address("10.20.30.40"), PRODUCTION)
    assert "10.20.30.40" not in refusal.value.sentence


def test_the_sandbox_says_that_loopback_is_open() -> None:
    assert "loopback" in SANDBOX.sentence
    assert "loopback" not in PRODUCTION.sentence


@pytest.mark.parametrize("text", INTERNAL_HOSTS)
def test_a_host_that_is_internal_or_oddly_spelled_is_refused(text: str) -> None:
    with pytest.raises(AddressRefused):
        read_host(text, PRODUCTION)


@pytest.mark.parametrize("text", ["localhost", "LocalHost", "shop.localhost"])
def test_the_sandbox_takes_names_of_this_machine(text: str) -> None:
    assert read_host(text, SANDBOX).name == text.lower()


@pytest.mark.parametrize("text", ["127.0.0.1", "127.9.9.9", "[::1]"])
def test_the_sandbox_takes_loopback_addresses(text: str) -> None:
    assert str(read_host(text, SANDBOX).address) == text.strip("[]")


@pytest.mark.parametrize(
    "text", ["127.1", "2130706433", "0x7f.1", "127.0.0.1.", "[::ffff:127.0.0.1]", "0.0.0.1", "db"]
)
def test_the_sandbox_takes_no_odd_spelling_either(text: str) -> None:
    with pytest.raises(AddressRefused):
        read_host(text, SANDBOX)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("example.com", "example.com"),
        ("Pay.Example.COM", "pay.example.com"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("3com.com", "3com.com"),
        ("0x7f.example.com", "0x7f.example.com"),
        ("notlocalhost.com", "notlocalhost.com"),
        ("localhost.example.com", "localhost.example.com"),
        ("mylocal.com", "mylocal.com"),
        ("8.8.8.8", "8.8.8.8"),
        ("[2606:4700:4700:0::1111]", "2606:4700:4700::1111"),
    ],
)
def test_a_public_host_is_read_in_one_spelling(text: str, name: str) -> None:
    assert read_host(text, PRODUCTION).name == name


@pytest.mark.parametrize(
    ("url", "port"),
    [
        ("https://example.com", 443),
        ("HTTPS://example.com/a?b=c#d", 443),
        (" https://example.com:8443/notify ", 8443),
        ("https://example.com?x=https://10.0.0.1/", 443),
        ("https://example.com/a b/\u4ed8\u6b3e", 443),
        ("https://[2606:4700:4700::1111]:1/", 1),
    ],
)
def test_a_public_url_is_read(url: str, port: int) -> None:
    destination = read_destination(url, PRODUCTION)
    assert (destination.scheme, destination.port) == ("https", port)
    assert destination.url == url.strip()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("", "start with"),
        ("example.com/notify", "start with"),
        ("//example.com/notify", "start with"),
        ("https:example.com", "start with"),
        ("https:/example.com", "start with"),
        ("ftp://example.com/", "start with"),
        ("file:///etc/passwd", "start with"),
        ("gopher://example.com/", "start with"),
        ("http+unix://example.com/", "start with"),
        ("http://example.com/", "start with"),
        ("https://user@example.com/", "user name"),
        ("https://user:secret@example.com/", "user name"),
        ("https://example.com@127.0.0.1/", "user name"),
        ("https://@example.com/", "user name"),
        ("https://example.com\\@127.0.0.1/", "backslash"),
        ("https:\\\\example.com/", "backslash"),
        ("https://exam\tple.com/", "control"),
        ("https://example.com/a\r\nHost: inside", "control"),
        ("https://example.com/\x00", "control"),
        ("https://example.com/\ud800", "control"),
        ("https://example.com:0/", "port"),
        ("https://example.com:65536/", "port"),
        ("https://example.com:/", "host"),
        ("https://example.com:443:443/", "port"),
        ("https://example.com:+443/", "port"),
        ("https://example.com:\uff14\uff14\uff13/", "port"),
        ("https://[::1/", "host"),
        ("https://[2606:4700:4700::1111]x/", "port"),
        ("https:///notify", "host"),
        ("https://?x", "host"),
        ("https://127.0.0.1/", "loopback"),
        ("https://example.com/" + "a" * URL_LENGTH_MAX, "longer"),
    ],
)
def test_a_url_we_do_not_send_to_says_why(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused, match=reason):
        read_destination(url, PRODUCTION)


@given(st.text(max_size=60), st.sampled_from(["", "http://", "https://", "https://["]))
def test_any_text_is_read_or_refused(text: str, start: str) -> None:
    try:
        destination = read_destination(start + text, SANDBOX)
    except AddressRefused:
        return
    assert destination.host.name.isascii()
