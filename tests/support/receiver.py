"""A merchant's notify address on this machine: a real server, built on the SDK as the guide shows.

It verifies the raw bytes, compares with what was ordered, records each order once, acknowledges.
What must hold: what could not be verified is never acknowledged, and is kept as a fault.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import final

from tests.support.notify_url import acknowledged, notify_url
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
    with notify_url(lambda raw: acknowledged(receiver.take(raw))) as receiver.url:
        yield receiver
