"""Payers who pay over HTTP at one gateway and do not give up: what is unknown is asked for again.

It knows the doors alone. What must hold: a repeat is the same call, as a wallet's is; every final
answer is written down, and so is every answer that a door should not have given.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, Final, final
from urllib.parse import urlsplit

import httpx2
import msgspec

from tests.support.gateway import PIN
from tillgate.merchant import Merchant, Order

PAID: Final = "9000"
UNKNOWN: Final = "8000"
PAUSE_S: Final = 0.25
ASK_AGAIN_S: Final = 0.25
ANSWER_S_MAX: Final = 20.0
COME_AGAIN: Final = (429, 503)
"""Nothing was done, says the gateway, and asks to be asked later."""


@final
class Payment(msgspec.Struct, kw_only=True):
    """One payment and what its payer was told, in order.

    Attributes:
        told: result codes of the page's callback.
        lost: how many answers never came or asked to come again.
        began_s: when it was begun.
        known_s: when its outcome was known.
    """

    order: Order
    payer: str
    began_s: float
    told: list[str] = msgspec.field(default_factory=list)
    lost: int = 0
    known_s: float = 0.0


@final
class Payers:
    """Everybody who pays at one gateway."""

    def __init__(
        self,
        merchant: Merchant,
        origin: str,
        order: Callable[[str], Order],
        paid: Callable[[], None],
    ) -> None:
        """Pay what `order` makes for a number; call `paid` after each payment that was promised."""
        self._merchant = merchant
        self._order = order
        self._paid = paid
        self._http = httpx2.AsyncClient(base_url=origin, timeout=ANSWER_S_MAX, trust_env=False)
        self.payments: list[Payment] = []
        self.faults: list[str] = []

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def walk(self, payer: str, ends: asyncio.Event) -> None:
        """Make one payment after the other until it ends."""
        headers = {"authorization": f"Bearer {await self._sign_in(payer)}"}
        for number in _numbers(payer):
            if ends.is_set():
                return
            payment = Payment(order=self._order(number), payer=payer, began_s=time.monotonic())
            self.payments.append(payment)
            await self._pay(payment, headers)
            await asyncio.sleep(PAUSE_S)

    async def _sign_in(self, payer: str) -> str:
        while True:
            answer = await self._post("/wallet/session", {"payer": payer, "pin": PIN})
            if answer is not None:
                token: str = answer["token"]
                return token
            await asyncio.sleep(ASK_AGAIN_S)

    async def _pay(self, payment: Payment, headers: dict[str, str]) -> None:
        order_str = self._merchant.order_str(payment.order)
        number = payment.order.merchant_trans_id
        call = {"orderStr": order_str, "version": "2.0.0", "callId": f"call-{number}"}
        while True:
            answer = await self._post("/cashier/trade-pay", call, headers)
            if answer is not None and "cashierUrl" in answer:
                path = urlsplit(answer["cashierUrl"]).path
                answer = await self._post(f"{path}/confirm", {"pin": PIN}, headers)
            if answer is None:
                payment.lost += 1
            else:
                payment.told.append(str(answer.get("resultCode", answer)))
                if payment.told[-1] != UNKNOWN:
                    break
            await asyncio.sleep(ASK_AGAIN_S)
        payment.known_s = time.monotonic()
        if payment.told[-1] == PAID:
            self._paid()

    async def _post(
        self, path: str, body: dict[str, str], headers: dict[str, str] | None = None
    ) -> dict[str, Any] | None:
        """Return the answer, or None when there was none that says anything."""
        try:
            response = await self._http.post(path, json=body, headers=headers)
        except httpx2.TransportError:
            return None
        if response.status_code in COME_AGAIN:
            return None
        if response.status_code != 200:  # noqa: PLR2004  HTTP's OK.
            self.faults.append(f"{path} answered {response.status_code}: {response.text[:200]}")
            return None
        answer: dict[str, Any] = response.json()
        return answer


def _numbers(payer: str) -> Iterator[str]:
    number = 0
    while True:
        yield f"{payer}-{number}"
        number += 1
