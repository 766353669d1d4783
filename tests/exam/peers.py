"""A server that behaves as a test says, byte by byte, on a loopback socket of this process.

It reads a request's head, and its body when asked to, and hands the connection to the test's own
function. What must hold: every connection it was made is counted; it ends with its block.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import final

Behave = Callable[[socket.socket, bytes], None]


@final
class Peer:
    """What a peer was sent."""

    def __init__(self, port: int, tls: ssl.SSLContext | None) -> None:
        """Name its address."""
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{port}/notify"
        self.tls = tls
        self.heard: list[bytes] = []


@contextmanager
def peer(behave: Behave, tls: ssl.SSLContext | None = None) -> Iterator[Peer]:
    """Serve one connection after the other for as long as the block lasts, over TLS if told to."""
    door = socket.create_server(("127.0.0.1", 0))
    made = Peer(door.getsockname()[1], tls)
    thread = threading.Thread(target=_serve, args=(door, behave, made), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        # Closing alone would not wake the thread that waits for a connection.
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
        thread.join(timeout=5)


def answering(raw: bytes) -> Behave:
    """Return how to send these bytes and close."""
    return lambda connection, _: connection.sendall(raw)


def http(status: int, body: bytes = b"", *headers: str) -> bytes:
    """Return a whole answer."""
    lines = [f"HTTP/1.1 {status} As Told", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _serve(door: socket.socket, behave: Behave, made: Peer) -> None:
    while True:
        try:
            connection, _ = door.accept()
        except OSError:
            return
        with connection, suppress(OSError):
            if made.tls is None:
                _serve_one(connection, behave, made)
                continue
            with made.tls.wrap_socket(connection, server_side=True) as covered:
                _serve_one(covered, behave, made)


def _serve_one(connection: socket.socket, behave: Behave, made: Peer) -> None:
    heard = _request(connection)
    made.heard.append(heard)
    behave(connection, heard)


def _request(connection: socket.socket) -> bytes:
    """Read a request up to the end of its body, or of the connection."""
    heard = b""
    while True:
        head, ended, body = heard.partition(b"\r\n\r\n")
        if ended and len(body) >= _length(head):
            return heard
        piece = connection.recv(65_536)
        if not piece:
            return heard
        heard += piece


def _length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0
