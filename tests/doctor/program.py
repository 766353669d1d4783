"""A merchant's program, as people write them: it builds an order, signs a text, sends a text.

It shares nothing with the doctor: it serialises, signs and encodes by the standard library and by
hand, as programs in five languages do. What must hold: unchanged it sends a healthy message, and a
mistake changes one stage of it.
"""

import base64
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

Order = dict[str, Any]
TITLES = (
    "Women Summer Dress",
    "紅色連身裙 M/L",
    "Tea & cake <2 pieces>",
    "Crème brûlée 'maison'",
    "Ticket 👗 A+B 50%",
    "茶/Tea for two + one",
    'Sneakers \\ 42 "wide"',
)
DETAILS = ("test/order", "一二三", "a & b = c", "size: 42, colour: red", "50% off + gift")


@cache
def key(name: str) -> rsa.RSAPrivateKey:
    """Return the private key of somebody, the same in all tests of a run."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(name: str) -> bytes:
    """Return the public key of somebody."""
    return (
        key(name)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )


def compact(value: object) -> str:
    """Write JSON as a careful merchant does."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def an_order(rng: random.Random) -> Order:
    """Return the value of request of one order, rich enough for every mistake to show."""
    order: Order = {
        "orderAmount": {
            "currency": rng.choice(["HKD", "HKD", "USD"]),
            "value": str(rng.randrange(1, 900) * 100),
        },
        "orderTitle": rng.choice(TITLES),
        "orderDetail": rng.choice(DETAILS),
    }
    if rng.random() < 0.6:
        order["seller"] = {"sellerId": "2160400000002012", "sellerName": "COD", "mcc": "5651"}
    body: Order = {
        "merchantId": "2160400000002012",
        "productCode": "AGREEMENT_OR_CASHIER_PAY",
        "merchantTransId": f"T{rng.randrange(10**12):012d}",
        "order": order,
        "notifyUrl": "https://shop.example/pay/notify",
        "returnUrl": "https://shop.example/pay/done?from=wallet",
        "extendInfo": '{"productScene":"Prepay"}',
    }
    if rng.random() < 0.3:
        body["settleContractId"] = "USD-1"
    head: Order = {
        "version": "2.0.0",
        "function": "alipay.intl.acquiring.cashier.wap.pay",
        "clientId": "4Q5XSH6SSG02T006",
        "reqTime": _time(rng),
        "reqMsgId": f"{rng.getrandbits(128):032x}",
        "reserve": "{}",
    }
    return {"head": head, "body": body}


def _time(rng: random.Random) -> str:
    day, hour, second = rng.randrange(10, 28), rng.randrange(10, 20), rng.randrange(10, 50)
    return f"2026-03-{day}T{hour}:05:{second}+08:00"


def pkcs1(text: bytes) -> bytes:
    """Sign as the profile says."""
    return key("merchant").sign(text, padding.PKCS1v15(), hashes.SHA256())


def envelope(request: str, signature: str) -> str:
    """Put the text that is sent and the signature together."""
    return f'{{"request":{request},"signature":{json.dumps(signature)}}}'


@dataclass(kw_only=True)
class Program:
    """The stages of a merchant's program, each a healthy one until a mistake replaces it.

    Attributes:
        prepare: what happens to the order before anything, for both texts.
        signed_order: the order as it is when it is signed.
        sent_order: the order as it is when it is sent.
        signed_text: how it is written for signing.
        sent_text: how it is written for sending.
        before_signing: what is done to the text that is signed.
        after_writing: what is done to the text that is sent.
        sign: what makes the signature's bytes.
        spell: how those are written.
        seal: how the message is put together.
        carry: what happens to the message on its way.
        keys: whose public keys the doctor is given, the right one first.
    """

    prepare: Callable[[Order], Order] = field(default=lambda order: order)
    signed_order: Callable[[Order], Order] = field(default=lambda order: order)
    sent_order: Callable[[Order], Order] = field(default=lambda order: order)
    signed_text: Callable[[Any], str] = field(default=compact)
    sent_text: Callable[[Any], str] = field(default=compact)
    before_signing: Callable[[str], bytes] = field(default=str.encode)
    after_writing: Callable[[str], str] = field(default=lambda text: text)
    sign: Callable[[bytes], bytes] = field(default=pkcs1)
    spell: Callable[[bytes], str] = field(default=lambda raw: base64.b64encode(raw).decode())
    seal: Callable[[str, str], str] = field(default=envelope)
    carry: Callable[[str], bytes] = field(default=str.encode)
    keys: tuple[str, ...] = ("merchant",)

    def run(self, order: Order) -> tuple[bytes, bytes]:
        """Return the message as it arrives, and the text that was signed."""
        prepared = self.prepare(json.loads(json.dumps(order)))
        signed = self.before_signing(self.signed_text(self.signed_order(_copy(prepared))))
        sent = self.after_writing(self.sent_text(self.sent_order(_copy(prepared))))
        message = self.seal(sent, self.spell(self.sign(signed)))
        return self.carry(message), signed


def _copy(order: Order) -> Order:
    return json.loads(json.dumps(order))  # type: ignore[no-any-return]  # What went in comes out.
