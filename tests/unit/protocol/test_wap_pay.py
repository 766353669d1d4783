"""The request of `cashier.wap.pay`: every member of the seed, the first fault as declared."""

import copy
import json
from typing import Any

import msgspec
import pytest

from tests.support.wire import ABSENT, CONTENT, changed, opened, text_of
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.protocol.functions import content_faults
from tillgate.protocol.members import members_of
from tillgate.protocol.messages.head import RequestHead
from tillgate.protocol.messages.wap_pay import PayBody

REQUIRED = (
    *("head.version", "head.function", "head.clientId", "head.reqTime", "head.reqMsgId"),
    *("body.merchantId", "body.productCode", "body.merchantTransId", "body.order"),
    *("body.order.orderAmount", "body.order.orderAmount.currency"),
    "body.order.orderAmount.value",
)
OPTIONAL = (
    *("head.reserve", "body.settleContractId", "body.extendInfo"),
    *("body.notifyUrl", "body.returnUrl", "body.order.orderTitle", "body.order.orderDetail"),
    *("body.order.seller", "body.order.seller.sellerId", "body.order.seller.mcc"),
)
LENGTHS = {
    "head.clientId": 32,
    "head.reqMsgId": 64,
    "body.merchantId": 64,
    "body.merchantTransId": 64,
    "body.settleContractId": 64,
    "body.order.orderTitle": 256,
}


def refusal(content: dict[str, Any]) -> Refused:
    with pytest.raises(Refused) as caught:
        opened(content)
    return caught.value


def test_the_seeds_sample_is_read_member_by_member() -> None:
    request = opened(CONTENT)
    body: PayBody = request.body

    assert request.head.req_time_ms == 1_543_989_653_000
    assert request.function.name == "alipay.intl.acquiring.cashier.wap.pay"
    assert body.order.order_amount.money == Money.parse("10.00 HKD")
    assert body.order.seller
    assert body.order.seller.mcc == "1234"
    assert body.extended == {"productScene": "Prepay"}
    assert body.notify_address == "https://merchant.example/notify"


@pytest.mark.parametrize("path", [path for path in REQUIRED if path != "head.function"])
@pytest.mark.parametrize("value", [ABSENT, None, ""], ids=["absent", "null", "empty"])
def test_a_required_member_that_is_not_there_is_missing(path: str, value: object) -> None:
    fault = refusal(changed(path, value))

    assert fault.result is Result.PARAM_MISSING
    assert fault.path == path
    assert path.rpartition(".")[2] in fault.sentence


@pytest.mark.parametrize("path", OPTIONAL)
@pytest.mark.parametrize("value", [ABSENT, None, ""], ids=["absent", "null", "empty"])
def test_an_optional_member_may_be_absent_null_or_empty(path: str, value: object) -> None:
    name = path.rpartition(".")[2]
    request = opened(changed(path, value))
    encoded = msgspec.json.encode(request.body) + msgspec.json.encode(request.head)

    assert f'"{name}"'.encode() not in encoded


@pytest.mark.parametrize(("path", "length"), LENGTHS.items())
def test_lengths_are_counted_in_characters(path: str, length: int) -> None:
    opened(changed(path, "裙" * length))
    fault = refusal(changed(path, "裙" * (length + 1)))

    assert (fault.result, fault.path) == (Result.PARAM_ILLEGAL, path)
    assert str(length) in fault.sentence


@pytest.mark.parametrize("value", [5, True, ["x"], {"a": "b"}, 1.5])
@pytest.mark.parametrize("path", ["head.reqMsgId", "body.merchantTransId", "body.extendInfo"])
def test_a_text_member_is_a_string(path: str, value: object) -> None:
    fault = refusal(changed(path, value))

    assert (fault.result, fault.path) == (Result.PARAM_ILLEGAL, path)
    assert "its type is string" in fault.sentence


@pytest.mark.parametrize("value", ["text", 5, ["x"], True])
@pytest.mark.parametrize("path", ["body.order", "body.order.orderAmount", "body.order.seller"])
def test_an_object_member_is_an_object(path: str, value: object) -> None:
    fault = refusal(changed(path, value))

    assert (fault.result, fault.path) == (Result.PARAM_ILLEGAL, path)


