"""The doors of our own answer what they describe: a payer's way, each answer held to its type.

Unknown members are refused by the types, so an answer that says more than its description fails as
one that says less does. What must hold: every answer of 200 that is described was met here.
"""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, final

import msgspec
import pytest
import pytest_asyncio

from tests.support.asgi import ask, bearer, sandbox
from tests.support.gateway import CLIENT_ID, MERCHANT_ID, PIN, merchant_of, order
from tillgate.bootstrap import House
from tillgate.bootstrap.doors import DESCRIBED
from tillgate.edge.described import Door
from tillgate.kernel.clock import rfc3339
from tillgate.protocol.envelope import Kind
from tillgate.protocol.keys import load_private_key
from tillgate.protocol.messages import prepare_redirect
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal

pytestmark = pytest.mark.asyncio(loop_scope="module")
AGREEMENT = "8b0b4dd8218a42269483f5806e17a7d4"
NAMED = {"merchantId": MERCHANT_ID, "merchantAgreementId": AGREEMENT}


@final
class Described:
    """A sandbox whose doors are asked, and what they were seen to answer."""

    def __init__(self, house: House, data: Path) -> None:
        """Begin with nothing seen."""
        self.house = house
        self.data = data
        self.seen: set[tuple[str, int, str]] = set()

    async def ask(
        self, method: str, path: str, body: object = b"", *, status: int = 200, token: str = ""
    ) -> dict[str, Any]:
        """Ask a door; its answer must be of a type that is described for this status."""
        headers = [bearer(token)] if token else []
        reply = await ask(self.house, method, path, body, headers=headers)
        assert reply.status == status, reply
        door = _door(method, path.partition("?")[0])
        kinds = [kind for kind in door.answers[status] if _fits(reply.body, kind)]
        assert len(kinds) == 1, (door.name, reply.body, kinds)
        self.seen.add((door.name, status, kinds[0].__name__))
        answer: dict[str, Any] = reply.json()
        return answer

    async def cashier(self, number: str, *, token: str = "") -> str:
        """Call tradePay with a new order; return the cashier's path."""
        merchant = merchant_of(self.data)
        call = {"orderStr": merchant.order_str(order(number)), "callId": f"call-{number}"}
        opened = await self.ask("POST", "/cashier/trade-pay", call, token=token)
        return str(opened["cashierUrl"]).partition(":8080")[2]

    async def signing_page(self) -> str:
        """Begin an agreement as the merchant does; return the page's path."""
        function = prepare_redirect.FUNCTION
        head = {
            "version": "2.0.0",
            "function": function.name,
            "clientId": CLIENT_ID,
            "reqTime": rfc3339(self.house.desk.clock.now_ms()),
            "reqMsgId": self.house.desk.ids.token(),
        }
        body = {
            "authMerchantId": MERCHANT_ID,
            "authSite": "ALIPAY_HK",
            "scopes": ["AUTH_AGREEMENTPAY"],
            "terminalType": "WAP",
            "merchantRedirectUrl": "https://merchant.example/agreed",
            "agreementPayAuthInfo": {"merchantAgreementId": AGREEMENT},
            "state": "4657DDUER323DK",
        }
        key = load_private_key((self.data / "keys" / "merchant.private.pem").read_bytes())
        signed = json.dumps({"head": head, "body": body}).encode()
        message = seal(Kind.REQUEST, signed, key, Profile.TILLGATE)
        reply = await ask(self.house, "POST", function.path, message)
        answered = reply.json()["response"]["body"]
        return str(answered["authSiteUrl"]).partition(":8080")[2]


def _door(method: str, path: str) -> Door:
    for door in DESCRIBED:
        pattern = re.escape(door.path).replace(r"\{token\}", "[A-Za-z0-9_-]+")
        if door.method == method and re.fullmatch(pattern, path):
            return door
    raise AssertionError(f"{method} {path} is described nowhere")


