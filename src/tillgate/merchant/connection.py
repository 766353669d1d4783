"""How the SDK reaches the gateway, as values: limits of one exchange, and when to repeat it.

It decides nothing by itself and opens nothing. What must hold: everything that could last or grow
has a limit with a unit; the pauses between repeats grow, and are spread so that many merchants that
failed at one instant do not come back at one instant.
"""

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Protocol, final
from urllib.parse import urlsplit

import msgspec

from tillgate.merchant.asking import NotKnown, Reply
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX

SCHEMES = frozenset({"http", "https"})
HERE = "localhost"


@final
class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one exchange with the gateway, and the way to it.

    Attributes:
        connect_s: for the connection, TLS included, and for a free place in the pool.
        read_s: for each silence while the answer is awaited or read.
        total_s: for the whole exchange; `Merchant` looks at it with each piece of the answer.
        answer_bytes_max: how large an answer may be.
        connections_max: how many connections are kept open for reuse.
        ca_file: certificates to trust instead of the system's, for a gateway with its own.
        proxy: the address of a proxy; the environment's variables are not looked at.
        headers: more headers of each request, as a machine on the way may want them, or a sandbox
            that is to play a fault.
        plain_http: whether base_url may be http:// at another machine; tokens and refunds are then
            read, and answers held back, by everybody on the way.
    """

    connect_s: float = 3.0
    read_s: float = 15.0
    total_s: float = 30.0
    answer_bytes_max: int = MESSAGE_BYTES_MAX
    connections_max: int = 20
    ca_file: Path | None = None
    proxy: str | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    plain_http: bool = False

    def __post_init__(self) -> None:
        """Refuse a limit that is none."""
        if min(self.connect_s, self.read_s, self.total_s) <= 0:
            message = "a time-out is above zero seconds"
            raise ValueError(message)
        if min(self.answer_bytes_max, self.connections_max) < 1:
            message = "a limit is at least 1"
            raise ValueError(message)


@final
class Repeating(msgspec.Struct, frozen=True, kw_only=True):
    """How often a request that may pass the next time is sent, and the pauses between.

    Attributes:
        tries_max: how often in all; 1 never repeats.
        pause_s: the pause before the second try; it doubles from try to try.
        pause_s_max: the longest pause.
    """

    tries_max: int = 3
    pause_s: float = 0.5
    pause_s_max: float = 5.0

    def __post_init__(self) -> None:
        """Refuse what would never end or never start."""
        if self.tries_max < 1 or self.pause_s <= 0 or self.pause_s_max < self.pause_s:
            message = "repeating needs at least one try and growing pauses above zero"
            raise ValueError(message)

    def pause_after(self, tries: int) -> float:
        """Return the longest pause after so many tries, in seconds; at least half of it is kept."""
        return min(self.pause_s * 2.0 ** (tries - 1), self.pause_s_max)


def checked_base_url(text: str, connection: Connection) -> str:
    """Return where the gateway is, without a slash at the end.

    Raises:
        ValueError: it is no http or https address, holds what cannot be part of one here, or is
            http to another machine, which `connection` does not allow.
    """
    parts = urlsplit(text.strip())
    if parts.scheme not in SCHEMES or not parts.hostname:
        message = f"base_url {text!r} is not http:// or https:// and a host"
        raise ValueError(message)
    if parts.username or parts.password or parts.query or parts.fragment:
        message = "base_url has no user, query or fragment; give scheme, host, port and path"
        raise ValueError(message)
    if parts.scheme == "http" and not (connection.plain_http or _is_here(parts.hostname)):
        message = (
            f"base_url {text!r} is http:// to another machine, where everybody on the way reads "
            "tokens; use https://, or in a network that is all yours Connection(plain_http=True)"
        )
        raise ValueError(message)
    return text.strip().rstrip("/")


def _is_here(host: str) -> bool:
    """Tell whether a host can only be this machine."""
    if host == HERE or host.endswith(f".{HERE}"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


class Carrier(Protocol):
    """Posts and sleeps, in place."""

    def post(self, path: str, raw: bytes) -> Reply | NotKnown:
        """Post bytes and return what came back."""

    def pause(self, seconds: float) -> None:
        """Sleep."""

    def close(self) -> None:
        """Let go of the connections."""


class AsyncCarrier(Protocol):
    """Posts and sleeps, on an event loop."""

    async def post(self, path: str, raw: bytes) -> Reply | NotKnown:
        """Post bytes and return what came back."""

    async def pause(self, seconds: float) -> None:
        """Sleep."""

    async def close(self) -> None:
        """Let go of the connections."""
