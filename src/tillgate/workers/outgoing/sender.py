"""One POST to a URL that a merchant named, with a limit on everything it can cost.

It decides how a message travels and which failure an end is called; it knows neither what the body
says nor whether the answer is an acknowledgement. What must hold: the address is checked before
the socket exists and is the one connected to; nothing is followed, unpacked, remembered or taken
from the environment; and an exchange ends in time, however slowly its bytes come.
"""

import asyncio
import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, final
from urllib.parse import quote

import aiohttp
from yarl import URL

from tillgate.kernel.addresses import (
    AddressPolicy,
    AddressRefused,
    Destination,
    IPAddress,
    read_destination,
)
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Broken
from tillgate.workers.outgoing.connector import NotApproved, PinnedConnector
from tillgate.workers.outgoing.guard import approved_addresses
from tillgate.workers.outgoing.port import ResolutionFailed, Resolver, SendFailure, SendResult
from tillgate.workers.outgoing.slots import HostSlots, NoSlot

_HEADERS: Final = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json;charset=utf-8",
    "User-Agent": "Tillgate",
}
_CHUNK_BYTES: Final = 16 * 1_024
_HEADERS_MAX: Final = 64
_URL_CHARACTERS: Final = ":/?#[]@!$&'()*+,;=%-._~"  # Besides letters and digits (RFC 3986).
_DETAIL_LENGTH_MAX: Final = 300
_HEADER_BYTES_MAX: Final = 8 * 1_024
_NO_OWN_TIMEOUTS: Final = aiohttp.ClientTimeout(total=None, sock_connect=None)
_REDIRECTS: Final = range(300, 400)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SendLimits:
    """What one send, and all of them together, may cost (U7)."""

    exchange_ms_max: int = 10_000
    turn_wait_ms_max: int = 10_000
    response_bytes_max: int = 64 * 1_024
    sends_per_host_max: int = 4
    sends_max: int = 256


DEFAULT_LIMITS: Final = SendLimits()


@final
class HttpSender:
    """Sends over HTTP, to where the policy lets it."""

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        resolver: Resolver,
        tls: ssl.SSLContext,
        limits: SendLimits = DEFAULT_LIMITS,
    ) -> None:
        """Take its parts; the context says whose certificates are trusted.

        Raises:
            Broken: the context would accept anybody's certificate.
        """
        if tls.verify_mode is not ssl.CERT_REQUIRED or not tls.check_hostname:
            raise Broken("The sender's TLS context must require certificates and check names.")
        self._policy = policy
        self._resolver = resolver
        self._tls = tls
        self._limits = limits
        self._slots = HostSlots(per_host_max=limits.sends_per_host_max, total_max=limits.sends_max)

    def room(self, url: str) -> int:
        """Return how many more messages to the URL's host would go out without waiting."""
        try:
            return self._slots.room(_key(read_destination(url, self._policy)))
        except AddressRefused:
            return self._limits.sends_per_host_max  # It is refused at once, so it never waits.

    async def send(self, url: str, body: bytes) -> SendResult:
        """Send one message and return what became of it."""
        exchange = _Exchange(bytes_max=self._limits.response_bytes_max)
        try:
            destination = read_destination(url, self._policy)
            async with self._slots.turn(
                _key(destination), wait_ms_max=self._limits.turn_wait_ms_max
            ):
                exchange.start()
                async with asyncio.timeout(self._limits.exchange_ms_max / SECOND_MS):
                    await self._exchange(destination, body, exchange)
        except _EXPECTED as error:
            return exchange.result(_failure_of(error), str(error))
        if exchange.status in _REDIRECTS:
            return exchange.result(SendFailure.REDIRECT)
        return exchange.result()

    async def _exchange(self, destination: Destination, body: bytes, exchange: "_Exchange") -> None:
        addresses = await approved_addresses(
            destination, resolver=self._resolver, policy=self._policy
        )
        connector = PinnedConnector(addresses=addresses, tls=self._tls)
        try:
            async with (
                _session(connector) as session,
                session.post(agreed_url(destination), data=body, allow_redirects=False) as response,
            ):
                exchange.status = response.status
                async for chunk in response.content.iter_any():
                    exchange.take(chunk)
        finally:
            exchange.connected_address = connector.connected_address


