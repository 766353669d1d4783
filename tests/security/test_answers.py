"""What the SDK believes: nothing unsigned, nothing of another question, nothing of another order.

Known defects of peers. What must hold: a success that the gateway did not sign, or signed for
something else, never reads as paid; a signed notification is held against the merchant's own order
before anybody acts on it.
"""

import json
from typing import Any, Final

import pytest

from tests.support.small_gateway import CLIENT_ID, MERCHANT_ID, InPlace, Script, answer
from tests.support.wire import gateway_key, merchant_key, stranger_key, text_of
from tillgate import (
    Cause,
    InvalidMessage,
    InvalidSignature,
    Merchant,
    Order,
    OrderMismatch,
    Paid,
    Unknown,
    UnknownOrder,
)
from tillgate.kernel.results import Result
from tillgate.merchant.asking import Reply
from tillgate.protocol.envelope import Kind, wrap_unsigned
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal

PAID: Final[dict[str, Any]] = {
    "acquirementId": "ACQ-1",
    "merchantTransId": "A-1001",
    "orderAmount": {"currency": "HKD", "value": "1000"},
    "payStatus": "TRADE_SUCCESS",
    "paymentTime": "2018-12-05T14:00:54+08:00",
}
ORDER: Final = Order(merchant_trans_id="A-1001", title="Dress", amount="10.00 HKD")
OTHER: Final = Order(merchant_trans_id="A-1002", title="Coat", amount="900.00 HKD")
BOOK: Final = {each.merchant_trans_id: each for each in (ORDER, OTHER)}


def merchant(script: Script | None = None) -> Merchant:
    kept = script or Script()
    return Merchant(
        client_id=CLIENT_ID,
        merchant_id=MERCHANT_ID,
        private_key=merchant_key(),
        gateway_public_key=gateway_key().public,
        carrier=InPlace(kept),
        clock=kept.clock,
        fraction=lambda: 0.0,
    )


def signed(request: Any, **changes: Any) -> bytes:
    return answer(request, Result.SUCCESS, **{**PAID, **changes})


def unsigned(request: Any) -> bytes:
    return wrap_unsigned(Kind.RESPONSE, text_of(json.loads(signed(request))["response"]))


def without_signature(request: Any) -> bytes:
    content = json.loads(signed(request))
    return json.dumps({**content, "signature": ""}).encode()


def by_stranger(request: Any) -> bytes:
    return answer(request, Result.SUCCESS, key=stranger_key(), **PAID)


def by_the_merchant_itself(request: Any) -> bytes:
    return answer(request, Result.SUCCESS, key=merchant_key(), **PAID)


def of_another_question(request: Any) -> bytes:
    return answer(request, Result.SUCCESS, head={"reqMsgId": "another"}, **PAID)


def of_another_client(request: Any) -> bytes:
    return answer(request, Result.SUCCESS, head={"clientId": "OTHER"}, **PAID)


def of_another_function(request: Any) -> bytes:
    function = "alipay.intl.acquiring.common.payCancel"
    return answer(request, Result.SUCCESS, head={"function": function}, **PAID)


def of_another_order(request: Any) -> bytes:
    return signed(request, merchantTransId="A-1002")


def the_request_itself(request: Any) -> bytes:
    """An echo: signed well, by us."""
    return seal(Kind.REQUEST, text_of(request), merchant_key(), Profile.TILLGATE)


@pytest.mark.parametrize(
    "lie",
    [
        *(unsigned, without_signature, by_stranger, by_the_merchant_itself, the_request_itself),
        *(of_another_question, of_another_client, of_another_function, of_another_order),
    ],
    ids=lambda lie: lie.__name__,
)
def test_a_success_that_the_gateway_did_not_sign_for_this_question_is_unknown(lie: Any) -> None:
    script = Script(*[lambda request: Reply(status=200, raw=lie(request))] * 5)
    outcome = merchant(script).query("A-1001")
    assert isinstance(outcome, Unknown)
    assert outcome.cause in set(Cause)
    assert outcome.cause is not Cause.BUSY


def test_the_same_success_well_signed_is_paid() -> None:
    """So what was wrong above was the signature or what it stands for."""
    script = Script(lambda request: Reply(status=200, raw=signed(request)))
    assert isinstance(merchant(script).query("A-1001"), Paid)


def notification(key: Any = None, **body: Any) -> bytes:
    content = {
        "head": {
            "version": "2.0.0",
            "function": "alipay.intl.acquiring.common.notify.pay",
            "clientId": CLIENT_ID,
            "reqTime": "2018-12-05T14:00:54+08:00",
            "reqMsgId": "n-1",
            "reserve": "{}",
        },
        "body": {
            "resultInfo": {
                "resultStatus": "S",
                "resultCodeId": "00000000",
                "resultCode": "SUCCESS",
                "resultMsg": "success",
            },
            "acquirementId": "ACQ-1",
            "merchantTransId": "A-1001",
            "merchantId": MERCHANT_ID,
            "orderAmount": {"currency": "HKD", "value": "1000"},
            "paymentTime": "2018-12-05T14:00:54+08:00",
            **body,
        },
    }
    return seal(Kind.REQUEST, text_of(content), key or gateway_key(), Profile.TILLGATE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"merchantTransId": "A-1002"},  # A dear order, paid with a cheap one's notification.
        {"orderAmount": {"currency": "HKD", "value": "1"}},
        {"orderAmount": {"currency": "JPY", "value": "1000"}},
        {"merchantId": "another"},
    ],
    ids=str,
)
def test_a_well_signed_notification_of_something_else_pays_no_order(wrong: Any) -> None:
    with pytest.raises(OrderMismatch):
        merchant().notification(notification(**wrong), expect=BOOK.get)


def test_a_well_signed_notification_of_nobodys_order_pays_none() -> None:
    with pytest.raises(UnknownOrder):
        merchant().notification(notification(merchantTransId="A-9"), expect=BOOK.get)


def test_a_notification_cannot_be_read_without_saying_what_is_expected() -> None:
    with pytest.raises(TypeError):
        merchant().notification(notification())  # type: ignore[call-arg]  # That is the point.


@pytest.mark.parametrize("key", [stranger_key(), merchant_key()], ids=["stranger", "ourselves"])
def test_a_notification_of_anybody_else_is_refused(key: Any) -> None:
    with pytest.raises((InvalidSignature, InvalidMessage)):
        merchant().notification(notification(key), expect=BOOK.get)


def test_an_unsigned_notification_is_refused() -> None:
    content = text_of(json.loads(notification())["request"])
    with pytest.raises((InvalidSignature, InvalidMessage)):
        merchant().notification(wrap_unsigned(Kind.REQUEST, content), expect=BOOK.get)
