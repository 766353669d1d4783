"""Somebody sets the machine's clock an hour back, or ahead, while people pay.

The server, or PostgreSQL, is a real process under libfaketime, which reads from a file how wrong
the clock is. What must hold: set back, payments and notifications go on as if nothing had
happened; set ahead, what can no longer be told from stale is refused by name, never booked; nothing
is lost or doubled.
"""

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.hostile.buyers import CALM, Buyers, Payment, add_payers, check_books
from tests.hostile.measuring import becomes
from tests.hostile.test_disk import receiver_knows
from tests.support.cluster import Cluster
from tests.support.gateway import Gateway, order, running
from tests.support.receiver import receiving
from tillgate.kernel.clock import SECOND_MS, held_ms
from tillgate.merchant import Paid
from tillgate.storage.postgres.clock import DatabaseClock
from tillgate.storage.postgres.opening import open_postgres

PAYERS: Final = ("ann", "bob")
HOUR_S: Final = 3_600
TOOL: Final = Path(__file__).parents[2] / "tools" / "faketime"
PROGRAM: Final = """
import os, sys
os.environ |= {settings!r}
program = "from tillgate.cli import main; main()"
os.execv(sys.executable, [sys.executable, "-c", program, *sys.argv[1:]])
"""


class Fooled:
    """The clock of a server, as far as it is wrong."""

    def __init__(self, folder: Path) -> None:
        """Begin with the right time."""
        found = subprocess.run([TOOL], capture_output=True, text=True, timeout=300, check=True)
        self._path = folder / "wrong-by"
        self.set_to(0)
        self.settings = {
            "LD_PRELOAD": found.stdout.strip(),
            "FAKETIME_TIMESTAMP_FILE": str(self._path),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }
        self.program = PROGRAM.format(settings=self.settings)

    def set_to(self, wrong_by_s: int) -> None:
        """Set the clock; the server meets it within a second."""
        after = self._path.with_suffix(".new")
        after.write_text(f"{wrong_by_s:+d}")
        after.chmod(0o644)  # PostgreSQL runs as somebody else.
        after.replace(self._path)


async def test_a_clock_set_back_an_hour_stops_neither_payments_nor_notifications(
    tmp_path: Path,
) -> None:
    clock = Fooled(tmp_path)
    with running(tmp_path / "gateway", program=clock.program, risk_weights=CALM) as gateway:
        await asyncio.to_thread(add_payers, gateway, PAYERS)
        buyers = Buyers(gateway, PAYERS)
        with receiving(gateway.merchant(), buyers.orders) as receiver:
            buyers.notify_url = receiver.url
            async with buyers.buying():
                await buyers.more_are_paid()
                clock.set_to(-HOUR_S)
                await asyncio.sleep(2)
                await buyers.more_are_paid()
                paid_then = len(buyers.payments) - len(PAYERS)
                await receiver_knows(receiver.paid, paid_then)
                check_query(gateway, buyers)
                clock.set_to(0)
                await asyncio.sleep(2)
                await buyers.more_are_paid()
            await buyers.close()
            await receiver_knows(receiver.paid, len(buyers.payments))
            assert receiver.arrivals.total() == len(buyers.payments)
            assert receiver.faults == []
        assert set(buyers.told()) == {"9000"}
        check_books(gateway, buyers.payments)


@pytest.fixture
def folder_for_all() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tillgate-clock-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


async def test_a_database_whose_clock_is_set_back_takes_no_gateway_back(
    folder_for_all: Path,
) -> None:
    """As a failover does to a machine that is an hour behind."""
    wrong = Fooled(folder_for_all)
    cluster = Cluster(folder_for_all, wrong.settings)
    cluster.make()
    cluster.start()
    try:
        store = await open_postgres(cluster.url)
        clock = DatabaseClock(store, measure_every_s=0.1)
        await clock.start()
        began_ms, began_s = clock.now_ms(), time.monotonic()
        wrong.set_to(-HOUR_S)
        while not held_ms(clock.steady):
            assert time.monotonic() < began_s + 60, "the database's clock was not set back"
            await asyncio.sleep(0.1)
        assert held_ms(clock.steady) == pytest.approx(HOUR_S * SECOND_MS, abs=5_000)
        went_ms = clock.now_ms() - began_ms
        assert went_ms == pytest.approx((time.monotonic() - began_s) * SECOND_MS, abs=5_000)
        wrong.set_to(0)
        while held_ms(clock.steady):
            assert time.monotonic() < began_s + 120, "the clock still holds"
            await asyncio.sleep(0.1)
        await clock.stop()
        await store.aclose()
    finally:
        cluster.stop()


def check_query(gateway: Gateway, buyers: Buyers) -> None:
    """Ask as a merchant's server does, whose requests carry the right time."""
    with gateway.merchant() as merchant:
        assert isinstance(merchant.query(buyers.payments[0].order.merchant_trans_id), Paid)


async def test_a_clock_set_ahead_refuses_by_name_what_looks_stale(tmp_path: Path) -> None:
    clock = Fooled(tmp_path)
    with running(tmp_path / "gateway", program=clock.program, risk_weights=CALM) as gateway:
        await asyncio.to_thread(add_payers, gateway, PAYERS)
        buyers = Buyers(gateway, PAYERS)
        async with buyers.buying():
            await buyers.more_are_paid()
        clock.set_to(HOUR_S)
        await asyncio.sleep(2)
        await asyncio.to_thread(becomes, gateway, 200)
        late = order("ahead-1")
        told = await buyers.called(Payment(order=late, payer="ann"))
        assert told["resultCode"] == "4000", told
        assert told["memo"].startswith("REQUEST_EXPIRED")
        await buyers.close()
    clock.set_to(0)
    with running(tmp_path / "gateway", program=clock.program, risk_weights=CALM) as gateway:
        again = Buyers(gateway, PAYERS)
        async with again.buying():
            await again.more_are_paid()
        await again.close()
        check_books(gateway, [*buyers.payments, *again.payments])


pytestmark = pytest.mark.timeout(300)
