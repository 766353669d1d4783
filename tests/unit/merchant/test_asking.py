"""Every way an answer can be wrong is not known, by a cause of its own; only right ones count."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.small_gateway import CLIENT_ID, MERCHANT_ID, START_MS, answer
from tests.support.wire import gateway_key, merchant_key, stranger_key
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result, Status
from tillgate.merchant.asking import (
    ECHOED,
    HTTP_BUSY,
    Asked,
    Cause,
    NotKnown,
    Question,
    Reply,
    Said,
    Signer,
)
from tillgate.merchant.order import Order
from tillgate.merchant.secret import Secret
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX
from tillgate.protocol.function import Function
from tillgate.protocol.functions import ALL_FUNCTIONS
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.messages import agreement_pay, pay_query, refund
from tillgate.protocol.messages.agreement_pay import AgreementPayAnswer
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.messages.pay_query import PayQueryAnswer, PayQueryBody
from tillgate.protocol.messages.refund import RefundAnswer, RefundBody
from tillgate.protocol.profile import Profile

SIGNER = Signer(
    client_id=CLIENT_ID,
    key=merchant_key(),
    gateway_keys=(gateway_key().public,),
    profile=Profile.TILLGATE,
)
REFUND = Question(
    function=refund.FUNCTION,
    body=RefundBody(
        merchant_id=MERCHANT_ID,
        acquirement_id="ACQ-1",
        merchant_refund_id="R-1",
        refund_amount=WireMoney(currency="HKD", value="400"),
    ),
    answer=RefundAnswer,
)
QUERY = Question(
    function=pay_query.FUNCTION,
    body=PayQueryBody(merchant_id=MERCHANT_ID, merchant_trans_id="A-1001"),
    answer=PayQueryAnswer,
)
DEBIT = Question(
    function=agreement_pay.FUNCTION,
    body=Order(merchant_trans_id="A-1001", amount="10.00 HKD").debit_message(MERCHANT_ID),
    answer=AgreementPayAnswer,
    access_token=Secret("a-token-of-the-payer"),
)
RIGHT: dict[str, Any] = {
    "acquirementId": "ACQ-1",
    "merchantRefundId": "R-1",
    "refundAmount": {"currency": "HKD", "value": "400"},
    "refundTime": "2018-12-05T14:00:54+08:00",
}


def asked(question: Question[Any] = REFUND) -> Asked[Any]:
    return SIGNER.write(question, req_msg_id="m-1", now_ms=START_MS)


def request_of(sent: Asked[Any]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(sent.raw)["request"]
    return content


def heard(raw: bytes, question: Question[Any] = REFUND, status: int = 200) -> Said[Any] | NotKnown:
    return SIGNER.judge(asked(question), Reply(status=status, raw=raw))


def right(question: Question[Any] = REFUND, key: PrivateKey | None = None, **body: Any) -> bytes:
    members = {**(RIGHT if question is REFUND else {}), **body}
    return answer(request_of(asked(question)), Result.SUCCESS, key=key, **members)


def with_head(**head: Any) -> bytes:
    return answer(request_of(asked()), Result.SUCCESS, head=head, **RIGHT)


def altered(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the right answer, changed after it was signed."""
    message = json.loads(right())
    change(message)
    return json.dumps(message, separators=(",", ":")).encode()


def test_a_right_answer_is_believed_and_read() -> None:
    said = heard(right())

    assert isinstance(said, Said)
    assert said.done
    assert said.body.merchant_refund_id == "R-1"
    assert said.resp_time_ms == START_MS + 1000


def test_the_time_of_an_answer_is_read_by_either_name() -> None:
    said = heard(with_head(respTime=None, reqTime="2018-12-05T14:00:59+08:00"))

    assert isinstance(said, Said)
    assert said.resp_time_ms == START_MS + 6000
    without = heard(with_head(respTime=None))
    assert isinstance(without, Said)
    assert without.resp_time_ms is None


def test_a_signed_no_is_a_no() -> None:
    said = heard(answer(request_of(asked()), Result.AMOUNT_EXCEEDS_LIMIT))

    assert isinstance(said, Said)
    assert not said.done
    assert said.info.result_code == "AMOUNT_EXCEEDS_LIMIT"


