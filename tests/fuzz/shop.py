"""A merchant with one of everything: a paid order, an agreement that stands, one that has ended.

It says how a right request to each function looks, so that a test can spoil it, and holds every
answer to what is true of all of them. What must hold of an answer: HTTP 200 with a signature that
fits and a code of the one table, or a status that says why there is no envelope; no secret in it
but the one that this very function hands out.
"""

import asyncio
import copy
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple, final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import msgspec
import pytest

from tests.fuzz.conftest import Inside, fuzzing, overhearing
from tests.fuzz.test_envelopes import SEED
from tests.support.asgi import ORIGIN, Reply, bearer, signed_in
from tests.support.gateway import CLIENT_ID, MERCHANT_ID, order, tillgate
from tillgate.bootstrap import House
from tillgate.edge.story import Step
from tillgate.engine.commands import AddPayer, TopUp
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.functions import ALL_FUNCTIONS
from tillgate.protocol.keys import load_private_key, load_public_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify

CALM = 'risk_weights = "velocity_hour=0, velocity_day=0, amount_unusual=0"'
"""Whoever fuzzes pays often; nobody would be debited any more."""
PAYER, PIN = "fuzzy", "902107"
STRANGER, OTHER_PIN = "stranger", "313379"
ANSWER_S_MAX: Final = 10.0
"""A generous bound: the machines that run this do a lot besides."""
TOO_MANY: Final = 429
HTTP_REFUSALS: Final = {400, 404, 405, 408, 413, 429}
BACK = "http://shop.example/back?mine=1"
PATHS: Final = {
    function.name: function.path
    for function in ALL_FUNCTIONS
    if function.direction.name == "TO_GATEWAY"
}
RISK: Final = {
    "deviceInfo": {
        "sessionId": "s-1",
        "clientIp": "203.0.113.9",
        "latitudeLongitude": "22.28,114.16",
        "terminalType": "APP",
        "imei": "490154203237518",
        "deviceBootTime": "2018-12-04T22:00:53-08:00",
        "isJailbreaked": "false",
        "timeZone": "UTC+8",
    },
    "userInfo": {"signupTime": "2017-12-04T22:00:53-08:00", "merchantUserId": "u-1"},
    "orderInfos": [{"itemPrice": {"currency": "HKD", "value": "1"}}],
    "riskExtendInfo": "{}",
}
HANDING_OUT: Final = {"cashier.wap.pay", "oauth.auth.prepareForRedirect", "oauth.auth.applyToken"}
"""Functions whose success is a secret."""

Content = dict[str, Any]


class Told(NamedTuple):
    """What an answer said: the HTTP status, and of an envelope the code and the body."""

    status: int
    code: str
    body: Content


