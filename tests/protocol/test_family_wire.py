"""Every function on the wire: names, paths, both spellings, samples, and the way there and back."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.protocol.sampled import (
    AGREEMENT_PAY,
    CANCEL,
    NOTIFY_CANCEL,
    NOTIFY_PAY,
    PAY,
    PREPARE,
    QUERY,
    QUERY_AUTH,
    REFUND,
    TOKEN,
    answered,
    asked,
    with_changes,
)
from tests.support.wire import ABSENT, gateway_key, merchant_key, text_of
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX, Kind, Verified, cut, wrap
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.functions import (
    ALL_FUNCTIONS,
    content_faults,
    function_of_path,
    open_request,
    open_response,
    write,
)
from tillgate.protocol.members import members_of
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.messages.head import request_head, response_head
from tillgate.protocol.messages.pay_query import REFUNDS_MAX, PayQueryAnswer, RefundState
from tillgate.protocol.profile import Profile
from tillgate.protocol.samples import sample_request, sample_response
from tillgate.protocol.signature import seal, verify
from tillgate.protocol.validation import faults

NOW_MS = 1_543_989_653_000
every_function = pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=lambda each: each.name)

PATHS = {
    "/api/alipay/intl/acquiring/cashier/wap/pay.htm": PAY,
    "/api/alipay/intl/acquiring/agreement/pay.htm": AGREEMENT_PAY,
    "/api/alipay/intl/acquiring/common/payQuery.htm": QUERY,
    "/api/alipay/intl/acquiring/common/payquery.htm": QUERY,
    "/api/alipay/intl/acquiring/common/payCancel.htm": CANCEL,
    "/api/alipay/intl/acquiring/agreement/payCancel.htm": CANCEL,
    "/API/ALIPAY/INTL/ACQUIRING/AGREEMENT/PAYCANCEL.HTM": CANCEL,
    "/api/alipay/intl/acquiring/common/refund.htm": REFUND,
    "/api/alipay/intl/acquiring/common/grefund.htm": REFUND,
    "/Api/Alipay/Intl/Acquiring/Common/gRefund.Htm": REFUND,
    "/api/alipay/intl/oauth/auth/prepareForRedirect.htm": PREPARE,
    "/api/alipay/intl/oauth/auth/applytoken.htm": TOKEN,
    "/api/alipay/intl/oauth/auth/queryByAuthInfo.htm": QUERY_AUTH,
    # What we post to merchants is served nowhere.
    "/api/alipay/intl/acquiring/common/notify/pay.htm": None,
    "/api/alipay/intl/oauth/auth/notify/cancel.htm": None,
    "/api/alipay/intl/acquiring/common/refund": None,
    "/api/alipay/intl/acquiring/common/refund.htm/": None,
    "/api/alipay/intl/acquiring/common/grefund/pay.htm": None,
    "/alipay/intl/acquiring/common/refund.htm": None,
    "/api/alipay.intl.acquiring.common.refund.htm": None,
    # A sign whose lower case is the letter k.
    "/api/alipay/intl/oauth/auth/applyTo\u212aen.htm": None,
    "": None,
}


@pytest.mark.parametrize(("path", "function"), PATHS.items())
def test_a_path_finds_its_function_in_any_case(path: str, function: Function | None) -> None:
    assert function_of_path(path) is function


@every_function
def test_each_function_is_found_at_all_its_paths(function: Function) -> None:
    served = function if function.direction is Direction.TO_GATEWAY else None

    assert {function_of_path(path) for path in function.paths} == {served}


def test_only_queries_change_nothing() -> None:
    assert {each.name for each in ALL_FUNCTIONS if not each.changes} == {
        "alipay.intl.acquiring.common.payQuery",
        "alipay.intl.oauth.auth.queryByAuthInfo",
    }


def test_the_rule_against_replays_exempts_queries_and_order_strings() -> None:
    assert [each for each in ALL_FUNCTIONS if not each.is_marked] == [PAY, QUERY, QUERY_AUTH]


def test_only_notifications_are_posted_to_merchants() -> None:
    told = [each for each in ALL_FUNCTIONS if each.direction is Direction.TO_MERCHANT]

    assert told == [NOTIFY_PAY, NOTIFY_CANCEL]


@every_function
def test_every_function_and_member_says_what_it_is(function: Function) -> None:
    assert function.title
    assert function.meaning.endswith(".")
    assert function.section.startswith("4.")
    assert function.response
    for message in (function.request, function.response):
        for each in members_of(message):
            assert each.meaning, each.name
            assert each.sample or each.part or each.shape, each.name
            assert each.rule or each.part or each.shape or each.length, each.name


@every_function
def test_the_sample_of_an_object_is_one_of_its_kind(function: Function) -> None:
    for message in (function.request, function.response or function.request):
        for each in members_of(message):
            if each.part and not each.is_list:
                assert faults(each.part, msgspec.json.decode(each.sample)) == [], each.name


@every_function
def test_every_response_starts_with_its_result_and_may_hold_no_more(function: Function) -> None:
    assert function.response
    first, *others = members_of(function.response)

    assert (first.name, first.letter) == ("resultInfo", "Y")
    assert not [each.name for each in others if each.letter != "N"]
    gone = {f"body.{each.name}": ABSENT for each in others}
    assert answered(function, gone).body.result_info.result_code == "SUCCESS"


@every_function
def test_a_sample_is_right_and_complete(function: Function) -> None:
    request, response = sample_request(function), sample_response(function)

    assert content_faults(request) == []
    assert set(request["body"]) >= {
        each.name for each in members_of(function.request) if each.letter != "C"
    }
    assert list(response["body"]) == [
        each.name for each in members_of(function.response or function.request)
    ]
    assert request["head"]["function"] == response["head"]["function"] == function.name
    assert ("accessToken" in request["head"]) is (function is AGREEMENT_PAY)


def test_a_sample_leaves_out_what_another_value_makes_needless() -> None:
    body = sample_request(TOKEN)["body"]

    assert body["grantType"] == "AUTHORIZATION_CODE"
    assert "refreshToken" not in body
    refunds = sample_response(QUERY)["body"]["refunds"]
    assert refunds[0]["refundAmount"] == {"currency": "HKD", "value": "400"}


@every_function
def test_a_message_comes_back_as_it_was_sent(function: Function) -> None:
    body, answer = asked(function).body, answered(function).body
    head = request_head(
        function.name,
        client_id="4Q5XSH6SSG02T006",
        req_msg_id="2b76d599f8072d042b68bc2f43be4211",
        now_ms=NOW_MS,
        access_token="token" if function is AGREEMENT_PAY else None,
    )

    raw = seal(Kind.REQUEST, write(head, body), merchant_key(), Profile.ALIPAY_HK)
    request = open_request(verify(cut(raw), [merchant_key().public], Profile.ALIPAY_HK))
    back = seal(
        Kind.RESPONSE,
        write(response_head(request.head, now_ms=NOW_MS), answer),
        gateway_key(),
        Profile.TILLGATE,
    )
    verified = verify(cut(back, Kind.RESPONSE), [gateway_key().public], Profile.TILLGATE)
    response = open_response(verified, type(answer), function)

    assert (request.function, request.head, request.body) == (function, head, body)
    assert (response.body, response.is_signed) == (answer, True)
    assert b"accessToken" not in back or function is TOKEN or function is QUERY_AUTH


def test_a_cancel_is_read_under_both_its_names_and_the_answer_may_echo_either() -> None:
    name = "alipay.intl.acquiring.agreement.payCancel"

    assert asked(CANCEL, {"head.function": name}).function is CANCEL
    assert answered(CANCEL, {"head.function": name}).head.function == name


SPELLINGS: list[tuple[Function, str, str, str]] = [
    (AGREEMENT_PAY, "notifyUrl", "notify_url", "https://merchant.example/n"),
    (PAY, "notifyUrl", "notify_url", "https://merchant.example/n"),
    (TOKEN, "authCode", "auth_code", "28100413kpBklrvUk33YgGgC9yS2o679"),
]


@pytest.mark.parametrize(("function", "usual", "other", "value"), SPELLINGS)
def test_another_spelling_is_read_and_the_usual_one_written(
    function: Function, usual: str, other: str, value: str
) -> None:
    body = asked(function, {f"body.{usual}": ABSENT, f"body.{other}": value}).body

    assert body == asked(function, {f"body.{usual}": value}).body
    assert usual in msgspec.to_builtins(body)
    assert other not in msgspec.to_builtins(body)


def test_the_other_spelling_of_the_site_is_read_in_an_answer() -> None:
    url = "https://gateway.example/agree"
    answer = answered(PREPARE, {"body.authSiteUrl": ABSENT, "body.authSiteURL": url}).body

    assert answer.auth_site_url == url
    assert b'"authSiteUrl"' in msgspec.json.encode(answer)


@pytest.mark.parametrize(
    ("function", "changes", "path"),
    [
        (QUERY, {"body.resultInfo": ABSENT}, "body.resultInfo"),
        (QUERY, {"body.paymentTime": "now"}, "body.paymentTime"),
        (QUERY, {"body.refunds": [{"merchantRefundId": "R"}]}, "body.refunds[0].refundAmount"),
        (
            QUERY,
            {
                "body.refunds": [
                    {
                        "merchantRefundId": "R",
                        "refundAmount": {"currency": "HKD", "value": "1"},
                        "refundStatus": "SUCCESS",
                        "refundTime": "now",
                    }
                ]
            },
            "body.refunds[0].refundTime",
        ),
        (QUERY, {"body.refunds": ["R"]}, "body.refunds"),
        (REFUND, {"body.refundAmount.value": "0"}, "body.refundAmount.value"),
        (TOKEN, {"body.accessTokenInfo.expiresIn": "3600"}, "body.accessTokenInfo.expiresIn"),
        (TOKEN, {"body.accessTokenInfo.accessToken": ""}, "body.accessTokenInfo.accessToken"),
        (PAY, {"body.cashierUrl": "javascript:x"}, "body.cashierUrl"),
    ],
)
def test_an_answer_that_breaks_a_rule_is_refused(
    function: Function, changes: dict[str, Any], path: str
) -> None:
    with pytest.raises(Refused) as caught:
        answered(function, changes)

    assert caught.value.path == path


def test_a_word_nobody_knows_yet_is_read_so_that_the_reader_judges() -> None:
    assert answered(QUERY, {"body.payStatus": "TRADE_PAUSED"}).body.pay_status == "TRADE_PAUSED"
    info = answered(QUERY_AUTH, {"body.accessTokenInfo.tokenStatus": "NEW"}).body
    assert info.access_token_info.token_status == "NEW"


def test_a_query_of_an_agreement_never_reads_a_token() -> None:
    info = {"tokenStatus": "ACTIVE", "accessToken": "s3cret", "refreshToken": "s3cret"}
    answer = answered(QUERY_AUTH, {"body.accessTokenInfo": info}).body

    assert b"s3cret" not in msgspec.json.encode(answer)


def test_tokens_of_an_answer_are_not_shown_when_it_is_printed() -> None:
    answer = answered(TOKEN).body

    assert answer.access_token_info.access_token.startswith("M9Wk")
    assert "M9Wk" not in f"{answer} {answer!r}"
    assert "9Pzk" not in f"{answer} {answer!r}"


def test_as_many_refunds_as_are_told_fit_into_an_envelope() -> None:
    one = RefundState(
        merchant_refund_id="裙" * 64,
        refund_amount=WireMoney(currency="HKD", value="9" * 12),
        refund_status="PROCESSING",
        refund_time="2018-12-05T09:30:00.000-08:00",
    )
    answer = PayQueryAnswer(
        result_info=ResultInfo.of(Result.SUCCESS),
        merchant_trans_id="裙" * 64,
        refunds=[one] * REFUNDS_MAX,
        extend_info='{"a":"%s"}' % ("裙" * 2000),
    )
    head = response_head(asked(QUERY).head, now_ms=NOW_MS)
    raw = seal(Kind.RESPONSE, write(head, answer), gateway_key(), Profile.ALIPAY_HK)

    assert len(raw) <= MESSAGE_BYTES_MAX
    assert cut(raw, Kind.RESPONSE).signature


WORDS = st.sampled_from(
    [
        *("", "x", "x" * 33, "x" * 65, "x" * 513, "a\u0007", "裙", "{}", "1000", "0", "HKD"),
        *("AUTO_DEBIT", "AUTHORIZATION_CODE", "REFRESH_TOKEN", "ALIPAY_HK", "AUTH_AGREEMENTPAY"),
        *("https://merchant.example/", "https://m.example/?state=1", "2018-12-04T22:00:53Z"),
    ]
)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.sampled_from([None, True, 0, 1.5]) | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["merchantAgreementId", "value", "currency"]), inner, max_size=2
        )
    ),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.data())
def test_the_quick_and_the_thorough_way_agree_for_every_function(data: st.DataObject) -> None:
    function = data.draw(st.sampled_from(ALL_FUNCTIONS))
    content = sample_request(function)
    names = [f"body.{each.name}" for each in members_of(function.request)]
    others = ["body.auth_code", "body.notify_url", "head.accessToken", "head.reserve"]
    paths = data.draw(st.sets(st.sampled_from(names + others), min_size=1, max_size=3))
    changes = {path: data.draw(VALUES | st.just(ABSENT)) for path in sorted(paths)}
    changed = with_changes(content, changes)
    expected = content_faults(changed)

    taken = cut(wrap(Kind.REQUEST, text_of(changed), "x"))
    try:
        open_request(Verified(cut=taken, key_fingerprint=""))
    except Refused as refused:
        found = [refused]
    else:
        found = []
    assert [(each.result, each.path) for each in found] == [
        (each.result, each.path) for each in expected[:1]
    ]
