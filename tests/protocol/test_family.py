"""Every function's messages: what is taken, what is refused first, and what is never repeated."""

from itertools import count
from typing import Any, Final

import pytest

from tests.protocol.sampled import (
    AGREEMENT_PAY,
    CANCEL,
    CANCEL_AUTH,
    NOTIFY_CANCEL,
    PAY,
    PREPARE,
    QUERY,
    QUERY_AUTH,
    REFUND,
    TOKEN,
    asked,
    told,
)
from tests.support.wire import ABSENT
from tillgate.kernel.results import Result
from tillgate.protocol.function import Function
from tillgate.protocol.functions import ALL_FUNCTIONS
from tillgate.protocol.members import members_of

MISSING, ILLEGAL = Result.PARAM_MISSING, Result.PARAM_ILLEGAL
TOKEN_TEXT: Final = "s3cret-s3cret-s3cret"
LONG = "x" * 65

Changes = dict[str, Any]

GOOD: list[tuple[Function, Changes]] = [
    (QUERY, {"body.acquirementId": ABSENT}),
    (QUERY, {"body.merchantTransId": ABSENT}),
    (QUERY, {"body.merchantTransId": ""}),
    (QUERY, {"body.acquirementId": None}),
    (QUERY, {"body.somethingNew": {"a": [1]}}),
    (CANCEL, {"body.acquirementId": ABSENT}),
    (CANCEL, {"body.merchantTransId": ABSENT}),
    (REFUND, {"body.refundReason": ABSENT, "body.extendInfo": ABSENT}),
    (REFUND, {"body.refundReason": "太小\n了" * 50}),
    (AGREEMENT_PAY, {"body.order": {"orderAmount": {"currency": "JPY", "value": "1"}}}),
    (AGREEMENT_PAY, {"body.riskInfo": "none", "body.settleContractId": ABSENT}),
    (PREPARE, {"body.merchantRedirectUrl": ABSENT}),
    (PREPARE, {"body.merchantRedirectUrl": " https://merchant.example/a?order=1#top "}),
    (PREPARE, {"body.scopes": ["AUTH_AGREEMENTPAY", "AUTH_AGREEMENTPAY"]}),
    (PREPARE, {"body.state": "裙子 & 狀態"}),
    *((PREPARE, {"body.terminalType": kind}) for kind in ("WEB", "WAP", "APP")),
    (TOKEN, {"body.refreshToken": TOKEN_TEXT}),
    (
        TOKEN,
        {
            "body.grantType": "REFRESH_TOKEN",
            "body.refreshToken": TOKEN_TEXT,
            "body.authCode": ABSENT,
        },
    ),
    (QUERY_AUTH, {"head.reserve": ABSENT}),
    (CANCEL_AUTH, {"body.merchantAgreementId": "x" * 32}),
]


@pytest.mark.parametrize(("function", "changes"), GOOD, ids=count())
def test_what_fits_its_description_is_read(function: Function, changes: Changes) -> None:
    assert asked(function, changes).function is function


REQUIRED: list[tuple[Function, str]] = [
    *((QUERY, name) for name in ("merchantId",)),
    *((CANCEL, name) for name in ("merchantId",)),
    *((REFUND, name) for name in ("merchantId", "acquirementId", "merchantRefundId")),
    *((REFUND, name) for name in ("refundAmount", "refundAmount.currency", "refundAmount.value")),
    *((AGREEMENT_PAY, name) for name in ("merchantId", "productCode", "merchantTransId", "order")),
    *((AGREEMENT_PAY, name) for name in ("order.orderAmount", "order.orderAmount.value")),
    *((PREPARE, name) for name in ("authMerchantId", "authSite", "scopes", "terminalType")),
    *((PREPARE, name) for name in ("agreementPayAuthInfo", "state")),
    (PREPARE, "agreementPayAuthInfo.merchantAgreementId"),
    *((TOKEN, name) for name in ("grantType", "authMerchantId", "authSite", "authCode")),
    *((QUERY_AUTH, name) for name in ("authMerchantId", "merchantAgreementId")),
    *((CANCEL_AUTH, name) for name in ("authMerchantId", "merchantAgreementId")),
    *((NOTIFY_CANCEL, name) for name in ("authMerchantId", "merchantAgreementId", "cancelTime")),
]


