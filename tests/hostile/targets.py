"""Notify addresses that answer as badly as can be, on ports of this machine.

Each behaviour gets the connection once a request has begun to arrive. What must hold: a behaviour
that writes for ever stops when the gateway has gone, and everything is closed at the end.
"""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

Writer = asyncio.StreamWriter
Behaviour = Callable[[Writer], Awaitable[None]]
GIGABYTE: Final = 10**9
OK: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
BOMB: Final = gzip.compress(b"\0" * 20_000_000)
"""Twenty kilobytes that unpack to twenty megabytes."""


async def gigabyte(writer: Writer) -> None:
    """Send a thousand million bytes, and say so first."""
    writer.write(OK + b"content-length: %d\r\n\r\n" % GIGABYTE)
    await _for_ever(writer, b"x" * 65_536)


async def endless_chunks(writer: Writer) -> None:
    """Send chunks without end, and never say how many."""
    writer.write(OK + b"transfer-encoding: chunked\r\n\r\n")
    await _for_ever(writer, b"1000\r\n" + b"x" * 4_096 + b"\r\n")


async def byte_a_second(writer: Writer) -> None:
    """Send the body a byte a second."""
    writer.write(OK + b"content-length: 1000\r\n\r\n")
    await _for_ever(writer, b"x", pause_s=1)


async def head_a_byte_a_second(writer: Writer) -> None:
    """Send the head a byte a second."""
    writer.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
    await _for_ever(writer, b"x", pause_s=1)


async def endless_head(writer: Writer) -> None:
    """Never come to the end of the headers."""
    writer.write(OK)
    await _for_ever(writer, b"x-more: and more\r\n" * 100)


async def long_header(writer: Writer) -> None:
    """Send one header of a megabyte."""
    writer.write(OK + b"x-long: " + b"x" * 1_000_000 + b"\r\n\r\n")
    await writer.drain()


async def circle(writer: Writer) -> None:
    """Redirect to itself."""
    port = writer.get_extra_info("sockname")[1]
    to = b"http://127.0.0.1:%d/notify" % port
    writer.write(b"HTTP/1.1 307 Again\r\nlocation: %b\r\ncontent-length: 0\r\n\r\n" % to)
    await writer.drain()


async def bomb(writer: Writer) -> None:
    """Send what unpacks to very much."""
    writer.write(OK + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(BOMB) + BOMB)
    await writer.drain()


async def half(writer: Writer) -> None:
    """Close half way."""
    writer.write(OK + b'content-length: 1000\r\n\r\n{"response":')
    await writer.drain()


async def silence(writer: Writer) -> None:
    """Say nothing at all."""
    await _for_ever(writer, b"", pause_s=1)


TARGETS: Final[Mapping[str, tuple[Behaviour, str]]] = {
    "gigabyte": (gigabyte, "TOO_LARGE"),
    "endless chunks": (endless_chunks, "TOO_LARGE"),
    "byte a second": (byte_a_second, "TIMEOUT"),
    "head a byte a second": (head_a_byte_a_second, "TIMEOUT"),
    "endless head": (endless_head, "PROTOCOL"),
    "long header": (long_header, "PROTOCOL"),
    "circle": (circle, "REDIRECT"),
    "bomb": (bomb, "NOT_AN_ENVELOPE"),
    "half": (half, "BROKEN_OFF"),
    "silence": (silence, "TIMEOUT"),
}
"""Each behaviour, and what is recorded of a send that met it."""


async def _for_ever(writer: Writer, piece: bytes, *, pause_s: float = 0) -> None:
    with contextlib.suppress(OSError):
        while not writer.is_closing():
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)


@asynccontextmanager
async def listening(behaviour: Behaviour) -> AsyncIterator[str]:
    """Treat whoever comes in this way for as long as the block lasts; yield the address."""
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await reader.read(1)
            await behaviour(writer)
        writer.transport.abort()
        tasks.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/notify"
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
