"""What may be cut short after a payment, and what must be true however it was cut short.

Each act prepares what it needs, is one request, and is followed by a look at what became of it.
What must hold: a request is made once and repeated byte for byte; a look asks as anybody may.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, final
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import msgspec

from tests.crash.dying import MOMENT_MS, wait
from tests.support.asgi import ask, bearer, signed_in
from tests.support.gateway import CLIENT_ID, MERCHANT_ID, PIN
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.states import NotificationState
from tillgate.bootstrap import House
from tillgate.engine.ports import Select
from tillgate.kernel.clock import SECOND_MS, ManualClock, rfc3339
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.functions import FUNCTIONS
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal
from tillgate.workers.attempts import UNANSWERED

Body = dict[str, Any]
DEBIT, REFUND = "acquiring.agreement.pay", "acquiring.common.refund"
QUERY, CANCEL = "acquiring.common.payQuery", "acquiring.common.payCancel"
PREPARE, APPLY = "oauth.auth.prepareForRedirect", "oauth.auth.applyToken"
STATUS, END = "oauth.auth.queryByAuthInfo", "oauth.auth.cancelByAuthInfo"
WAITS_MAX: Final = 180 * SECOND_MS // MOMENT_MS
"""More than the two minutes after which a merchant is told again."""


@final
class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One request, made before anything dies, and what its looks need to know.

    Attributes:
        payer: who posts it with a session, or "" for the merchant's server.
        facts: names of what it is about.
    """

    path: str
    text: str
    payer: str = ""
    facts: dict[str, str] = msgspec.field(default_factory=dict)


@final
class Visit:
    """A house, visited as the merchant's server and as its payers."""

    def __init__(
        self,
        house: House,
        key: PrivateKey,
        standing: Mapping[str, Mapping[str, str]],
        *,
        clock: ManualClock,
    ) -> None:
        """Know what stands since the beginning: an order and a token of each payer."""
        self._house = house
        self.clock = clock
        self._key = key
        self._sessions: dict[str, str] = {}
        self.standing = standing

    def request(self, end: str, body: Body, *, token: str = "", **facts: str) -> Request:
        """Make a system request."""
        function = FUNCTIONS[f"alipay.intl.{end}"]
        head = {
            "version": "2.0.0",
            "function": function.name,
            "clientId": CLIENT_ID,
            "reqTime": rfc3339(self._house.desk.clock.now_ms()),
            "reqMsgId": uuid4().hex,
            **({"accessToken": token} if token else {}),
        }
        content = json.dumps({"head": head, "body": body}).encode()
        raw = seal(Kind.REQUEST, content, self._key, Profile.TILLGATE)
        return Request(path=function.path, text=raw.decode(), facts=facts)

    async def send(self, request: Request) -> Body:
        """Send a request and return the body of its answer."""
        who = request.payer
        headers = [await self.session(who)] if who else []
        raw = request.text.encode()
        reply = await ask(self._house, "POST", request.path, raw, headers=headers)
        assert reply.status == 200, reply
        said: Body = reply.json() if who else cut(reply.body, Kind.RESPONSE).unverified["body"]
        return said

    async def session(self, payer: str) -> tuple[bytes, bytes]:
        """Return the header of a payer's session; the payer signs in once."""
        if payer not in self._sessions:
            self._sessions[payer] = await signed_in(self._house, payer)
        return bearer(self._sessions[payer])

    async def asked(self, end: str, body: Body, *, token: str = "") -> Body:
        """Ask a function and return what it says."""
        return await self.send(self.request(end, body, token=token))

    async def debited(self, token: str) -> str:
        """Debit with a token; return the order's number. It must succeed."""
        number = uuid4().hex
        said = await self.asked(DEBIT, order_of(number), token=token)
        assert code(said) == "SUCCESS", said
        return number

    async def signed(self, payer: str) -> tuple[str, str]:
        """Let a payer agree; return the agreement's number and its code."""
        request = await self.page(payer)
        back = parse_qs(urlsplit((await self.send(request))["redirectUrl"]).query)
        return request.facts["agreement"], back["authCode"][0]

    async def page(self, payer: str) -> Request:
        """Return the request with which a payer signs a page of its own."""
        number = uuid4().hex
        await self.session(payer)
        body = {
            "authMerchantId": MERCHANT_ID,
            "authSite": "ALIPAY_HK",
            "terminalType": "WAP",
            "scopes": ["AUTH_AGREEMENTPAY"],
            "merchantRedirectUrl": "http://shop.example/",
            "agreementPayAuthInfo": {"merchantAgreementId": number},
            "state": "s",
        }
        path = urlsplit((await self.asked(PREPARE, body))["authSiteUrl"]).path
        text = json.dumps({"pin": PIN, "singleMax": "500"})
        return Request(path=f"{path}/sign", text=text, payer=payer, facts={"agreement": number})

    async def settled(self) -> None:
        """Wait until nothing is owed to the merchant and no issuer owes an answer."""
        owed = Select(record=Notification, equals=(("state", NotificationState.PENDING),), limit=1)
        asked = Select(record=Attempt, equals=(("state", UNANSWERED),), limit=1)
        reader = self._house.desk.reader
        for _ in range(WAITS_MAX):
            if not (await reader.select(owed) or await reader.select(asked)):
                return
            await wait(self.clock)
        raise AssertionError("something is still owed")