@pytest.mark.parametrize("version", ["2.0.0", "2.0.1", "2.0.2", "2.0.3", "2.0.4"])
def test_versions_are_treated_alike(version: str) -> None:
    assert opened(changed("head.version", version)).head.version == version


@pytest.mark.parametrize(
    ("path", "value"),
    [
        *[
            ("head.version", text)
            for text in ("1.0.0", "2.0.5", "2.0", "2.0.0 ", "2x0x0", "2.0.0\n")
        ],
        *[("head.reqTime", text) for text in ("2018-12-04T22:00:53", "yesterday", "1543989653")],
        *[("head.reserve", text) for text in ("x", "[]", "5", '"{}"', "{", '{"a":1}{')],
        ("head.reserve", json.dumps({"a": "x" * 250})),
        *[("body.productCode", text) for text in ("AUTO_DEBIT", "cashier_pay", "OFFLINE_PAY")],
        *[("body.merchantTransId", text) for text in ("a\nb", "a\x7f", "\t")],
        *[
            ("body.order.orderAmount.value", text)
            for text in ("0", "-1", "+1", "01", "1.0", "1e3", "10_00", " 10", "10 ", "10\n")
        ],
        *[
            ("body.order.orderAmount.value", text)
            for text in ("\uff11\uff10\uff10", "1234567890123", "٣", "100,00", "HKD")
        ],
        *[
            ("body.order.orderAmount.currency", text)
            for text in ("hkd", "HK", "ZZZ", "XAU", "HKD ")
        ],
        *[("body.order.seller.mcc", text) for text in ("123", "12345", "12a4", "\uff11234")],
        *[("body.extendInfo", text) for text in ("x", "[]", "{", '{"a":' * 40 + "1" + "}" * 40)],
        ("body.extendInfo", '{"a":"\\ud800"}'),
        ("body.extendInfo", json.dumps({"a": "x" * 2048})),
        *[("body.notifyUrl", text) for text in ("merchant.example", "ftp://x.example", "https://")],
        ("body.notifyUrl", "https://a@merchant.example/"),
        ("body.notifyUrl", "https://merchant.example/" + "x" * 500),
        ("body.returnUrl", "javascript:alert(1)"),
        ("body.returnUrl", "//evil.example/"),
        ("body.returnUrl", "https://merchant.example/?a=1&resultInfo=x"),
        ("body.returnUrl", "https://merchant.example/?%73ignature=x"),
    ],
)
def test_a_value_that_breaks_its_rule_is_illegal_by_its_path(path: str, value: str) -> None:
    fault = refusal(changed(path, value))

    assert (fault.result, fault.path) == (Result.PARAM_ILLEGAL, path)
    assert path.rpartition(".")[2] in fault.sentence
    assert fault.sentence.endswith(".")


def test_a_wrong_product_code_is_told_the_right_ones() -> None:
    fault = refusal(changed("body.productCode", "AUTO_DEBIT"))

    assert '"AGREEMENT_OR_CASHIER_PAY" or "CASHIER_PAY"' in fault.sentence


def test_extend_info_as_an_object_is_told_that_its_type_is_string() -> None:
    fault = refusal(changed("body.extendInfo", {"productScene": "Prepay"}))

    assert "extendInfo is an object, but its type is string" in fault.sentence


@pytest.mark.parametrize("value", ["1", "9", "100", "999999999999"])
def test_amounts_of_one_to_twelve_digits_are_read(value: str) -> None:
    request = opened(changed("body.order.orderAmount.value", value))

    assert request.body.order.order_amount.money == Money.of(int(value), "HKD")


@pytest.mark.parametrize(("code", "major"), [("HKD", "1.00"), ("JPY", "100"), ("BHD", "0.100")])
def test_one_hundred_minor_units_differ_by_currency(code: str, major: str) -> None:
    request = opened(changed("body.order.orderAmount", {"currency": code, "value": "100"}))

    assert request.body.order.order_amount.money.major() == major


