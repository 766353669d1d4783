"""Real receivers that behave in every bad way, on raw sockets, and a resolver that a test words.

A receiver counts the connections it accepted and keeps what it read, so that a test can say that
nothing came at all, which no answer of the sender's own could prove.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tillgate.kernel.addresses import IPAddress
from tillgate.workers.outgoing.port import ResolutionFailed

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Receiver:
    """A listening server; `url` leads to it."""

    port: int = 0
    scheme: str = "http"
    connections: int = 0
    at_once: int = 0
    at_once_most: int = 0
    requests: list[bytes] = field(default_factory=list)
    hung_up: int = 0

    @property
    def url(self) -> str:
        return self.url_of("127.0.0.1")

    def url_of(self, host: str) -> str:
        return f"{self.scheme}://{host}:{self.port}/notify"


@asynccontextmanager
async def receiving(
    answer: Answer, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[Receiver]:
    """Serve for as long as the block runs."""
    receiver = Receiver(scheme="https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        receiver.connections += 1
        receiver.at_once += 1
        receiver.at_once_most = max(receiver.at_once_most, receiver.at_once)
        try:
            receiver.requests.append(await _request(reader))
            await answer(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            receiver.hung_up += 1
        except asyncio.CancelledError:
            pass  # The test is over; a cancelled handler would be reported by the loop.
        finally:
            receiver.at_once -= 1
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
            tasks.discard(task)

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    return head + await reader.readexactly(length)


def replies(raw: bytes) -> Answer:
    """Answer these bytes, say no more, and close once the caller has hung up."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        writer.write_eof() if writer.can_write_eof() else None
        with suppress(OSError):
            await reader.read()

    return answer


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """Return a whole HTTP answer."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers)
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Say nothing until the caller hangs up, and notice that it did."""
    while await reader.read(1_024):
        pass
    raise ConnectionResetError


def drips(head: bytes, body: bytes, *, every_s: float) -> Answer:
    """Answer the head at once and the body byte by byte."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        for byte in body:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every_s)

    return answer


@dataclass
class WordedResolver:
    """Answers the first question with the first answer, and so on; the last one stays."""

    answers: list[tuple[IPAddress, ...]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, name: str) -> tuple[IPAddress, ...]:
        self.asked.append(name)
        answer = self.answers[min(len(self.asked), len(self.answers)) - 1]
        if not answer:
            raise ResolutionFailed(f"{name} has no address.")
        return answer


class HangingResolver:
    """A name server that never answers."""

    async def resolve(self, name: str) -> tuple[IPAddress, ...]:
        await asyncio.Event().wait()
        raise ResolutionFailed(name)
