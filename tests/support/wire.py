"""Keys and messages for tests of the wire: made once a run, and changed by name.

It knows how a right message looks, so that a test can say what is wrong with its own. What must
hold: nothing here signs by a way of its own; it uses what merchants use.
"""

import copy
import json
from functools import cache
from typing import Any, Final

from tillgate.protocol.envelope import Kind, Verified, cut, wrap
from tillgate.protocol.functions import Request, open_request
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify

ABSENT: Final = object()
"""Given as a value to `changed`, it takes the member away."""

CONTENT: dict[str, Any] = {
    "head": {
        "version": "2.0.0",
        "function": "alipay.intl.acquiring.cashier.wap.pay",
        "clientId": "4Q5XSH6SSG02T006",
        "reqTime": "2018-12-04T22:00:53-08:00",
        "reqMsgId": "2b76d599f8072d042b68bc2f43be4211",
        "reserve": "{}",
    },
    "body": {
        "merchantId": "2160400000002012",
        "productCode": "AGREEMENT_OR_CASHIER_PAY",
        "merchantTransId": "201904030205425512477",
        "order": {
            "orderAmount": {"currency": "HKD", "value": "1000"},
            "orderTitle": "Women Summer Dress",
            "orderDetail": "testOrder",
            "seller": {"sellerId": "2160400000002012", "sellerName": "COD", "mcc": "1234"},
        },
        "notifyUrl": "https://merchant.example/notify",
        "returnUrl": "https://merchant.example/result.html",
        "extendInfo": '{"productScene":"Prepay"}',
    },
}
"""The seed's request."""


@cache
def merchant_key() -> PrivateKey:
    """Return the merchant's key, the same in all tests of a run."""
    return PrivateKey.generate()


@cache
def gateway_key() -> PrivateKey:
    """Return the gateway's key."""
    return PrivateKey.generate()


@cache
def stranger_key() -> PrivateKey:
    """Return a key that nobody registered."""
    return PrivateKey.generate()


def changed(path: str = "", value: object = ABSENT) -> dict[str, Any]:
    """Return the seed's request with one member set to a value, or taken away."""
    content = copy.deepcopy(CONTENT)
    if path:
        *parents, name = path.split(".")
        place = content
        for parent in parents:
            place = place[parent]
        place.pop(name, None)
        if value is not ABSENT:
            place[name] = value
    return content


def text_of(content: dict[str, Any]) -> bytes:
    """Return content as compact JSON in raw UTF-8."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def sealed(content: dict[str, Any] | bytes, kind: Kind = Kind.REQUEST) -> bytes:
    """Return content in an envelope that the merchant signed."""
    text = content if isinstance(content, bytes) else text_of(content)
    return seal(kind, text, merchant_key(), Profile.TILLGATE)


def unsigned(content: dict[str, Any]) -> bytes:
    """Return content in an envelope whose signature is the seed's XXX."""
    return wrap(Kind.REQUEST, text_of(content), "XXX")


def verified(raw: bytes) -> Verified:
    """Return what the gateway makes of an envelope by the merchant."""
    return verify(cut(raw), [merchant_key().public], Profile.TILLGATE)


def opened(content: dict[str, Any] | bytes) -> Request[Any]:
    """Return the typed request of content, by way of its envelope."""
    return open_request(verified(sealed(content)))
