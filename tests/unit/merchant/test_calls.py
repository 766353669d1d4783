"""What each call of the SDK asks and what its answers become, in both colours."""

from typing import Any

import pytest

from tests.support.calls import (
    AGREEMENT,
    APPLY,
    CALLS,
    CANCEL,
    CASHIER,
    CHANGES,
    CLOSED,
    DAY,
    DAY_MS,
    DEBIT,
    END,
    FOUND,
    HKD_4,
    NO_ANSWER,
    NOT_THERE,
    ORDER,
    PAID,
    PREPARE,
    QUERY,
    REFRESH,
    REFUND,
    REFUNDED,
    TOKENS,
    Call,
    made,
    name_of,
)
from tests.support.small_gateway import (
    MERCHANT_ID,
    ONCE,
    Answer,
    Colour,
    lost,
    says,
    unsigned,
    yes,
)
from tillgate import (
    AccessToken,
    Agreement,
    AgreementCancelled,
    AgreementPage,
    Cancelled,
    CashierPage,
    Cause,
    Closed,
    Money,
    NotConnected,
    NotFound,
    Paid,
    Refunded,
    RefundLine,
    Refusal,
    Refused,
    Secret,
    Unknown,
)
from tillgate.kernel.results import Result

SUCCESSES: list[tuple[Call, Answer, Any]] = [
    (
        QUERY,
        PAID,
        Paid(
            merchant_trans_id="A-1001",
            acquirement_id="ACQ-1",
            amount=Money.parse("10.00 HKD"),
            paid_at_ms=DAY_MS,
        ),
    ),
    (
        QUERY,
        yes(
            **FOUND,
            payStatus="TRADE_FINISHED",
            paymentTime=DAY,
            refundedAmount=HKD_4,
            refunds=[
                {"merchantRefundId": "R-1", "refundAmount": HKD_4, "refundStatus": "PROCESSING"},
                {"merchantRefundId": "R-2", "refundAmount": HKD_4, "refundStatus": "FAIL"},
            ],
        ),
        Paid(
            merchant_trans_id="A-1001",
            acquirement_id="ACQ-1",
            amount=Money.parse("10.00 HKD"),
            paid_at_ms=DAY_MS,
            refunded=Money.parse("4.00 HKD"),
            refunds=tuple(
                RefundLine(
                    refund_id=refund_id,
                    amount=Money.parse("4.00 HKD"),
                    status=status,
                    refunded_at_ms=None,
                )
                for refund_id, status in (("R-1", "PROCESSING"), ("R-2", "FAIL"))
            ),
            finished=True,
        ),
    ),
    (
        QUERY,
        CLOSED,
        Closed(merchant_trans_id="A-1001", acquirement_id="ACQ-1", amount=Money.parse("10.00 HKD")),
    ),
    (
        QUERY,
        yes(merchantTransId="A-1001", payStatus="TRADE_CLOSED"),
        Closed(merchant_trans_id="A-1001", acquirement_id=None, amount=None),
    ),
    (QUERY, NOT_THERE, NotFound(about="order A-1001")),
    (
        CANCEL,
        yes(acquirementId="ACQ-1", merchantTransId="A-1001", cancelTime=DAY),
        Cancelled(merchant_trans_id="A-1001", acquirement_id="ACQ-1", cancelled_at_ms=DAY_MS),
    ),
    (
        CANCEL,
        yes(),
        Cancelled(merchant_trans_id="A-1001", acquirement_id=None, cancelled_at_ms=None),
    ),
    (
        REFUND,
        REFUNDED,
        Refunded(
            refund_id="R-1",
            acquirement_id="ACQ-1",
            amount=Money.parse("4.00 HKD"),
            refunded_at_ms=DAY_MS,
        ),
    ),
    (
        DEBIT,
        yes(**FOUND, paymentTime=DAY),
        Paid(
            merchant_trans_id="A-1001",
            acquirement_id="ACQ-1",
            amount=Money.parse("10.00 HKD"),
            paid_at_ms=DAY_MS,
        ),
    ),
    (
        CASHIER,
        yes(merchantTransId="A-1001", cashierUrl="https://pay.example/cashier/x"),
        CashierPage(
            url="https://pay.example/cashier/x",
            merchant_trans_id="A-1001",
            acquirement_id=None,
        ),
    ),
    (
        PREPARE,
        yes(authSiteUrl="https://pay.example/agree/x"),
        AgreementPage(url="https://pay.example/agree/x", agreement_id="G-1"),
    ),
    (
        PREPARE,
        yes(authSiteURL="https://pay.example/agree/y"),
        AgreementPage(url="https://pay.example/agree/y", agreement_id="G-1"),
    ),
    *(
        (
            call,
            TOKENS,
            AccessToken(
                access_token=Secret("access-1"),
                expires_at_ms=DAY_MS,
                refresh_token=Secret("refresh-1"),
                refresh_expires_at_ms=DAY_MS,
                status="ACTIVE",
                agreement_id="G-1",
            ),
        )
        for call in (APPLY, REFRESH)
    ),
    (
        AGREEMENT,
        yes(accessTokenInfo={"expiresIn": DAY, "tokenStatus": "CANCELED"}),
        Agreement(
            agreement_id="G-1",
            status="CANCELED",
            expires_at_ms=DAY_MS,
            refresh_expires_at_ms=None,
        ),
    ),
    (AGREEMENT, says(Result.TARGET_NOT_FOUND), NotFound(about="agreement G-1")),
    (END, yes(), AgreementCancelled(agreement_id="G-1")),
]