@final
class Shop:
    """The merchant, and what it knows."""

    def __init__(self, inside: Inside) -> None:
        """Have one of everything made."""
        self.inside = inside
        keys = inside.data / "keys"
        self.key = load_private_key((keys / "merchant.private.pem").read_bytes())
        self._gateway_key = load_public_key((keys / "gateway.public.pem").read_bytes())
        self.secrets = {PIN, OTHER_PIN, *_key_lines(inside)}
        self.number = 0
        self.code = ""
        inside.run(_add_payers(inside.house))
        self.me = self.session(PAYER, PIN)
        self.other = self.session(STRANGER, OTHER_PIN)
        self.paid = self._buy("paid", "1000.00 HKD")
        self.agreed, self.ended = f"agreed-{uuid4().hex[:8]}", f"ended-{uuid4().hex[:8]}"
        self.code, self.access, self.refresh = self._agree(self.agreed)
        self._agree(self.ended)
        self.page = self._page(f"open-{uuid4().hex[:8]}")
        self.ask("cancelByAuthInfo", self._auth(self.ended))

    def session(self, payer: str, pin: str) -> tuple[bytes, bytes]:
        """Sign a payer in and return the header."""
        token = self.inside.run(signed_in(self.inside.house, payer, pin))
        self.secrets.add(token)
        return bearer(token)

    def good(self, name: str) -> Content:
        """Return a right request to a function, never twice the same one."""
        self.number += 1
        number = f"fuzz-{self.number}-{uuid4().hex[:8]}"
        small = {"orderAmount": {"currency": "HKD", "value": "1"}, "orderTitle": "Dress"}
        pay = {
            "merchantTransId": number,
            "order": small,
            "extendInfo": "{}",
            "riskInfo": copy.deepcopy(RISK),
        }
        code = {"grantType": "AUTHORIZATION_CODE", "authCode": self.code, "authSite": "ALIPAY_HK"}
        bodies: dict[str, Content] = {
            "cashier.wap.pay": {"merchantId": MERCHANT_ID, "productCode": "CASHIER_PAY", **pay},
            "agreement.pay": {"merchantId": MERCHANT_ID, "productCode": "AUTO_DEBIT", **pay},
            "payQuery": {"merchantId": MERCHANT_ID, "acquirementId": self.paid},
            "refund": {
                "merchantId": MERCHANT_ID,
                "acquirementId": self.paid,
                "merchantRefundId": number,
                "refundAmount": {"currency": "HKD", "value": "1"},
                "refundReason": "too small",
            },
            "payCancel": {"merchantId": MERCHANT_ID, "merchantTransId": "never-created"},
            "prepareForRedirect": {
                "authMerchantId": MERCHANT_ID,
                "authSite": "ALIPAY_HK",
                "scopes": ["AUTH_AGREEMENTPAY"],
                "terminalType": "WAP",
                "merchantRedirectUrl": BACK,
                "agreementPayAuthInfo": {"merchantAgreementId": uuid4().hex},
                "state": "state-1",
            },
            "applyToken": {"authMerchantId": MERCHANT_ID, **code},
            "queryByAuthInfo": self._auth(self.agreed),
            "cancelByAuthInfo": self._auth(self.ended),
        }
        body = next(body for end, body in bodies.items() if name.endswith(end))
        return self.content(name, body)

    def content(self, name: str, body: Content) -> Content:
        """Return head and body, with the token where the function needs one."""
        token = {"accessToken": self.access} if name.endswith("agreement.pay") else {}
        now_ms = self.inside.house.desk.clock.now_ms()
        head = {
            "version": "2.0.0",
            "function": name,
            "clientId": CLIENT_ID,
            "reqTime": rfc3339(now_ms),
            "reqMsgId": uuid4().hex,
            "reserve": "{}",
            **token,
        }
        return {"head": head, "body": body}

    def sealed(self, content: object) -> bytes:
        """Return the envelope that the merchant's own key signed."""
        text = json.dumps(content, separators=(",", ":")).encode()
        return seal(Kind.REQUEST, text, self.key, Profile.TILLGATE)

    def post(self, path: str, raw: bytes, *, method: str = "POST", **more: Any) -> Told:
        """Send bytes to a function's door and hold the answer to what is true of all.

        A fast machine asks more often with a bad signature than a second allows; it asks again.
        """
        while True:
            reply = self.inside.ask(method, path, raw, within_s=ANSWER_S_MAX, **more)
            if reply.status != TOO_MANY:
                return self.checked(reply)
            self.checked(reply)
            time.sleep(1)

    def ask(self, end: str, body: Content) -> Told:
        """Ask a function as a merchant does; it must succeed."""
        name = next(name for name in PATHS if name.endswith(end))
        told = self.post(PATHS[name], self.sealed(self.content(name, body)))
        assert told.code == "SUCCESS", told
        return told

    def checked(self, reply: Reply) -> Told:
        """Return what an answer said, once its signature is verified and its secrets are known."""
        if reply.status != 200:
            assert reply.status in HTTP_REFUSALS, reply
            self.keeps_secrets(reply.body)
            memo = reply.json()["memo"] if reply.body else "Nothing, to a HEAD."
            assert isinstance(memo, str)
            return Told(reply.status, memo.partition(":")[0], {})
        taken = cut(reply.body, Kind.RESPONSE)
        body: Content = taken.unverified["body"]
        info = body["resultInfo"]
        result = Result[info["resultCode"]]
        assert (info["resultStatus"], info["resultCodeId"]) == (result.status, result.id), info
        assert result is not Result.SYSTEM_ERROR, reply
        if taken.signature is None:
            assert result is Result.INVALID_CLIENT, reply
        else:
            verify(taken, [self._gateway_key], Profile.TILLGATE)
        function = taken.claims.function
        if result is Result.SUCCESS and any(function.endswith(end) for end in HANDING_OUT):
            self.secrets.update(_handed_out(body))
        else:
            self.keeps_secrets(json.dumps(body).encode())
        return Told(200, result.name, body)

    def keeps_secrets(self, said: bytes | str) -> None:
        """Find no secret in what was said."""
        text = said.decode(errors="replace") if isinstance(said, bytes) else said
        for secret in self.secrets:
            if secret in text:  # Six digits also stand in the middle of longer numbers.
                alone = re.search(rf"(?<![0-9A-Za-z]){re.escape(secret)}(?![0-9A-Za-z])", text)
                assert alone is None, (secret[:6], text[:2_000])

    def open_page(self) -> str:
        """Return the path of a signing page that nobody has signed yet."""
        return self._page(uuid4().hex)

    def _auth(self, agreement_id: str) -> Content:
        return {"authMerchantId": MERCHANT_ID, "merchantAgreementId": agreement_id}

    def _page(self, agreement_id: str) -> str:
        name = next(name for name in PATHS if name.endswith("prepareForRedirect"))
        body = self.good(name)["body"]
        body["agreementPayAuthInfo"]["merchantAgreementId"] = agreement_id
        told = self.ask("prepareForRedirect", body)
        path: str = urlsplit(told.body["authSiteUrl"]).path
        return path

    def _agree(self, agreement_id: str) -> tuple[str, str, str]:
        path = self._page(agreement_id)
        reply = self.inside.ask("POST", f"{path}/sign", {"pin": PIN}, headers=[self.me])
        back = parse_qs(urlsplit(reply.json()["redirectUrl"]).query)
        code = back["authCode"][0]
        self.secrets.add(code)
        told = self.ask(
            "applyToken",
            {
                "grantType": "AUTHORIZATION_CODE",
                "authMerchantId": MERCHANT_ID,
                "authSite": "ALIPAY_HK",
                "authCode": code,
            },
        )
        info = told.body["accessTokenInfo"]
        return code, info["accessToken"], info["refreshToken"]

    def _buy(self, name: str, amount: str) -> str:
        number = f"{name}-{uuid4().hex[:8]}"
        merchant = self.inside.merchant
        call = {"orderStr": merchant.order_str(order(number, amount)), "callId": number}
        reply = self.inside.ask("POST", "/cashier/trade-pay", call, headers=[self.me])
        path = reply.json()["cashierUrl"].removeprefix(ORIGIN)
        self.secrets.add(path.rpartition("/")[2])
        reply = self.inside.ask("POST", f"{path}/confirm", {"pin": PIN}, headers=[self.me])
        assert reply.json()["resultCode"] == "9000", reply
        body = {"merchantId": MERCHANT_ID, "merchantTransId": number}
        acquirement_id: str = self.ask("payQuery", body).body["acquirementId"]
        return acquirement_id


