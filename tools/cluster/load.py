"""Real gateways on the cluster under load, and their books held against what was promised.

It starts `tillgate serve` processes that share one database, lets payers pay at each, and reads the
tables afterwards without any code of ours. What must hold: whoever was told 9000 is in the ledger
exactly once, nobody else is, and nobody was told 5000.
"""

import asyncio
import json
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, final

import asyncpg

from tests.support.gateway import CLIENT_ID, PIN, Gateway, command, environment, order
from tests.support.receiver import Receiver, receiving
from tillgate.bootstrap import hashed_pin
from tillgate.cli.operate import execute, settings_of
from tillgate.engine.commands import AddPayer, TopUp
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money
from tillgate.merchant import Order
from tools.cluster.breaking import Heartbeat
from tools.cluster.payers import PAID, UNKNOWN, Payers, Payment
from tools.cluster.readiness import Balancer

GATEWAYS: Final = 2
PAYERS: Final = 6
"""At each gateway; each makes one payment after the other."""
AMOUNT: Final = "1.00 HKD"
GIVEN: Final = "100000.00 HKD"
END_S_MAX: Final = 60.0
TELL_S_MAX: Final = 90.0
"""How long the last notifications may take: a lease of a dead connection, and their turn."""
CALM: Final = "velocity_hour=0, velocity_day=0, amount_unusual=0, new_account_large=0"
ENTRIES: Final = """
SELECT a.merchant_trans_id, count(e.entry_id) FROM acquirements a
LEFT JOIN entries e
    ON e.book = a.merchant_id AND e.reference = a.acquirement_id AND e.kind = 'PAYMENT'
GROUP BY a.merchant_trans_id
"""
BALANCES: Final = "SELECT account, money_minor FROM balances WHERE account LIKE 'payer:payer-%'"
UNTOLD: Final = "SELECT count(*) FROM notifications WHERE state <> 'ACKNOWLEDGED'"


@asynccontextmanager
async def paying(folder: Path, url: str, heart: Heartbeat) -> AsyncIterator["Load"]:
    """Let people pay at gateways on this database for as long as the block lasts."""
    gateways: list[Gateway] = []
    orders: dict[str, Order] = {}
    async with AsyncExitStack() as stack:
        for number in range(GATEWAYS):
            gateway = _gateway(folder / f"gateway-{number}", url, gateways[:1])
            gateways.append(gateway)
            stack.callback(gateway.kill)
            await asyncio.to_thread(gateway.start)
        await asyncio.to_thread(_add_payers, gateways[0], url)
        receiver = stack.enter_context(receiving(gateways[0].merchant(), orders))

        def ordered(number: str) -> Order:
            orders[number] = order(number, AMOUNT, notify_url=receiver.url)
            return orders[number]

        some = [Payers(each.merchant(), each.origin, ordered, heart.beat) for each in gateways]
        for each in some:
            stack.push_async_callback(each.close)
        balancer = Balancer([gateway.origin for gateway in gateways])
        stack.push_async_callback(balancer.stop)
        load = Load(url, gateways[0].data, some, receiver=receiver, balancer=balancer)
        stack.push_async_callback(load.cancel)
        load.start()
        yield load


