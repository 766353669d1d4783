"""A connector that can reach a fixed set of addresses and no other.

It decides nothing; it is handed what the guard approved. aiohttp asks no resolver when a URL holds
an address, so the set is held a second time where the socket is made: no path of the library leads
around that place. What must hold: no socket is made for an address outside the set.
"""

import errno
import socket
import ssl
from collections.abc import Sequence
from ipaddress import ip_address
from typing import final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from tillgate.kernel.addresses import IPAddress


class NotApproved(OSError):
    """Somebody tried to connect to an address that the guard did not approve."""


@final
class PinnedConnector(aiohttp.TCPConnector):
    """Connects once, to one of the approved addresses, and keeps no connection for later."""

    def __init__(self, *, addresses: Sequence[IPAddress], tls: ssl.SSLContext) -> None:
        """Open the way to these addresses alone."""
        self._approved_addresses = frozenset(addresses)
        self.connected_address: IPAddress | None = None
        super().__init__(
            resolver=_FixedAnswer(addresses),
            use_dns_cache=False,
            force_close=True,
            ssl=tls,
            socket_factory=self._open_socket,
        )

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[aiohttp.tracing.Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109  The library's own signature.
    ) -> aiohttp.connector.Connection:
        """Connect, and remember to whom."""
        connection = await super().connect(req, traces, timeout)
        if connection.transport is not None:
            peer = connection.transport.get_extra_info("peername")
            self.connected_address = ip_address(peer[0])
        return connection

    def _open_socket(self, target: aiohttp.AddrInfoType) -> socket.socket:
        family, kind, protocol, _, address = target
        if ip_address(address[0]) not in self._approved_addresses:
            raise NotApproved(errno.EACCES, "The address is not one that the guard approved.")
        return socket.socket(family=family, type=kind, proto=protocol)


@final
class _FixedAnswer(AbstractResolver):
    """Answers every question with the approved addresses."""

    def __init__(self, addresses: Sequence[IPAddress]) -> None:
        self._addresses = tuple(addresses)

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,  # noqa: ARG002  The library's own signature.
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=str(address),
                port=port,
                family=socket.AF_INET if address.version == 4 else socket.AF_INET6,  # noqa: PLR2004  The version of IPv4.
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self._addresses
        ]

    async def close(self) -> None:
        """Nothing is held open."""
