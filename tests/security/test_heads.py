"""What comes before and after a body, on a socket: heads, trailers, more requests.

The listener that production uses, before a door that answers with the headers it was given. What
must hold: a request has the headers of its head alone, so a caller writes nothing behind what our
proxy wrote; neither a head nor trailers are taken in beyond their limit, however they arrive; what
is no HTTP at all is refused and is no line in the log.
"""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import Final

import pytest
import uvicorn

from tillgate.cli.listener import (
    HEAD_BYTES_MAX,
    HEAD_TOO_LARGE,
    PIPELINED_MAX,
    limited,
)
from tillgate.cli.serving import Server
from tillgate.edge.asgi import Incoming, Receive, Scope, Send, reply_json
from tillgate.kernel.errors import Refused

POST: Final = b"POST / HTTP/1.1\r\nhost: here\r\nconnection: close\r\n"
CHUNKED: Final = POST + b"transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
MANY: Final = 64
"""So many times a limit is far beyond it."""
FOR_EVER_S: Final = 10_000
"""How long a peer may take: nobody here is let go for that."""
CLOSED: Final = (0, b"")
"""What is told of a connection that ended before its answer could be read."""


async def show_headers(go_on: asyncio.Event, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["path"] == "/held":
        await go_on.wait()
    with suppress(Refused):  # Whoever broke off hears no answer.
        await Incoming(scope, receive).body(HEAD_BYTES_MAX)
    said = [[name.decode(), value.decode()] for name, value in scope["headers"]]
    await reply_json(send, 200, said)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    go_on = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            partial(show_headers, go_on),
            loop="none",
            http=limited(FOR_EVER_S),
            lifespan="off",
            interface="asgi3",
            log_config=None,
        )
        server = Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[listener]))
        await server.begun.wait()
        yield listener.getsockname()[1]
        go_on.set()
        server.should_exit = True
        await serving


async def told(port: int, *parts: bytes) -> tuple[int, bytes]:
    """Send these parts one after the other until somebody closes; return the answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
    with suppress(ConnectionError):
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0)
    try:
        head = await answered
        body = await reader.read(HEAD_BYTES_MAX)
    except (ConnectionError, asyncio.IncompleteReadError):
        return CLOSED
    finally:
        writer.close()
    return int(head.split(b" ", 2)[1]), body


async def test_what_follows_a_body_is_no_header_of_the_request(port: int) -> None:
    """Through a proxy that passes trailers on, it would stand behind what the proxy wrote."""
    trailers = b"x-forwarded-for: 203.0.113.5\r\nauthorization: Bearer x\r\nhost: evil\r\n\r\n"
    status, body = await told(port, CHUNKED + trailers)
    assert status == 200
    assert [name for name, _ in json.loads(body)] == ["host", "connection", "transfer-encoding"]


@pytest.mark.parametrize("line", [b"a: b\r\n", b"a" * 1_024], ids=["many", "one without an end"])
async def test_trailers_are_not_taken_in_beyond_their_limit(port: int, line: bytes) -> None:
    part = line * (HEAD_BYTES_MAX // len(line) // 2)
    # What it did not read resets the connection, and with it perhaps the answer.
    assert await told(port, CHUNKED, *[part] * MANY) in {(400, HEAD_TOO_LARGE.encode()), CLOSED}


@pytest.mark.parametrize("line", [b"a: b\r\n", b"a: " + b"b" * (HEAD_BYTES_MAX + 1) + b"\r\n"])
async def test_a_head_that_comes_at_once_is_held_to_its_limit_as_well(
    port: int, line: bytes
) -> None:
    lines = line * (HEAD_BYTES_MAX // len(line) + 1)
    assert await told(port, POST + lines + b"\r\n") == (400, HEAD_TOO_LARGE.encode())


async def test_a_body_in_the_smallest_chunks_is_taken(port: int) -> None:
    chunks = b"1\r\na\r\n" * HEAD_BYTES_MAX
    head = POST + b"transfer-encoding: chunked\r\n\r\n"
    status, _ = await told(port, head, chunks, b"0\r\n\r\n")
    assert status == 200


async def test_so_many_requests_wait_on_a_connection_and_no_more(port: int) -> None:
    """A read brings thousands: 250 kB of them took 25 MB, on each connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /held HTTP/1.1\r\nhost: here\r\n\r\n")
    writer.write(b"GET / HTTP/1.1\r\nhost: here\r\n\r\n" * (PIPELINED_MAX + 1))
    # No status: the first would be the answer to a request that is executed all the same.
    assert await reader.read() == b""
    writer.close()


async def test_requests_that_are_sent_ahead_are_answered_in_turn(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    ahead = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n" * (PIPELINED_MAX // 2)
    writer.write(ahead + POST + b"content-length: 0\r\n\r\n")
    assert (await reader.read()).count(b"HTTP/1.1 200") == PIPELINED_MAX // 2 + 1
    writer.close()


async def test_what_is_no_http_is_no_line_in_the_log(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    upgrade = b"upgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\n\r\n"
    with caplog.at_level(logging.DEBUG):
        assert (await told(port, b"nothing of the kind\r\n\r\n"))[0] == 400
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nhost: here\r\n" + upgrade)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
        writer.close()
    assert [record for record in caplog.records if record.name.startswith("uvicorn.error")] == []