@pytest.mark.parametrize("nothing", [ABSENT, None, ""], ids=["absent", "null", "empty"])
@pytest.mark.parametrize(("function", "name"), REQUIRED, ids=lambda value: str(value)[-30:])
def test_a_required_member_that_is_absent_null_or_empty_is_missing(
    function: Function, name: str, nothing: object
) -> None:
    refused = told(function, {f"body.{name}": nothing})

    assert (refused.result, refused.path) == (MISSING, f"body.{name}")


def test_the_table_of_required_members_is_complete() -> None:
    declared = {
        (function.name, each.name)
        for function in ALL_FUNCTIONS
        for each in members_of(function.request)
        if each.letter == "Y"
    }
    tried = {(function.name, name) for function, name in REQUIRED}
    elsewhere = {PAY.name, "alipay.intl.acquiring.common.notify.pay"}

    assert {pair for pair in declared if pair[0] not in elsewhere} <= tried


CONDITIONAL: list[tuple[Function, Changes, str]] = [
    *(
        (each, {"body.acquirementId": gone, "body.merchantTransId": gone}, "body.acquirementId")
        for each in (QUERY, CANCEL)
        for gone in (ABSENT, None, "")
    ),
    (TOKEN, {"body.authCode": ABSENT}, "body.authCode"),
    (TOKEN, {"body.authCode": ABSENT, "body.refreshToken": TOKEN_TEXT}, "body.authCode"),
    (TOKEN, {"body.grantType": "REFRESH_TOKEN"}, "body.refreshToken"),
    (TOKEN, {"body.grantType": "REFRESH_TOKEN", "body.refreshToken": ""}, "body.refreshToken"),
    (AGREEMENT_PAY, {"head.accessToken": ABSENT}, "head.accessToken"),
    (AGREEMENT_PAY, {"head.accessToken": None}, "head.accessToken"),
]


@pytest.mark.parametrize(("function", "changes", "path"), CONDITIONAL, ids=count())
def test_a_member_is_missing_when_its_condition_requires_it(
    function: Function, changes: Changes, path: str
) -> None:
    refused = told(function, changes)

    assert (refused.result, refused.path) == (MISSING, path)
    assert " is required when " in refused.sentence


def test_a_sentence_says_when_a_member_is_required() -> None:
    gone = {"body.acquirementId": ABSENT, "body.merchantTransId": ABSENT}

    assert "required when merchantTransId is absent" in told(QUERY, gone).sentence
    assert (
        "required when grantType is AUTHORIZATION_CODE"
        in told(TOKEN, {"body.authCode": ABSENT}).sentence
    )


@pytest.mark.parametrize("function", ALL_FUNCTIONS, ids=lambda each: each.name)
def test_an_access_token_is_required_for_agreement_pay_alone(function: Function) -> None:
    if function is AGREEMENT_PAY:
        assert told(function, {"head.accessToken": ABSENT}).result is MISSING
    else:
        assert asked(function, {"head.accessToken": ABSENT}).head.access_token is None


