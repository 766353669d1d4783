"""The doors of our own: bodies held to their description."""

import json
from typing import Any

import pytest

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX, NotAnEnvelope
from tillgate.protocol.members import members_of
from tillgate.protocol.tradepay import (
    Confirm,
    Nothing,
    SignIn,
    TradePay,
    check_version,
    read_door,
    read_trade_pay,
)


def door(**members: object) -> bytes:
    return json.dumps(members).encode()


def test_a_call_is_read() -> None:
    call = read_trade_pay(door(orderStr="{}", version="2.0.0", callId="c1"))

    assert call == TradePay(order_str="{}", version="2.0.0", call_id="c1")


def test_an_order_string_at_its_limit_passes_the_door_and_is_judged_inside() -> None:
    read_trade_pay(door(orderStr='"' * MESSAGE_BYTES_MAX, callId="c1"))
    with pytest.raises(Refused) as caught:
        read_trade_pay(door(orderStr="a" * (MESSAGE_BYTES_MAX + 1), callId="c1"))
    assert (caught.value.result, caught.value.path) == (Result.PARAM_ILLEGAL, "orderStr")
    with pytest.raises(NotAnEnvelope) as refused:
        read_trade_pay(b" " * (4 * MESSAGE_BYTES_MAX))
    assert refused.value.result is Result.REQUEST_TOO_LARGE


@pytest.mark.parametrize(
    ("body", "result", "path"),
    [
        ({}, Result.PARAM_MISSING, "orderStr"),
        ({"orderStr": "", "callId": "c"}, Result.PARAM_MISSING, "orderStr"),
        ({"orderStr": "x"}, Result.PARAM_MISSING, "callId"),
        ({"orderStr": {}, "callId": "c"}, Result.PARAM_ILLEGAL, "orderStr"),
        ({"orderStr": 5, "callId": 5}, Result.PARAM_ILLEGAL, "orderStr"),
        ({"orderStr": "x", "callId": "c" * 65}, Result.PARAM_ILLEGAL, "callId"),
        ({"orderStr": "x", "callId": "c", "version": 2}, Result.PARAM_ILLEGAL, "version"),
    ],
)
def test_a_call_that_is_wrong_is_refused_by_its_member(
    body: dict[str, Any], result: Result, path: str
) -> None:
    with pytest.raises(Refused) as caught:
        read_trade_pay(door(**body))

    assert (caught.value.result, caught.value.path) == (result, path)


@pytest.mark.parametrize(
    "raw",
    [
        *(b"", b"[]", b"5", b"{", b'{"pin":"1234"}x', b"\xff", b'{"pin":"\\ud800"}'),
        *(b'{"pin":"1234","pin":"1235"}', b'{"pin":"12\\u000034"}', b"[" * 1000, b" " * 5000),
    ],
)
def test_a_body_that_is_no_object_of_ours_is_refused(raw: bytes) -> None:
    with pytest.raises(Refused):
        read_door(Confirm, raw)


def test_a_door_without_members_takes_an_empty_object() -> None:
    assert read_door(Nothing, b"{}") == Nothing()


@pytest.mark.parametrize("pin", ["123", "\uff11\uff12\uff13\uff14", "12a4", "1" * 13, " 1234"])
def test_a_pin_of_another_form_is_refused_without_being_repeated(pin: str) -> None:
    with pytest.raises(Refused) as caught:
        read_door(SignIn, door(payer="rich", pin=pin))

    assert caught.value.path == "pin"
    assert pin not in caught.value.message
    assert next(each for each in members_of(SignIn) if each.name == "pin").secret


@pytest.mark.parametrize(("version", "agrees"), [(None, True), ("2.0.0", True), ("2.0.1", False)])
def test_a_version_is_absent_or_the_heads(version: str | None, *, agrees: bool) -> None:
    call = TradePay(order_str="x", version=version, call_id="c")

    if agrees:
        check_version(call, "2.0.0")
        return
    with pytest.raises(Refused) as caught:
        check_version(call, "2.0.0")
    assert caught.value.path == "version"
