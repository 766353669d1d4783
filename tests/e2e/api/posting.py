"""A merchant's server of few lines: it posts signed envelopes and checks who signed the answers.

It knows the envelope and no function, so that a test can say anything in a request, right or
wrong. What must hold: an answer of HTTP 200 is signed by the gateway, or it says that it is not.
"""

import copy
import json
import secrets
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple, final
from urllib.parse import parse_qs, urlsplit

import httpx2

from tests.engine.score import KINDS
from tests.support.doors import Browser
from tests.support.gateway import (
    CLIENT_ID,
    MERCHANT_ID,
    PIN,
    Gateway,
    command,
    environment,
)
from tillgate.bootstrap.databases import open_reader
from tillgate.cli.operate import settings_of
from tillgate.engine.ports import Select
from tillgate.kernel.clock import MINUTE_MS, rfc3339
from tillgate.kernel.record import Record
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.keys import PrivateKey, load_private_key, load_public_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify

Json = dict[str, Any]
WAP_PAY: Final = "alipay.intl.acquiring.cashier.wap.pay"
DEBIT: Final = "alipay.intl.acquiring.agreement.pay"
QUERY: Final = "alipay.intl.acquiring.common.payQuery"
CANCEL: Final = "alipay.intl.acquiring.common.payCancel"
REFUND: Final = "alipay.intl.acquiring.common.refund"
PREPARE: Final = "alipay.intl.oauth.auth.prepareForRedirect"
APPLY: Final = "alipay.intl.oauth.auth.applyToken"
STATUS: Final = "alipay.intl.oauth.auth.queryByAuthInfo"
END: Final = "alipay.intl.oauth.auth.cancelByAuthInfo"
WAIT_S: Final = 120


class Told(NamedTuple):
    """What came back."""

    status: int
    code: str
    body: Json
    is_signed: bool
    raw: bytes


