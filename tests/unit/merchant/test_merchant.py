"""The SDK: order strings one can foresee, and events that are verified and match the order."""

import copy
import json
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import tillgate
from tests.support.wire import gateway_key, merchant_key, stranger_key, text_of
from tillgate import (
    UNCHECKED,
    InvalidMessage,
    InvalidSignature,
    Merchant,
    Money,
    Order,
    OrderMismatch,
    Profile,
    Refused,
    UnknownOrder,
)
from tillgate.kernel.clock import ManualClock
from tillgate.kernel.results import Result
from tillgate.merchant.sources import SystemIds
from tillgate.protocol.envelope import Kind, cut, wrap_unsigned
from tillgate.protocol.functions import open_request, open_response
from tillgate.protocol.keys import KeyRefused, PrivateKey
from tillgate.protocol.messages import notify_pay
from tillgate.protocol.messages.common import ResultInfo, Seller, WireMoney
from tillgate.protocol.messages.notify_pay import AckBody
from tillgate.protocol.messages.risk import DeviceInfo, RiskInfo
from tillgate.protocol.order_string import read, unescape_js
from tillgate.protocol.redirect import ReturnParameters, sign_return_url
from tillgate.protocol.signature import seal, verify

ORDER = Order(
    merchant_trans_id="A-1001",
    title="Women Summer Dress",
    amount="10.00 HKD",
    notify_url="https://shop.example/notify",
    return_url="https://shop.example/result",
)
NOTIFICATION: dict[str, Any] = {
    "head": {
        "version": "2.0.0",
        "function": "alipay.intl.acquiring.common.notify.pay",
        "clientId": "4Q5XSH6SSG02T006",
        "reqTime": "2018-12-04T22:01:13-08:00",
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
        "acquirementId": "20181210194010800100160960000444145",
        "merchantTransId": "A-1001",
        "orderAmount": {"currency": "HKD", "value": "1000"},
        "paymentTime": "2018-12-04T22:01:12-08:00",
        "merchantId": "2160400000002012",
    },
}


class CountingIds:
    """Makes ids one can foresee."""

    def token(self) -> str:
        return "2b76d599f8072d042b68bc2f43be4211"

    def digits(self, length: int) -> str:
        return "7" * length


def merchant(**changes: Any) -> Merchant:
    given: dict[str, Any] = {
        "client_id": "4Q5XSH6SSG02T006",
        "merchant_id": "2160400000002012",
        "private_key": merchant_key(),
        "gateway_public_key": gateway_key().public,
        "clock": ManualClock(1_543_989_653_000),
        "ids": CountingIds(),
    }
    return Merchant(**{**given, **changes})


def find(merchant_trans_id: str) -> Order | None:
    return ORDER if merchant_trans_id == ORDER.merchant_trans_id else None


def notification(
    key: PrivateKey | None = None, profile: Profile = Profile.TILLGATE, **body: object
) -> bytes:
    """Return a notification with some members of its body changed; None takes one away."""
    content = copy.deepcopy(NOTIFICATION)
    content["body"].update(body)
    content["body"] = {name: value for name, value in content["body"].items() if value is not None}
    return seal(Kind.REQUEST, text_of(content), key or gateway_key(), profile)


def test_an_order_string_is_the_same_for_the_same_clock_ids_and_key() -> None:
    text = merchant().order_str(ORDER)

    assert text == merchant().order_str(ORDER)
    assert text.startswith(
        '{"request":{"head":{"version":"2.0.0",'
        '"function":"alipay.intl.acquiring.cashier.wap.pay","clientId":"4Q5XSH6SSG02T006",'
        '"reqTime":"2018-12-05T14:00:53+08:00","reqMsgId":"2b76d599f8072d042b68bc2f43be4211",'
        '"reserve":"{}"},"body":{"merchantId":"2160400000002012",'
        '"productCode":"AGREEMENT_OR_CASHIER_PAY","merchantTransId":"A-1001",'
        '"order":{"orderAmount":{"currency":"HKD","value":"1000"},'
        '"orderTitle":"Women Summer Dress"},"notifyUrl":"https://shop.example/notify",'
        '"returnUrl":"https://shop.example/result"}},"signature":"'
    )
    assert verify(read(text), [merchant_key().public], Profile.TILLGATE).key_fingerprint


def test_the_script_form_is_the_same_text_escaped() -> None:
    assert unescape_js(merchant().order_str(ORDER, js=True)) == merchant().order_str(ORDER)


