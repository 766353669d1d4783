"""Buyers who pay over HTTP while something is wrong, and the books that must agree with them.

Each buyer pays one order after the other and asks again, as a wallet does, until it is told an end.
It knows nothing of the server but its doors. What must hold: every answer is written down, and
after the trouble each payment has come to exactly one end, by its answer and by the books.
"""

import asyncio
import os
import sqlite3
import time
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from secrets import token_hex
from typing import Any, Final, final
from urllib.parse import urlsplit

import asyncpg
import httpx2
import msgspec

from tests.hostile.measuring import PATIENCE_S
from tests.support.gateway import CLIENT_ID, PIN, Gateway, order
from tillgate.bootstrap import hashed_pin
from tillgate.cli.operate import execute, settings_of
from tillgate.engine.commands import AddPayer, TopUp
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money
from tillgate.merchant import Order

CALM: Final = "velocity_hour=0, velocity_day=0, amount_unusual=0, new_account_large=0, device_new=0"
AS_IT_SHIPS: Final = {"risk_weights": CALM, "queue_wait_ms_max": "2000"}
"""Turns away, as in production, whoever would wait longer for the database."""
IS_LONG: Final = os.environ.get("TILLGATE_TESTS_LONG") == "1"
"""Whether tests run with the numbers of the issue, which take minutes, or with small ones."""
TOLD_IN_TROUBLE: Final = frozenset({"9000", "8000", "503", "429"})
"""Paid; not known; not ready; turned away, certainly not executed, since the store takes long."""
PAID: Final = "9000"
UNKNOWN: Final = "8000"
START: Final = Money.parse("100000.00 HKD")
PRICE: Final = Money.parse("10.00 HKD")


@final
class Payment(msgspec.Struct, kw_only=True):
    """One payment, and what its buyer was told, in order.

    Attributes:
        told: every answer: a result code, or what stood for one, such as "503" or "lost".
        began_s: when its buyer asked last.
        took_s: how long the longest answer took.
    """

    order: Order
    payer: str
    order_str: str = ""
    told: list[str] = msgspec.field(default_factory=list)
    began_s: float = 0.0
    took_s: float = 0.0

    @property
    def is_paid(self) -> bool:
        """Tell whether its buyer was told so."""
        return PAID in self.told


