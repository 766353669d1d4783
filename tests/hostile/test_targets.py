"""A hundred notify addresses that answer as badly as can be, all at once, beside one that is well.

What must hold: a healthy merchant is told of its payments meanwhile, behind no bad one; the server
answers, and its memory is bounded; each bad send is recorded for what it was, and stays due.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, closing
from pathlib import Path
from typing import Any, Final

import pytest

from tests.hostile.buyers import CALM, Buyers, Payment, add_payers, check_books
from tests.hostile.measuring import files, memory_kib, pid_of, status
from tests.hostile.targets import TARGETS, listening
from tests.hostile.test_disk import receiver_knows
from tests.support.gateway import CLIENT_ID, MERCHANT_ID, Gateway, order, running
from tests.support.receiver import receiving
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant as MerchantRow
from tillgate.cli.operate import execute, settings_of
from tillgate.engine.commands import AddClient, AddClientKey, SetMerchant
from tillgate.kernel.ids import ClientId, MerchantId
from tillgate.merchant import Merchant
from tillgate.protocol.keys import load_public_key

MERCHANTS_OF_TARGET: Final = 3
SENDS_OF_MERCHANT: Final = 4
"""How many sends one merchant, and one address, may have under way; it has as many orders."""
SENDS: Final = len(TARGETS) * MERCHANTS_OF_TARGET * SENDS_OF_MERCHANT
PAYERS: Final = tuple(f"payer-{number}" for number in range(6))
MEMORY_KIB_MAX: Final = 60 * 1024
HUNG: Final = "SELECT sent_at_ms, elapsed_ms FROM notification_sends WHERE verdict = 'TIMEOUT'"
TOLD: Final = (
    "SELECT paid_at_ms, min(sent_at_ms) FROM notifications JOIN notification_sends"
    " USING (merchant_id, notification_id) WHERE merchant_id = ? GROUP BY notification_id"
)
VERDICTS: Final = "SELECT merchant_id, verdict FROM notification_sends"
HOSTILE: Final = "hostile"


@pytest.mark.timeout(600)
async def test_a_hundred_bad_notify_targets_at_once_harm_nobody_else(tmp_path: Path) -> None:
    assert SENDS > 100
    async with AsyncExitStack() as opened:
        gateway = opened.enter_context(running(tmp_path / "gateway", risk_weights=CALM))
        urls = {
            f"{name} {number}": await opened.enter_async_context(listening(behaviour))
            for name, (behaviour, _) in TARGETS.items()
            for number in range(MERCHANTS_OF_TARGET)
        }
        await asyncio.to_thread(add_payers, gateway, (*PAYERS, "ann"))
        await asyncio.to_thread(register, gateway, tuple(urls))
        buyers = Buyers(gateway, ("ann",))
        bad = Buyers(gateway, PAYERS)
        receiver = opened.enter_context(receiving(gateway.merchant(), buyers.orders))
        buyers.notify_url = receiver.url
        before_kib, before_files = memory_kib(pid_of(gateway)), files(pid_of(gateway))
        await bad.sign_in()
        bad.payments += orders(gateway, urls)
        paying = asyncio.gather(*(bad.pay_all_of(payer) for payer in PAYERS))
        async with buyers.buying():
            while not (paying.done() and everything_was_tried(sends(gateway))):
                await buyers.more_are_paid(1)
                await receiver_knows(receiver.paid, buyers.paid())
                assert await asyncio.to_thread(status, gateway, "/healthz") == 200
                assert memory_kib(pid_of(gateway)) - before_kib < MEMORY_KIB_MAX
                assert files(pid_of(gateway)) - before_files < 2 * SENDS
        await paying
        await receiver_knows(receiver.paid, len(buyers.payments))
        meanwhile, overtook = overtaking(gateway)
        assert overtook > meanwhile / 2 > 0
        assert sends(gateway) == {name: {verdict} for name, (_, verdict) in TARGETS.items()}
        assert receiver.faults == []
        for each in (buyers, bad):
            await each.close()
        check_books(gateway, [*buyers.payments, *bad.payments])


def everything_was_tried(verdicts: Mapping[str, set[str]]) -> bool:
    """Tell whether each target has met a send."""
    return set(verdicts) == set(TARGETS)


def register(gateway: Gateway, names: tuple[str, ...]) -> None:
    """Register a merchant for each target, all of which one client acts for."""
    settings = settings_of(str(gateway.data), mode="sandbox")
    run: Callable[..., object] = execute
    by = {"operator": CLIENT_ID}
    for name in names:
        row = MerchantRow(merchant_id=merchant_id(name), name=name)
        run(SetMerchant, settings, merchant=row, **by)
    ids = tuple(map(merchant_id, names))
    client = Client(client_id=ClientId(HOSTILE), name=HOSTILE, profile="TILLGATE", merchant_ids=ids)
    run(AddClient, settings, client=client, **by)
    pem = (gateway.data / "keys" / "merchant.public.pem").read_bytes()
    key = load_public_key(pem)
    of = ClientKey(
        client_id=client.client_id,
        fingerprint=key.fingerprint,
        public_pem=key.pem(),
        valid_from_ms=0,
    )
    run(AddClientKey, settings, key=of, **by)


def merchant_id(name: str) -> MerchantId:
    """Return the merchant of a target."""
    return MerchantId(f"m-{name.replace(' ', '-')}")


def orders(gateway: Gateway, urls: Mapping[str, str]) -> list[Payment]:
    """Return payments of which a bad target is to be told, for each payer in turn."""
    made: list[Payment] = []
    for name, url in urls.items():
        merchant = Merchant(
            client_id=HOSTILE,
            merchant_id=merchant_id(name),
            private_key=gateway.data / "keys" / "merchant.private.pem",
            gateway_public_key=gateway.data / "keys" / "gateway.public.pem",
            base_url=gateway.origin,
        )
        for number in range(SENDS_OF_MERCHANT):
            of = order(f"{merchant_id(name)}-{number}", notify_url=url)
            payer = PAYERS[len(made) % len(PAYERS)]
            made.append(Payment(order=of, payer=payer, order_str=merchant.order_str(of)))
    return made


def sends(gateway: Gateway) -> dict[str, set[str]]:
    """Return what was recorded of the sends to each target."""
    found: dict[str, set[str]] = {}
    for merchant, verdict in _rows(gateway, VERDICTS):
        name = " ".join(merchant.split("-")[1:-1])
        if name in TARGETS:
            found.setdefault(name, set()).add(verdict)
    return found


def overtaking(gateway: Gateway) -> tuple[int, int]:
    """Return how many healthy orders were paid while a send hung, and how many did not wait for it.

    What is told after the last of the sends that hung then might have waited for them.
    """
    hung = [(begun, begun + took) for begun, took in _rows(gateway, HUNG)]
    meanwhile = [
        (told, max(ends))
        for paid, told in _rows(gateway, TOLD, MERCHANT_ID)
        if (ends := [end for begun, end in hung if begun < paid < end])
    ]
    return len(meanwhile), sum(told < end for told, end in meanwhile)


def _rows(gateway: Gateway, sql: str, *values: str) -> list[Any]:
    with closing(sqlite3.connect(gateway.data / "tillgate.sqlite")) as connection:
        return connection.execute(sql, values).fetchall()
