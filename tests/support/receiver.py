"""A merchant's notify address on this machine: a real server, built on the SDK as the guide shows.

It verifies the raw bytes, compares with what was ordered, records each order once, acknowledges.
What must hold: what could not be verified is never acknowledged, and is kept as a fault.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, final

from tillgate.merchant import Merchant, Order, PaymentEvent, VerificationError


@final
class Receiver:
    """What the merchant's server was told."""

    def __init__(self, merchant: Merchant, orders: Mapping[str, Order]) -> None:
        """Expect notifications of these orders."""
        self._merchant = merchant
        self._orders = orders
        self._lock = threading.Lock()
        self.url = ""
        self.paid: dict[str, PaymentEvent] = {}
        self.closed: dict[str, PaymentEvent] = {}
        self.arrivals: Counter[str] = Counter()
        self.faults: list[str] = []

    def take(self, raw: bytes) -> bytes | None:
        """Return the acknowledgement, or None when the message is not believed."""
        try:
            event = self._merchant.notification(raw, expect=self._orders.get)
        except VerificationError as error:
            with self._lock:
                self.faults.append(str(error))
            return None
        with self._lock:
            self.arrivals[event.merchant_trans_id] += 1
            known = self.paid if event.paid else self.closed
            known.setdefault(event.merchant_trans_id, event)
        return self._merchant.acknowledge(event)


@contextmanager
def receiving(merchant: Merchant, orders: Mapping[str, Order]) -> Iterator[Receiver]:
    """Run a receiver for as long as the block lasts."""
    receiver = Receiver(merchant, orders)

    class Handler(_Handler):
        told = receiver

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/notify"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: ClassVar[Receiver]

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", "0")))
        answer = self.told.take(raw)
        self.send_response(200 if answer is not None else 400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer or b"")))
        self.end_headers()
        self.wfile.write(answer or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The base class's name.
        """Say nothing."""
