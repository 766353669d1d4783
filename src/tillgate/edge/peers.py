"""Who calls, by address: what a proxy in front of us says is believed of named proxies alone.

Limits hold for an address; behind a proxy every caller would otherwise share the proxy's. What must
hold: a forwarded address is taken from the right, where our own proxies wrote it, and never past
the first one that is none of ours; a caller cannot choose the name under which it is counted; a
proxy that nobody named is told of, once.
"""

import ipaddress
from collections.abc import Iterable, Iterator
from typing import Final, final

import structlog

from tillgate.edge.asgi import App, Receive, Scope, Send, reply_json
from tillgate.edge.desk import DoorSettings
from tillgate.edge.rates import Rate
from tillgate.kernel.clock import Clock

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
TOO_MANY: Final = "REQUEST_TRAFFIC_EXCEED_LIMIT: Too many requests from you; wait a second."
FORWARDED: Final = b"x-forwarded-for"
HOPS_MAX: Final = 16
HOUSEHOLD_BITS: Final = 64
"""What one customer of a network gets of IPv6; counting single addresses would count nobody."""


@final
class Gate:
    """Stands before the doors: finds out who calls, and turns away who calls too often."""

    def __init__(self, clock: Clock, settings: DoorSettings) -> None:
        """Believe the named proxies, and count the requests of everybody else."""
        self._clock = clock
        self._proxies = settings.proxies
        self._rate = Rate(settings.requests_per_s_max)
        self._has_warned = False

    def before(self, app: App, *, is_counted: bool = True) -> App:
        """Return a door as it is reached through this gate."""

        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            scope = self._found(scope)
            if is_counted and not self._allows(scope):
                soon = ((b"retry-after", b"1"),)
                await reply_json(send, 429, {"memo": TOO_MANY}, headers=soon)
                return
            await app(scope, receive, send)

        return answer

    def _found(self, scope: Scope) -> Scope:
        """Return the scope with the caller's own address where a proxy's stood."""
        client = scope.get("client")
        peer = _address(client[0]) if client else None
        if client is None or peer is None:
            return scope
        if not self._is_ours(peer):
            self._warn(peer, scope["headers"])
            return scope
        for hop in _hops(scope["headers"]):
            address = _address(hop)
            if address is None:
                break
            if not self._is_ours(address):
                return {**scope, "client": (str(address), client[1])}
        return scope

    def _allows(self, scope: Scope) -> bool:
        """Count a request of this caller and tell whether it may come in."""
        client = scope.get("client")
        name = counted(client[0]) if client else ""
        return not name or self._rate.allows(name, now_ms=self._clock.now_ms())

    def _warn(self, peer: Address, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Say once that a proxy seems to stand before us: its callers share one address's limits.

        What comes from the open internet says so of itself, and is no news.
        """
        if self._has_warned or peer.is_global or all(name != FORWARDED for name, _ in headers):
            return
        self._has_warned = True
        structlog.get_logger("tillgate.doors").warning(
            "proxy_not_named",
            peer=str(peer),
            reason="X-Forwarded-For comes from an address that is no proxy of ours; if it is one,"
            " all callers behind it share its limits until TILLGATE_PROXIES names it",
        )

    def _is_ours(self, address: Address) -> bool:
        return any(address in network for network in self._proxies)


def counted(peer: str) -> str:
    """Return the name under which an address is counted; "" for this machine, which is not.

    A request that comes from this machine itself is an operator's, or a proxy's that names nobody.
    """
    address = _address(peer)
    if address is None or address.is_loopback:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, HOUSEHOLD_BITS), strict=False))


def _hops(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[str]:
    """Yield who was forwarded for whom, the newest first."""
    said = b",".join(value for name, value in headers if name == FORWARDED)
    hops = said.decode("latin-1").rsplit(",", HOPS_MAX)
    yield from reversed(hops[-HOPS_MAX:])


def _address(text: str) -> Address | None:
    """Return the address in a text, with or without a port, or None."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = getattr(address, "ipv4_mapped", None)
    return mapped or address
