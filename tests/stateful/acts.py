"""What a merchant, a page and a payer can ask for: each act with the model's word for it beside it.

An act sends something real to the gateway and reads what it was told; `step` is the same in the
model. What must hold: what an act sends is made once, so that it can be sent again byte for byte.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from tests.stateful.after import Day
from tests.stateful.gateway import MERCHANT, PIN, RISK_INFO, SHOP_ORIGIN, Gateway
from tests.stateful.model import Step, Told
from tillgate.acquiring.acquirement import Acquirement
from tillgate.edge import tokens
from tillgate.kernel.clock import parse_rfc3339

PRODUCTS: Final = {"T-2": "CASHIER_PAY"}
AMOUNTS: Final = {
    "T-1": 1_000,
    "T-2": 333,
    "T-3": 5_000,
    "T-4": 100,
    "T-5": 1_001,
    "D-1": 700,
    "D-2": 2_500,
    "D-3": 350,
    "D-4": 1_000,
}
NOTIFY: Final = "https://merchant.example/notify"
NOBODYS: Final = "20260302194010800100160000000000000"
WAP_PAY, DEBIT = "acquiring.cashier.wap.pay", "acquiring.agreement.pay"
QUERY, CANCEL = "acquiring.common.payQuery", "acquiring.common.payCancel"
REFUND = "acquiring.common.refund"
PREPARE, APPLY = "oauth.auth.prepareForRedirect", "oauth.auth.applyToken"
STATUS, END = "oauth.auth.queryByAuthInfo", "oauth.auth.cancelByAuthInfo"
UNMARKED: Final = {WAP_PAY, QUERY, STATUS}


class Act(NamedTuple):
    """Something to send, and what the model makes of it."""

    name: str
    send: Callable[[], Awaitable[Told]]
    step: Callable[[Day], Step]
    again: "Callable[[str], Act] | None" = None
    """Signs the same content under this number, now."""


class Acts:
    """Makes acts for one gateway."""

    def __init__(self, gateway: Gateway, risks: Mapping[str, str]) -> None:
        """Ask this gateway; `risks` is what each order's riskInfo says."""
        self.gateway = gateway
        self.risks = risks
        self.cashiers: dict[tuple[str, str], str] = {}
        self.pages: dict[str, str] = {}
        self._number = 0

    def number(self) -> str:
        """Return a reqMsgId that was not used yet."""
        self._number += 1
        return f"{self._number:032x}"

    # A merchant's server

    def post(
        self,
        function: str,
        body: Mapping[str, Any],
        step: Callable[[Day], Step],
        *,
        number: str = "",
        token: str = "",
        read: Callable[[Mapping[str, Any]], Told] | None = None,
    ) -> Act:
        """Make a system request; it is signed now and can be sent again as it is."""
        number = number or self.number()
        signed = self.gateway.clock.now_ms()
        raw = self.gateway.envelope(function, body, number=number, token=token)
        message = (number, str(hash(raw)), signed)
        marked = function not in UNMARKED

        async def send() -> Told:
            answer = await self.gateway.post(function, raw)
            return (read or _code)(answer)

        def anew(other: str) -> Act:
            return self.post(function, body, step, number=other, token=token, read=read)

        def posted(day: Day) -> Step:
            return day.posted(step(day), marked=marked, message=message)

        name = f"{function.rpartition('.')[2]} {dict(body)} by {number[-4:]}"
        return Act(name, send, posted, anew)

    def order(self, trans: str, twist: int, product: str) -> dict[str, Any]:
        """Return the body of an order."""
        amount = {"currency": "HKD", "value": str(AMOUNTS[trans] + twist)}
        risk = RISK_INFO[self.risks.get(trans, "")]
        return {
            "merchantId": MERCHANT,
            "productCode": product,
            "merchantTransId": trans,
            "order": {"orderAmount": amount, "orderTitle": "Dress"},
            "notifyUrl": NOTIFY,
            **({"riskInfo": risk} if risk else {}),
        }

    def cashier(self, trans: str, twist: int) -> Act:
        """Post an order and ask for a cashier."""
        product, signed = product_of(trans), self.gateway.clock.now_ms()
        risk, amount = self.risks.get(trans, ""), AMOUNTS[trans] + twist

        def step(day: Day) -> Step:
            return day.cashier(trans, amount, product, signed=signed, risk=risk)

        # Its age counts from each signing, so it is not made anew; it can be repeated as it is.
        return self.post(WAP_PAY, self.order(trans, twist, product), step)._replace(again=None)

    def debit(self, trans: str, twist: int, token: tuple[str, int] | None) -> Act:
        """Debit an agreement by the access token of a generation, or by none of ours."""
        amount, risk = AMOUNTS[trans] + twist, self.risks.get(trans, "")
        text = "none-of-ours"
        if token:
            of = (self.gateway.desk, MERCHANT, token[0])
            text = tokens.access_token(*of, generation=token[1])
        body = self.order(trans, twist, "AUTO_DEBIT")
        return self.post(
            DEBIT,
            body,
            lambda day: day.debit(trans, amount, "AUTO_DEBIT", token=token, risk=risk),
            token=text,
        )

    def query(self, trans: str) -> Act:
        """Ask how an order is."""
        body = {"merchantId": MERCHANT, "merchantTransId": trans}
        return self.post(QUERY, body, lambda day: day.query(trans), read=_status)

    async def cancel(self, trans: str, *, ours: bool) -> Act:
        """Cancel an order by our number or by the merchant's own."""
        found = await self.number_of(trans) if ours else ""
        named = {"acquirementId": found} if ours else {"merchantTransId": trans}
        known = trans if not ours or found != NOBODYS else "?"
        body = {"merchantId": MERCHANT, **named}
        return self.post(CANCEL, body, lambda day: day.cancel(known, by_our_number=ours))

    async def refund(self, name: str, trans: str, minor: int) -> Act:
        """Give back so much of an order."""
        found = await self.number_of(trans)
        known = trans if found != NOBODYS else "?"
        body = {
            "merchantId": MERCHANT,
            "acquirementId": found,
            "merchantRefundId": name,
            "refundAmount": {"currency": "HKD", "value": str(minor)},
        }
        return self.post(REFUND, body, lambda day: day.refund(name, known, minor))

    async def number_of(self, trans: str) -> str:
        """Return our number of an order, or one that is nobody's."""
        order = await self.gateway.store.get(Acquirement, MERCHANT, trans)
        return order.acquirement_id if order else NOBODYS

    # Agreements

    def prepare(self, gid: str, state: str) -> Act:
        """Ask for a page to sign at."""
        body = {
            "authMerchantId": MERCHANT,
            "authSite": "ALIPAY_HK",
            "scopes": ["AUTH_AGREEMENTPAY"],
            "terminalType": "WAP",
            "merchantRedirectUrl": "https://merchant.example/agreed",
            "agreementPayAuthInfo": {"merchantAgreementId": gid},
            "state": state,
        }

        def read(answer: Mapping[str, Any]) -> str:
            if "authSiteUrl" in answer:
                self.pages[gid] = answer["authSiteUrl"].rpartition("/")[2]
            return _code(answer)

        return self.post(PREPARE, body, lambda day: day.prepare(gid, state), read=read)

    def apply(self, gid: str, generation: int) -> Act:
        """Apply for tokens by the code (generation 0) or by a refresh token."""
        of, code = (self.gateway.desk, MERCHANT, gid), generation == 0
        body: dict[str, Any] = {"authMerchantId": MERCHANT, "authSite": "ALIPAY_HK"}
        if code:
            given = {"grantType": "AUTHORIZATION_CODE", "authCode": tokens.auth_code(*of)}
        else:
            text = tokens.refresh_token(*of, generation=generation)
            given = {"grantType": "REFRESH_TOKEN", "refreshToken": text}

        def read(answer: Mapping[str, Any]) -> Told:
            info = answer.get("accessTokenInfo")
            if info is None:
                return _code(answer)
            known = {tokens.access_token(*of, generation=each): each for each in range(1, 100)}
            following = known[info["accessToken"]]
            assert info["refreshToken"] == tokens.refresh_token(*of, generation=following)
            ends = (parse_rfc3339(info[name]) for name in ("expiresIn", "reExpiresIn"))
            return (_code(answer), following, *ends)

        return self.post(
            APPLY,
            {**body, **given},
            lambda day: day.apply(gid, code=code, generation=generation),
            read=read,
        )

    def status(self, gid: str) -> Act:
        """Ask how an agreement stands."""
        body = {"authMerchantId": MERCHANT, "merchantAgreementId": gid}

        def read(answer: Mapping[str, Any]) -> Told:
            info = answer.get("accessTokenInfo")
            return (_code(answer), info["tokenStatus"]) if info else _code(answer)

        return self.post(STATUS, body, lambda day: day.agreement_status(gid), read=read)

    def end(self, gid: str) -> Act:
        """End an agreement as its merchant."""
        body = {"authMerchantId": MERCHANT, "merchantAgreementId": gid}
        return self.post(END, body, lambda day: day.end_agreement(gid))

    # A page and its payer

    def trade_pay(self, trans: str, twist: int, *, call: str, payer: str, known_page: bool) -> Act:
        """Call tradePay from a page in a payer's wallet."""
        product, signed = product_of(trans), self.gateway.clock.now_ms()
        raw = self.gateway.envelope(
            WAP_PAY, self.order(trans, twist, product), number=self.number()
        )
        content = {"orderStr": raw.decode(), "version": "2.0.0", "callId": call}
        page = SHOP_ORIGIN if known_page else ""

        async def send() -> Told:
            reply = await self.gateway.ask(
                "POST", "/cashier/trade-pay", content, payer=payer, page=page
            )
            url = reply.json().get("cashierUrl", "")
            if url:
                self.cashiers[trans, call] = url.rpartition("/")[2]
            return "cashier" if url else _callback(reply.json())

        return Act(
            f"tradePay {trans} {twist} {call} {payer} {known_page}",
            send,
            lambda day: day.trade_pay(
                trans,
                AMOUNTS[trans] + twist,
                product,
                call=call,
                payer=payer,
                known_page=known_page,
                signed=signed,
                risk=self.risks.get(trans, ""),
            ),
        )

    def confirm(self, trans: str, call: str, payer: str) -> Act:
        """Enter the right PIN at a cashier."""

        async def send() -> Told:
            path = f"/cashier/{self.cashiers[trans, call]}/confirm"
            reply = await self.gateway.ask("POST", path, {"pin": PIN}, payer=payer)
            return _callback(reply.json())

        return Act(
            f"confirm {trans} {call} {payer}",
            send,
            lambda day: day.confirm(trans, call=call),
        )

    def closes(self, trans: str, call: str, payer: str) -> Act:
        """Close a cashier."""

        async def send() -> Told:
            path = f"/cashier/{self.cashiers[trans, call]}/cancel"
            reply = await self.gateway.ask("POST", path, {}, payer=payer)
            return _callback(reply.json())

        return Act(f"close {trans} {call}", send, lambda day: day.buyer_cancels(trans, call=call))


def product_of(trans: str) -> str:
    """Return the product of an order that a buyer pays."""
    return PRODUCTS.get(trans, "AGREEMENT_OR_CASHIER_PAY")


def _code(answer: Mapping[str, Any]) -> str:
    code: str = answer["resultInfo"]["resultCode"]
    return code


def _callback(said: Mapping[str, Any]) -> str:
    name = said["memo"].partition(":")[0] if said["resultCode"] == "4000" else ""
    return f"{said['resultCode']} {name}".strip()


def _status(answer: Mapping[str, Any]) -> Told:
    if "payStatus" not in answer:
        return _code(answer)
    paid = answer.get("paymentTime")
    refunds = {
        (one["merchantRefundId"], int(one["refundAmount"]["value"]), one["refundStatus"])
        for one in answer.get("refunds", ())
    }
    return (
        _code(answer),
        answer["payStatus"],
        parse_rfc3339(paid) if paid else None,
        int(answer.get("refundedAmount", {"value": "0"})["value"]),
        frozenset(refunds),
    )
