"""Addresses a merchant gives us, normalised as a browser would read them (WHATWG URL; U6).

Decides which texts may be an address at all: http or https, no user information, a host in ASCII.
Whether a host may be used (registered, not internal) is for the doors and the kernel's addresses.
What must hold: whatever a browser would take for another host than the eye does (backslashes, tabs,
`http:evil.example`, numbers as hosts) comes out in its plain form, or is refused.
"""

import ipaddress
import re
from collections.abc import Iterable
from typing import final
from urllib.parse import parse_qsl, quote, unquote_to_bytes

import msgspec

from tillgate.protocol.rules import Rule

RESERVED_PARAMETERS = (
    "merchantId",
    "merchantTransId",
    "resultInfo",
    "acquirementId",
    "orderAmount",
    "createTime",
    "extendInfo",
    "respTime",
    "signature",
)
"""Parameters that we append to a returnUrl, so a merchant's own URL may not hold them."""

AUTH_PARAMETERS = (
    "state",
    "auth_site",
    "merchantAgreementId",
    "authCode",
    "auth_code",
    "client_id",
    "authResult",
)
"""Parameters that we append to a merchantRedirectUrl, and another spelling of one of them (C7)."""

_C0_AND_BLANK = "".join(map(chr, range(0x21)))
_SCHEME = re.compile(r"(https?):(.*)", re.IGNORECASE | re.DOTALL)
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::([0-9]*))?")
_HOST = re.compile(r"[a-z0-9._-]{1,253}")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PLAIN = re.compile(
    # Already as a browser would write it: nothing to change and no query to look into.
    r"https?://[a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)*\.[a-z][a-z-]*"
    r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+/?"
)
_DEFAULT_PORTS = {"http": "80", "https": "443"}
_PORT_MAX = 65535
_IPV4_PARTS_MAX = 4
_PATH_SAFE = "%/:@!$&'()*+,;=[]|~\\"
_QUERY_SAFE = "%/:@!$&()*+,;=[]|~\\?`{}^"
_FRAGMENT_SAFE = "%/:@!$&'()*+,;=[]|~\\?{}^#"