def code(said: Body) -> str:
    """Return the result code of an answer, of a function or of a page."""
    if "resultInfo" in said:
        return str(said["resultInfo"]["resultCode"])
    return "SUCCESS" if "authCode=" in said.get("redirectUrl", "") else str(said)


def status(said: Body) -> str:
    """Return S, F or U."""
    info = said.get("resultInfo", {"resultStatus": "S" if code(said) == "SUCCESS" else "F"})
    return str(info["resultStatus"])


def order_of(number: str) -> Body:
    """Return the body of a debit."""
    amount = {"currency": "HKD", "value": "700"}
    return {
        "merchantId": MERCHANT_ID,
        "productCode": "AUTO_DEBIT",
        "merchantTransId": number,
        "order": {"orderAmount": amount, "orderTitle": "Dress"},
    }


def tokens_of(said: Body) -> tuple[str, str]:
    """Return the two tokens of an answer."""
    info = said["accessTokenInfo"]
    return info["accessToken"], info["refreshToken"]


def code_grant(given: str) -> Body:
    """Return the body with which a code is turned into tokens."""
    return _grant("AUTHORIZATION_CODE", authCode=given)


def _refresh_grant(given: str) -> Body:
    return _grant("REFRESH_TOKEN", refreshToken=given)


def _grant(kind: str, **given: str) -> Body:
    return {"grantType": kind, "authMerchantId": MERCHANT_ID, "authSite": "ALIPAY_HK", **given}


async def _query(visit: Visit, number: str) -> Body:
    return await visit.asked(QUERY, {"merchantId": MERCHANT_ID, "merchantTransId": number})


# What is prepared, and sent once


async def _refund(visit: Visit, payer: str) -> Request:
    of, number = visit.standing[payer], uuid4().hex
    amount = {"currency": "HKD", "value": "1"}
    named = {"acquirementId": of["order"], "merchantRefundId": number, "refundAmount": amount}
    return visit.request(REFUND, {"merchantId": MERCHANT_ID, **named}, refund=number, **of)


async def _debit(visit: Visit, payer: str) -> Request:
    number, token = uuid4().hex, visit.standing[payer]["access"]
    return visit.request(DEBIT, order_of(number), token=token, number=number)


async def _sign(visit: Visit, payer: str) -> Request:
    return await visit.page(payer)


async def _apply(visit: Visit, payer: str) -> Request:
    agreement, given = await visit.signed(payer)
    return visit.request(APPLY, code_grant(given), agreement=agreement)


async def _refresh(visit: Visit, payer: str) -> Request:
    _, given = await visit.signed(payer)
    access, refresh = tokens_of(await visit.asked(APPLY, code_grant(given)))
    return visit.request(APPLY, _refresh_grant(refresh), old=access)