@pytest.mark.parametrize(("call", "answer", "expected"), SUCCESSES, ids=name_of)
def test_an_answer_becomes_a_value(
    colour: Colour, call: Call, answer: Answer, expected: object
) -> None:
    outcome, script = made(colour, call, answer)

    assert outcome == expected
    assert not script.pauses


BODIES: list[tuple[Call, str, dict[str, Any]]] = [
    (QUERY, "payQuery", {"merchantId": MERCHANT_ID, "merchantTransId": "A-1001"}),
    (
        ("query", (), {"acquirement_id": "ACQ-1"}),
        "payQuery",
        {"merchantId": MERCHANT_ID, "acquirementId": "ACQ-1"},
    ),
    (
        ("cancel", (), {"acquirement_id": "ACQ-1"}),
        "payCancel",
        {"merchantId": MERCHANT_ID, "acquirementId": "ACQ-1"},
    ),
    (
        ("refund", (), {**REFUND[2], "amount": Money.parse("4.00 HKD"), "reason": "too small"}),
        "refund",
        {
            "merchantId": MERCHANT_ID,
            "acquirementId": "ACQ-1",
            "merchantRefundId": "R-1",
            "refundAmount": HKD_4,
            "refundReason": "too small",
        },
    ),
    (
        PREPARE,
        "prepareForRedirect",
        {
            "authMerchantId": MERCHANT_ID,
            "authSite": "ALIPAY_HK",
            "scopes": ["AUTH_AGREEMENTPAY"],
            "terminalType": "WAP",
            "merchantRedirectUrl": "https://shop.example/agreed",
            "agreementPayAuthInfo": {"merchantAgreementId": "G-1"},
            "state": "S-1",
        },
    ),
    (
        APPLY,
        "applyToken",
        {
            "grantType": "AUTHORIZATION_CODE",
            "authMerchantId": MERCHANT_ID,
            "authSite": "ALIPAY_HK",
            "authCode": "code-1",
        },
    ),
    (
        REFRESH,
        "applyToken",
        {
            "grantType": "REFRESH_TOKEN",
            "authMerchantId": MERCHANT_ID,
            "authSite": "ALIPAY_HK",
            "refreshToken": "refresh-1",
        },
    ),
    (
        AGREEMENT,
        "queryByAuthInfo",
        {"authMerchantId": MERCHANT_ID, "merchantAgreementId": "G-1"},
    ),
    (END, "cancelByAuthInfo", {"authMerchantId": MERCHANT_ID, "merchantAgreementId": "G-1"}),
]


