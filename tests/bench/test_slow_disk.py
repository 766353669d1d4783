"""A sandbox on a machine whose disk takes seconds: nobody who tests on it is turned away for that.

What must hold: a page that calls while a commit is held up gets its cashier, as on a fast machine.
"""

import sqlite3
import threading
import time
from contextlib import closing
from typing import Any

import httpx2

from tests.bench.shop import Shop
from tillgate.engine.settings import LaneSettings
from tillgate.kernel.clock import SECOND_MS
from tillgate.sandbox.testing import Sandbox

HELD_S = LaneSettings().queue_wait_ms_max / SECOND_MS + 0.5
"""Longer than a server of production lets anybody wait for the database."""


def test_a_commit_that_takes_seconds_turns_away_nobody_who_comes_meanwhile(
    sandbox: Sandbox,
) -> None:
    shop = Shop(sandbox.merchant)
    told: list[dict[str, Any]] = []

    def call(number: str) -> None:
        said = {"orderStr": shop.sell(number), "callId": number}
        told.append(http.post("/cashier/trade-pay", json=said).json())

    pages = [threading.Thread(target=call, args=(number,)) for number in ("A-1", "A-2")]
    books = sandbox.data / "tillgate.sqlite"
    with (
        httpx2.Client(base_url=sandbox.origin, timeout=120, trust_env=False) as http,
        closing(sqlite3.connect(books, isolation_level=None)) as disk,
    ):
        disk.execute("BEGIN IMMEDIATE")
        pages[0].start()
        time.sleep(HELD_S)
        pages[1].start()
        time.sleep(HELD_S / 2)
        disk.execute("ROLLBACK")
        for each in pages:
            each.join()

    assert ["cashierUrl" in each for each in told] == [True, True], told