@final
class Load:
    """Payers at gateways, and a merchant who is notified."""

    def __init__(
        self,
        url: str,
        data: Path,
        payers: Sequence[Payers],
        *,
        receiver: Receiver,
        balancer: Balancer,
    ) -> None:
        """Nobody pays yet; `data` is a gateway's folder."""
        self._url = url
        self._data = data
        self._payers = payers
        self._receiver = receiver
        self._balancer = balancer
        self._ends = asyncio.Event()
        self._walks: list[asyncio.Future[None]] = []

    @property
    def payments(self) -> list[Payment]:
        """Return all payments that were begun."""
        return [payment for some in self._payers for payment in some.payments]

    def start(self) -> None:
        """Let everybody begin to pay, and a load balancer look."""
        self._balancer.start()
        self._walks = [
            asyncio.ensure_future(some.walk(_payer(number, at), self._ends))
            for number, some in enumerate(self._payers)
            for at in range(PAYERS)
        ]

    async def stop(self) -> None:
        """Let every payment that was begun come to an end."""
        self._ends.set()
        _, waiting = await asyncio.wait(self._walks, timeout=END_S_MAX)
        if waiting:
            raise TimeoutError(f"{len(waiting)} payers know nothing after {END_S_MAX:.0f} s")
        await asyncio.gather(*self._walks)

    async def cancel(self) -> None:
        """Let nobody pay any more."""
        for walk in self._walks:
            walk.cancel()
        await asyncio.gather(*self._walks, return_exceptions=True)

    async def findings(
        self, urls: Sequence[str], outages: Sequence[tuple[float, float]]
    ) -> list[str]:
        """Return what is wrong with the answers, and with the books on each machine."""
        found = [fault for some in self._payers for fault in some.faults]
        found += self._balancer.findings(outages)
        found += await self._untold()
        for url in urls:
            found += await self._books(url)
        audit = await asyncio.to_thread(self._audit)
        if not audit["clean"]:
            found.append(f"the audit is not clean: {audit['findings']}")
        return found

    async def _books(self, url: str) -> list[str]:
        """Hold what payers were told against the rows of one database."""
        connection = await asyncpg.connect(url)
        try:
            entries = {row[0]: row[1] for row in await connection.fetch(ENTRIES)}
            balances = {row[0]: row[1] for row in await connection.fetch(BALANCES)}
        finally:
            await connection.close()
        return [
            *against_entries(self.payments, entries),
            *against_balances(self.payments, balances, given=Money.parse(GIVEN).minor),
        ]

    async def _untold(self) -> list[str]:
        """Wait until the merchant was told of every order; return what it was not told."""
        connection = await asyncpg.connect(self._url)
        try:
            ends_s = asyncio.get_running_loop().time() + TELL_S_MAX
            while await connection.fetchval(UNTOLD):
                if asyncio.get_running_loop().time() > ends_s:
                    break
                await asyncio.sleep(0.5)
        finally:
            await connection.close()
        paid = {each.order.merchant_trans_id for each in self.payments if PAID in each.told}
        untold = paid - self._receiver.paid.keys()
        return [*self._receiver.faults, *(f"nobody was told of {one}" for one in sorted(untold))]

    def _audit(self) -> dict[str, Any]:
        data = str(self._data)
        done = subprocess.run(
            command("ledger", "audit", "--data", data, "--json"),
            env={**environment(), "TILLGATE_DATABASE_URL": self._url},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        if done.returncode not in {0, 1}:
            raise RuntimeError(done.stderr)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def _gateway(data: Path, url: str, first: Sequence[Gateway]) -> Gateway:
    """Return a gateway that is not started; it has the same keys and secret as the first one."""
    for other in first:
        data.mkdir(mode=0o700)
        shutil.copytree(other.data / "keys", data / "keys")
    return Gateway(data, database_url=url, risk_weights=CALM)


def _add_payers(gateway: Gateway, url: str) -> None:
    """Register everybody, as an operator would, at a gateway that runs."""
    os.environ["TILLGATE_DATABASE_URL"] = url  # This process is the test alone.
    settings = settings_of(str(gateway.data), mode="sandbox")
    pin_hash = asyncio.run(hashed_pin(settings, PIN))
    of: dict[str, Any] = {"operator": CLIENT_ID}
    for name in (_payer(number, at) for number in range(GATEWAYS) for at in range(PAYERS)):
        who = {"payer_id": PayerId(name), **of}
        execute(AddPayer, settings, name=name, issuer="wallet", pin_hash=pin_hash, **who)
        execute(TopUp, settings, money=Money.parse(GIVEN), **who)


def _payer(number: int, at: int) -> str:
    return f"payer-{number}-{at}"


def against_entries(payments: Sequence[Payment], entries: dict[str, int]) -> list[str]:
    """Return the payments whose answers and whose entries in the ledger do not fit."""
    found = []
    for each in payments:
        number = each.order.merchant_trans_id
        booked = entries.get(number, 0)
        if set(each.told) - {UNKNOWN, PAID} or each.told[-1:] != [PAID]:
            found.append(f"{number} was told {each.told}")
        if booked != 1:
            found.append(f"{number} was told {each.told[-1:]} and is booked {booked} times")
    known = {each.order.merchant_trans_id for each in payments}
    return found + [f"{number} was never asked for" for number in sorted(entries.keys() - known)]


def against_balances(
    payments: Sequence[Payment], balances: dict[str, int], *, given: int
) -> list[str]:
    """Return the payers who have not what they were given less what they paid."""
    spent = Counter[str]()
    for each in payments:
        spent[each.payer] += each.order.money.minor
    return [
        f"{payer} has {balances.get(f'payer:{payer}')} instead of {given - minor}"
        for payer, minor in spent.items()
        if balances.get(f"payer:{payer}") != given - minor
    ]