def _fits(body: bytes, kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        return False
    return True


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def doors(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Described]:
    data = tmp_path_factory.mktemp("doors")
    async with sandbox(data) as house:
        yield Described(house, data)


async def _walk_a_payers_way(doors: Described) -> None:
    said = {"payer": "rich", "pin": PIN}
    await doors.ask("POST", "/wallet/session", {**said, "pin": "999999"}, status=401)
    await doors.ask("POST", "/wallet/session", {**said, "payer": "nobody"}, status=403)
    await doors.ask("POST", "/wallet/session", b"{", status=400)
    token = (await doors.ask("POST", "/wallet/session", said))["token"]
    await doors.ask("GET", "/wallet/me", token=token)
    await doors.ask("GET", "/wallet/me", status=401)

    paid = await doors.cashier("described-1", token=token)
    await doors.ask("GET", paid, token=token)
    await doors.ask("POST", f"{paid}/confirm", {"pin": "999999"}, token=token)
    await doors.ask("POST", f"{paid}/confirm", {"pin": PIN}, token=token)
    await doors.ask("GET", paid, token=token)
    await doors.ask("GET", paid, status=403)
    await doors.ask("POST", "/cashier/trade-pay", {"orderStr": "{}", "callId": "x"})

    alone = await doors.cashier("described-2")
    cookie = await ask(doors.house, "GET", alone)
    assert "set-cookie" in cookie.headers  # The page form belongs to the browser that came first.
    await doors.ask("GET", alone, status=403)
    other = await doors.cashier("described-3")
    await doors.ask("POST", f"{other}/sign-in", said)
    wrong = await doors.cashier("described-5")
    await doors.ask("POST", f"{wrong}/sign-in", {**said, "pin": "999999"})
    left = await doors.cashier("described-4", token=token)
    await doors.ask("POST", f"{left}/cancel", {}, token=token)

    await doors.ask("GET", "/wallet/history", token=token)
    await doors.ask("GET", "/wallet/history?cursor=1543932072000.1", token=token)
    await doors.ask("GET", "/wallet/history?cursor=x", token=token, status=400)
    await doors.ask("DELETE", "/wallet/session")


async def _walk_an_agreements_way(doors: Described) -> None:
    token = (await doors.ask("POST", "/wallet/session", {"payer": "rich", "pin": PIN}))["token"]
    page = await doors.signing_page()
    await doors.ask("GET", f"{page}.json")
    await doors.ask("GET", f"{page}.json", token=token)
    await doors.ask("POST", f"{page}/decline", {})
    await doors.ask("POST", f"{page}/sign", {"pin": PIN}, status=401)
    await doors.ask("POST", f"{page}/sign", {"pin": "999999"}, token=token)
    limits = {"singleMax": "500.00", "dailyMax": "1000"}
    await doors.ask("POST", f"{page}/sign", {"pin": PIN, **limits}, token=token)
    await doors.ask("GET", f"{page}.json", token=token)
    await doors.ask("POST", "/wallet/agreements/limits", {**NAMED, **limits}, token=token)
    lifted = {**NAMED, **limits, "dailyMax": "2000"}
    await doors.ask("POST", "/wallet/agreements/limits", lifted, token=token)
    for pin in ("999999", PIN):
        raised = {**lifted, "pin": pin}
        await doors.ask("POST", "/wallet/agreements/limits", raised, token=token)
    wrong = {**NAMED, "singleMax": "2", "dailyMax": "1"}
    await doors.ask("POST", "/wallet/agreements/limits", wrong, token=token, status=400)
    await doors.ask("GET", "/wallet/agreements", token=token)
    await doors.ask("POST", "/wallet/agreements/cancel", NAMED, token=token)
    await doors.ask("POST", "/wallet/agreements/limits", NAMED, token=token, status=409)
    await doors.ask("POST", f"{page}/sign", {"pin": PIN}, token=token, status=409)
    gone = {**NAMED, "merchantAgreementId": "none"}
    await doors.ask("POST", "/wallet/agreements/cancel", gone, token=token, status=404)
    await doors.ask("GET", "/wallet/agreements", token=token)


async def test_every_answer_is_described_and_every_described_success_is_met(
    doors: Described,
) -> None:
    await _walk_a_payers_way(doors)
    await _walk_an_agreements_way(doors)
    described = {
        (door.name, 200, kind.__name__) for door in DESCRIBED for kind in door.answers[200]
    }
    assert described - doors.seen == set()
