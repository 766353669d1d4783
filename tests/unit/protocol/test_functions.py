"""The table of functions, and the typed reading of requests and responses by it."""

import json
from typing import Any

import pytest

from tests.support.wire import CONTENT, changed, gateway_key, opened, sealed, text_of, verified
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Kind, Verified, cut, wrap_unsigned
from tillgate.protocol.function import path_of
from tillgate.protocol.functions import (
    ALL_FUNCTIONS,
    FUNCTIONS,
    function_of,
    open_request,
    open_request_as,
    open_response,
    write,
)
from tillgate.protocol.messages import notify_pay, wap_pay
from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.messages.head import request_head, response_head
from tillgate.protocol.messages.notify_pay import AckBody, NotifyPayBody
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import accept_unsigned, seal, verify

NOTIFICATION: dict[str, Any] = {
    "head": {**CONTENT["head"], "function": "alipay.intl.acquiring.common.notify.pay"},
    "body": {
        "resultInfo": {
            "resultStatus": "S",
            "resultCodeId": "00000000",
            "resultCode": "SUCCESS",
            "resultMsg": "success",
        },
        "acquirementId": "20181210194010800100160960000444145",
        "merchantTransId": "201904030205425512477",
        "orderAmount": {"currency": "HKD", "value": "1000"},
        "paymentTime": "2018-12-04T22:01:12-08:00",
        "payStatus": "TRADE_SUCCESS",
        "merchantId": "2160400000002012",
        "extendInfo": "{}",
    },
}


def ack(**head: object) -> bytes:
    """Return an unsigned acknowledgement with these members of the head changed."""
    request = opened(NOTIFICATION)
    answer = write(
        response_head(request.head, now_ms=1_543_989_700_000),
        AckBody(result_info=ResultInfo.of(Result.SUCCESS)),
    )
    content = json.loads(answer)
    content["head"].update(head)
    content["head"] = {name: value for name, value in content["head"].items() if value is not None}
    return wrap_unsigned(Kind.RESPONSE, text_of(content))


def read_ack(raw: bytes) -> Verified:
    return accept_unsigned(cut(raw, Kind.RESPONSE))


def test_each_function_is_found_by_its_name_and_its_aliases() -> None:
    for function in ALL_FUNCTIONS:
        for name in (function.name, *function.aliases):
            assert function_of(name) is function
    names = [name for each in ALL_FUNCTIONS for name in (each.name, *each.aliases)]
    assert sorted(names) == sorted(FUNCTIONS)
    assert len(names) == len(set(names))


def test_a_path_follows_from_the_name() -> None:
    name = "alipay.intl.acquiring.common.payQuery"

    assert path_of(name) == "/api/alipay/intl/acquiring/common/payQuery.htm"
    assert wap_pay.FUNCTION.path == path_of(wap_pay.FUNCTION.name)


@pytest.mark.parametrize("prefix", ["common", "cashier", "offline"])
def test_a_notification_is_read_under_its_three_names(prefix: str) -> None:
    content = {**NOTIFICATION, "head": {**NOTIFICATION["head"]}}
    content["head"]["function"] = f"alipay.intl.acquiring.{prefix}.notify.pay"

    request = open_request_as(verified(sealed(content)), NotifyPayBody, notify_pay.FUNCTION)

    assert request.body.result_info.result_code == "SUCCESS"
    assert request.body.order_amount
    assert request.body.order_amount.money.major() == "10.00"


def test_a_request_of_another_function_does_not_match() -> None:
    with pytest.raises(Refused) as caught:
        open_request_as(verified(sealed(CONTENT)), NotifyPayBody, notify_pay.FUNCTION)

    assert (caught.value.result, caught.value.path) == (Result.FUNCTION_NOT_MATCH, "head.function")


@pytest.mark.parametrize("name", ["", "x", "alipay.intl.acquiring.cashier.wap.Pay", "pay\x00"])
def test_an_unknown_function_is_told_so(name: str) -> None:
    with pytest.raises(Refused) as caught:
        opened(changed("head.function", name))

    assert caught.value.result is Result.NO_INTERFACE_DEF


def test_a_head_made_here_is_the_seeds() -> None:
    head = request_head(
        "alipay.intl.acquiring.cashier.wap.pay",
        client_id="4Q5XSH6SSG02T006",
        req_msg_id="2b76d599f8072d042b68bc2f43be4211",
        now_ms=1_543_989_653_000,
    )
    body = opened(CONTENT).body

    written = json.loads(write(head, body))

    assert set(written["head"]) == set(CONTENT["head"])
    assert written["head"]["reserve"] == "{}"
    assert written["body"] == CONTENT["body"]


def test_an_acknowledgement_is_read_signed_and_unsigned() -> None:
    signed = seal(Kind.RESPONSE, cut(ack(), Kind.RESPONSE).signed, gateway_key(), Profile.TILLGATE)
    taken = verify(cut(signed, Kind.RESPONSE), [gateway_key().public], Profile.TILLGATE)

    checked = open_response(taken, AckBody, notify_pay.FUNCTION)
    bare = open_response(read_ack(ack()), AckBody, notify_pay.FUNCTION)

    assert checked.is_signed
    assert not bare.is_signed
    assert checked.body == bare.body
    assert checked.head.resp_time == "2018-12-05T14:01:40+08:00"


def test_an_acknowledgement_needs_only_function_and_req_msg_id() -> None:
    raw = ack(version=None, clientId=None, respTime=None, reserve=None)

    assert open_response(read_ack(raw), AckBody, notify_pay.FUNCTION).head.resp_time is None


def test_a_response_head_with_req_time_is_read_as_well() -> None:
    raw = ack(respTime=None, reqTime="2018-12-04T22:00:53-08:00")

    head = open_response(read_ack(raw), AckBody, notify_pay.FUNCTION).head
    assert head.resp_time == "2018-12-04T22:00:53-08:00"


@pytest.mark.parametrize(
    ("head", "result"),
    [
        ({"function": "alipay.intl.acquiring.common.refund"}, Result.FUNCTION_NOT_MATCH),
        ({"function": None}, Result.PARAM_MISSING),
        ({"reqMsgId": None}, Result.PARAM_MISSING),
        ({"respTime": "now"}, Result.PARAM_ILLEGAL),
    ],
)
def test_an_acknowledgement_of_something_else_is_refused(
    head: dict[str, object], result: Result
) -> None:
    with pytest.raises(Refused) as caught:
        open_response(read_ack(ack(**head)), AckBody, notify_pay.FUNCTION)

    assert caught.value.result is result


def test_a_request_and_a_response_are_not_taken_for_each_other() -> None:
    with pytest.raises(TypeError):
        open_request(read_ack(ack()))
    with pytest.raises(TypeError):
        open_response(verified(sealed(CONTENT)), AckBody, notify_pay.FUNCTION)


def test_a_result_is_written_with_its_id_and_cut_to_the_wire() -> None:
    info = ResultInfo.of(Result.PARAM_ILLEGAL, "x" * 300)

    assert (info.result_status, info.result_code_id) == ("F", "00000004")
    assert info.result_code == "PARAM_ILLEGAL"
    assert info.result_msg == "x" * 256