def test_everything_an_order_can_say_reaches_the_gateway() -> None:
    order = Order(
        merchant_trans_id="A-1002",
        title="裙子",
        detail="size M",
        amount=Money.parse("100 JPY"),
        seller=Seller(seller_id="2160400000002013", mcc="1234"),
        product_code="CASHIER_PAY",
        settle_contract_id="USD-1",
        extend_info={"productScene": "Prepay"},
        risk_info=RiskInfo(device_info=DeviceInfo(os_name="ios")),
    )

    taken = verify(read(merchant().order_str(order)), [merchant_key().public], Profile.TILLGATE)
    body = open_request(taken).body

    assert body.order.order_amount.money == Money.of(100, "JPY")
    assert (body.order.order_title, body.order.order_detail) == ("裙子", "size M")
    assert body.order.seller.seller_id == "2160400000002013"
    assert (body.product_code, body.settle_contract_id) == ("CASHIER_PAY", "USD-1")
    assert body.extended == {"productScene": "Prepay"}
    assert body.risk.device_info == DeviceInfo(os_name="ios")


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"merchant_trans_id": ""}, "merchantTransId"),
        ({"merchant_trans_id": "x" * 65}, "merchantTransId"),
        ({"product_code": "AUTO_DEBIT"}, "productCode"),
        ({"return_url": "https://shop.example/?signature=1"}, "returnUrl"),
        ({"title": "x" * 257}, "order.orderTitle"),
    ],
)
def test_what_the_gateway_would_refuse_is_refused_before_it_is_signed(
    changes: dict[str, Any], path: str
) -> None:
    order = Order(**{"merchant_trans_id": "A-1", "amount": "1.00 HKD", **changes})

    with pytest.raises(Refused) as caught:
        merchant().order_str(order)
    assert caught.value.path == path


@pytest.mark.parametrize("amount", ["0.00 HKD", "-1.00 HKD", "10000000000.00 HKD"])
def test_an_amount_the_wire_cannot_carry_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match="above zero"):
        merchant().order_str(Order(merchant_trans_id="A-1", amount=amount))


@pytest.mark.parametrize("amount", ["10", "10.001 HKD", "ten HKD"])
def test_an_amount_that_is_none_makes_no_order(amount: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Order(merchant_trans_id="A-1", amount=amount)


def test_a_notification_is_verified_matched_and_told() -> None:
    event = merchant().notification(notification(), expect=find)

    assert event.paid
    assert event.merchant_trans_id == "A-1001"
    assert event.amount == Money.parse("10.00 HKD")
    assert event.payment_time_ms == 1_543_989_672_000
    assert event.key_fingerprint == gateway_key().public.fingerprint


def test_a_notification_of_a_failure_is_an_event_too() -> None:
    closed = {"resultStatus": "F", "resultCode": "ORDER_IS_CLOSED"}
    raw = notification(
        resultInfo=closed, acquirementId=None, orderAmount=None, paymentTime=None, merchantId=None
    )

    event = merchant().notification(raw, expect=find)

    assert not event.paid
    assert event.result.result_code == "ORDER_IS_CLOSED"
    assert event.amount is None


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"orderAmount": {"currency": "HKD", "value": "1"}}, "orderAmount"),
        ({"orderAmount": {"currency": "JPY", "value": "1000"}}, "orderAmount"),
        ({"merchantId": "2160400000002013"}, "merchantId"),
    ],
)
def test_a_notification_that_does_not_say_what_was_ordered_is_refused(
    body: dict[str, Any], path: str
) -> None:
    with pytest.raises(OrderMismatch) as caught:
        merchant().notification(notification(**body), expect=find)

    assert caught.value.path == path
    assert caught.value.ordered != caught.value.received


def test_a_notification_for_another_client_or_order_is_refused() -> None:
    with pytest.raises(OrderMismatch, match=r"head\.clientId"):
        merchant(client_id="OTHER").notification(notification(), expect=find)
    with pytest.raises(UnknownOrder) as caught:
        merchant().notification(notification(merchantTransId="A-9"), expect=find)
    assert caught.value.merchant_trans_id == "A-9"
    with pytest.raises(OrderMismatch, match="merchantTransId"):
        merchant().notification(notification(merchantTransId="A-9"), expect=lambda _: ORDER)


def test_leaving_the_match_out_is_said_in_so_many_words() -> None:
    event = merchant().notification(notification(merchantTransId="A-9"), expect=UNCHECKED)

    assert event.merchant_trans_id == "A-9"
    with pytest.raises(OrderMismatch):
        merchant().notification(notification(merchantId="other"), expect=UNCHECKED)


def test_a_success_that_does_not_say_the_amount_is_refused() -> None:
    with pytest.raises(InvalidMessage, match="amount"):
        merchant().notification(notification(orderAmount=None), expect=UNCHECKED)


@pytest.mark.parametrize(
    "raw",
    [
        notification(key=stranger_key()),
        notification().replace(b'"value":"1000"', b'"value":"1001"'),
        notification(profile=Profile.ALIPAY_HK),
        wrap_unsigned(Kind.REQUEST, text_of(NOTIFICATION)),
        notification().replace(b'"signature":"', b'"signature":"A'),
    ],
    ids=["stranger", "changed", "other digest", "unsigned", "damaged"],
)
def test_a_forged_notification_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidSignature, match="gateway's public key") as refused:
        merchant().notification(raw, expect=find)
    assert "sign what you send" not in str(refused.value), "it was sent to the merchant"


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"{}", b"not json", b"\xff", b"[" * 70_000),
        seal(Kind.RESPONSE, b"{}", gateway_key(), Profile.TILLGATE),
        seal(Kind.REQUEST, b'{"head":{},"body":{}}', gateway_key(), Profile.TILLGATE),
        notification(merchantTransId=None),
        notification(paymentTime="today"),
        merchant().order_str(ORDER).encode(),
    ],
    ids=count(),
)
def test_what_is_no_notification_is_refused(raw: bytes) -> None:
    with pytest.raises((InvalidMessage, InvalidSignature)):
        merchant().notification(raw, expect=find)