@pytest.mark.parametrize(("call", "function", "body"), BODIES, ids=name_of)
def test_a_call_asks_its_function_at_its_path(
    colour: Colour, call: Call, function: str, body: dict[str, Any]
) -> None:
    _, script = made(colour, call, says(Result.PROCESS_FAIL), repeating=ONCE)

    assert script.asked == [function]
    assert script.requests[0]["body"] == body
    assert script.paths[0].endswith(f"/{function}.htm")
    assert script.paths[0].startswith("/api/alipay/intl/")


@pytest.mark.parametrize("call", CHANGES, ids=name_of)
def test_a_signed_no_is_a_value(colour: Colour, call: Call) -> None:
    outcome, script = made(colour, call, says(Result.ACCESS_DENIED))

    assert isinstance(outcome, Refusal)
    assert (outcome.code, outcome.result) == ("ACCESS_DENIED", Result.ACCESS_DENIED)
    assert outcome.about
    assert len(script.requests) == 1


@pytest.mark.parametrize("call", [QUERY, AGREEMENT], ids=name_of)
def test_a_refused_query_says_nothing_of_what_it_asked_for(colour: Colour, call: Call) -> None:
    outcome, script = made(colour, call, *[says(Result.ACCESS_DENIED)] * 2)

    assert isinstance(outcome, Unknown)
    assert (outcome.cause, outcome.result_code) == (Cause.QUERY_REFUSED, "ACCESS_DENIED")
    again = colour.wait(outcome, timeout=60, every=1)
    assert isinstance(again, Unknown)
    assert not script.pauses


@pytest.mark.parametrize(
    "answer",
    [
        NO_ANSWER,
        says(Result.PAYMENT_IN_PROCESS),
        unsigned(Result.INVALID_CLIENT),
        unsigned(Result.PROCESS_FAIL),
        lost(Cause.TOO_LARGE),
    ],
)
@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_what_is_not_known_is_a_value_and_never_a_no(
    colour: Colour, call: Call, answer: Answer
) -> None:
    outcome, script = made(colour, call, answer)

    assert isinstance(outcome, Unknown)
    assert outcome.may_be_done
    assert outcome.sentence.startswith(outcome.cause.sentence)
    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (QUERY, {"payStatus": "TRADE_SUCCESS"}),
        (QUERY, FOUND),
        (QUERY, {**FOUND, "payStatus": "SOMETHING_NEW"}),
        (DEBIT, {}),
        (PREPARE, {}),
        (APPLY, {}),
        (AGREEMENT, {}),
    ],
    ids=name_of,
)
def test_a_yes_that_does_not_say_to_what_is_not_known(
    colour: Colour, call: Call, body: dict[str, Any]
) -> None:
    outcome, _ = made(colour, call, yes(**body))

    assert isinstance(outcome, Unknown)
    assert outcome.cause is Cause.ILL_FORMED


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_without_base_url_a_call_says_what_is_missing(colour: Colour, call: Call) -> None:
    name, args, named = call
    alone = colour.offline()

    with pytest.raises(NotConnected, match="base_url"):
        alone.call(name, *args, **named)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (("query", (), {}), ValueError),
        (("query", ("A-1",), {"acquirement_id": "ACQ-1"}), ValueError),
        (("query", ("A" * 65,), {}), Refused),
        (("cancel", (), {}), ValueError),
        (("refund", (), {"refund_id": "R-1", "amount": "4.00 HKD"}), ValueError),
        (("refund", (), {**REFUND[2], "amount": "0.00 HKD"}), ValueError),
        (("refund", (), {**REFUND[2], "amount": "4 apples"}), ValueError),
        (("refund", (), {**REFUND[2], "refund_id": ""}), Refused),
        (("debit", (ORDER,), {"access_token": ""}), ValueError),
        (("debit", (ORDER,), {"access_token": "t" * 65}), Refused),
        (("prepare_agreement", (), {**PREPARE[2], "agreement_id": "G" * 33}), Refused),
        (("prepare_agreement", (), {**PREPARE[2], "terminal": "FAX"}), Refused),
        (("prepare_agreement", (), {**PREPARE[2], "state": ""}), Refused),
    ],
    ids=name_of,
)
def test_what_cannot_be_asked_is_an_error_and_nothing_is_sent(
    colour: Colour, call: Call, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        made(colour, call)

    assert "tttt" not in str(caught.value)
