"""The traps of the protocol: each is named at its member, in messages whose signature is fine."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from tests.doctor.program import Order, Program, an_order, public_pem
from tillgate import doctor

KEYS = [doctor.load_key(public_pem("merchant"))]


def seen(raw: bytes) -> list[tuple[str, str]]:
    return [(finding.code, finding.path) for finding in doctor.examine(raw, KEYS).findings]


def order_with(change: Callable[[Order], Any], seed: int = 5) -> bytes:
    order = an_order(random.Random(seed))
    change(order)
    return Program().run(order)[0]


def put(path: str, value: Any) -> Callable[[Order], Any]:
    *parts, last = path.split(".")

    def change(order: Order) -> None:
        here = order
        for part in parts:
            here = here[part]
        here[last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("body.order.orderAmount.value", "10.00", "MINOR_UNITS"),
        ("body.order.orderAmount.value", 10.5, "MINOR_UNITS"),
        ("body.order.orderAmount.value", "\uff11\uff10\uff10\uff10", "MINOR_UNITS"),
        ("head.reqTime", "2026-03-05T10:00:00", "TIME_WITHOUT_ZONE"),
        ("head.reqTime", "2026-03-05T10:00:00+0800", "TIME_WITHOUT_ZONE"),
        ("head.reqTime", "1772676000000", "TIME_WITHOUT_ZONE"),
        ("body.extendInfo", {"productScene": "Prepay"}, "JSON_NOT_IN_STRING"),
        ("body.extendInfo", '"{\\"productScene\\":\\"Prepay\\"}"', "JSON_NOT_IN_STRING"),
        ("head.reserve", {}, "JSON_NOT_IN_STRING"),
        ("body.order.orderAmount.value", 1000, "NUMBER_NOT_STRING"),
        ("body.merchantTransId", 17, "NUMBER_NOT_STRING"),
        ("head.function", "alipay.intl.acquiring.wap.pay", "FUNCTION_UNKNOWN"),
        ("body.productCode", "AUTO_DEBIT", "PRODUCT_CODE"),
        ("body.notifyUrl", "http://localhost:8000/n", "URL_NOT_PUBLIC"),
        ("body.notifyUrl", "https://10.0.0.3/n", "URL_NOT_PUBLIC"),
        ("body.notifyUrl", "https://shop.local/n", "URL_NOT_PUBLIC"),
        ("body.returnUrl", "https://shop.example/done ", "URL_UNUSABLE"),
        ("body.returnUrl", "https://shop.example/done?signature=1", "URL_UNUSABLE"),
        ("body.order.orderAmount.currency", "hkd", "PARAM_ILLEGAL"),
    ],
)
def test_a_trap_is_named_at_its_member(path: str, value: Any, code: str) -> None:
    assert seen(order_with(put(path, value))) == [(code, path)]


def test_a_member_that_is_missing_is_named() -> None:
    assert seen(order_with(lambda order: order["body"].pop("merchantTransId"))) == [
        ("PARAM_MISSING", "body.merchantTransId")
    ]


def test_a_reqmsgid_and_an_order_number_that_come_again_are_named() -> None:
    first = order_with(lambda order: None, 5)
    again = order_with(put("body.order.orderAmount.value", "99"), 5)

    assert seen(first + b"\n" + again) == [
        ("REQ_MSG_ID_REUSED", "head.reqMsgId"),
        ("TRANS_ID_REUSED", "body.merchantTransId"),
    ]
    assert seen(first + b"\n" + first) == []


def test_a_request_signed_long_before_it_was_sent_is_named() -> None:
    raw = order_with(put("head.reqTime", "2026-03-05T10:00:00+08:00"))
    dump = b"POST /pay HTTP/1.1\r\nDate: Thu, 05 Mar 2026 %b GMT\r\n\r\n%b"

    assert seen(dump % (b"02:02:00", raw)) == []
    assert seen(dump % (b"10:00:00", raw)) == [("TIME_FAR_OFF", "head.reqTime")]


def test_a_function_posted_to_anothers_path_is_named() -> None:
    raw = order_with(lambda order: None)
    path = b"/api/alipay/intl/acquiring/common/refund.htm"

    assert seen(b"POST %b HTTP/1.1\r\nHost: x\r\n\r\n%b" % (path, raw)) == [
        ("FUNCTION_UNKNOWN", "head.function")
    ]


def test_another_version_for_tradepay_is_named() -> None:
    raw = order_with(lambda order: None).decode()
    page = f"AlipayJSBridge.call('tradePay', {{version: '1.0', orderStr: `{raw}`}})"

    assert seen(page.encode()) == [("VERSION_DIFFERS", "head.version")]


def test_a_body_shorter_than_its_header_says_is_named() -> None:
    raw = order_with(lambda order: None)
    dump = b"POST /n HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(raw), raw[:-200])

    assert seen(dump)[0][0] == "BODY_CUT"


@pytest.mark.parametrize(
    "address",
    ["http://127.0.0.1:8000/n", "http://localhost/n", "https://[::1]/n", "http://a.localhost:1/n"],
)
def test_an_address_of_this_machine_is_but_a_remark(address: str) -> None:
    report = doctor.examine(order_with(put("body.notifyUrl", address)), KEYS)

    assert [(each.code, each.certain) for each in report.findings] == [("URL_NOT_PUBLIC", False)]
    assert "fine for the sandbox on this machine" in report.findings[0].sentence
    assert report.is_fine


@pytest.mark.parametrize("address", ["http://10.0.0.3/n", "http://localhost.example/n"])
def test_an_address_elsewhere_is_proved_wrong(address: str) -> None:
    report = doctor.examine(order_with(put("body.notifyUrl", address)), KEYS)

    assert [(each.code, each.certain) for each in report.findings] == [("URL_NOT_PUBLIC", True)]
    assert not report.is_fine
