"""Steps around a page: an order is signed, a wallet pays it, the buyer comes back.

It speaks the doors of PROTOCOL 11.4 as a wallet does. What must hold: what a page is told is the
result, and nothing of a session or a cashier's address.
"""

import re
from typing import Any, Final, assert_never
from urllib.parse import urlsplit

from tillgate.kernel.money import Money
from tillgate.merchant.errors import VerificationError
from tillgate.protocol.messages import wap_pay
from tillgate.sandbox.scenarios.link import NO_ANSWER, Heard, StageRefused
from tillgate.sandbox.scenarios.messages import head_of, money, signed, tampered
from tillgate.sandbox.scenarios.receiver import BELIEVED
from tillgate.sandbox.scenarios.stage import RETURN_URL, OrderMade, Stage
from tillgate.sandbox.scenarios.steps import Cashier, Pay, Returned, Sign

TEXT_SHOWN_MAX: Final = 80
_SECRET: Final = re.compile(r"/cashier/[A-Za-z0-9_-]+")


def order_content(stage: Stage, made: OrderMade, step: Sign) -> dict[str, Any]:
    """Return the content of an order as the demo merchant writes it."""
    body: dict[str, Any] = {
        "merchantId": stage.merchant.merchant_id,
        "productCode": "AGREEMENT_OR_CASHIER_PAY",
        "merchantTransId": made.number,
        "order": {"orderAmount": money(step.amount), "orderTitle": "Women Summer Dress"},
    }
    if step.notify:
        body["notifyUrl"] = stage.receiver.url
    if step.return_to:
        body["returnUrl"] = RETURN_URL
    return {
        "head": head_of(stage.merchant.client_id, wap_pay.FUNCTION.name, age=step.age),
        "body": body,
    }


def sign(stage: Stage, step: Sign) -> dict[str, Any]:
    """Sign an order, and keep what the merchant's database would."""
    made = stage.order(step.order, is_new=True)
    content = order_content(stage, made, step)
    made.order_str = signed(stage.cast, content, step).decode()
    stage.receiver.know(made.number, Money.parse(step.amount))
    return {"merchantTransId": made.number, "content": content}


def pay(stage: Stage, step: Pay) -> dict[str, Any]:
    """Call tradePay and, unless told otherwise, confirm at the cashier."""
    made, call, link = stage.order(step.order), stage.call(step.call), stage.cast.link
    body = {"orderStr": made.order_str, "callId": call.call_id}
    if step.version:
        body["version"] = step.version
    if step.as_page:
        heard = link.post_json("/cashier/trade-pay", body, fault=step.fault)
    else:
        heard = _as_payer(stage, step, "/cashier/trade-pay", body)
    result = _told(made, heard)
    if "cashierUrl" not in result:
        return result
    call.cashier_path = urlsplit(str(result["cashierUrl"])).path
    result["cashierUrl"] = _SECRET.sub("/cashier/…", str(result["cashierUrl"]))
    if step.until == "cashier":
        return result
    confirm = Cashier(
        call="call", act="confirm", payer=step.payer, pin=step.pin, fault=step.confirm_fault
    )
    return _told(made, _act(stage, call.cashier_path, confirm))


def at_cashier(stage: Stage, step: Cashier) -> dict[str, Any]:
    """Confirm, cancel or look at a cashier that a step before opened."""
    call = stage.calls.get(step.call)
    if call is None or not call.cashier_path:
        raise StageRefused(f"no step before has opened a cashier by the call {step.call!r}")
    heard = _act(stage, call.cashier_path, step)
    said = heard.json()
    number = said.get("merchantTransId") if isinstance(said, dict) else None
    made = next((each for each in stage.orders.values() if each.number == number), None)
    return _told(made or OrderMade(number=""), heard)


def returned(stage: Stage, step: Returned) -> dict[str, Any]:
    """Judge the address that the page was sent to, as the merchant's SDK does."""
    url = stage.order(step.order).return_url
    if not url:
        raise StageRefused(f"the page of {step.order!r} was not sent anywhere")
    url = tampered(url.encode(), step.tamper).decode()
    try:
        event = stage.merchant.return_url(url, expect=stage.receiver.find)
    except VerificationError as error:
        return {"verdict": type(error).__name__}
    return {
        "verdict": BELIEVED,
        "merchantTransId": event.merchant_trans_id,
        "resultCode": event.result.result_code,
        "amount": str(event.amount),
    }


def _act(stage: Stage, path: str, step: Cashier) -> Heard:
    match step.act:
        case "confirm":
            return _as_payer(stage, step, f"{path}/confirm", {"pin": step.pin})
        case "cancel":
            return _as_payer(stage, step, f"{path}/cancel", {})
        case "look":
            return _as_payer(stage, step, path)
        case other:
            assert_never(other)


def _as_payer(
    stage: Stage, step: Pay | Cashier, path: str, body: dict[str, str] | None = None
) -> Heard:
    """Ask with the payer's session; a payer who cannot sign in gets the answer to that.

    Who mistypes the PIN at the cashier has signed in before with the right one.
    """
    link = stage.cast.link
    token = stage.session(step.payer)
    if isinstance(token, Heard):
        return token
    if body is None:
        return link.send("GET", path, token=token)
    origin = step.page_origin if isinstance(step, Pay) else ""
    return link.post_json(path, body, fault=step.fault, token=token, page_origin=origin)


def _told(made: OrderMade, heard: Heard) -> dict[str, Any]:
    """Return what a page is told."""
    if heard.status == NO_ANSWER:
        return {"http": NO_ANSWER, "verdict": "NO_ANSWER"}
    said = heard.json()
    result = (
        dict(said) if isinstance(said, dict) else {"text": heard.body[:80].decode(errors="replace")}
    )
    made.return_url = str(result.get("returnUrl") or made.return_url)
    code, _, _ = str(result.get("memo", "")).partition(":")
    return {"http": heard.status, "result": code, **result}
