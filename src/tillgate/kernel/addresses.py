"""Which hosts and addresses a message of ours may go to, and how a host must be spelled.

It decides from text and from address values alone: it asks no name server and opens nothing, so
whoever connects must hold each resolved address against `check_address` itself. What must hold: an
address is public only if the tables below leave it over, whatever the standard library of the
day thinks; and a spelling that two readers could take for two hosts is refused, never repaired.
"""

import re
from dataclasses import dataclass
from enum import StrEnum, unique
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final, TypeAlias, final

from tillgate.kernel.errors import TillgateError

IPAddress: TypeAlias = IPv4Address | IPv6Address

URL_LENGTH_MAX: Final = 2_048
HOST_LENGTH_MAX: Final = 253
LABEL_LENGTH_MAX: Final = 63
PORT_MAX: Final = 65_535
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@unique
class AddressKind(StrEnum):
    """What an address is; every kind but PUBLIC is internal."""

    PUBLIC = "a public address"
    LOOPBACK = "a loopback address"
    UNSPECIFIED = "an unspecified address"
    PRIVATE = "a private address"
    SHARED = "a carrier's shared address (CGNAT)"
    LINK_LOCAL = "a link-local address"
    SITE_LOCAL = "a site-local address"
    SCOPED = "an address with a scope id"
    MULTICAST = "a multicast address"
    BROADCAST = "the broadcast address"
    DOCUMENTATION = "an address kept for documentation"
    BENCHMARK = "an address kept for benchmarks"
    PLATFORM = "an address of the hosting platform's own services"
    MAPPED = "an IPv4 address written as IPv6"
    NAT64 = "a NAT64 address"
    SIX_TO_FOUR = "a 6to4 address"
    TEREDO = "a Teredo address"
    ISATAP = "an ISATAP address"
    RESERVED = "a reserved address"


# The special-purpose registries of IANA, the first match wins; tunnels and translators are refused
# whole, because what lies at their other end cannot be told from the address.
_IPV4_KINDS: Final = (
    (IPv4Network("0.0.0.0/8"), AddressKind.UNSPECIFIED),
    (IPv4Network("10.0.0.0/8"), AddressKind.PRIVATE),
    (IPv4Network("100.64.0.0/10"), AddressKind.SHARED),
    (IPv4Network("127.0.0.0/8"), AddressKind.LOOPBACK),
    (IPv4Network("168.63.129.16/32"), AddressKind.PLATFORM),  # Azure's, inside public space.
    (IPv4Network("169.254.0.0/16"), AddressKind.LINK_LOCAL),
    (IPv4Network("172.16.0.0/12"), AddressKind.PRIVATE),
    (IPv4Network("192.0.0.0/24"), AddressKind.RESERVED),
    (IPv4Network("192.0.2.0/24"), AddressKind.DOCUMENTATION),
    (IPv4Network("192.31.196.0/24"), AddressKind.RESERVED),
    (IPv4Network("192.52.193.0/24"), AddressKind.RESERVED),
    (IPv4Network("192.88.99.0/24"), AddressKind.SIX_TO_FOUR),
    (IPv4Network("192.168.0.0/16"), AddressKind.PRIVATE),
    (IPv4Network("192.175.48.0/24"), AddressKind.RESERVED),
    (IPv4Network("198.18.0.0/15"), AddressKind.BENCHMARK),
    (IPv4Network("198.51.100.0/24"), AddressKind.DOCUMENTATION),
    (IPv4Network("203.0.113.0/24"), AddressKind.DOCUMENTATION),
    (IPv4Network("224.0.0.0/4"), AddressKind.MULTICAST),
    (IPv4Network("255.255.255.255/32"), AddressKind.BROADCAST),
    (IPv4Network("240.0.0.0/4"), AddressKind.RESERVED),
)
_IPV6_KINDS: Final = (
    (IPv6Network("::/128"), AddressKind.UNSPECIFIED),
    (IPv6Network("::1/128"), AddressKind.LOOPBACK),
    (IPv6Network("::/96"), AddressKind.MAPPED),  # IPv4-compatible.
    (IPv6Network("::ffff:0:0/96"), AddressKind.MAPPED),
    (IPv6Network("::ffff:0:0:0/96"), AddressKind.MAPPED),  # IPv4-translated (SIIT).
    (IPv6Network("64:ff9b::/96"), AddressKind.NAT64),
    (IPv6Network("64:ff9b:1::/48"), AddressKind.NAT64),
    (IPv6Network("2001::/32"), AddressKind.TEREDO),
    (IPv6Network("2001:2::/48"), AddressKind.BENCHMARK),
    (IPv6Network("2001::/23"), AddressKind.RESERVED),
    (IPv6Network("2001:db8::/32"), AddressKind.DOCUMENTATION),
    (IPv6Network("2002::/16"), AddressKind.SIX_TO_FOUR),
    (IPv6Network("2620:4f:8000::/48"), AddressKind.RESERVED),
    (IPv6Network("3fff::/20"), AddressKind.DOCUMENTATION),
    (IPv6Network("fc00::/7"), AddressKind.PRIVATE),
    (IPv6Network("fe80::/10"), AddressKind.LINK_LOCAL),
    (IPv6Network("fec0::/10"), AddressKind.SITE_LOCAL),
    (IPv6Network("ff00::/8"), AddressKind.MULTICAST),
)
_IPV6_GLOBAL: Final = IPv6Network("2000::/3")
_ISATAP_INTERFACES: Final = frozenset({0x0000_5EFE, 0x0200_5EFE})

