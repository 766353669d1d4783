"""Many clients at once over HTTP give back more than a merchant may owe: just the limit goes back.

Each client has another payment, so nothing but the merchant's `debt_max` stands between them. What
must hold: whatever order the gateway takes them in, what passes comes to the limit and no further,
every answer says what the books say, and the limit holds after the server was started again.
"""

from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.api.posting import (
    CANCEL,
    QUERY,
    REFUND,
    WAP_PAY,
    Server,
    operate,
    pays,
    rows,
)
from tests.e2e.api.test_races import Wish, at_once, codes
from tests.support.engines import keep
from tests.support.gateway import MERCHANT_ID, Gateway, running
from tillgate.acquiring.debt import Debt
from tillgate.bookkeeping import merchant_account
from tillgate.bootstrap.databases import open_database
from tillgate.cli.operate import settings_of
from tillgate.kernel.ids import MerchantId
from tillgate.kernel.money import Money
from tillgate.ledger.chart import Account, AccountKind
from tillgate.ledger.entries import EntryKind, Leg, Posting, journal

CLIENTS = 20
PAID = 1_000
LIMIT = 5_000
TOO_MUCH = "MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH"
WALLET, OUTSIDE = "walter", "oscar"
NUMBERS = count(1)


async def pay_out(gateway: Gateway, minor: int) -> None:
    """Pay the merchant what it is owed: there is no settlement yet, so its entry is just written.

    One process owns the file at a time, so the server is stopped for it.
    """
    gateway.stop()
    entry = journal(
        EntryKind.REFUND,
        [
            Leg(
                merchant_account(MerchantId(MERCHANT_ID)),
                Account(AccountKind.FUNDING, "payout"),
                Money.of(minor, "HKD"),
            )
        ],
        book=MERCHANT_ID,
        reference=f"payout {next(NUMBERS)}",
        at_ms=1_700_000_000_000,
    )
    async with open_database(settings_of(str(gateway.data), mode="sandbox")) as opened:
        await keep(opened.store, entry.entry, *entry.postings)
    gateway.start()


async def owed(gateway: Gateway) -> int:
    account = str(merchant_account(MerchantId(MERCHANT_ID)))
    legs = (await rows(gateway, Posting))[Posting]
    return sum(
        leg.money.minor * ((leg.destination == account) - (leg.source == account)) for leg in legs
    )


def paid_orders(gateway: Gateway, payer: str) -> list[str]:
    """Return our numbers of as many payments as there are clients."""
    me, found = Server(gateway), []
    for _ in range(CLIENTS):
        number = f"DEBT-{next(NUMBERS)}"
        assert pays(gateway, me.sealed(WAP_PAY, me.order(number, PAID)), payer) == "9000"
        found.append(me.ask(QUERY, me.named(merchantTransId=number)).body["acquirementId"])
    return found


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """Run a gateway whose audit finds nothing behind the test but the payout."""
    with running(tmp_path / "gateway") as started:
        operate(started, "payer", "add", WALLET)
        operate(started, "payer", "top-up", WALLET, "1000.00 HKD")
        operate(started, "payer", "add", OUTSIDE, "--issuer", "sandbox")
        yield started
        found = started.audit()
    faults = [each for each in found["findings"] if each["fault"]]
    assert not [fault for fault in faults if "payout" not in str(fault)], faults


@pytest.mark.parametrize("payer", [WALLET, OUTSIDE])
async def test_refunds_at_once_come_to_the_limit_and_no_further(
    gateway: Gateway, payer: str
) -> None:
    paid = paid_orders(gateway, payer)
    await pay_out(gateway, CLIENTS * PAID)
    operate(gateway, "merchant", "set", MERCHANT_ID, "--debt-max", "50.00 HKD")
    me = Server(gateway)
    wishes: list[Wish] = [
        (REFUND, me.refund(ours, f"R-{number}", PAID)) for number, ours in enumerate(paid)
    ]

    said = codes(at_once(gateway, wishes))

    allowed = LIMIT // PAID
    assert said == {"SUCCESS": allowed, TOO_MUCH: CLIENTS - allowed}
    assert await owed(gateway) == -LIMIT
    assert [row.given_minor for row in (await rows(gateway, Debt))[Debt]] == [LIMIT]

    gateway.kill()
    gateway.start()
    assert set(codes(at_once(gateway, wishes))) == {"SUCCESS", TOO_MUCH}
    assert await owed(gateway) == -LIMIT, "the same refunds again are no new ones"


async def test_refunds_and_cancels_at_once_share_the_limit(gateway: Gateway) -> None:
    paid = paid_orders(gateway, WALLET)
    await pay_out(gateway, CLIENTS * PAID)
    operate(gateway, "merchant", "set", MERCHANT_ID, "--debt-max", "50.00 HKD")
    me = Server(gateway)
    wishes: list[Wish] = [
        (CANCEL, me.named(acquirementId=ours))
        if number % 2
        else (REFUND, me.refund(ours, f"R-{number}", PAID))
        for number, ours in enumerate(paid)
    ]

    said = codes(at_once(gateway, wishes))

    allowed = LIMIT // PAID
    assert said == {"SUCCESS": allowed, TOO_MUCH: CLIENTS - allowed}
    assert await owed(gateway) == -LIMIT
