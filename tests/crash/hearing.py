"""A merchant's notify address that writes down every fact it is told, and how often.

It verifies with the SDK and takes payments and ends of agreements alike. What must hold: what is
not believed is a fault and is not acknowledged; the facts are kept as they were written, so that
two tellings of one thing can be compared.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar, final

from tillgate.merchant import UNCHECKED, Merchant, VerificationError
from tillgate.protocol.envelope import cut


@final
class Hearing:
    """What a merchant was told: of each subject every telling, without the message's own number."""

    def __init__(self, merchant: Merchant) -> None:
        """Believe what this merchant's SDK believes."""
        self._merchant = merchant
        self._lock = threading.Lock()
        self.url = ""
        self.facts: dict[str, Counter[str]] = {}
        self.faults: list[str] = []

    def take(self, raw: bytes) -> bytes | None:
        """Return the acknowledgement, or None when the message is not believed."""
        body = cut(raw).unverified["body"]
        try:
            if "merchantAgreementId" in body:
                ended = self._merchant.agreement_notification(raw)
                return self._heard(ended.agreement_id, body, self._merchant.acknowledge(ended))
            paid = self._merchant.notification(raw, expect=UNCHECKED)
        except VerificationError as error:
            with self._lock:
                self.faults.append(str(error))
            return None
        subject = f"{paid.merchant_trans_id} {body['payStatus']}"
        return self._heard(subject, body, self._merchant.acknowledge(paid))

    def _heard(self, subject: str, body: object, answer: bytes) -> bytes:
        with self._lock:
            told = self.facts.setdefault(subject, Counter())
            told[json.dumps(body, sort_keys=True)] += 1
        return answer


@contextmanager
def hearing(merchant: Merchant) -> Iterator[Hearing]:
    """Listen for as long as the block lasts."""
    heard = Hearing(merchant)

    class Handler(_Handler):
        told = heard

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    heard.url = f"http://127.0.0.1:{server.server_port}/notify"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    told: ClassVar[Hearing]

    def do_POST(self) -> None:
        answer = self.told.take(self.rfile.read(int(self.headers.get("content-length", "0"))))
        self.send_response(200 if answer is not None else 400)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(answer or b"")))
        self.end_headers()
        self.wfile.write(answer or b"")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  The base class's name.
        """Say nothing."""