# Names that never lead out of a machine or a house (RFC 6761, 6762, 8375, ICANN's .internal).
_INNER_DOMAINS: Final = ("local", "localdomain", "internal", "home.arpa")

_LABEL: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DOTTED_QUAD: Final = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")
_IPV6_TEXT: Final = re.compile(r"\[([0-9a-f:.]+)\]")
_URL: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#]*)", re.IGNORECASE)
_AUTHORITY: Final = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{1,5}))?")
_FORBIDDEN: Final = re.compile(r"[\x00-\x1f\x7f\\\ud800-\udfff]")


class AddressRefused(TillgateError):
    """A message may not go there; the merchant gives another URL.

    Attributes:
        sentence: what is wrong with the address or its spelling.
    """

    def __init__(self, sentence: str) -> None:
        """Say why in a full sentence."""
        self.sentence = sentence
        super().__init__(sentence)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AddressPolicy:
    """Where messages may go.

    Attributes:
        loopback: whether this machine's own loopback addresses are open.
        schemes: the schemes a URL may have.
    """

    loopback: bool
    schemes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Return what is open, for the line that a start prints and for refusals."""
        if self.loopback:
            return "Messages go to public addresses and, as this is a sandbox, to loopback ones."
        return "Messages go to public addresses only."

    def allows(self, kind: AddressKind) -> bool:
        """Return whether a message may go to an address of this kind."""
        return kind is AddressKind.PUBLIC or (self.loopback and kind is AddressKind.LOOPBACK)


PRODUCTION: Final = AddressPolicy(loopback=False, schemes=("https",))
SANDBOX: Final = AddressPolicy(loopback=True, schemes=("https", "http"))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host whose spelling has one reading.

    Attributes:
        name: lower-case ASCII name, or the address in its canonical form without brackets.
        address: the address when the host is one; a name has none before it is resolved.
    """

    name: str
    address: IPAddress | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A URL whose parts have one reading; `url` is its text without blanks around it."""

    url: str
    scheme: str
    host: Host
    port: int


def kind_of(address: IPAddress) -> AddressKind:
    """Return what an address is."""
    if isinstance(address, IPv4Address):
        kinds = (kind for network, kind in _IPV4_KINDS if address in network)
        return next(kinds, AddressKind.PUBLIC)
    if address.scope_id is not None:
        return AddressKind.SCOPED
    for network, kind in _IPV6_KINDS:
        if address in network:
            return kind
    if address not in _IPV6_GLOBAL:
        return AddressKind.RESERVED
    if (int(address) >> 32) & 0xFFFF_FFFF in _ISATAP_INTERFACES:
        return AddressKind.ISATAP
    return AddressKind.PUBLIC


def check_address(address: IPAddress, policy: AddressPolicy) -> None:
    """Let an address pass that the policy opens.

    Raises:
        AddressRefused: it is internal; the sentence names its kind but not the address, which
            would tell an outsider what a name means inside.
    """
    kind = kind_of(address)
    if not policy.allows(kind):
        raise AddressRefused(f"That is {kind}. {policy.sentence}")


def read_host(text: str, policy: AddressPolicy) -> Host:
    """Return the host that a URL names, judged as far as its text goes.

    Raises:
        AddressRefused: the spelling is unusual, or the host is internal.
    """
    folded = _ascii(text).lower()
    address = _literal(folded)
    if address is not None:
        check_address(address, policy)
        return Host(name=str(address), address=address)
    _check_labels(folded)
    if not policy.loopback and _is_under(folded, "localhost"):
        raise AddressRefused(f"{folded} is this machine. {policy.sentence}")
    if any(_is_under(folded, domain) for domain in _INNER_DOMAINS):
        raise AddressRefused(f"{folded} is a name inside a network. {policy.sentence}")
    if "." not in folded and folded != "localhost":
        raise AddressRefused(f"{folded} has no domain, so only the network inside could know it.")
    return Host(name=folded, address=None)


def read_destination(url: str, policy: AddressPolicy) -> Destination:
    """Return the parts of a URL a message may be sent to.

    Raises:
        AddressRefused: the URL is not one we send to; the sentence says what to change.
    """
    text = url.strip(" \t\r\n")
    if len(text) > URL_LENGTH_MAX:
        raise AddressRefused(f"The URL is longer than {URL_LENGTH_MAX} characters.")
    if _FORBIDDEN.search(text):
        raise AddressRefused("The URL has a control character or a backslash in it.")
    parts = _URL.match(text)
    scheme = parts["scheme"].lower() if parts else ""
    if parts is None or scheme not in policy.schemes:
        raise AddressRefused(f"The URL must start with {' or '.join(policy.schemes)}://.")
    if "@" in parts["authority"]:
        raise AddressRefused("The URL has a user name before its host; leave it out.")
    authority = _AUTHORITY.fullmatch(parts["authority"])
    if authority is None:
        raise AddressRefused("The URL's host and port cannot be read; write host or host:port.")
    port = int(authority["port"] or _DEFAULT_PORTS[scheme])
    if not 0 < port <= PORT_MAX:
        raise AddressRefused(f"The port must be 1 to {PORT_MAX}.")
    host = read_host(authority["host"], policy)
    return Destination(url=text, scheme=scheme, host=host, port=port)


def _ascii(text: str) -> str:
    if not text or len(text) > HOST_LENGTH_MAX:
        raise AddressRefused(f"A host has 1 to {HOST_LENGTH_MAX} characters.")
    if not text.isascii():
        raise AddressRefused("A host is written in ASCII; an international name in its xn-- form.")
    return text


def _literal(folded: str) -> IPAddress | None:
    """Return the address a host is, or None when it is a name."""
    try:
        if bracketed := _IPV6_TEXT.fullmatch(folded):
            return IPv6Address(bracketed[1])
        # What browsers and C libraries take for IPv4 is decided by the last label alone.
        if not _NUMBER.fullmatch(folded.removesuffix(".").rpartition(".")[2]):
            return None
        if _DOTTED_QUAD.fullmatch(folded):
            return IPv4Address(folded)
    except ValueError as error:
        raise AddressRefused("The host looks like an address but is none.") from error
    raise AddressRefused("An IPv4 address is written as four decimal numbers, as in 192.0.2.1.")


def _check_labels(folded: str) -> None:
    for label in folded.split("."):
        if len(label) > LABEL_LENGTH_MAX or not _LABEL.fullmatch(label):
            raise AddressRefused(
                "A host is made of letters, digits and hyphens, in parts of 1 to "
                f"{LABEL_LENGTH_MAX} characters with single dots between them and none at the end."
            )


def _is_under(name: str, domain: str) -> bool:
    return name == domain or name.endswith(f".{domain}")
