"""Merchants with real servers that answer notifications well or badly, and say so in order.

A shop signs and verifies by the SDK, as any merchant does. What must hold: it keeps every body that
came in whole, before it answers, so that a test can say what arrived and when.
"""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.e2e.outgoing.receivers import http
from tests.support.wire import gateway_key, merchant_key, stranger_key
from tillgate.merchant.client import Merchant
from tillgate.merchant.events import UNCHECKED, PaymentEvent
from tillgate.protocol.envelope import Kind
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal


class Line(NamedTuple):
    """A connection from the gateway."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


Manner = Callable[["Shop", bytes, Line], Awaitable[None]]


@dataclass
class Shop:
    """A merchant and its notify URL."""

    merchant_id: str
    manner: Manner
    profile: Profile = Profile.TILLGATE
    client_id: str = ""
    good_from: int = 0
    """The number of the request from which on it acknowledges, whatever its manner."""
    bodies: list[bytes] = field(default_factory=list)
    answering: int = 0
    answering_most: int = 0
    door: socket.socket = field(default_factory=socket.socket)

    def __post_init__(self) -> None:
        self.client_id = self.client_id or f"C{self.merchant_id}"
        self.door.bind(("127.0.0.1", 0))  # Bound and not listening, it refuses.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.door.getsockname()[1]}/notify"

    def sdk(self) -> Merchant:
        return Merchant(
            client_id=self.client_id,
            merchant_id=self.merchant_id,
            private_key=merchant_key(),
            gateway_public_key=gateway_key().public.pem(),
            profile=self.profile,
        )

    def event(self, body: bytes) -> PaymentEvent:
        return self.sdk().notification(body, expect=UNCHECKED)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator["Shop"]:
        """Listen for as long as the block runs."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            tasks.add(task)
            self.answering += 1
            self.answering_most = max(self.answering_most, self.answering)
            with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._answer(await _body(reader), Line(reader, writer))
                await writer.drain()
            self.answering -= 1
            writer.transport.abort()
            tasks.discard(task)

        server = await asyncio.start_server(serve, sock=self.door)
        try:
            yield self
        finally:
            server.close()
            for task in list(tasks):
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await server.wait_closed()

    async def _answer(self, body: bytes, line: Line) -> None:
        self.bodies.append(body)
        is_good = 0 < self.good_from <= len(self.bodies)
        await (acknowledges if is_good else self.manner)(self, body, line)


async def _body(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    length = next(line for line in lines if line.startswith(b"content-length:"))
    return await reader.readexactly(int(length.partition(b":")[2]))


async def acknowledges(shop: Shop, body: bytes, line: Line) -> None:
    """Verify and acknowledge by the SDK."""
    line.writer.write(http("200 OK", shop.sdk().acknowledge(shop.event(body))))


async def acknowledges_unsigned(shop: Shop, body: bytes, line: Line) -> None:
    """Acknowledge with an envelope that has no signature."""
    signed = json.loads(shop.sdk().acknowledge(shop.event(body)))
    line.writer.write(http("200 OK", json.dumps({"response": signed["response"]}).encode()))


async def hangs(shop: Shop, body: bytes, line: Line) -> None:
    """Say nothing until the gateway hangs up."""
    await line.reader.read()


async def fails(shop: Shop, body: bytes, line: Line) -> None:
    """Answer 500, although with a perfect acknowledgement."""
    line.writer.write(http("500 Oops", shop.sdk().acknowledge(shop.event(body))))


async def redirects(shop: Shop, body: bytes, line: Line) -> None:
    """Answer with a redirect to itself, which would be acknowledged."""
    line.writer.write(http("307 Temporary", b"", f"Location: {shop.url}"))


async def says_success(shop: Shop, body: bytes, line: Line) -> None:
    """Answer in the words of another protocol."""
    line.writer.write(http("200 OK", b"success"))


async def signs_with_another_key(shop: Shop, body: bytes, line: Line) -> None:
    """Acknowledge with the right words under a signature by a key nobody registered."""
    line.writer.write(
        http("200 OK", resigned(shop.sdk().acknowledge(shop.event(body)), stranger_key()))
    )


async def drips(shop: Shop, body: bytes, line: Line) -> None:
    """Acknowledge rightly, a byte every now and then."""
    for byte in http("200 OK", shop.sdk().acknowledge(shop.event(body))):
        line.writer.write(bytes([byte]))
        await line.writer.drain()
        await asyncio.sleep(0.05)


def resigned(envelope: bytes, key: PrivateKey) -> bytes:
    """Return a response with the same content, signed by another key."""
    content = json.loads(envelope)["response"]
    return seal(Kind.RESPONSE, json.dumps(content).encode(), key, Profile.TILLGATE)
