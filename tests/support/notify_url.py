"""A notify URL on this machine: a real HTTP server around one function.

What must hold: it answers in a thread for each message, as long as its block lasts, and what a busy
machine is slow to take waits in its queue.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, final


class Answer(NamedTuple):
    """What a merchant's server answers."""

    status: int
    body: bytes


def acknowledged(answer: bytes | None) -> Answer:
    """Return an acknowledgement; or, of a message that is not believed, a refusal."""
    return Answer(400, b"") if answer is None else Answer(200, answer)


@contextmanager
def notify_url(take: Callable[[bytes], Answer]) -> Iterator[str]:
    """Answer messages by a function for as long as the block lasts; yield the address."""

    @final
    class Handler(_Handler):
        def answer(self, raw: bytes) -> Answer:
            return take(raw)

    server = _Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/notify"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@final
class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a peer that went: some are killed on purpose."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]  # As handed over.


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, raw: bytes) -> Answer:
        raise NotImplementedError(raw)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        status, body = self.answer(raw)
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The base class's name.
        """Say nothing."""
