"""A merchant's back office that does not give up: refunds, cancels and debits over HTTP.

Each errand is one signed request, repeated byte for byte while its answer is lost or says that the
result is not known. It knows nothing of the server but its functions. What must hold: every answer
is written down, so that what was promised can be held against the books.
"""

import asyncio
import json
from typing import Any, final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx2
import msgspec

from tests.support.doors import Browser
from tests.support.gateway import CLIENT_ID, MERCHANT_ID, PIN, Gateway
from tillgate.kernel.clock import SystemClock, rfc3339
from tillgate.merchant import AccessToken, AgreementPage
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.functions import FUNCTIONS
from tillgate.protocol.keys import load_private_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal


@final
class Errand(msgspec.Struct, kw_only=True):
    """One request, and every answer to it.

    Attributes:
        about: the merchant's number of the order it is about.
        minor: how much the payer has more after it; a debit takes.
    """

    path: str
    raw: bytes
    payer: str
    about: str
    minor: int
    kind: str
    told: list[dict[str, Any]] = msgspec.field(default_factory=list)
    lost: int = 0

    @property
    def is_done(self) -> bool:
        """Tell whether the last answer is final."""
        return bool(self.told) and self.told[-1]["resultInfo"]["resultStatus"] != "U"


@final
class Office:
    """Makes errands, and runs them at a server that comes and goes."""

    def __init__(self, gateway: Gateway) -> None:
        """Sign with the merchant's own key."""
        self._gateway = gateway
        path = gateway.data / "keys" / "merchant.private.pem"
        self._key = load_private_key(path.read_bytes())

    def agree(self, payer: str) -> str:
        """Let a payer allow automatic payments and return the token."""
        browser = Browser(self._gateway)
        with browser.http, self._gateway.merchant() as merchant:
            page = merchant.prepare_agreement(
                agreement_id=uuid4().hex, state="s", redirect_url="http://shop.example/"
            )
            assert isinstance(page, AgreementPage), page
            path = f"{urlsplit(page.url).path}/sign"
            back = browser.post(path, {"pin": PIN}, **browser.sign_in(payer))["redirectUrl"]
            code = parse_qs(urlsplit(back).query)["authCode"][0]
            given = merchant.apply_token(auth_code=code)
            assert isinstance(given, AccessToken), given
            return given.access_token.reveal()

    def refund(self, payer: str, about: str, acquirement_id: str, *, minor: int) -> Errand:
        """Give back so much of an order."""
        amount = {"currency": "HKD", "value": str(minor)}
        body = {"acquirementId": acquirement_id, "merchantRefundId": uuid4().hex}
        whole = {**body, "refundAmount": amount}
        return self._made("acquiring.common.refund", whole, (payer, about), minor=minor)

    def cancel(self, payer: str, about: str, *, minor: int) -> Errand:
        """End an order that is paid."""
        body = {"merchantTransId": about}
        return self._made("acquiring.common.payCancel", body, (payer, about), minor=minor)

    def debit(self, payer: str, about: str, token: str, *, minor: int, url: str) -> Errand:
        """Debit a payer who allowed it."""
        amount = {"currency": "HKD", "value": str(minor)}
        order = {"orderAmount": amount, "orderTitle": "Women Summer Dress"}
        body = {"productCode": "AUTO_DEBIT", "merchantTransId": about, "order": order}
        whole = {**body, "notifyUrl": url}
        name = "acquiring.agreement.pay"
        return self._made(name, whole, (payer, about), minor=-minor, token=token)

    def _made(
        self, end: str, body: dict[str, Any], of: tuple[str, str], *, minor: int, token: str = ""
    ) -> Errand:
        function = FUNCTIONS[f"alipay.intl.{end}"]
        now = rfc3339(SystemClock().now_ms())
        head = {
            "version": "2.0.0",
            "function": function.name,
            "clientId": CLIENT_ID,
            "reqTime": now,
            "reqMsgId": uuid4().hex,
        }
        if token:
            head["accessToken"] = token
        content = {"head": head, "body": {"merchantId": MERCHANT_ID, **body}}
        raw = seal(Kind.REQUEST, json.dumps(content).encode(), self._key, Profile.TILLGATE)
        kind = end.rpartition(".")[2]
        payer, about = of
        return Errand(path=function.path, raw=raw, payer=payer, about=about, minor=minor, kind=kind)

    async def run(self, errands: list[Errand], is_up: asyncio.Event) -> None:
        """Run errands one after the other until each has an answer."""
        async with httpx2.AsyncClient(
            base_url=self._gateway.origin, timeout=20, trust_env=False
        ) as client:
            for errand in errands:
                while not await self._ran(client, errand, is_up):
                    errand.lost += 1
                    await asyncio.sleep(0.02)

    async def settle(self, errands: list[Errand]) -> None:
        """Repeat each errand, once more and while its result is not known."""
        is_up = asyncio.Event()
        is_up.set()
        await self.run(errands, is_up)
        for _ in range(600):
            unknown = [errand for errand in errands if not errand.is_done]
            if not unknown:
                return
            await asyncio.sleep(0.2)
            await self.run(unknown, is_up)
        raise AssertionError("some results are never known")

    async def _ran(self, client: httpx2.AsyncClient, errand: Errand, is_up: asyncio.Event) -> bool:
        await is_up.wait()
        try:
            response = await client.post(errand.path, content=errand.raw)
        except httpx2.TransportError:
            return False
        assert response.status_code == 200, (errand, response.text)
        errand.told.append(cut(response.content, Kind.RESPONSE).unverified["body"])
        return True