NO_SCOPES: list[Any] = [
    *([], {}, "AUTH_AGREEMENTPAY", [""], [None], [5], ["USER_POINTS"]),
    *(["AUTH_AGREEMENTPAY", "USER_NAME"], ["AUTH_AGREEMENTPAY"] * 9),
]
FORMATS: list[tuple[Function, Changes, str]] = [
    *((each, {"body.merchantId": LONG}, "body.merchantId") for each in (QUERY, CANCEL, REFUND)),
    *((each, {"body.merchantId": 5}, "body.merchantId") for each in (QUERY, AGREEMENT_PAY)),
    (QUERY, {"body.acquirementId": "a\u0007b"}, "body.acquirementId"),
    (QUERY, {"body.acquirementId": 5, "body.merchantTransId": ABSENT}, "body.acquirementId"),
    (CANCEL, {"body.merchantTransId": LONG}, "body.merchantTransId"),
    (REFUND, {"body.merchantRefundId": LONG}, "body.merchantRefundId"),
    (REFUND, {"body.refundAmount": "4.00"}, "body.refundAmount"),
    *(
        (REFUND, {"body.refundAmount.value": value}, "body.refundAmount.value")
        for value in ("0", "-1", "007", "4.00", "1e3", "4_0", "\uff14", 400, "1" * 13)
    ),
    *(
        (REFUND, {"body.refundAmount.currency": code}, "body.refundAmount.currency")
        for code in ("hkd", "HKDD", "ZZZ", "XAU")
    ),
    (REFUND, {"body.refundReason": "x" * 257}, "body.refundReason"),
    (REFUND, {"body.extendInfo": "[]"}, "body.extendInfo"),
    (REFUND, {"body.extendInfo": {}}, "body.extendInfo"),
    *(
        (AGREEMENT_PAY, {"body.productCode": code}, "body.productCode")
        for code in ("AGREEMENT_OR_CASHIER_PAY", "CASHIER_PAY", "auto_debit", "AUTO_DEBIT ")
    ),
    (AGREEMENT_PAY, {"body.notifyUrl": "ftp://merchant.example"}, "body.notifyUrl"),
    (AGREEMENT_PAY, {"body.notify_url": "https://a@b.example"}, "body.notifyUrl"),
    (AGREEMENT_PAY, {"body.order.orderAmount.value": "10.00"}, "body.order.orderAmount.value"),
    (AGREEMENT_PAY, {"head.accessToken": "x" * 65}, "head.accessToken"),
    (AGREEMENT_PAY, {"head.accessToken": 12345}, "head.accessToken"),
    (PREPARE, {"body.authSite": "ALIPAY_MO"}, "body.authSite"),
    (PREPARE, {"body.terminalType": "GATE"}, "body.terminalType"),
    (PREPARE, {"body.state": LONG}, "body.state"),
    *((PREPARE, {"body.scopes": scopes}, "body.scopes") for scopes in NO_SCOPES),
    *(
        (PREPARE, {"body.merchantRedirectUrl": url}, "body.merchantRedirectUrl")
        for url in (
            "merchant.example",
            "javascript:alert(1)",
            "https://user@merchant.example/",
            "https://merchant.example/?state=1",
            "https://merchant.example/?auth_code=1",
            "https://merchant.example/?" + "x" * 512,
        )
    ),
    (
        PREPARE,
        {"body.agreementPayAuthInfo": "8b0b4dd8218a42269483f5806e17a7d4"},
        "body.agreementPayAuthInfo",
    ),
    (
        PREPARE,
        {"body.agreementPayAuthInfo.merchantAgreementId": "x" * 33},
        "body.agreementPayAuthInfo.merchantAgreementId",
    ),
    (TOKEN, {"body.grantType": "PASSWORD"}, "body.grantType"),
    (TOKEN, {"body.authCode": LONG}, "body.authCode"),
    (TOKEN, {"body.refreshToken": LONG}, "body.refreshToken"),
    (QUERY_AUTH, {"body.merchantAgreementId": "x" * 33}, "body.merchantAgreementId"),
    (CANCEL_AUTH, {"body.merchantAgreementId": "x" * 33}, "body.merchantAgreementId"),
    (CANCEL_AUTH, {"body.authMerchantId": ["1"]}, "body.authMerchantId"),
    (NOTIFY_CANCEL, {"body.cancelTime": "yesterday"}, "body.cancelTime"),
]


@pytest.mark.parametrize(("function", "changes", "path"), FORMATS, ids=count())
def test_a_member_that_breaks_its_format_is_illegal(
    function: Function, changes: Changes, path: str
) -> None:
    if "body.notify_url" in changes:
        changes = {**changes, "body.notifyUrl": ABSENT}

    refused = told(function, changes)

    assert (refused.result, refused.path) == (ILLEGAL, path)


