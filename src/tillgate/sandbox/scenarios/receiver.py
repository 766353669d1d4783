"""The merchant's server of a run: takes notifications, judges them as the SDK does, answers.

It listens on this machine alone, at a port of its own, and knows the orders of all scenarios, so
that what comes late is answered, too. What must hold: whatever arrives is kept with the SDK's
verdict, before it is answered; an acknowledgement is given only to what was believed.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, TypeAlias, final

import msgspec

from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.merchant import Merchant, Order
from tillgate.merchant.errors import VerificationError
from tillgate.merchant.events import AgreementEvent, PaymentEvent
from tillgate.protocol.envelope import Kind, wrap_unsigned
from tillgate.protocol.messages import notify_cancel

BODY_BYTES_MAX: Final = 64 * 1024
POLL_S: Final = 0.02
SETTLES_S: Final = 0.3
"""How long it is waited for what must not come."""
WAIT_S_MAX: Final = 10.0
BELIEVED: Final = "believed"
Event: TypeAlias = PaymentEvent | AgreementEvent


@final
class Arrived(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that came.

    Attributes:
        verdict: "believed", or the name of the SDK's error.
        answered: how it was answered.
    """

    raw: bytes
    verdict: str
    answered: str
    head: dict[str, Any]
    body: dict[str, Any]


@final
class Receiver:
    """Listens from `start` to `stop`."""

    def __init__(self, merchant: Merchant) -> None:
        """Judge as this merchant, unless a message is for another one that was admitted."""
        self._merchant = merchant
        self._merchants: dict[str, Merchant] = {merchant.client_id: merchant}
        self._orders: dict[str, Order] = {}
        self._changed = threading.Condition()
        self._arrived: dict[str, list[Arrived]] = defaultdict(list)
        self._planned: dict[str, deque[str]] = defaultdict(deque)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        serve = partial(self._server.serve_forever, POLL_S)
        self._thread = threading.Thread(target=serve, daemon=True)

    @property
    def url(self) -> str:
        """Return where notifications go."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/notify"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def admit(self, merchant: Merchant) -> None:
        """Judge and answer what is for this merchant's client as that merchant."""
        with self._changed:
            self._merchants[merchant.client_id] = merchant

    def know(self, number: str, amount: Money) -> None:
        """Keep an order as the merchant's database does; the first amount stays."""
        order = Order(merchant_trans_id=number, amount=amount)
        with self._changed:
            self._orders.setdefault(number, order)

    def find(self, number: str) -> Order | None:
        """Return the order of this number."""
        with self._changed:
            return self._orders.get(number)

    def judged(self, raw: bytes) -> tuple[str, Event | None]:
        """Return what the SDK makes of a notification: a verdict, and the event it believes."""
        head, _ = _content(raw)
        merchant = self._merchant_of(head)
        try:
            if head.get("function") == notify_cancel.FUNCTION.name:
                return BELIEVED, merchant.agreement_notification(raw)
            return BELIEVED, merchant.notification(raw, expect=self.find)
        except VerificationError as error:
            return type(error).__name__, None

    def plan(self, number: str, answers: Iterable[str]) -> None:
        """Answer the next notifications of an order or an agreement in these ways."""
        with self._changed:
            self._planned[number] = deque(answers)

    def of(self, number: str) -> list[Arrived]:
        """Return what came about an order or an agreement so far."""
        with self._changed:
            return list(self._arrived[number])

    def wait(self, number: str, times: int) -> list[Arrived]:
        """Return what came about an order or an agreement, once it is so many, or time is up."""
        ends_s = time.monotonic() + (WAIT_S_MAX if times else SETTLES_S)
        with self._changed:
            while (left_s := ends_s - time.monotonic()) > 0:
                if times and len(self._arrived[number]) >= times:
                    break
                self._changed.wait(left_s)
            return list(self._arrived[number])

    def take(self, raw: bytes) -> tuple[int, bytes]:
        """Take one notification in and return its answer: HTTP status and body."""
        verdict, event = self.judged(raw)
        head, body = _content(raw)
        number = str(body.get("merchantTransId") or body.get("merchantAgreementId", ""))
        with self._changed:
            planned = self._planned[number]
            way = planned.popleft() if planned else "acknowledge"
            way = way if event is not None else "fail"
            arrived = Arrived(raw=raw, verdict=verdict, answered=way, head=head, body=body)
            self._arrived[number].append(arrived)
            self._changed.notify_all()
        return self._answer(way, event)

    def _merchant_of(self, head: Mapping[str, Any]) -> Merchant:
        with self._changed:
            return self._merchants.get(str(head.get("clientId")), self._merchant)

    def _answer(self, way: str, event: Event | None) -> tuple[int, bytes]:
        if event is None or way == "fail":
            return 500, b"the shop is out of order"
        # Whoever it is for, the key that signs is the same.
        answer = self._merchant.acknowledge(event)
        if way == "garbage":
            return 200, b"success"
        if way in {"acknowledge", "refuse"}:
            return 200, answer if way == "acknowledge" else _refusal(answer)
        content = _unsealed(answer)
        if way == "other":
            content["head"]["reqMsgId"] = "0123456789abcdef0123456789abcdef"
        return 200, wrap_unsigned(Kind.RESPONSE, msgspec.json.encode(content))


def _refusal(answer: bytes) -> bytes:
    content = _unsealed(answer)
    info = content["body"]["resultInfo"]
    result = Result.PROCESS_FAIL
    info |= {"resultStatus": "F", "resultCode": result.name, "resultCodeId": result.id}
    return wrap_unsigned(Kind.RESPONSE, msgspec.json.encode(content))


def _unsealed(answer: bytes) -> dict[str, Any]:
    content: dict[str, Any] = msgspec.json.decode(answer)["response"]
    return content


def _content(raw: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return head and body of what claims to be a notification, as far as it has them."""
    try:
        request = msgspec.json.decode(raw)["request"]
        return dict(request["head"]), dict(request["body"])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError):
        return {}, {}


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = min(int(self.headers.get("content-length", "0")), BODY_BYTES_MAX)
            status, body = receiver.take(self.rfile.read(length))
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler
