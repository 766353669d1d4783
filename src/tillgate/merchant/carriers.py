"""The way to the gateway over HTTP: two thin carriers, one waiting in place and one on a loop.

They post bytes and bring back bytes or the name of what went wrong; they believe nothing and repeat
nothing. Redirects are not followed, TLS is verified, the environment is not looked at, the answer
is read up to its limit and never unpacked. What must hold: every failure on the way has a `Cause`,
and one of them says that nothing was sent only where that is certain.
"""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from typing import Any, final

import httpx2

from tillgate.merchant.asking import Cause, NotKnown, Reply
from tillgate.merchant.connection import Connection

HEADERS = MappingProxyType(
    {
        "content-type": "application/json;charset=utf-8",
        "accept": "application/json",
        "accept-encoding": "identity",
        "user-agent": "tillgate-merchant",
    }
)
_CAUSES: tuple[tuple[type[httpx2.TransportError], Cause], ...] = (
    (httpx2.ConnectError, Cause.UNREACHABLE),
    (httpx2.ConnectTimeout, Cause.UNREACHABLE),
    (httpx2.PoolTimeout, Cause.UNREACHABLE),
    (httpx2.ProxyError, Cause.UNREACHABLE),
    (httpx2.TimeoutException, Cause.TIMED_OUT),
    (httpx2.TransportError, Cause.TORN),
)
"""The first row that fits counts."""


@final
class HttpCarrier:
    """Carries over HTTP in place; it may be shared by threads."""

    def __init__(
        self,
        base_url: str,
        connection: Connection,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open nothing yet."""
        self._base_url = base_url
        self._limits = connection
        self._sleep = sleep
        self._monotonic_s = monotonic_s
        self._client = httpx2.Client(**_settings(connection, base_url))

    def post(self, path: str, raw: bytes) -> Reply | NotKnown:
        """Post bytes and return what came back."""
        ends_s = self._monotonic_s() + self._limits.total_s
        gathered = bytearray()
        try:
            with self._client.stream("POST", self._base_url + path, content=raw) as response:
                for piece in response.iter_raw():
                    gathered += piece
                    if len(gathered) > self._limits.answer_bytes_max:
                        return NotKnown(cause=Cause.TOO_LARGE)
                    if self._monotonic_s() > ends_s:
                        return NotKnown(cause=Cause.TIMED_OUT)
        except httpx2.TransportError as error:
            return _failed(error)
        return Reply(status=response.status_code, raw=bytes(gathered))

    def pause(self, seconds: float) -> None:
        """Sleep."""
        self._sleep(seconds)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()


@final
class AsyncHttpCarrier:
    """Carries over HTTP on one event loop."""

    def __init__(
        self,
        base_url: str,
        connection: Connection,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Open nothing yet."""
        self._base_url = base_url
        self._limits = connection
        self._sleep = sleep
        self._client = httpx2.AsyncClient(**_settings(connection, base_url))

    async def post(self, path: str, raw: bytes) -> Reply | NotKnown:
        """Post bytes and return what came back."""
        try:
            async with asyncio.timeout(self._limits.total_s):
                return await self._exchange(path, raw)
        except TimeoutError:
            return NotKnown(cause=Cause.TIMED_OUT)
        except httpx2.TransportError as error:
            return _failed(error)

    async def _exchange(self, path: str, raw: bytes) -> Reply | NotKnown:
        gathered = bytearray()
        async with self._client.stream("POST", self._base_url + path, content=raw) as response:
            async for piece in response.aiter_raw():
                gathered += piece
                if len(gathered) > self._limits.answer_bytes_max:
                    return NotKnown(cause=Cause.TOO_LARGE)
        return Reply(status=response.status_code, raw=bytes(gathered))

    async def pause(self, seconds: float) -> None:
        """Sleep."""
        await self._sleep(seconds)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._client.aclose()


def _settings(connection: Connection, base_url: str) -> dict[str, Any]:
    """Return what both of httpx2's clients are made with."""
    # Reading all certificates of the machine takes 40 ms, and plain HTTP knows none.
    is_plain = base_url.startswith("http://") and connection.proxy is None
    return {
        # Ours last: what an envelope is, and how its answer is read, is nobody else's to say.
        "headers": {**connection.headers, **HEADERS},
        "timeout": httpx2.Timeout(
            connect=connection.connect_s,
            read=connection.read_s,
            write=connection.read_s,
            pool=connection.connect_s,
        ),
        "limits": httpx2.Limits(
            max_connections=connection.connections_max,
            max_keepalive_connections=connection.connections_max,
        ),
        "verify": not is_plain and _trust(connection),
        "proxy": connection.proxy,
        "follow_redirects": False,
        "trust_env": False,
    }


def _trust(connection: Connection) -> ssl.SSLContext | bool:
    """Return whose certificates are believed: the usual ones, or those of one file."""
    if connection.ca_file is None:
        return True
    return ssl.create_default_context(cafile=str(connection.ca_file))


def _failed(error: httpx2.TransportError) -> NotKnown:
    cause = next(cause for kind, cause in _CAUSES if isinstance(error, kind))
    return NotKnown(cause=cause, detail=f"{type(error).__name__}.")
