"""Workers of several processes on one database: what is owed to a merchant, with no leader.

The merchant takes its time, so that more is due than one process may send, and all of them find the
same rows. What must hold: each order is told of once, and no message is on its way twice at once.
"""

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final, final

import pytest

from tests.processes.several import database_of, several, wait_until
from tests.support import postgres
from tests.support.doors import Browser
from tests.support.gateway import PIN, Gateway, order
from tests.support.notify_url import Answer, notify_url
from tillgate.merchant import UNCHECKED, Merchant

pytestmark = pytest.mark.timeout(600)  # Four processes come up first.
ORDERS: Final = 24
ANSWER_S: Final = 1.0
FAILED: Final = (
    "SELECT merchant_trans_id FROM notifications JOIN notification_sends"
    " USING (merchant_id, notification_id) WHERE verdict <> 'ACKNOWLEDGED'"
)
"""Orders of which a send found the machine so busy that its answer came too late."""


@final
class Slow:
    """A merchant that takes its time to acknowledge, and notices what arrives meanwhile."""

    def __init__(self, merchant: Merchant) -> None:
        """Have been told of nothing."""
        self._merchant = merchant
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self.told: Counter[str] = Counter()
        self.overlapping: list[str] = []

    def take(self, raw: bytes) -> Answer:
        """Acknowledge a notification after a while."""
        event = self._merchant.notification(raw, expect=UNCHECKED)
        number = event.merchant_trans_id
        with self._lock:
            self.told[number] += 1
            if self._under_way[number]:
                self.overlapping.append(number)
            self._under_way[number] += 1
        time.sleep(ANSWER_S)
        with self._lock:
            self._under_way[number] -= 1
        return Answer(200, self._merchant.acknowledge(event))


def test_what_all_find_at_once_is_done_once(tmp_path: Path) -> None:
    with several(tmp_path, 4) as gateway:
        merchant = gateway.merchant()
        slow = Slow(merchant)
        with notify_url(slow.take) as url:
            numbers = _pay(gateway, merchant, url)
            wait_until(lambda: _pending(gateway) == (0, ORDERS))

        failed = {row[0] for row in postgres.rows(database_of(gateway), FAILED)}
        assert set(slow.told) == numbers
        assert slow.overlapping == []
        assert {number for number, times in slow.told.items() if times > 1} <= failed


def _pay(gateway: Gateway, merchant: Merchant, url: str) -> set[str]:
    browser, numbers = Browser(gateway), {f"W-{number}" for number in range(ORDERS)}
    with browser.http:
        me = browser.sign_in("rich")
        for number in sorted(numbers):
            text = merchant.order_str(order(number, notify_url=url))
            path = browser.cashier(text, number, **me)
            told = browser.post(f"{path}/confirm", {"pin": PIN}, **me)
            assert told["resultCode"] == "9000", told
    return numbers


def _pending(gateway: Gateway) -> tuple[int, int]:
    """Return how many orders wait to be told of, and how many were."""
    found = postgres.rows(database_of(gateway), "SELECT state FROM notifications")
    states = Counter(row[0] for row in found)
    return states["PENDING"], states["ACKNOWLEDGED"]