@final
class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A normalised http or https URL in its parts; query and fragment are None when absent."""

    scheme: str
    host: str
    port: str
    path: str
    query: str | None
    fragment: str | None

    def __str__(self) -> str:
        """Return the URL."""
        port = f":{self.port}" if self.port else ""
        query = "" if self.query is None else f"?{self.query}"
        fragment = "" if self.fragment is None else f"#{self.fragment}"
        return f"{self.scheme}://{self.host}{port}{self.path}{query}{fragment}"


def parse(text: str) -> Address:
    """Read a URL as a browser does.

    Raises:
        ValueError: it is not http or https, has user information, or no usable host or port.
    """
    bare = text.strip(_C0_AND_BLANK).replace("\t", "").replace("\n", "").replace("\r", "")
    found = _SCHEME.fullmatch(bare)
    if not found:
        raise ValueError("the address must start with http:// or https://")
    scheme = found[1].lower()
    rest, _, fragment = found[2].partition("#")
    before, mark, query = rest.partition("?")
    authority, slash, path = before.replace("\\", "/").lstrip("/").partition("/")
    host, port = _host_and_port(authority, scheme)
    return Address(
        scheme=scheme,
        host=host,
        port=port,
        path=_path(slash + path),
        query=quote(query, safe=_QUERY_SAFE) if mark else None,
        fragment=quote(fragment, safe=_FRAGMENT_SAFE) if "#" in found[2] else None,
    )


def normalise(text: str) -> str:
    """Return a URL as a browser would write it; ValueError as `parse`."""
    return text if _PLAIN.fullmatch(text) else str(parse(text))


def host_of(text: str) -> str:
    """Return the host a browser would go to; IPv6 addresses keep their brackets."""
    return parse(text).host


def origin_of(text: str) -> str:
    """Return scheme, host and port, as a browser writes an origin."""
    address = parse(text)
    port = f":{address.port}" if address.port else ""
    return f"{address.scheme}://{address.host}{port}"


def check_return_url(text: str) -> None:
    """Refuse, with ValueError, a returnUrl that is no address or holds a parameter of ours."""
    if _PLAIN.fullmatch(text):
        return
    refuse_reserved(parse(text))


def check_redirect_url(text: str) -> None:
    """Refuse, with ValueError, a merchantRedirectUrl that is none or holds a parameter of ours."""
    if _PLAIN.fullmatch(text):
        return
    refuse_reserved(parse(text), AUTH_PARAMETERS)


def refuse_reserved(address: Address, reserved: Iterable[str] = RESERVED_PARAMETERS) -> None:
    """Refuse, with ValueError, an address whose query holds a parameter of ours."""
    names = {name for name, _ in parse_qsl(address.query or "", keep_blank_values=True)}
    for name in reserved:
        if name in names:
            raise ValueError(f"the address already holds the parameter {name}, which is ours")


_REDIRECT_WORDS = (
    "an http or https address with a host in ASCII, without user information, and without the "
    "parameters that are appended to it ({})"
)
NOTIFY_URL = Rule(
    must_be="an http or https address with a host in ASCII and without user information",
    check=normalise,
    type_name="string (URL)",
)
RETURN_URL = Rule(
    must_be=_REDIRECT_WORDS.format(", ".join(RESERVED_PARAMETERS)),
    check=check_return_url,
    type_name="string (URL)",
)
MERCHANT_REDIRECT_URL = Rule(
    must_be=_REDIRECT_WORDS.format(", ".join(AUTH_PARAMETERS)),
    check=check_redirect_url,
    type_name="string (URL)",
)


def _host_and_port(authority: str, scheme: str) -> tuple[str, str]:
    if "@" in authority:
        raise ValueError("the address holds user information before an @; leave it out")
    found = _AUTHORITY.fullmatch(authority)
    if not found or not found[1]:
        raise ValueError("the address has no usable host")
    port = found[2] or ""
    if port and int(port) > _PORT_MAX:
        raise ValueError(f"the port is above {_PORT_MAX}")
    port = str(int(port)) if port else ""
    return _host(found[1]), "" if port == _DEFAULT_PORTS[scheme] else port


def _host(text: str) -> str:
    if text.startswith("[") and "%" not in text:  # A zone is of no use to anybody else.
        return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
    try:
        host = unquote_to_bytes(text).decode("ascii").lower()
    except UnicodeError as fault:
        raise ValueError("the host is not ASCII; write it in its xn-- form") from fault
    if not _HOST.fullmatch(host) or ".." in host or host.startswith("."):
        raise ValueError("the address has no usable host")
    labels = host.removesuffix(".").split(".")
    return _ipv4(labels) if _NUMBER.fullmatch(labels[-1]) else host


def _ipv4(labels: list[str]) -> str:
    """Read numbers as browsers do: 1 to 4 parts, decimal, 0octal or 0xhex; the last fills up."""
    if len(labels) > _IPV4_PARTS_MAX or not all(_NUMBER.fullmatch(label) for label in labels):
        raise ValueError("the host ends in a number but is no IPv4 address")
    *heads, last = [_number(label) for label in labels]
    room = 256 ** (_IPV4_PARTS_MAX - len(heads))
    if any(head > 255 for head in heads) or last >= room:  # noqa: PLR2004  A byte.
        raise ValueError("the host ends in a number but is no IPv4 address")
    value = last + sum(head * 256 ** (3 - place) for place, head in enumerate(heads))
    return str(ipaddress.IPv4Address(value))


def _number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8) if label.startswith("0") and label != "0" else int(label)


def _path(text: str) -> str:
    """Return the path with dot segments resolved, also those written as %2e."""
    kept: list[str] = []
    segments = text.split("/")[1:]
    for place, segment in enumerate(segments):
        plain = segment.lower().replace("%2e", ".")
        last = place == len(segments) - 1
        if plain == "..":
            kept = kept[:-1]
        elif plain != ".":
            kept.append(segment)
            continue
        if last:
            kept.append("")
    return "/" + quote("/".join(kept), safe=_PATH_SAFE)
