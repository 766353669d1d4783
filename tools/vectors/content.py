"""The contents that are signed: requests, responses, notifications, after the published samples.

What must hold: members stand in the order of the samples; the same name gives the same content.
"""

import json
from typing import Any, Final

from tools.vectors.case import number_of

FAMILY: Final = "alipay.intl.acquiring."
MERCHANT_ID: Final = "2160400000002012"
ACQUIREMENT_ID: Final = "20181210194010800100160960000444145"
DONE: Final = {
    "resultStatus": "S",
    "resultCodeId": "00000000",
    "resultCode": "SUCCESS",
    "resultMsg": "success",
}
Content = dict[str, Any]


def head(name: str, function: str, time_name: str = "reqTime", **more: str) -> Content:
    """Return a head."""
    return {
        "version": "2.0.0",
        "function": FAMILY + function,
        "clientId": "4Q5XSH6SSG02T006",
        time_name: "2018-12-04T22:00:53-08:00",
        "reqMsgId": number_of(name),
        "reserve": "{}",
        **more,
    }


def money(text: str) -> dict[str, str]:
    """Return money on the wire, from "1000 HKD"."""
    value, currency = text.split()
    return {"currency": currency, "value": value}


def order(
    name: str, *, amount: str = "1000 HKD", title: str = "Women Summer Dress", **changes: object
) -> Content:
    """Return an order as a page hands it to tradePay."""
    body = {
        "merchantId": MERCHANT_ID,
        "productCode": "AGREEMENT_OR_CASHIER_PAY",
        "merchantTransId": f"V-{name}",
        "order": {
            "orderAmount": money(amount),
            "orderTitle": title,
            "orderDetail": "One size",
            "seller": {"sellerId": MERCHANT_ID, "sellerName": "Maison Lin", "mcc": "5651"},
        },
        "extendInfo": '{"productScene":"Prepay"}',
        "notifyUrl": "https://merchant.example/notify",
        "returnUrl": "https://merchant.example/result.html",
        **changes,
    }
    return {"head": head(name, "cashier.wap.pay"), "body": body}


def notification(name: str, *, amount: str = "1000 HKD", **changes: object) -> Content:
    """Return what the gateway tells the merchant's server."""
    body = {
        "resultInfo": DONE,
        "acquirementId": ACQUIREMENT_ID,
        "merchantTransId": f"V-{name}",
        "orderAmount": money(amount),
        "paymentTime": "2018-12-04T22:01:12-08:00",
        "payStatus": "TRADE_SUCCESS",
        "merchantId": MERCHANT_ID,
        **changes,
    }
    return {"head": head(name, "common.notify.pay"), "body": body}


def response(name: str, function: str, **body: object) -> Content:
    """Return an answer."""
    said = {"resultInfo": DONE, **body}
    return {"head": head(name, function, "respTime"), "body": said}


def request(name: str, function: str, *, access_token: str = "", **body: object) -> Content:
    """Return a merchant's request at the server."""
    more = {"accessToken": access_token} if access_token else {}
    return {"head": head(name, function, **more), "body": {"merchantId": MERCHANT_ID, **body}}


def compact(content: Content) -> str:
    """Return it as the SDK writes it: no blanks, characters as they are."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def escaped(content: Content) -> str:
    r"""Return it with every character outside ASCII as `\uXXXX`."""
    return json.dumps(content, separators=(",", ":"))


def pretty(content: Content, indent: int | str = 4) -> str:
    """Return it on many lines."""
    return json.dumps(content, ensure_ascii=False, indent=indent)


def major(amount: str) -> str:
    """Return an amount of the wire as people read it, as in "1.234 KWD"."""
    value, currency = amount.split()
    digits = {"JPY": 0, "KRW": 0, "KWD": 3, "BHD": 3}.get(currency, 2)
    if not digits:
        return amount
    padded = value.rjust(digits + 1, "0")
    return f"{padded[:-digits]}.{padded[-digits:]} {currency}"


def reads(content: Content) -> dict[str, str]:
    """Return what a reader must find in it."""
    body = content["body"]
    paid = body.get("order", body)
    told = {
        "merchantTransId": body.get("merchantTransId"),
        "title": paid.get("orderTitle"),
        "amount": major(" ".join(_amount(paid))) if "orderAmount" in paid else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _amount(paid: Content) -> tuple[str, str]:
    return paid["orderAmount"]["value"], paid["orderAmount"]["currency"]