FIRST: list[tuple[Function, Changes, Result, str]] = [
    # Required members are judged before formats, wherever they stand.
    (REFUND, {"body.merchantId": LONG, "body.refundAmount": ABSENT}, MISSING, "body.refundAmount"),
    (
        QUERY,
        {
            "body.merchantId": LONG,
            "body.acquirementId": ABSENT,
            "body.merchantTransId": ABSENT,
        },
        MISSING,
        "body.acquirementId",
    ),
    (AGREEMENT_PAY, {"head.version": "9", "body.order": ABSENT}, MISSING, "body.order"),
    (
        AGREEMENT_PAY,
        {"head.accessToken": ABSENT, "body.merchantId": ABSENT},
        MISSING,
        "head.accessToken",
    ),
    (
        TOKEN,
        {"body.authSite": "MARS", "body.authCode": ABSENT},
        MISSING,
        "body.authCode",
    ),
    # Among faults of one kind the first declared is told.
    (REFUND, {"body.refundAmount": ABSENT, "body.merchantId": ABSENT}, MISSING, "body.merchantId"),
    (PREPARE, {"body.state": LONG, "body.authSite": "MARS"}, ILLEGAL, "body.authSite"),
    (TOKEN, {"body.grantType": "PASSWORD", "body.authCode": ABSENT}, ILLEGAL, "body.grantType"),
    (
        REFUND,
        {"body.refundAmount": {"currency": "hkd", "value": "0"}},
        ILLEGAL,
        "body.refundAmount.currency",
    ),
]


@pytest.mark.parametrize(("function", "changes", "result", "path"), FIRST, ids=count())
def test_of_several_faults_the_first_in_the_declared_order_is_told(
    function: Function, changes: Changes, result: Result, path: str
) -> None:
    refused = told(function, changes)

    assert (refused.result, refused.path) == (result, path)


def test_an_illegal_product_names_the_allowed_ones() -> None:
    pay = told(PAY, {"body.productCode": "AUTO_DEBIT"})
    debit = told(AGREEMENT_PAY, {"body.productCode": "CASHIER_PAY"})

    assert '"AGREEMENT_OR_CASHIER_PAY" or "CASHIER_PAY"' in pay.sentence
    assert 'must be "AUTO_DEBIT".' in debit.sentence


SECRETS: list[tuple[Function, Changes]] = [
    (AGREEMENT_PAY, {"head.accessToken": TOKEN_TEXT * 4}),
    (AGREEMENT_PAY, {"head.accessToken": TOKEN_TEXT + "\n"}),
    (AGREEMENT_PAY, {"head.accessToken": [TOKEN_TEXT]}),
    (TOKEN, {"body.authCode": TOKEN_TEXT * 4}),
    (TOKEN, {"body.authCode": TOKEN_TEXT, "body.auth_code": TOKEN_TEXT + "2"}),
    (TOKEN, {"body.authCode": {"a": TOKEN_TEXT}}),
    (TOKEN, {"body.refreshToken": TOKEN_TEXT * 4}),
]


@pytest.mark.parametrize(("function", "changes"), SECRETS, ids=count())
def test_a_secret_is_shown_in_no_refusal(function: Function, changes: Changes) -> None:
    refused = told(function, changes)

    assert refused.result is ILLEGAL
    assert TOKEN_TEXT not in f"{refused} {refused.message} {refused!r}"


def test_a_secret_is_not_shown_when_a_message_is_printed() -> None:
    debit = asked(AGREEMENT_PAY, {"head.accessToken": TOKEN_TEXT})
    token = asked(TOKEN, {"body.authCode": TOKEN_TEXT, "body.refreshToken": TOKEN_TEXT})

    assert debit.head.access_token == TOKEN_TEXT
    assert TOKEN_TEXT not in f"{debit} {token!r}"
    assert "access_token='(hidden)'" in repr(debit)
    assert "access_token=None" in repr(asked(QUERY))
