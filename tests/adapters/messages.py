"""Messages for a notify URL, right ones and wrong ones, under any key.

It knows how the gateway's notification looks, so that a test can say what is wrong with its own.
What must hold: a message differs from a right one in what its test names and in nothing else.
"""

import copy
import json
from pathlib import Path
from typing import Any, Final

from tests.support.gateway import CLIENT_ID, MERCHANT_ID
from tests.support.wire import gateway_key, merchant_key, text_of
from tillgate.kernel.money import Money
from tillgate.protocol.envelope import Kind
from tillgate.protocol.keys import PrivateKey, load_private_key
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.profile import Profile
from tillgate.protocol.redirect import ReturnParameters
from tillgate.protocol.signature import seal

SUCCESS: Final = {
    "resultStatus": "S",
    "resultCodeId": "00000000",
    "resultCode": "SUCCESS",
    "resultMsg": "Done.",
}
CONTENT: Final[dict[str, Any]] = {
    "head": {
        "version": "2.0.0",
        "function": "alipay.intl.acquiring.common.notify.pay",
        "clientId": CLIENT_ID,
        "reqTime": "2026-03-02T12:00:01+08:00",
        "reqMsgId": "n-1",
        "reserve": "{}",
    },
    "body": {
        "resultInfo": SUCCESS,
        "acquirementId": "20260302194010800100160960000444145",
        "merchantTransId": "A-1001",
        "orderAmount": {"currency": "HKD", "value": "1000"},
        "paymentTime": "2026-03-02T12:00:00+08:00",
        "payStatus": "TRADE_SUCCESS",
        "merchantId": MERCHANT_ID,
    },
}
PARAMETERS: Final = ReturnParameters(
    merchant_id=MERCHANT_ID,
    merchant_trans_id="A-1001",
    result_info=ResultInfo(result_status="S", result_code="SUCCESS"),
    acquirement_id="20260302194010800100160960000444145",
    order_amount=WireMoney.of(Money.parse("10.00 HKD")),
    resp_time="2026-03-02T12:00:01+08:00",
)
"""What a buyer of that order brings back."""


def content(number: str, *, head: dict[str, Any] | None = None, **body: Any) -> dict[str, Any]:
    """Return a notification's content, with members of its head and body changed."""
    changed = copy.deepcopy(CONTENT)
    changed["head"].update(head or {})
    changed["body"].update({"merchantTransId": number, **body})
    return changed


def sealed(
    what: dict[str, Any] | bytes, key: PrivateKey | None = None, kind: Kind = Kind.REQUEST
) -> bytes:
    """Return content, or its very bytes, in an envelope under the gateway's key or another."""
    text = what if isinstance(what, bytes) else text_of(what)
    return seal(kind, text, key or gateway_key(), Profile.TILLGATE)


def notification(number: str, key: PrivateKey | None = None, **changes: Any) -> bytes:
    """Return a signed notification of an order of 10.00 HKD, with members changed."""
    return sealed(content(number, **changes), key)


def agreement_end(
    agreement: str,
    key: PrivateKey | None = None,
    *,
    head: dict[str, Any] | None = None,
    **body: Any,
) -> bytes:
    """Return a signed notification that an agreement was ended, with members changed."""
    function = {"function": "alipay.intl.oauth.auth.notify.cancel"}
    ended = {
        "head": {**CONTENT["head"], **function, **(head or {})},
        "body": {
            "authMerchantId": MERCHANT_ID,
            "merchantAgreementId": agreement,
            "cancelTime": "2026-03-02T12:00:00+08:00",
            **body,
        },
    }
    return sealed(ended, key)


def query_answer(number: str) -> bytes:
    """Return the content of a gateway's answer to a query: true, and no notification."""
    answer = content(number)
    answer["head"]["function"] = "alipay.intl.acquiring.common.payQuery"
    answer["head"]["respTime"] = answer["head"].pop("reqTime")
    return text_of(answer)


def rewrapped(envelope: bytes, kind: Kind) -> bytes:
    """Return an envelope whose content is called a request, or a response, instead."""
    other = Kind.RESPONSE if kind is Kind.REQUEST else Kind.REQUEST
    assert envelope.startswith(b'{"%b":' % other.value.encode())
    return envelope.replace(other.value.encode(), kind.value.encode(), 1)


def one_byte_changed(envelope: bytes) -> bytes:
    """Return a notification of 10.00 HKD that says 9000.00 instead, by one byte."""
    changed = envelope.replace(b'"value":"1000"', b'"value":"9000"', 1)
    assert sum(a != b for a, b in zip(envelope, changed, strict=True)) == 1
    return changed


def key_of(data: Path, whose: str) -> PrivateKey:
    """Return a private key of a sandbox's data folder: the gateway's or the merchant's."""
    return load_private_key((data / "keys" / f"{whose}.private.pem").read_bytes())


def write_keys(data: Path) -> Path:
    """Write a run's keys where a sandbox would, and return the data folder."""
    folder = data / "keys"
    folder.mkdir(parents=True)
    for whose, key in (("merchant", merchant_key()), ("gateway", gateway_key())):
        (folder / f"{whose}.private.pem").write_bytes(key.pem())
        (folder / f"{whose}.public.pem").write_text(key.public.pem())
    return data


def is_acknowledgement(body: bytes) -> bool:
    """Tell whether an answer's body could be taken for an acknowledgement."""
    try:
        answer = json.loads(body)
    except ValueError:
        return False
    return isinstance(answer, dict) and "response" in answer
