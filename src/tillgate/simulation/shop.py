"""A merchant's server: it signs orders, debits, asks, refunds, cancels, and keeps what it was told.

It repeats what it is not sure of: the same bytes, or the same content under a new reqMsgId. What
must hold: it knows the first content that it signed under a number, and calls every other twisted.
"""

import random
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, final

from tillgate.simulation import wire
from tillgate.simulation.clock import SimulatedClock
from tillgate.simulation.ids import SeededIds
from tillgate.simulation.keys import Keys
from tillgate.simulation.net import Net, Request
from tillgate.simulation.people import CURRENCY, Agreed, Seller
from tillgate.simulation.process import Reply
from tillgate.simulation.told import Telling, Tellings

UNSURE: Final = frozenset({"REQUEST_EXPIRED", "REPEATED_REQ_MSG_ID"})
"""Refusals that say nothing of the business: sign anew and ask again."""
OK: Final = 200


class Errand(NamedTuple):
    """What a request of a server is about."""

    act: str
    function: str
    trans: str
    body: Mapping[str, Any]
    subject: str = ""
    amount: int = 0
    is_twisted: bool = False
    token: str = ""


class Surroundings(NamedTuple):
    """What shops and buyers share."""

    net: Net
    clock: SimulatedClock
    keys: Keys
    tellings: Tellings
    chance: random.Random
    ids: SeededIds


@final
class Shop:
    """One merchant's server."""

    def __init__(self, seller: Seller, around: Surroundings) -> None:
        """Open."""
        self.seller = seller
        self._around = around
        self.amounts: dict[str, int] = {}
        self.products: dict[str, str] = {}
        self.numbers: dict[str, str] = {}
        self.debits: dict[str, str] = {}
        """The agreement that each automatic order was debited from."""
        self.refunds: dict[str, int] = {}
        self.pages: dict[str, dict[str, str]] = {}
        """Who stood at each page of an order, by the order and the page's callId."""

    def order_str(self, trans: str, amount: int, *, product: str) -> bytes:
        """Return a signed order, with this content or with another than before."""
        self.amounts.setdefault(trans, amount)
        return self._signed(wire.WAP_PAY, self._order(trans, amount, product))

    async def debit(self, trans: str, amount: int, agreed: Agreed, token: str) -> Telling | None:
        """Debit an agreement."""
        self.amounts.setdefault(trans, amount)
        self.debits.setdefault(trans, agreed.name)
        errand = Errand(
            act="debit",
            function=wire.DEBIT,
            trans=trans,
            body=self._order(trans, amount, "AUTO_DEBIT"),
            amount=amount,
            is_twisted=amount != self.amounts[trans],
            token=token,
        )
        return await self._run(errand)

    async def query(self, trans: str) -> Telling | None:
        """Ask how an order is."""
        return await self._run(Errand("query", wire.QUERY, trans, self._named(trans)))

    async def cancel(self, trans: str) -> Telling | None:
        """Cancel an order."""
        return await self._run(Errand("cancel", wire.CANCEL, trans, self._named(trans)))

    async def refund(self, trans: str, number: str, amount: int) -> Telling | None:
        """Give a part of a payment back, once our number of it is known."""
        if trans not in self.numbers:
            await self.query(trans)
        if trans not in self.numbers:
            return None
        self.refunds.setdefault(number, amount)
        body = {
            "merchantId": self.seller.merchant_id,
            "acquirementId": self.numbers[trans],
            "merchantRefundId": number,
            "refundAmount": {"currency": CURRENCY, "value": str(amount)},
        }
        errand = Errand(
            act="refund",
            function=wire.REFUND,
            trans=trans,
            body=body,
            subject=number,
            amount=amount,
            is_twisted=amount != self.refunds[number],
        )
        return await self._run(errand)

    async def prepare(self, name: str) -> Telling | None:
        """Ask for a page at which a payer agrees."""
        body = {
            "authMerchantId": self.seller.merchant_id,
            "authSite": "ALIPAY_HK",
            "scopes": ["AUTH_AGREEMENTPAY"],
            "terminalType": "WAP",
            "merchantRedirectUrl": f"https://{self.seller.host}/agreed",
            "agreementPayAuthInfo": {"merchantAgreementId": name},
            "state": "s-1",
        }
        return await self._run(Errand("prepare", wire.PREPARE, name, body))

    async def apply(self, name: str, code: str) -> Telling | None:
        """Give the code for a token."""
        body = {
            "authMerchantId": self.seller.merchant_id,
            "authSite": "ALIPAY_HK",
            "grantType": "AUTHORIZATION_CODE",
            "authCode": code,
        }
        return await self._run(Errand("apply", wire.APPLY, name, body))

    def _order(self, trans: str, amount: int, product: str) -> dict[str, Any]:
        return {
            "merchantId": self.seller.merchant_id,
            "productCode": product,
            "merchantTransId": trans,
            "order": {
                "orderAmount": {"currency": CURRENCY, "value": str(amount)},
                "orderTitle": "Dress",
            },
            "notifyUrl": f"https://{self.seller.host}/notify",
        }

    def _named(self, trans: str) -> dict[str, Any]:
        return {"merchantId": self.seller.merchant_id, "merchantTransId": trans}

    def _signed(self, function: str, body: Mapping[str, Any], token: str = "") -> bytes:
        around = self._around
        head = wire.Head(
            client_id=self.seller.client_id,
            req_msg_id=around.ids.token(),
            signed_at_ms=around.clock.now_ms(),
            token=token,
        )
        return wire.signed(function, head, body, around.keys.merchant)

    async def _run(self, errand: Errand) -> Telling | None:
        """Send until there is a yes or a no; return the last answer, or None when none came."""
        around, began_ms = self._around, self._around.clock.now_ms()
        first = self._signed(errand.function, errand.body, errand.token)
        last: list[Telling] = []

        def hear(reply: Reply) -> bool:
            telling = self._heard(errand, reply, began_ms)
            last.append(telling)
            around.tellings.all.append(telling)
            info = telling.said.get("resultInfo", {})
            return info.get("resultStatus", "U") != "U" and telling.code not in UNSURE

        def make(number: int) -> Request:
            raw = first
            if number % 2:
                raw = self._signed(errand.function, errand.body, errand.token)
            path = wire.path_of(errand.function)
            return Request(self.seller.host, "POST", path, raw, {}, hear)

        await around.net.insist(make)
        return last[-1] if last else None

    def _heard(self, errand: Errand, reply: Reply, began_ms: int) -> Telling:
        said: Mapping[str, Any] = {}
        if reply.status == OK:
            said = wire.answer_of(reply.body, self._around.keys.gateway.public)
        if "acquirementId" in said:
            self.numbers[errand.trans] = said["acquirementId"]
        return Telling(
            act=errand.act,
            merchant=self.seller.merchant_id,
            trans=errand.trans,
            subject=errand.subject,
            payer="",
            amount=errand.amount,
            code=said["resultInfo"]["resultCode"] if said else f"HTTP {reply.status}",
            name="",
            began_ms=began_ms,
            ended_ms=self._around.clock.now_ms(),
            is_twisted=errand.is_twisted,
            said=dict(said),
        )
