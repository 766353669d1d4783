"""A request that is right in every way, and faults that can be laid upon it one after the other.

Each function begins as a plan that succeeds. A fault changes what happened before, how much time
passed, what the house is like now, or the request itself. What must hold: faults that do not touch
the same thing can be laid upon one plan together, in any number.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, final

import msgspec

from tests.stateful.gateway import CLIENT, MERCHANT, PIN, Gateway
from tests.support.engines import keep
from tests.support.wire import ABSENT, merchant_key
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.risk.settings import ApproximateLimits
from tillgate.edge import tokens
from tillgate.engine.commands import LimitPayer, SetMerchant
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.ids import PayerId
from tillgate.kernel.record import Record
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal

Json = dict[str, Any]
PAYERS: Final = {"ann": ("wallet", 20_000), "cid": ("bank", 0)}
COUNT_MAX: Final = 4
PAYMENT: Final = 1_000
WAP_PAY, DEBIT = "acquiring.cashier.wap.pay", "acquiring.agreement.pay"
QUERY, CANCEL = "acquiring.common.payQuery", "acquiring.common.payCancel"
REFUND = "acquiring.common.refund"
PREPARE, APPLY = "oauth.auth.prepareForRedirect", "oauth.auth.applyToken"
STATUS, END = "oauth.auth.queryByAuthInfo", "oauth.auth.cancelByAuthInfo"


@final
class Stage:
    """A gateway with one merchant, and the request that is about to be sent."""

    def __init__(self) -> None:
        """Build a gateway in which the number of payments a day is limited."""
        self.gateway = Gateway(approximate=ApproximateLimits(merchant_day_count=COUNT_MAX))
        self.payer = "ann"
        self.key = merchant_key()
        self.function = ""
        self.path = ""
        self.head: Json = {}
        self.body: Json = {}
        self.is_cut = False
        self.is_long = False
        self.merchant: dict[str, Any] = {}
        self.limits: dict[str, int | None] = dict.fromkeys(("single", "daily"))
        self.gid = "g-1"
        self._number = 0

    async def open(self) -> None:
        """Register everybody."""
        await self.gateway.open(PAYERS)

    # What happened before

    async def does(self, function: str, body: Mapping[str, Any], *, token: str = "") -> Json:
        """Ask a function as it should be asked; whatever it says."""
        number = self.number()
        raw = self.gateway.envelope(function, body, number=number, token=token)
        return await self.gateway.post(function, raw)

    def number(self) -> str:
        """Return a reqMsgId that was not used yet."""
        self._number += 1
        return f"{self._number:032x}"

    async def pays(self, trans: str, minor: int, payer: str = "") -> str:
        """Let a payer pay an order; return our number of it."""
        payer = payer or self.payer
        raw = self.gateway.envelope(WAP_PAY, order(trans, minor), number=self.number())
        content = {"orderStr": raw.decode(), "callId": f"call-of-{trans}-1234567"}
        ask = self.gateway.ask
        url = (await ask("POST", "/cashier/trade-pay", content, payer=payer)).json()["cashierUrl"]
        path = f"/cashier/{url.rpartition('/')[2]}/confirm"
        told = (await ask("POST", path, {"pin": PIN}, payer=payer)).json()
        assert told["resultCode"] in {"9000", "8000"}, told
        return await self.number_of(trans)

    async def number_of(self, trans: str) -> str:
        """Return our number of an order."""
        found = await self.gateway.store.get(Acquirement, MERCHANT, trans)
        assert found is not None
        return found.acquirement_id

    async def signs(self) -> None:
        """Let the payer sign the agreement, which is prepared if it is not yet."""
        if await self.gateway.agreement(self.gid) is None:
            await self.does(PREPARE, page(self.gid))
        token = tokens.signing_token(self.gateway.desk, MERCHANT, self.gid)
        path = f"/wallet/agreement/{token}/sign"
        reply = await self.gateway.ask("POST", path, {"pin": PIN}, payer=self.payer)
        assert "redirectUrl" in reply.json(), reply

    async def keeps(self, *rows: Record) -> None:
        """Write rows past every command, as a database from elsewhere might have them."""
        await keep(self.gateway.store, *rows)

    # The request

    async def send(self) -> str:
        """Bring the house to what it is to be, send the request, and return the code."""
        await self._settle()
        head = {
            "version": "2.0.0",
            "function": f"alipay.intl.{self.function}",
            "clientId": CLIENT,
            "reqTime": rfc3339(self.gateway.clock.now_ms()),
            "reqMsgId": self.number(),
        } | self.head
        said = {name: value for name, value in head.items() if value is not ABSENT}
        text = json.dumps({"head": said, "body": self.body}, separators=(",", ":")).encode()
        raw = seal(Kind.REQUEST, text, self.key, Profile.TILLGATE)
        raw = raw[:-1] if self.is_cut else raw
        raw += b" " * 70_000 if self.is_long else b""
        path = self.path or f"/api/alipay/intl/{self.function.replace('.', '/')}.htm"
        reply = await self.gateway.ask("POST", path, raw)
        if reply.status != 200:
            memo: str = reply.json()["memo"]
            return memo.partition(":")[0]
        code: str = cut(reply.body, Kind.RESPONSE).unverified["body"]["resultInfo"]["resultCode"]
        return code

    async def _settle(self) -> None:
        gateway = self.gateway
        if any(self.limits.values()):
            mine = {"single_max": self.limits["single"], "daily_max": self.limits["daily"]}
            who = {"payer_id": PayerId(self.payer), "currency": "HKD", "operator": "ada"}
            await gateway.do(LimitPayer, **who, **mine)
        if self.merchant:
            found = await gateway.store.get(Merchant, MERCHANT)
            assert found is not None
            changed = msgspec.structs.replace(found, **self.merchant)
            await gateway.do(SetMerchant, operator="ada", merchant=changed)


Hook = Callable[[Stage], Awaitable[None]]


def order(trans: str, minor: int, product: str = "CASHIER_PAY") -> Json:
    """Return the body of an order."""
    return {
        "merchantId": MERCHANT,
        "productCode": product,
        "merchantTransId": trans,
        "order": {"orderAmount": money(minor), "orderTitle": "Dress"},
    }


def money(minor: int, currency: str = "HKD") -> Json:
    """Return an amount."""
    return {"currency": currency, "value": str(minor)}


def page(gid: str, state: str = "s-1") -> Json:
    """Return the body that asks for a signing page."""
    return {
        "authMerchantId": MERCHANT,
        "authSite": "ALIPAY_HK",
        "scopes": ["AUTH_AGREEMENTPAY"],
        "terminalType": "WAP",
        "merchantRedirectUrl": "https://merchant.example/agreed",
        "agreementPayAuthInfo": {"merchantAgreementId": gid},
        "state": state,
    }


def refund(ours: str, name: str, minor: int) -> Json:
    """Return the body of a refund."""
    return {
        "merchantId": MERCHANT,
        "acquirementId": ours,
        "merchantRefundId": name,
        "refundAmount": money(minor),
    }


def by(**ids: str) -> Json:
    """Return a body that names an order."""
    return {"merchantId": MERCHANT, **ids}


def agreement(gid: str) -> Json:
    """Return a body that names an agreement."""
    return {"authMerchantId": MERCHANT, "merchantAgreementId": gid}
