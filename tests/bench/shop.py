"""A merchant's app for tests of the bench, as WSGI: it believes, records once, acknowledges."""

from collections.abc import Callable, Iterable
from typing import Any

from tillgate import Merchant, Order, PaymentEvent, VerificationError

NOTIFY: str = "https://shop.example/notify"


def order(number: str, amount: str = "10.00 HKD", *, notify_url: str = NOTIFY) -> Order:
    """Return an order that is told of at the shop."""
    return Order(merchant_trans_id=number, title="Dress", amount=amount, notify_url=notify_url)


class Shop:
    """What the app remembers."""

    def __init__(self, merchant: Merchant) -> None:
        self.merchant = merchant
        self.events: list[PaymentEvent] = []
        self.paths: list[str] = []
        self.status = "200 OK"

    def sell(self, number: str, amount: str = "10.00 HKD") -> str:
        return self.merchant.order_str(order(number, amount))

    def take(self, raw: bytes) -> bytes:
        event = self.merchant.notification(raw, expect=order)
        self.events.append(event)
        return self.merchant.acknowledge(event)

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        self.paths.append(environ["PATH_INFO"] + "?" + environ["QUERY_STRING"])
        raw = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        try:
            answer = self.take(raw)
        except VerificationError as error:
            start("400 Bad Request", [("content-type", "text/plain")])
            return [str(error).encode()]
        start(self.status, [("content-type", "application/json")])
        return [answer]