WRONG: dict[str, tuple[Cause, bytes]] = {
    "nothing": (Cause.NOT_AN_ENVELOPE, b""),
    "a page": (Cause.NOT_AN_ENVELOPE, b"<html>502 Bad Gateway</html>"),
    "no utf-8": (Cause.NOT_AN_ENVELOPE, b"\xff\xfe"),
    "cut short": (Cause.NOT_AN_ENVELOPE, right()[:-1]),
    "a request": (Cause.NOT_AN_ENVELOPE, asked().raw),
    "two responses": (Cause.NOT_AN_ENVELOPE, b'{"response":{},' + right()[1:]),
    "too large": (Cause.TOO_LARGE, b" " * MESSAGE_BYTES_MAX + right()),
    "no signature": (Cause.UNSIGNED, altered(lambda m: m.pop("signature"))),
    "an empty signature": (Cause.UNSIGNED, altered(lambda m: m.update(signature=""))),
    "no base64": (Cause.BAD_SIGNATURE, altered(lambda m: m.update(signature="XXX"))),
    "signed by a stranger": (Cause.BAD_SIGNATURE, right(key=stranger_key())),
    "signed by ourselves": (Cause.BAD_SIGNATURE, right(key=merchant_key())),
    "changed": (Cause.BAD_SIGNATURE, right().replace(b'"value":"400"', b'"value":"401"')),
    "other function": (
        Cause.OTHER_FUNCTION,
        with_head(function="alipay.intl.acquiring.common.payCancel"),
    ),
    "no such function": (Cause.OTHER_FUNCTION, with_head(function="x")),
    "no function": (Cause.OTHER_FUNCTION, with_head(function=None)),
    "other client": (Cause.OTHER_CLIENT, with_head(clientId="OTHER")),
    "no client": (Cause.OTHER_CLIENT, with_head(clientId=None)),
    "other request": (Cause.OTHER_REQUEST, with_head(reqMsgId="m-2")),
    "no request": (Cause.OTHER_REQUEST, with_head(reqMsgId=None)),
    "no result": (Cause.ILL_FORMED, right(resultInfo=None)),
    "other refund": (Cause.OTHER_SUBJECT, right(merchantRefundId="R-2")),
    "other order": (Cause.OTHER_SUBJECT, right(acquirementId="ACQ-2")),
    "other amount": (
        Cause.OTHER_SUBJECT,
        right(refundAmount={"currency": "HKD", "value": "401"}),
    ),
    "other currency": (
        Cause.OTHER_SUBJECT,
        right(refundAmount={"currency": "JPY", "value": "400"}),
    ),
    "a bad date": (Cause.ILL_FORMED, right(refundTime="today")),
    "a bad amount": (Cause.ILL_FORMED, right(refundAmount={"currency": "HKD", "value": "4.00"})),
    "a bad time": (Cause.ILL_FORMED, with_head(respTime="now")),
    "a strange status": (
        Cause.ILL_FORMED,
        answer(request_of(asked()), ResultInfo(result_status="A", result_code="ACCEPTED")),
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_answer_is_not_known(case: str) -> None:
    cause, raw = WRONG[case]

    said = heard(raw)

    assert isinstance(said, NotKnown)
    assert (said.cause, said.cause.nothing_done) == (cause, False)


def test_an_answer_by_another_key_is_told_as_the_gateways_and_names_the_key_to_check() -> None:
    said = heard(right(key=stranger_key()))

    assert isinstance(said, NotKnown)
    assert "the gateway's answer: check its public key" in said.sentence
    assert "--gateway-key" in said.sentence
    assert "sign what you send" not in said.sentence, "that is the sender's next step"


@pytest.mark.parametrize("status", [201, 204, 301, 302, 400, 404, 429, 500, 502, 503, 504])
def test_an_answer_with_another_http_status_is_not_known_though_it_is_signed(status: int) -> None:
    said = heard(right(), status=status)

    assert isinstance(said, NotKnown)
    assert said.cause is (Cause.HTTP_BUSY if status in HTTP_BUSY else Cause.HTTP_STATUS)
    assert str(status) in said.sentence


@pytest.mark.parametrize("result", [each for each in Result if each.status is Status.UNKNOWN])
def test_a_code_with_status_u_is_not_known(result: Result) -> None:
    said = heard(answer(request_of(asked()), result))

    assert isinstance(said, NotKnown)
    assert said.result_code == result.name
    named = {
        Result.REQUEST_TRAFFIC_EXCEED_LIMIT: Cause.BUSY,
        Result.SYSTEM_ERROR: Cause.SYSTEM_ERROR,
    }
    assert said.cause is named.get(result, Cause.STATUS_UNKNOWN)


@pytest.mark.parametrize("code", ["SYSTEM_ERROR", "UNKNOWN_EXCEPTION", "USER_PAYING", "WHATEVER"])
def test_status_u_of_any_spelling_is_not_known(code: str) -> None:
    said = heard(answer(request_of(asked()), ResultInfo(result_status="U", result_code=code)))

    assert isinstance(said, NotKnown)
    assert said.result_code == code
    assert not said.cause.nothing_done
    ours = code in {"SYSTEM_ERROR", "UNKNOWN_EXCEPTION"}
    assert said.cause is (Cause.SYSTEM_ERROR if ours else Cause.STATUS_UNKNOWN)


def test_a_code_we_do_not_know_with_status_f_is_a_no() -> None:
    info = ResultInfo(result_status="F", result_code="SOMETHING_NEW")

    said = heard(answer(request_of(asked()), info))

    assert isinstance(said, Said)
    assert not said.done


def test_what_an_unsigned_answer_claims_is_told_and_not_believed() -> None:
    def claim(message: dict[str, Any]) -> None:
        del message["signature"]
        message["response"]["body"]["resultInfo"]["resultCode"] = "INVALID_CLIENT"

    said = heard(altered(claim))

    assert isinstance(said, NotKnown)
    assert said.cause is Cause.UNSIGNED
    assert "INVALID_CLIENT" in said.sentence


@pytest.mark.parametrize(
    ("question", "body"),
    [
        (QUERY, {"merchantTransId": "A-1002"}),
        (QUERY, {"merchantId": "2160400000002013"}),
        (DEBIT, {"merchantTransId": "A-1002"}),
        (DEBIT, {"orderAmount": {"currency": "HKD", "value": "1"}}),
    ],
)
def test_an_answer_about_something_else_is_not_known(
    question: Question[Any], body: dict[str, Any]
) -> None:
    said = heard(right(question, **body), question)

    assert isinstance(said, NotKnown)
    assert said.cause is Cause.OTHER_SUBJECT


def test_ids_that_an_answer_leaves_out_do_not_disagree() -> None:
    assert isinstance(heard(right(acquirementId=None, merchantRefundId=None)), Said)


def test_during_a_change_of_keys_either_gateway_key_is_good() -> None:
    both = Signer(
        client_id=CLIENT_ID,
        key=merchant_key(),
        gateway_keys=(stranger_key().public, gateway_key().public),
        profile=Profile.TILLGATE,
    )

    for key in (gateway_key(), stranger_key()):
        assert isinstance(both.judge(asked(), Reply(status=200, raw=right(key=key))), Said)


def test_a_request_is_written_anew_each_time_and_carries_the_token_in_its_head() -> None:
    first = SIGNER.write(DEBIT, req_msg_id="m-1", now_ms=START_MS)
    second = SIGNER.write(DEBIT, req_msg_id="m-2", now_ms=START_MS + 1000)
    heads = [request_of(each)["head"] for each in (first, second)]

    assert [head["reqMsgId"] for head in heads] == ["m-1", "m-2"]
    assert heads[0]["reqTime"] != heads[1]["reqTime"]
    assert heads[0]["accessToken"] == "a-token-of-the-payer"
    assert request_of(first)["body"] == request_of(second)["body"]
    assert request_of(first)["body"]["productCode"] == "AUTO_DEBIT"


def test_what_the_gateway_would_refuse_is_refused_before_it_is_signed() -> None:
    bad = Question(
        function=pay_query.FUNCTION,
        body=PayQueryBody(merchant_id=MERCHANT_ID),
        answer=PayQueryAnswer,
    )

    with pytest.raises(Refused) as caught:
        asked(bad)
    assert caught.value.path == "acquirementId"


def test_nothing_on_the_way_prints_a_token() -> None:
    sent = SIGNER.write(DEBIT, req_msg_id="m-1", now_ms=START_MS)

    for value in (DEBIT, sent, Reply(status=200, raw=sent.raw), SIGNER):
        assert "a-token" not in repr(value)
        assert "BEGIN" not in repr(value)


@pytest.mark.parametrize("function", [each for each in ALL_FUNCTIONS if each.response])
def test_whatever_a_function_echoes_is_compared(function: Function) -> None:
    assert function.response is not None
    shared = set(function.request.__struct_fields__) & set(function.response.__struct_fields__)

    assert shared - {"extend_info", "result_info"} <= set(ECHOED)


@given(data=st.data())
def test_whatever_is_done_to_an_answer_on_the_way_it_is_right_or_not_known(
    data: st.DataObject,
) -> None:
    raw, first = bytearray(right()), heard(right())
    for _ in range(data.draw(st.integers(min_value=1, max_value=3))):
        place = data.draw(st.integers(min_value=0, max_value=len(raw) - 1))
        if data.draw(st.booleans()):
            raw[place] = data.draw(st.integers(min_value=0, max_value=255))
        else:
            del raw[place]

    said = heard(bytes(raw))

    # Base64 has spare bits and an envelope may hold blanks, so a change may change nothing.
    assert isinstance(said, NotKnown) or said == first
