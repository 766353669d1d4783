"""A payer with a phone: signs in, lets pages call tradePay, enters a PIN, gives up, tries again.

What must hold: a page that is not sure repeats its very callId, and never takes "unknown" for a no;
another page is another callId.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, final

from tillgate.simulation.net import Request
from tillgate.simulation.people import PIN, Agreed, Person
from tillgate.simulation.process import Reply
from tillgate.simulation.shop import Shop, Surroundings
from tillgate.simulation.told import Telling
from tillgate.simulation.wire import compact

UNKNOWN: Final = "8000"
NOT_YET: Final = frozenset({"ACCESS_DENIED", "REQUEST_EXPIRED", "REQUEST_TRAFFIC_EXCEED_LIMIT"})
"""What a page may be told by a process whose clock is wrong, or that is busy."""
WRONG_PIN: Final = "654321"


class Page(NamedTuple):
    """A merchant's page with an order: one callId."""

    shop: Shop
    trans: str
    amount: int
    call: str
    order_str: bytes

    @property
    def is_twisted(self) -> bool:
        """Tell whether its order has another content than the first of this number."""
        return self.shop.amounts[self.trans] != self.amount


@final
class Buyer:
    """One payer."""

    def __init__(self, person: Person, around: Surroundings) -> None:
        """Begin signed out."""
        self.person = person
        self._around = around
        self._session = ""
        self.shown: int | None = None
        """The balance that the wallet showed at the last signing in, in minor units."""

    async def sign_in(self) -> bool:
        """Get a session, and see the balance; a locked payer gets none."""
        self.shown = None

        def hear(reply: Reply) -> bool:
            said = reply.json()
            balance = said.get("payer", {}).get("balance")
            self.shown = None if balance is None else int(balance["value"])
            self._session = said.get("token", self._session)
            return "token" in said or said.get("resultCode") is not None

        content = compact({"payer": self.person.name, "pin": PIN})
        request = Request(self.person.name, "POST", "/wallet/session", content, {}, hear)
        await self._around.net.insist(lambda _: request)
        return bool(self._session)

    async def trade_pay(self, page: Page) -> str:
        """Let a page call tradePay; return its cashier's path, or "" when there is none."""
        page.shop.pages.setdefault(page.trans, {})[page.call] = self.person.name
        found: list[str] = []
        began_ms = self._around.clock.now_ms()
        content = compact(
            {"orderStr": page.order_str.decode(), "version": "2.0.0", "callId": page.call}
        )
        headers = {"x-tillgate-page-origin": f"https://{page.shop.seller.host}", **self._bearer()}

        def hear(reply: Reply) -> bool:
            said = reply.json()
            if "cashierUrl" in said:
                found.append("/cashier/" + said["cashierUrl"].rpartition("/")[2])
                return True
            return self._heard("pay", page, said, began_ms=began_ms)

        path = "/cashier/trade-pay"
        request = Request(self.person.name, "POST", path, content, headers, hear)
        await self._around.net.insist(lambda _: request)
        return found[-1] if found else ""

    async def confirm(self, page: Page, cashier: str, *, pin: str = PIN) -> bool:
        """Enter the PIN; tell whether there was a last word."""
        return await self._at_cashier("confirm", page, f"{cashier}/confirm", {"pin": pin})

    async def close(self, page: Page, cashier: str) -> bool:
        """Close the cashier."""
        return await self._at_cashier("close", page, f"{cashier}/cancel", {})

    async def look(self, page: Page, cashier: str) -> int:
        """Look at the cashier; keep the result, if it shows one; return the seconds left."""
        left_s = [0]
        began_ms = self._around.clock.now_ms()

        def hear(reply: Reply) -> bool:
            said = reply.json()
            if said.get("result"):
                self._heard("look", page, said["result"], began_ms=began_ms)
            left_s.append(int(said.get("secondsLeft", 0)))
            return "state" in said

        request = Request(self.person.name, "GET", cashier, b"", self._bearer(), hear)
        await self._around.net.insist(lambda _: request)
        return left_s[-1]

    async def agree(self, agreed: Agreed, path: str) -> str:
        """Sign an agreement at its page; return where the payer was sent then."""
        led: list[str] = []
        body = {"pin": PIN}
        for name, minor in (("singleMax", agreed.single_max), ("dailyMax", agreed.daily_max)):
            if minor is not None:
                body[name] = f"{minor // 100}.{minor % 100:02d}"

        def hear(reply: Reply) -> bool:
            led.extend([reply.json()["redirectUrl"]] if "redirectUrl" in reply.json() else [])
            return bool(led)

        content = compact(body)
        request = Request(self.person.name, "POST", path, content, self._bearer(), hear)
        await self._around.net.insist(lambda _: request)
        return led[-1] if led else ""

    async def _at_cashier(self, act: str, page: Page, path: str, body: Mapping[str, str]) -> bool:
        began_ms = self._around.clock.now_ms()

        def hear(reply: Reply) -> bool:
            return self._heard(act, page, reply.json(), began_ms=began_ms)

        content = compact(body)
        request = Request(self.person.name, "POST", path, content, self._bearer(), hear)
        return await self._around.net.insist(lambda _: request)

    def _bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._session}"} if self._session else {}

    def _heard(self, act: str, page: Page, said: dict[str, Any], *, began_ms: int) -> bool:
        """Keep what a page was told; tell whether it is the last word."""
        code, name = said.get("resultCode") or "", said["memo"].partition(":")[0]
        telling = Telling(
            act=act,
            merchant=page.shop.seller.merchant_id,
            trans=page.trans,
            subject=page.call,
            payer=self.person.name,
            amount=page.amount,
            code=code,
            name=name,
            began_ms=began_ms,
            ended_ms=self._around.clock.now_ms(),
            is_twisted=page.is_twisted,
            said=json.loads(json.dumps(said)),
        )
        self._around.tellings.all.append(telling)
        is_wrong_pin = "triesLeft" in said and bool(said["triesLeft"])
        return is_wrong_pin or (code not in {"", UNKNOWN} and name not in NOT_YET)
