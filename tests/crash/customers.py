"""Customers who pay over HTTP and do not give up: an answer that is lost is asked for again.

Each customer has one payment at a time and repeats it with the same callId, as a wallet does. It
knows nothing of the server but its doors. What must hold: it writes down every answer it got, so
that what was promised can be held against the books.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, final
from urllib.parse import urlsplit

import httpx2
import msgspec

from tests.support.gateway import PIN
from tillgate.merchant import Merchant, Order

UNKNOWN = "8000"


@final
class Payment(msgspec.Struct, kw_only=True):
    """One payment, and what its customer was told, in order.

    Attributes:
        cashier: the path of its cashier, once it is known.
        told: every final answer.
        lost: how many answers never came.
    """

    order: Order
    payer: str
    call_id: str
    order_str: str = ""
    cashier: str = ""
    told: list[str] = msgspec.field(default_factory=list)
    lost: int = 0


@final
class Street:
    """All customers, and whether the server is up."""

    def __init__(self, merchant: Merchant, origin: str, answered: Callable[[], None]) -> None:
        """Let customers pay at `origin`; call `answered` after each final answer."""
        self._merchant = merchant
        self._answered = answered
        self.is_up = asyncio.Event()
        self._client = httpx2.AsyncClient(base_url=origin, timeout=20, trust_env=False)

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def walk(self, payer: str, payments: Sequence[Payment], dice: random.Random) -> None:
        """Pay one after the other."""
        token = await self._sign_in(payer)
        for payment in payments:
            await self.pay(payment, token, dice)

    async def settle(self, payer: str, payments: Sequence[Payment]) -> None:
        """Ask again for what was unknown until it is known."""
        token = await self._sign_in(payer)
        dice = random.Random(payer)
        for payment in payments:
            while payment.told[-1] == UNKNOWN:
                await asyncio.sleep(0.25)
                await self.pay(payment, token, dice)

    async def pay(self, payment: Payment, token: str, dice: random.Random) -> None:
        """Pay until there is a final answer, however often the server dies meanwhile."""
        if not payment.order_str:
            payment.order_str = self._merchant.order_str(payment.order)
        call = {
            "orderStr": payment.order_str,
            "version": "2.0.0",
            "callId": payment.call_id,
        }
        while True:
            # After a lost answer some repeat the confirm itself, others the whole call.
            if not (payment.cashier and payment.lost and dice.random() < 0.5):
                answer = await self._post("/cashier/trade-pay", call, token, payment)
                if answer is None:
                    continue
                if "cashierUrl" not in answer:
                    break
                payment.cashier = urlsplit(answer["cashierUrl"]).path
            answer = await self._post(f"{payment.cashier}/confirm", {"pin": PIN}, token, payment)
            if answer is not None:
                break
        assert isinstance(answer["resultCode"], str), (payment, answer)
        payment.told.append(answer["resultCode"])
        self._answered()

    async def _sign_in(self, payer: str) -> str:
        body = {"payer": payer, "pin": PIN}
        while (answer := await self._post("/wallet/session", body, "", None)) is None:
            continue
        token: str = answer["token"]
        return token

    async def _post(
        self, path: str, body: dict[str, str], token: str, payment: Payment | None
    ) -> dict[str, Any] | None:
        """Return the answer, or None when it was lost."""
        await self.is_up.wait()
        headers = {"authorization": f"Bearer {token}"} if token else {}
        try:
            response = await self._client.post(path, json=body, headers=headers)
        except httpx2.TransportError:
            if payment is not None:
                payment.lost += 1
            await asyncio.sleep(0.02)
            return None
        assert response.status_code == 200, (path, response.status_code, response.text)
        answer: dict[str, Any] = response.json()
        return answer
