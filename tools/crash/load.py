"""Everybody who pays while processes die, the killer, and the books afterwards.

Some confirm with their PIN at the cashier, most are debited by agreement; a merchant's server is
notified of all. What must hold: whoever was told 9000 is in the ledger exactly once, nobody was
told 5000, every paid order was notified, the audit is clean.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, final

import msgspec

from tests.support.gateway import CLIENT_ID, PIN, order
from tests.support.receiver import Receiver, receiving
from tillgate.bootstrap import hashed_pin
from tillgate.cli.operate import execute, settings_of
from tillgate.engine.commands import AddPayer, TopUp
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money
from tillgate.merchant import Order
from tools.cluster.load import BALANCES, ENTRIES, against_balances, against_entries
from tools.cluster.payers import PAID, Payers, Payment
from tools.crash.debtors import Debtors
from tools.crash.victims import Victim

AT_CASHIER: Final = 8
EVERYBODY: Final = 32
"""Payers; those who do not confirm are debited. Each makes one payment after the other."""
AMOUNT: Final = "1.00 HKD"
GIVEN: Final = "100000.00 HKD"
KILL_EVERY_S: Final = 1.0
END_S_MAX: Final = 120.0
TELL_S_MAX: Final = 300.0
UNTOLD: Final = "SELECT count(*) FROM notifications WHERE state <> 'ACKNOWLEDGED'"


class Figures(msgspec.Struct, kw_only=True):
    """What is printed in the end."""

    seed: int
    payments: int = 0
    at_cashier: int = 0
    promised: int = 0
    repeated: int = 0
    unknown: int = 0
    killed: int = 0
    notified: int = 0
    sends: int = 0
    load_s: float = 0.0
    last_notification_s: float = 0.0
    orders: int = 0
    findings: list[str] = msgspec.field(default_factory=list)


@final
class Load:
    """Payers, debtors and their merchant's server."""

    def __init__(self, victim: Victim, receiver: Receiver, orders: dict[str, Order]) -> None:
        """Nobody pays yet."""
        self._victim = victim
        self._receiver = receiver
        self._orders = orders
        gateway = victim.gateway
        self.payers = Payers(gateway.merchant(), gateway.origin, self._ordered, self._one_paid)
        self.debtors = Debtors(gateway, self._ordered, self._one_paid)
        self.promised = 0

    @property
    def payments(self) -> list[Payment]:
        """Return all payments that were begun."""
        return [*self.payers.payments, *self.debtors.payments]

    async def run(self, *, payments: int, seconds: float, figures: Figures) -> None:
        """Let everybody pay, killing as long as `seconds`, until so many payments are promised."""
        tokens = [await self.debtors.agree(_payer(at)) for at in range(AT_CASHIER, EVERYBODY)]
        ends, began_s = asyncio.Event(), time.monotonic()
        walks = [
            asyncio.ensure_future(self.payers.walk(_payer(at), ends)) for at in range(AT_CASHIER)
        ]
        walks += [
            asyncio.ensure_future(self.debtors.walk(_payer(AT_CASHIER + at), token, ends))
            for at, token in enumerate(tokens)
        ]
        dice = random.Random(figures.seed)  # noqa: S311  It chooses whom to kill.
        while self.promised < payments or time.monotonic() - began_s < seconds:
            for walk in walks:
                if walk.done():
                    walk.result()
            await asyncio.sleep(KILL_EVERY_S)
            if time.monotonic() - began_s < seconds:
                figures.killed += await self._victim.die(dice)
        ends.set()
        async with asyncio.timeout(END_S_MAX):
            await asyncio.gather(*walks)
        figures.load_s = time.monotonic() - began_s

    async def judge(self, figures: Figures) -> None:
        """Wait until the merchant was told of everything; hold all answers against the books."""
        began_s = time.monotonic()
        while (await self._victim.rows(UNTOLD))[0][0]:
            if time.monotonic() - began_s > TELL_S_MAX:
                break
            await asyncio.sleep(0.5)
        figures.last_notification_s = time.monotonic() - began_s
        payments = self.payments
        entries = {row[0]: row[1] for row in await self._victim.rows(ENTRIES)}
        balances = {row[0]: row[1] for row in await self._victim.rows(BALANCES)}
        paid = {each.order.merchant_trans_id for each in payments if PAID in each.told}
        told = Counter(code for each in payments for code in each.told)
        figures.payments = len(payments)
        figures.at_cashier = len(self.payers.payments)
        figures.promised = len(paid)
        figures.repeated = sum(each.lost > 0 for each in payments)
        figures.unknown = told["8000"]
        figures.notified = len(self._receiver.paid)
        figures.sends = self._receiver.arrivals.total()
        audit = await asyncio.to_thread(self._victim.gateway.audit)
        figures.orders = audit["read"]["orders"]
        figures.findings += [
            *self.payers.faults,
            *self.debtors.faults,
            *self._receiver.faults,
            *against_entries(payments, entries),
            *against_balances(payments, balances, given=Money.parse(GIVEN).minor),
            *(f"nobody was told of {one}" for one in sorted(paid - self._receiver.paid.keys())),
            *(["the audit is not clean"] if not audit["clean"] else []),
        ]

    async def close(self) -> None:
        """Close all connections."""
        await self.payers.close()
        await self.debtors.close()

    def _ordered(self, number: str) -> Order:
        self._orders[number] = order(number, AMOUNT, notify_url=self._receiver.url)
        return self._orders[number]

    def _one_paid(self) -> None:
        self.promised += 1


@asynccontextmanager
async def paying(victim: Victim) -> AsyncIterator[Load]:
    """Make the payers and the merchant's server for as long as the block lasts."""
    await asyncio.to_thread(_add_payers, victim)
    orders: dict[str, Order] = {}
    async with AsyncExitStack() as stack:
        receiver = stack.enter_context(receiving(victim.gateway.merchant(), orders))
        load = Load(victim, receiver, orders)
        stack.push_async_callback(load.close)
        yield load


def _add_payers(victim: Victim) -> None:
    """Register everybody, as an operator would, at a gateway that runs."""
    settings = settings_of(str(victim.gateway.data), mode="sandbox")
    pin_hash = asyncio.run(hashed_pin(settings, PIN))
    run: Callable[..., Any] = execute
    for name in (_payer(at) for at in range(EVERYBODY)):
        who: dict[str, Any] = {"payer_id": PayerId(name), "operator": CLIENT_ID}
        run(AddPayer, settings, name=name, issuer="wallet", pin_hash=pin_hash, **who)
        run(TopUp, settings, money=Money.parse(GIVEN), **who)


def _payer(at: int) -> str:
    return f"payer-{at}"