@final
class Server:
    """A client of the gateway's functions, for one merchant."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        client_id: str = CLIENT_ID,
        merchant_id: str = MERCHANT_ID,
        key: PrivateKey | None = None,
    ) -> None:
        """Sign with this key, or with the demo merchant's."""
        keys = gateway.data / "keys"
        self.gateway = gateway
        self.client_id = client_id
        self.merchant_id = merchant_id
        self.key = key or load_private_key((keys / "merchant.private.pem").read_bytes())
        self._theirs = load_public_key((keys / "gateway.public.pem").read_bytes())

    def sealed(self, function: str, body: Mapping[str, Any], **head: Any) -> bytes:
        """Return a signed request; members of the head may be given, None leaves one out."""
        said = {
            "version": "2.0.0",
            "function": function,
            "clientId": self.client_id,
            "reqTime": rfc3339(time.time_ns() // 1_000_000),
            "reqMsgId": secrets.token_hex(16),
        } | head
        content = {
            "head": {name: value for name, value in said.items() if value is not None},
            "body": body,
        }
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        return seal(Kind.REQUEST, text, self.key, Profile.TILLGATE)

    def ask(self, function: str, body: Mapping[str, Any], *, path: str = "", **head: Any) -> Told:
        """Ask a function; `path` when it is not the function's own."""
        return self.post(path or path_of(function), self.sealed(function, body, **head))

    def connected(self) -> httpx2.Client:
        """Return a connection to the gateway; the caller closes it."""
        return httpx2.Client(base_url=self.gateway.origin, timeout=WAIT_S, trust_env=False)

    def post(self, path: str, raw: bytes) -> Told:
        """Post bytes as they are, over a connection of their own."""
        with self.connected() as http:
            return self.told(http.post(path, content=raw), raw)

    def told(self, response: httpx2.Response, raw: bytes) -> Told:
        """Read what came back, and hold it to the gateway's key."""
        if response.status_code != httpx2.codes.OK:
            memo = response.json()["memo"]
            return Told(response.status_code, memo.partition(":")[0], {}, is_signed=False, raw=raw)
        taken = cut(response.content, Kind.RESPONSE)
        is_signed = bool(taken.signature)
        if is_signed:
            verify(taken, [self._theirs], Profile.TILLGATE)
        body = taken.unverified["body"]
        return Told(200, body["resultInfo"]["resultCode"], body, is_signed=is_signed, raw=raw)

    # The bodies that tests change

    def order(self, number: str, minor: int = 1_000, **changes: Any) -> Json:
        """Return the body of an order that a buyer pays."""
        said = {
            "merchantId": self.merchant_id,
            "productCode": "CASHIER_PAY",
            "merchantTransId": number,
            "order": {"orderAmount": hkd(minor), "orderTitle": "Women Summer Dress"},
        }
        return said | changes

    def debit(self, number: str, minor: int = 100, **changes: Any) -> Json:
        """Return the body of an order that an agreement pays."""
        return self.order(number, minor, productCode="AUTO_DEBIT", **changes)

    def refund(self, acquirement_id: str, refund_id: str, minor: int) -> Json:
        """Return the body of a refund."""
        return {
            "merchantId": self.merchant_id,
            "acquirementId": acquirement_id,
            "merchantRefundId": refund_id,
            "refundAmount": hkd(minor),
        }

    def named(self, **ids: str) -> Json:
        """Return a body that names one of the merchant's orders."""
        return {"merchantId": self.merchant_id, **ids}

    def agreement(self, agreement_id: str) -> Json:
        """Return a body that names one of the merchant's agreements."""
        return {"authMerchantId": self.merchant_id, "merchantAgreementId": agreement_id}

    def page(self, agreement_id: str, **changes: Any) -> Json:
        """Return the body that asks for a signing page."""
        said = {
            "authMerchantId": self.merchant_id,
            "authSite": "ALIPAY_HK",
            "scopes": ["AUTH_AGREEMENTPAY"],
            "terminalType": "WAP",
            "merchantRedirectUrl": "https://merchant.example/agreed",
            "agreementPayAuthInfo": {"merchantAgreementId": agreement_id},
            "state": "state-1",
        }
        return said | changes

    def token(self, *, code: str = "", refresh: str = "") -> Json:
        """Return the body that applies for tokens."""
        given = {"grantType": "AUTHORIZATION_CODE", "authCode": code}
        if refresh:
            given = {"grantType": "REFRESH_TOKEN", "refreshToken": refresh}
        return {"authMerchantId": self.merchant_id, "authSite": "ALIPAY_HK", **given}


@contextmanager
def at_home(gateway: Gateway, payer: str) -> Iterator[tuple[Browser, Json]]:
    """Open a browser in which a payer is signed in, with the header of the session."""
    browser = Browser(gateway)
    try:
        yield browser, browser.sign_in(payer)
    finally:
        browser.http.close()


def pays(gateway: Gateway, order_str: bytes, payer: str) -> str:
    """Let a payer pay an order string to the end; return what the page was told."""
    with at_home(gateway, payer) as (browser, session):
        path = browser.cashier(order_str.decode(), f"call-{secrets.token_hex(8)}", **session)
        told: str = browser.post(f"{path}/confirm", {"pin": PIN}, **session)["resultCode"]
        return told


def agrees(gateway: Gateway, page_url: str, payer: str, **limits: str) -> str:
    """Let a payer agree at a signing page; return the authorization code."""
    with at_home(gateway, payer) as (browser, session):
        path = f"{urlsplit(page_url).path}/sign"
        back = browser.post(path, {"pin": PIN, **limits}, **session)["redirectUrl"]
    return parse_qs(urlsplit(back).query)["authCode"][0]


def hkd(minor: int) -> Json:
    """Return an amount as it stands in a message."""
    return {"currency": "HKD", "value": str(minor)}


def path_of(function: str) -> str:
    """Return the path of a function."""
    return f"/api/{function.replace('.', '/')}.htm"


def signed_at(minutes: float) -> str:
    """Return a reqTime so many minutes from now."""
    return rfc3339(time.time_ns() // 1_000_000 + round(minutes * MINUTE_MS))


def changed(body: Mapping[str, Any], path: str, value: object) -> Json:
    """Return a body with one member set, or taken away when the value is None."""
    said: Json = copy.deepcopy(dict(body))
    *parents, name = path.split(".")
    place = said
    for parent in parents:
        place = place[parent]
    place.pop(name, None)
    if value is not None:
        place[name] = value
    return said


def operate(gateway: Gateway, *said: str) -> Json:
    """Run an operator's command beside the running server and return what it printed."""
    done = subprocess.run(
        command(*said, "--data", str(gateway.data), "--json"),
        env={**environment(), "TILLGATE_PIN": PIN},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S,
    )
    assert done.returncode == 0, (said, done.stdout, done.stderr)
    found: Json = json.loads(done.stdout)
    return found


def registered(gateway: Gateway, client_id: str, *said: str, at: Path) -> PrivateKey:
    """Register a client with a key of its own; `said` are more arguments of `client add`."""
    key = PrivateKey.generate()
    path = at / f"{client_id}.pem"
    path.write_text(key.public.pem())
    operate(gateway, "client", "add", client_id, *said)
    operate(gateway, "client", "add-key", client_id, str(path))
    return key


async def rows(gateway: Gateway, *kinds: type[Record]) -> dict[type[Record], list[Any]]:
    """Return all rows of these kinds, or of every kind, as they are in the database now."""
    async with open_reader(settings_of(str(gateway.data), mode="sandbox")) as reader:
        return {
            kind: list(await reader.select(Select(record=kind, limit=1_000_000)))
            for kind in kinds or KINDS
        }