async def _end(visit: Visit, payer: str) -> Request:
    agreement, given = await visit.signed(payer)
    access, _ = tokens_of(await visit.asked(APPLY, code_grant(given)))
    named = {"authMerchantId": MERCHANT_ID, "merchantAgreementId": agreement}
    return visit.request(END, named, agreement=agreement, old=access)


async def _cancel(visit: Visit, payer: str) -> Request:
    number = await visit.debited(visit.standing[payer]["access"])
    named = {"merchantId": MERCHANT_ID, "merchantTransId": number}
    return visit.request(CANCEL, named, number=number)


# What must be true at the end


async def _one_refund(visit: Visit, facts: Mapping[str, str], said: Body) -> None:
    found = await visit.asked(QUERY, {"merchantId": MERCHANT_ID, "acquirementId": facts["order"]})
    mine = [each for each in found["refunds"] if each["merchantRefundId"] == facts["refund"]]
    assert [each["refundStatus"] for each in mine] == ["SUCCESS"], found
    assert mine[0]["refundTime"] == said["refundTime"], (mine, said)
    assert found["refundedAmount"]["value"] == str(len(found["refunds"])), found


async def _is_paid(visit: Visit, facts: Mapping[str, str], said: Body) -> None:
    found = await _query(visit, facts["number"])
    assert found["payStatus"] == "TRADE_SUCCESS", found
    assert found["paymentTime"] == said["paymentTime"], (found, said)


async def _code_works(visit: Visit, _: Mapping[str, str], said: Body) -> None:
    given = parse_qs(urlsplit(said["redirectUrl"]).query)["authCode"][0]
    access, _refresh = tokens_of(await visit.asked(APPLY, code_grant(given)))
    await visit.debited(access)


async def _tokens_work(visit: Visit, facts: Mapping[str, str], said: Body) -> None:
    access, refresh = tokens_of(said)
    await visit.debited(access)
    if "old" in facts:  # It lives ten minutes more.
        await visit.debited(facts["old"])
    else:
        await visit.asked(APPLY, _refresh_grant(refresh))
        await visit.debited(access)


async def _has_ended(visit: Visit, facts: Mapping[str, str], _: Body) -> None:
    refused = await visit.asked(DEBIT, order_of(uuid4().hex), token=facts["old"])
    assert code(refused) == "EXPIRED_ACCESS_TOKEN", refused
    named = {"authMerchantId": MERCHANT_ID, "merchantAgreementId": facts["agreement"]}
    found = await visit.asked(STATUS, named)
    assert found["accessTokenInfo"]["tokenStatus"] == "CANCELED", found


async def _is_closed(visit: Visit, facts: Mapping[str, str], _: Body) -> None:
    found = await _query(visit, facts["number"])
    assert found["payStatus"] == "TRADE_CLOSED", found


class Act(NamedTuple):
    """Something that may be cut short: who pays, how it is prepared, what is true at the end.

    `commits` are those of the request and, where `is_followed`, of what workers do after it.
    """

    payer: str
    prepare: Callable[[Visit, str], Awaitable[Request]]
    look: Callable[[Visit, Mapping[str, str], Body], Awaitable[None]]
    commits: int
    is_followed: bool = False


ACTS: Final[Mapping[str, Act]] = {
    "refund": Act("rich", _refund, _one_refund, 1),
    "refund outside": Act("outside", _refund, _one_refund, 2),
    "debit": Act("rich", _debit, _is_paid, 3, is_followed=True),
    "debit outside": Act("outside", _debit, _is_paid, 2),
    "sign": Act("rich", _sign, _code_works, 2),
    "apply": Act("rich", _apply, _tokens_work, 1),
    "refresh": Act("rich", _refresh, _tokens_work, 1),
    "end": Act("rich", _end, _has_ended, 3, is_followed=True),
    "cancel": Act("rich", _cancel, _is_closed, 1),
    "cancel outside": Act("outside", _cancel, _is_closed, 3, is_followed=True),
}