@contextmanager
def shop_in(folder: Path) -> Iterator[Shop]:
    """Run a sandbox with a shop for as long as the block lasts; its books are right at the end."""
    data = folder / "gateway"
    data.mkdir()
    (data / "tillgate.toml").write_text(CALM)
    with fuzzing(data) as inside:
        yield Shop(inside)
        done = tillgate("ledger", "audit", "--data", str(data))
        assert done.returncode == 0, done.stdout


@contextmanager
def keeping_secrets(shop: Shop, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Hold log and story of a block against every secret, and say how much was asked in it."""
    asked = shop.inside.asked
    with overhearing() as lines:
        yield
    shop.keeps_secrets("\n".join(lines))
    for step in shop.inside.run(_steps(shop.inside.house)):
        shop.keeps_secrets(msgspec.json.encode(step))
    with capsys.disabled():
        slowest_ms = shop.inside.slowest_s * 1_000
        print(f"\n  {shop.inside.asked - asked} asked, slowest {slowest_ms:.0f} ms, seed {SEED}")  # noqa: T201  Wanted in every run.


async def _steps(house: House) -> list[Step]:
    """Return the steps that a phone would be shown now."""
    story, found = house.desk.story.follow(), list[Step]()
    with suppress(TimeoutError):
        while True:
            found.append(await asyncio.wait_for(anext(story), 0.05))
    return found


async def _add_payers(house: House) -> None:
    books = house.books
    for payer, pin in ((PAYER, PIN), (STRANGER, OTHER_PIN)):
        add = AddPayer(
            operation_id=books.operation(),
            operator="fuzz",
            payer_id=PayerId(payer),
            name=payer,
            issuer="wallet",
            pin_hash=await books.pins.hashed(pin),
        )
        await books.engine.execute(add)
        top_up = TopUp(
            operation_id=books.operation(),
            operator="fuzz",
            payer_id=PayerId(payer),
            money=Money.parse("100000.00 HKD"),
        )
        await books.engine.execute(top_up)


def _handed_out(body: Content) -> Iterator[str]:
    """Return the secrets that an answer may hold, this once."""
    info = body.get("accessTokenInfo", {})
    yield from (info[name] for name in ("accessToken", "refreshToken") if name in info)
    for name in ("authSiteUrl", "cashierUrl"):
        if name in body:
            yield urlsplit(body[name]).path.rpartition("/")[2]


def _key_lines(inside: Inside) -> Iterator[str]:
    for path in (inside.data / "keys").glob("*.private.pem"):
        lines = path.read_text().splitlines()
        yield from (line for line in lines if not line.startswith("-----") and len(line) > 40)
