"""A proxy in front of PostgreSQL that cuts or holds a connection at its COMMIT, and counts cancels.

It knows of the protocol only what a COMMIT and a request to cancel look like. What must hold: but
for what a test asks of it, every byte passes in both directions.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, unique
from typing import Final, final
from urllib.parse import urlsplit, urlunsplit

from tests.support.ports import HeldPort

COMMIT: Final = b"Q\0\0\0\x0bCOMMIT\0"
CANCEL: Final = (80_877_102).to_bytes(4, "big")
CHUNK: Final = 65_536


@unique
class At(Enum):
    """What happens to the next COMMIT."""

    PASS = "it passes"
    CUT_BEFORE = "the connection is cut before the server sees it"
    CUT_AFTER = "the connection is cut after the server answered, before the client hears it"
    HOLD = "the server's answer is never passed on"


@final
class WireTap:
    """The proxy and what it is to do next."""

    def __init__(self, url: str) -> None:
        """Stand in front of the server that a URL names."""
        self._url = urlsplit(url)
        self._connections: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: set[asyncio.StreamWriter] = set()
        self._listener: asyncio.Server
        self._place = HeldPort()
        self.port = self._place.number
        self.next_commit = At.PASS
        self.committed = asyncio.Event()
        """Set when the server has answered a COMMIT that the client does not hear of."""
        self.cancels = 0

    @property
    def url(self) -> str:
        """Return the URL of the same database through the proxy."""
        user = self._url.netloc.rpartition("@")[0]
        return urlunsplit(self._url._replace(netloc=f"{user}@127.0.0.1:{self.port}"))

    async def open(self) -> None:
        """Take connections, always at the same port."""
        self._listener = await asyncio.start_server(self._meet, "127.0.0.1", self.port)

    async def close(self) -> None:
        """Cut all connections and take no more."""
        self._listener.close()
        for writer in self._connections:
            writer.transport.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut_held(self) -> None:
        """Cut the connections whose answer is held, as a proxy does with a lost primary."""
        for writer in self._held:
            writer.transport.abort()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until either side ends it."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        there, to_server = await asyncio.open_connection(self._url.hostname, self._url.port)
        self._connections |= {writer, to_server}
        asked = [At.PASS]
        with suppress(ConnectionError):
            await asyncio.gather(
                self._forward(reader, to_server, asked), self._back(there, writer, asked)
            )
        for one in (writer, to_server):
            self._connections.discard(one)
            one.transport.abort()

    async def _forward(
        self, reader: asyncio.StreamReader, to_server: asyncio.StreamWriter, asked: list[At]
    ) -> None:
        while chunk := await reader.read(CHUNK):
            self.cancels += chunk[4:8] == CANCEL
            if chunk.endswith(COMMIT):
                asked[0], self.next_commit = self.next_commit, At.PASS
            if asked[0] is At.CUT_BEFORE:
                raise ConnectionAbortedError
            to_server.write(chunk)
        raise ConnectionAbortedError

    async def _back(
        self, there: asyncio.StreamReader, writer: asyncio.StreamWriter, asked: list[At]
    ) -> None:
        while chunk := await there.read(CHUNK):
            if asked[0] is not At.PASS:
                self.committed.set()
            if asked[0] is At.CUT_AFTER:
                raise ConnectionAbortedError
            if asked[0] is At.HOLD:
                self._held.add(writer)
            if asked[0] is At.PASS:
                writer.write(chunk)
        raise ConnectionAbortedError


@asynccontextmanager
async def wire_tap(url: str) -> AsyncIterator[WireTap]:
    """Put a proxy in front of the server for as long as the block lasts."""
    tap = WireTap(url)
    await tap.open()
    try:
        yield tap
    finally:
        await tap.close()
