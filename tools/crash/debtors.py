"""Payers who are debited by agreement, again and again, at a gateway whose processes die.

A debit is one signed request of the merchant's server, repeated byte for byte until it has an
answer that says something. It knows the doors alone. What must hold: every answer is written down.
"""

import asyncio
import time
from collections.abc import Callable
from typing import Final, final

import httpx2

from tests.crash.office import Errand, Office
from tests.support.gateway import Gateway
from tillgate.merchant import Order
from tillgate.protocol.envelope import Kind, cut
from tools.cluster.payers import ASK_AGAIN_S, COME_AGAIN, PAID, UNKNOWN, Payment

HTTP_OK: Final = 200
CODES: Final = {"S": PAID, "U": UNKNOWN}
"""What a payer would have been told, by the status of the merchant's answer."""


@final
class Debtors:
    """Everybody whom the merchant debits."""

    def __init__(
        self, gateway: Gateway, order: Callable[[str], Order], paid: Callable[[], None]
    ) -> None:
        """Debit what `order` makes for a number; call `paid` after each debit that was promised."""
        self._gateway = gateway
        self._office = Office(gateway)
        self._order = order
        self._paid = paid
        self._http = httpx2.AsyncClient(base_url=gateway.origin, timeout=20, trust_env=False)
        self.payments: list[Payment] = []
        self.faults: list[str] = []

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def agree(self, payer: str) -> str:
        """Let a payer allow debits; return the merchant's token."""
        return await asyncio.to_thread(self._office.agree, payer)

    async def walk(self, payer: str, token: str, ends: asyncio.Event) -> None:
        """Debit one payer, one payment after the other, until it ends."""
        number = 0
        while not ends.is_set():
            order = self._order(f"{payer}-debit-{number}")
            number += 1
            payment = Payment(order=order, payer=payer, began_s=time.monotonic())
            self.payments.append(payment)
            await self._debit(payment, token)

    async def _debit(self, payment: Payment, token: str) -> None:
        order = payment.order
        errand = self._office.debit(
            payment.payer,
            order.merchant_trans_id,
            token,
            minor=order.money.minor,
            url=order.notify_url or "",
        )
        while True:
            code = await self._answer(errand)
            if code is None:
                payment.lost += 1
            else:
                payment.told.append(code)
                if code != UNKNOWN:
                    break
            await asyncio.sleep(ASK_AGAIN_S)
        payment.known_s = time.monotonic()
        if payment.told[-1] == PAID:
            self._paid()

    async def _answer(self, errand: Errand) -> str | None:
        """Return what a payer would have been told, or None when there was no answer."""
        try:
            response = await self._http.post(errand.path, content=errand.raw)
        except httpx2.TransportError:
            return None
        if response.status_code in COME_AGAIN:
            return None
        if response.status_code != HTTP_OK:
            self.faults.append(f"{errand.path} answered {response.status_code}")
            return None
        said = cut(response.content, Kind.RESPONSE).unverified["body"]["resultInfo"]
        return CODES.get(said["resultStatus"], str(said["resultCode"]))