class _TooLarge(Exception):
    """More came back than is read."""


@final
class _Exchange:
    """What is known so far of one exchange, so that an end at any moment keeps what came."""

    def __init__(self, *, bytes_max: int) -> None:
        self.status: int | None = None
        self.connected_address: IPAddress | None = None
        self._bytes_max = bytes_max
        self._body = bytearray()
        self._started_s: float | None = None

    def start(self) -> None:
        self._started_s = asyncio.get_running_loop().time()

    def take(self, chunk: bytes) -> None:
        self._body += chunk[: self._bytes_max - len(self._body) + 1]
        if len(self._body) > self._bytes_max:
            raise _TooLarge

    def result(self, failure: SendFailure | None = None, detail: str = "") -> SendResult:
        now_s = asyncio.get_running_loop().time()
        started_s = now_s if self._started_s is None else self._started_s
        sentence = "" if failure is None else f"{failure.sentence} {_one_line(detail)}".strip()
        return SendResult(
            status=self.status,
            body=bytes(self._body[: self._bytes_max]),
            elapsed_ms=int((now_s - started_s) * SECOND_MS),
            connected_address=self.connected_address,
            failure=failure,
            sentence=sentence,
        )


# How an end is called; the first line that fits counts, so a kind stands before what it is one of.
_FAILURES: Final[tuple[tuple[type[Exception], SendFailure], ...]] = (
    (AddressRefused, SendFailure.REFUSED_BY_GUARD),
    (NoSlot, SendFailure.BUSY),
    (ResolutionFailed, SendFailure.DNS),
    (_TooLarge, SendFailure.TOO_LARGE),
    (aiohttp.ClientConnectorCertificateError, SendFailure.TLS),
    (aiohttp.ClientSSLError, SendFailure.TLS),
    (aiohttp.ClientConnectorError, SendFailure.CONNECT),
    (TimeoutError, SendFailure.TIMEOUT),
    (aiohttp.ClientConnectionError, SendFailure.BROKEN_OFF),
    (aiohttp.ClientPayloadError, SendFailure.BROKEN_OFF),
    (OSError, SendFailure.BROKEN_OFF),
    (aiohttp.ClientError, SendFailure.PROTOCOL),
)
_EXPECTED: Final = tuple(kind for kind, _ in _FAILURES)


def _failure_of(error: Exception) -> SendFailure:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, NotApproved):
        return SendFailure.REFUSED_BY_GUARD
    return next(failure for kind, failure in _FAILURES if isinstance(error, kind))


def _one_line(detail: str) -> str:
    """Return a library's text, which may quote what came back, fit to be shown in a list."""
    shown = "".join(character if character.isprintable() else " " for character in detail)
    return " ".join(shown.split())[:_DETAIL_LENGTH_MAX]


def _key(destination: Destination) -> tuple[str, int]:
    return destination.host.name, destination.port


def agreed_url(destination: Destination) -> URL:
    """Return the URL as the HTTP library reads it, provided it reads the same host and port.

    Only what may not stand in a request line is percent-encoded: a merchant may compare or sign its
    own query, so `%2F` is not made `/`, as the library would.

    Raises:
        AddressRefused: the library reads another place out of the same text.
    """
    url = URL(quote(destination.url, safe=_URL_CHARACTERS), encoded=True)
    host = destination.host
    read = (url.raw_host or "").lower()
    same_host = ip_address(read) == host.address if host.address else read == host.name
    if not same_host or url.port != destination.port or url.scheme != destination.scheme:
        raise AddressRefused("The URL can be read in two ways.")
    return url


def _session(connector: PinnedConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        headers=_HEADERS,
        timeout=_NO_OWN_TIMEOUTS,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        read_bufsize=_CHUNK_BYTES,
        max_line_size=_HEADER_BYTES_MAX,
        max_field_size=_HEADER_BYTES_MAX,
        max_headers=_HEADERS_MAX,
    )
