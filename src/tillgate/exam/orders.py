"""The orders an exam is about: what the merchant's server signed, and how many there are left.

An order string is believed when the merchant's own key signed it; from it come the ids and the
amount that right notifications say. What must hold: the exam makes no order up, so the merchant
knows each one; an order that a case has changed is not used as an open one again.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, final

import msgspec

from tillgate.exam.errors import ExamRefused, NoOrder
from tillgate.exam.wire import UNSPOKEN, Door, End, Sending
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.money import Money
from tillgate.protocol import order_string
from tillgate.protocol.functions import open_request_as
from tillgate.protocol.keys import PublicKey
from tillgate.protocol.messages import wap_pay
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import verify

ORDERS_MAX: Final = 64
"""More than any exam asks for, however much it finds."""


@final
class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """An order as the merchant signed it, as far as a notification speaks of it."""

    client_id: str
    merchant_id: str
    merchant_trans_id: str
    money: Money
    version: str


def read_order(text: str, key: PublicKey, profile: Profile) -> Ordered:
    """Read an order string.

    Raises:
        ExamRefused: it is none, or another key than the merchant's signed it.
    """
    try:
        verified = verify(order_string.read(text.strip()), [key], profile)
        request = open_request_as(verified, wap_pay.PayBody, wap_pay.FUNCTION)
    except Refused as refused:
        raise ExamRefused(
            f"The order string cannot be used: {refused.message} It must be signed by the "
            "merchant's key that is given (--merchant-key); ask: tillgate order verify FILE "
            "--key PUB"
        ) from refused
    return Ordered(
        client_id=request.head.client_id,
        merchant_id=request.body.merchant_id,
        merchant_trans_id=request.body.merchant_trans_id,
        money=request.body.order.order_amount.money,
        version=request.head.version,
    )


@final
class Supply:
    """Hands out orders, one open one at a time until it is spent."""

    def __init__(self, source: Iterator[Ordered]) -> None:
        """Take where orders come from."""
        self._source = source
        self._open: Ordered | None = None
        self._seen: set[str] = set()

    def open_order(self) -> Ordered:
        """Return the open order: the same one until `spend`.

        Raises:
            NoOrder: there is none left.
        """
        if self._open is None:
            self._open = self._next()
        return self._open

    def spend(self, order: Ordered) -> None:
        """Say that an order is not open any more, or may not be."""
        if self._open == order:
            self._open = None

    def _next(self) -> Ordered:
        order = next(self._source, None) if len(self._seen) < ORDERS_MAX else None
        if order is None:
            raise NoOrder(
                "It needs one more order that is not paid: give --order again, or --order-url."
            )
        if order.merchant_trans_id in self._seen:
            raise ExamRefused(
                f"Order {order.merchant_trans_id} was given twice; each order string must be of a "
                "new order."
            )
        self._seen.add(order.merchant_trans_id)
        return order


def orders_of_files(texts: Sequence[str], read: Callable[[str], Ordered]) -> Iterator[Ordered]:
    """Return the orders of order strings, all read before the first is used."""
    return iter([read(text) for text in texts])


def orders_of_url(door: Door, read: Callable[[str], Ordered]) -> Iterator[Ordered]:
    """Yield orders from a URL that answers a POST with a new order string.

    Raises:
        Unavailable: nobody is there.
        ExamRefused: it answers something else.
    """
    while True:
        answer = door.send(Sending())
        if answer.end is not End.ANSWERED:
            is_there = answer.end in UNSPOKEN
            step = "." if is_there else "; is the shop running?"
            raise Unavailable(f"{door.url}: {answer.ending}{step}")
        if not answer.is_good:
            raise ExamRefused(
                f"{door.url} answers a POST with {answer.status}; it should make a new order and "
                "answer its order string."
            )
        yield read(_order_string(answer.body))


def _order_string(body: bytes) -> str:
    """Return the order string of an answer: the whole text, or the member orderStr of JSON."""
    try:
        plain: Any = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        plain = None
    if isinstance(plain, dict) and isinstance(plain.get("orderStr"), str):
        found: str = plain["orderStr"]
        return found
    return plain if isinstance(plain, str) else body.decode(errors="replace")
