"""A server of bare sockets on loopback that treats each HTTP request as a test tells it to.

It speaks no more HTTP than it must, so that it can also speak it wrongly. What must hold: it ends
every thread and closes every socket it opened, and knows how many of each there were.
"""

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, TypeAlias, final

from tests.support.small_gateway import Json

Behaviour: TypeAlias = Callable[["Visit"], None]
LOOK_AGAIN_S: Final = 0.05
"""How soon a server that waits for a request notices that the test is over."""


@final
class Visit:
    """One request that arrived, and the socket it came by."""

    def __init__(self, wire: socket.socket, raw: bytes, ended: threading.Event) -> None:
        """Keep them."""
        self.wire = wire
        self.raw = raw
        self.ended = ended

    @property
    def request(self) -> Json:
        """Return the content of the request's envelope."""
        content: dict[str, Any] = json.loads(self.raw.partition(b"\r\n\r\n")[2])["request"]
        return content

    def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.wire.sendall(raw)

    def answer(self, body: bytes, status: str = "200 OK", *more: str) -> None:
        """Send a whole HTTP answer."""
        lines = (f"HTTP/1.1 {status}", f"content-length: {len(body)}", *more)
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


@final
class Server:
    """A server of one behaviour."""

    def __init__(self, behaviour: Behaviour, context: ssl.SSLContext | None) -> None:
        """Listen on a free port of this machine."""
        self._behaviour = behaviour
        self._context = context
        self._ended = threading.Event()
        self._visited = threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._wires: list[socket.socket] = []
        self.connections = 0
        self.visits: list[Visit] = []
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self._listening.getsockname()[1]}"
        self._start(self._accept)

    def await_visit(self) -> None:
        """Wait for a request: who sent it may give up before it is read."""
        self._visited.wait()

    def end(self) -> None:
        """Stop everything."""
        self._ended.set()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()  # Nobody is taken in any more, so the lists below are whole.
        for wire in self._wires:
            with contextlib.suppress(OSError):  # It has hung up by itself.
                socket.socket.shutdown(
                    wire, socket.SHUT_RDWR
                )  # Under the TLS that a thread may read.
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                wire, _ = self._listening.accept()
            except OSError:
                return
            self.connections += 1
            with contextlib.suppress(OSError):  # A client that has gone again is nobody's.
                mine = self._secured(wire)
                self._wires.append(mine)
                self._start(self._serve, mine)

    def _secured(self, wire: socket.socket) -> socket.socket:
        if self._context is None:
            return wire
        return self._context.wrap_socket(wire, server_side=True, do_handshake_on_connect=False)

    def _serve(self, wire: socket.socket) -> None:
        # A client that goes away, for whatever reason, ends the visit and nothing else.
        with wire, contextlib.suppress(OSError):
            if isinstance(wire, ssl.SSLSocket):
                wire.do_handshake()
            while (raw := self._arrived(wire)) is not None:
                visit = Visit(wire, raw, self._ended)
                self.visits.append(visit)
                self._visited.set()
                self._behaviour(visit)

    def _arrived(self, wire: socket.socket) -> bytes | None:
        """Return a whole request, or None when no more comes; sending may take long after it."""
        raw = b""
        wire.settimeout(LOOK_AGAIN_S)
        while not self._ended.is_set():
            with contextlib.suppress(TimeoutError):
                piece = wire.recv(65536)
                if not piece:
                    return None
                raw += piece
            head, blank, body = raw.partition(b"\r\n\r\n")
            if blank and len(body) >= _length(head):
                wire.settimeout(None)
                return raw
        return None


def _length(head: bytes) -> int:
    for line in head.lower().splitlines():
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


@contextmanager
def serving(behaviour: Behaviour, context: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve for as long as the block lasts."""
    server = Server(behaviour, context)
    try:
        yield server
    finally:
        server.end()