def test_during_a_change_of_keys_either_gateway_key_is_good() -> None:
    both = merchant(gateway_public_key=[stranger_key().public, gateway_key().public])

    assert both.notification(notification(), expect=find).paid
    assert both.notification(notification(key=stranger_key()), expect=find).paid


def test_an_acknowledgement_echoes_the_notification_and_is_signed() -> None:
    me = merchant()
    raw = me.acknowledge(me.notification(notification(), expect=find))

    taken = verify(cut(raw, Kind.RESPONSE), [merchant_key().public], Profile.TILLGATE)
    answer = open_response(taken, AckBody, notify_pay.FUNCTION)

    assert (answer.head.req_msg_id, answer.head.client_id) == ("n-1", "4Q5XSH6SSG02T006")
    assert answer.body.result_info.result_code == "SUCCESS"
    assert answer.body.result_info.result_code_id == "00000000"


def test_the_hong_kong_profile_signs_and_reads_sha_1_and_double_base64() -> None:
    me = merchant(profile=Profile.ALIPAY_HK)
    text = me.order_str(ORDER)

    assert len(json.loads(text)["signature"]) == 460
    assert verify(read(text), [merchant_key().public], Profile.ALIPAY_HK).key_fingerprint
    assert me.notification(notification(profile=Profile.ALIPAY_HK), expect=find).paid


def returned(amount: str = "10.00 HKD", result: Result = Result.SUCCESS) -> str:
    said = ReturnParameters(
        merchant_id="2160400000002012",
        merchant_trans_id="A-1001",
        result_info=ResultInfo.of(result),
        acquirement_id="20181210194010800100160960000444145",
        order_amount=WireMoney.of(Money.parse(amount)),
        resp_time="2018-12-04T22:01:12-08:00",
    )
    return sign_return_url("https://shop.example/result?cart=7", said, gateway_key())


def test_a_buyers_return_is_verified_and_matched() -> None:
    event = merchant().return_url(returned(), expect=find)

    assert event.paid
    assert event.amount == ORDER.amount
    assert event.resp_time_ms == 1_543_989_672_000
    unknown = merchant().return_url(returned(result=Result.PAYMENT_IN_PROCESS), expect=find)
    assert not unknown.paid


def test_a_return_that_is_forged_or_does_not_match_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        merchant().return_url(returned().replace("A-1001", "A-1002"), expect=find)
    with pytest.raises(InvalidSignature):
        merchant().return_url("https://shop.example/result", expect=find)
    with pytest.raises(OrderMismatch, match="orderAmount"):
        merchant().return_url(returned(amount="1.00 HKD"), expect=find)
    with pytest.raises(UnknownOrder):
        merchant().return_url(returned(), expect=lambda _: None)


def test_keys_come_from_files_texts_or_objects(tmp_path: Path) -> None:
    private, public = tmp_path / "merchant.private.pem", tmp_path / "gateway.public.pem"
    private.write_bytes(merchant_key().pem())
    public.write_text(gateway_key().public.pem())

    from_files = merchant(private_key=private, gateway_public_key=public)
    from_texts = merchant(
        private_key=merchant_key().pem(), gateway_public_key=gateway_key().public.bare()
    )

    assert from_files.order_str(ORDER) == from_texts.order_str(ORDER)
    assert from_files.notification(notification(), expect=find).paid


def test_the_two_keys_are_not_to_be_confused() -> None:
    with pytest.raises(KeyRefused, match="private key"):
        merchant(gateway_public_key=gateway_key().pem())
    with pytest.raises(KeyRefused, match="public key"):
        merchant(private_key=gateway_key().public.pem())


def test_a_merchant_does_not_print_its_key() -> None:
    assert repr(merchant()) == "<Merchant 2160400000002012 by client 4Q5XSH6SSG02T006>"


def test_without_clock_and_ids_the_systems_are_taken() -> None:
    me = merchant(clock=None, ids=None)
    first, second = (read(me.order_str(ORDER)).claims.req_msg_id for _ in range(2))

    assert first != second
    assert len(first) == len(SystemIds().token()) == 32
    assert len(SystemIds().digits(12)) == 12


def test_an_unknown_public_name_is_told_so() -> None:
    with pytest.raises(AttributeError, match="Mercant"):
        _ = tillgate.Mercant  # type: ignore[attr-defined]  # That is the point.