def test_the_first_fault_in_declared_order_is_told_whatever_the_order_of_members() -> None:
    content = copy.deepcopy(CONTENT)
    content["head"]["version"] = "9"
    content["body"]["merchantId"] = 5
    content["body"]["order"]["orderAmount"]["value"] = "0"
    turned = {"body": dict(reversed(content["body"].items())), "head": content["head"]}
    del turned["body"]["merchantTransId"]
    del turned["body"]["order"]["orderAmount"]["currency"]

    paths = [
        refusal(turned).path,
        *[fault.path for fault in content_faults(turned)],
    ]

    assert paths == [
        "body.merchantTransId",
        "body.merchantTransId",
        "body.order.orderAmount.currency",
        "head.version",
        "body.merchantId",
        "body.order.orderAmount.value",
    ]


def test_the_other_spelling_of_notify_url_is_read_and_never_written() -> None:
    content = changed("body.notifyUrl", ABSENT)
    content["body"]["notify_url"] = "https://other.example/n"

    body = opened(content).body

    assert body.notify_url == "https://other.example/n"
    assert b"notify_url" not in msgspec.json.encode(body)


def test_both_spellings_may_stand_only_if_they_agree() -> None:
    content = changed("body.notify_url", "https://merchant.example/notify")
    assert opened(content).body.notify_url == "https://merchant.example/notify"

    content["body"]["notify_url"] = "https://other.example/n"
    fault = refusal(content)
    assert (fault.result, fault.path) == (Result.PARAM_ILLEGAL, "body.notifyUrl")


def test_blanks_around_an_address_are_trimmed_before_use() -> None:
    body = opened(changed("body.returnUrl", "https://merchant.example/result.html ")).body

    assert body.return_address == "https://merchant.example/result.html"


@pytest.mark.parametrize(
    "risk",
    ["text", 5, [], {}, True, {"deviceInfo": 5}, {"orderInfos": {"a": 1}}, {"zero": {"a": [1]}}],
)
def test_malformed_risk_information_never_blocks_a_payment(risk: object) -> None:
    request = opened(changed("body.riskInfo", risk))

    assert request.body.risk.device_info is None or request.body.risk.device_info.os_name is None


def test_members_nobody_knows_are_passed_over() -> None:
    opened(changed("body.order.colour", {"deep": [1, None]}))


def test_a_message_without_head_or_body_says_so() -> None:
    assert refusal({"head": CONTENT["head"]}).path == "body"
    assert refusal({"head": CONTENT["head"], "body": []}).path == "body"
    assert refusal({"body": CONTENT["body"]}).result is Result.NO_INTERFACE_DEF


def test_every_member_has_meaning_and_every_required_one_a_sample() -> None:
    for message in (RequestHead, PayBody):
        for each in members_of(message):
            assert each.meaning
            assert each.sample or not each.required


def test_every_sample_of_the_description_is_itself_valid() -> None:
    content = copy.deepcopy(CONTENT)
    for message, part in ((RequestHead, "head"), (PayBody, "body")):
        for each in members_of(message):
            if each.sample:
                value = json.loads(each.sample) if each.part else each.sample
                content[part][each.name] = value

    assert content_faults(content) == []
    opened(text_of(content))


def test_the_description_says_what_the_seeds_table_says() -> None:
    table = {each.name: (each.length, each.required) for each in members_of(PayBody)}

    assert table == {
        "merchantId": (64, True),
        "productCode": (64, True),
        "merchantTransId": (64, True),
        "order": (None, True),
        "settleContractId": (64, False),
        "riskInfo": (None, False),
        "extendInfo": (2048, False),
        "notifyUrl": (512, False),
        "returnUrl": (512, False),
    }
    assert {each.name: (each.length, each.required) for each in members_of(RequestHead)} == {
        "version": (8, True),
        "function": (128, True),
        "clientId": (32, True),
        "reqTime": (None, True),
        "reqMsgId": (64, True),
        "reserve": (256, False),
        "accessToken": (64, False),
        "signType": (64, False),
    }