@final
class Buyers:
    """Some buyers at one server."""

    def __init__(self, gateway: Gateway, payers: Sequence[str], *, notify_url: str = "") -> None:
        """Let these payers buy from the demo merchant."""
        self._gateway = gateway
        self._merchant = gateway.merchant()
        self._payers = payers
        self.notify_url = notify_url
        self._tokens: dict[str, str] = {}
        self._ended = False
        limits = httpx2.Limits(max_connections=500)
        self._client = httpx2.AsyncClient(
            base_url=gateway.origin, timeout=PATIENCE_S, trust_env=False, limits=limits
        )
        self.payments: list[Payment] = []
        self.orders: dict[str, Order] = {}

    async def sign_in(self) -> None:
        """Give every payer a session."""
        for payer in self._payers:
            said = {"payer": payer, "pin": PIN}
            answer = await self._client.post("/wallet/session", json=said)
            assert answer.status_code == 200, answer.text
            self._tokens[payer] = answer.json()["token"]

    @asynccontextmanager
    async def buying(self) -> AsyncIterator["Buyers"]:
        """Let everybody buy for as long as the block lasts, and bring what is open to its end."""
        await self.sign_in()
        self._ended = False
        everybody = asyncio.gather(*(self._shop(payer) for payer in self._payers))
        try:
            yield self
        finally:
            self._ended = True
            await everybody

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    def paid(self) -> int:
        """Return how many buyers were told that they have paid."""
        return sum(payment.is_paid for payment in self.payments)

    async def more_are_paid(self, count: int = 4, within_s: float = 120) -> float:
        """Return after how many seconds so many more buyers were told that they have paid."""
        began_s, before = time.monotonic(), self.paid()
        while self.paid() < before + count:
            assert time.monotonic() - began_s < within_s, "nobody pays any more"
            await asyncio.sleep(0.05)
        return time.monotonic() - began_s

    async def everybody_is_answered(self) -> None:
        """Wait until each buyer, whatever becomes of what is under way, has asked and was told."""
        before = self._answers()
        # The first answer may be to a question of earlier, the next one is not.
        while any(count < before[payer] + 2 for payer, count in self._answers().items()):
            await asyncio.sleep(0.05)

    def _answers(self) -> dict[str, int]:
        """Return how often each buyer was told something."""
        told = Counter[str]()
        for payment in self.payments:
            told[payment.payer] += len(payment.told)
        return {payer: told[payer] for payer in self._payers}

    def told(self) -> Counter[str]:
        """Return how often each answer was given."""
        return Counter(said for payment in self.payments for said in payment.told)

    async def _shop(self, payer: str) -> None:
        while not self._ended:
            number = f"{payer}-{len(self.payments)}-{token_hex(4)}"
            more = {"notify_url": self.notify_url} if self.notify_url else {}
            made = order(number, str(PRICE), **more)
            payment = Payment(order=made, payer=payer)
            self.orders[number] = made
            self.payments.append(payment)
            await self.pay(payment)

    async def pay_all_of(self, payer: str) -> None:
        """Pay one after the other what this payer is to pay."""
        for payment in self.payments:
            if payment.payer == payer:
                await self.pay(payment)

    async def pay(self, payment: Payment) -> None:
        """Ask until the payment has come to an end."""
        while not payment.told or payment.told[-1] not in (PAID, "4000", "5000"):
            if payment.told:
                await asyncio.sleep(0.1)
            payment.began_s = time.monotonic()
            payment.told.append(await self._asked(payment))
            payment.took_s = max(payment.took_s, time.monotonic() - payment.began_s)

    async def called(self, payment: Payment) -> dict[str, Any]:
        """Return what a page is told when it calls the wallet with an order."""
        payment.order_str = payment.order_str or self._merchant.order_str(payment.order)
        call = {
            "orderStr": payment.order_str,
            "version": "2.0.0",
            "callId": f"call-{payment.order.merchant_trans_id}",
        }
        return await self._post("/cashier/trade-pay", call, payment.payer)

    async def confirmed(self, payment: Payment, answer: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is told when the PIN is typed at the cashier that an answer names."""
        return await self._post(_confirms(answer), {"pin": PIN}, payment.payer)

    def confirming(self, payment: Payment, answer: Mapping[str, Any]) -> bytes:
        """Return the same request as it goes over a socket, for a client that has no time."""
        body = msgspec.json.encode({"pin": PIN})
        lines = (
            f"POST {_confirms(answer)} HTTP/1.1",
            f"host: {urlsplit(self._gateway.origin).netloc}",
            f"authorization: Bearer {self._tokens[payment.payer]}",
            "content-type: application/json",
            f"content-length: {len(body)}",
        )
        return "\r\n".join((*lines, "", "")).encode() + body

    async def _asked(self, payment: Payment) -> str:
        answer = await self.called(payment)
        if "cashierUrl" in answer:
            answer = await self.confirmed(payment, answer)
        return str(answer["resultCode"])

    async def _post(self, path: str, body: dict[str, str], payer: str) -> dict[str, Any]:
        """Return the answer, or what stands for one that never came."""
        headers = {"authorization": f"Bearer {self._tokens[payer]}"}
        try:
            response = await self._client.post(path, json=body, headers=headers)
        except httpx2.TransportError:
            return {"resultCode": "lost"}
        answer: dict[str, Any] = response.json()
        if response.status_code != 200:
            return {"resultCode": f"{response.status_code}", "memo": answer["memo"]}
        return answer


def _confirms(answer: Mapping[str, Any]) -> str:
    return f"{urlsplit(answer['cashierUrl']).path}/confirm"


def add_payers(gateway: Gateway, names: Sequence[str]) -> None:
    """Make payers with money in the wallet of the house."""
    settings = settings_of(str(gateway.data), mode="sandbox")
    pin_hash = asyncio.run(hashed_pin(settings, PIN))
    run: Callable[..., object] = execute
    for name in names:
        of = {"operator": CLIENT_ID, "payer_id": PayerId(name)}
        run(AddPayer, settings, name=name, issuer="wallet", pin_hash=pin_hash, **of)
        run(TopUp, settings, money=START, **of)


def check_books(gateway: Gateway, payments: Sequence[Payment]) -> None:
    """Hold what buyers were told against the rows, read without any code of ours, and audit."""
    entries = Counter(
        str(trans_id)
        for (trans_id,) in _rows(
            gateway,
            "SELECT merchant_trans_id FROM acquirements JOIN entries"
            " ON book = merchant_id AND reference = acquirement_id AND kind = 'PAYMENT'",
        )
    )
    for payment in payments:
        number = payment.order.merchant_trans_id
        assert payment.is_paid, payment
        assert not set(payment.told) & {"4000", "5000", "6001"}, payment
        assert entries[number] == 1, (payment, entries[number])
    assert len(entries) == len(payments)
    balances = dict(_rows(gateway, "SELECT account, money_minor FROM balances"))
    for payer, count in Counter(payment.payer for payment in payments).items():
        assert balances[f"payer:{payer}"] == START.minor - count * PRICE.minor
    found = gateway.audit()
    assert found["clean"], found


def _rows(gateway: Gateway, sql: str) -> list[Any]:
    told = gateway.data / "tillgate.toml"
    if told.exists():
        return asyncio.run(_fetched(tomllib.loads(told.read_text())["database_url"], sql))
    with closing(sqlite3.connect(gateway.data / "tillgate.sqlite")) as connection:
        return connection.execute(sql).fetchall()


async def _fetched(url: str, sql: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()
