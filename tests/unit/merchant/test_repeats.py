"""What is asked again, when, and what a later answer means for an earlier try, in both colours."""

from typing import Any

import pytest

from tests.support.calls import (
    APPLY,
    CANCEL,
    CASHIER,
    CLOSED,
    DEBIT,
    END,
    NO_ANSWER,
    NOT_THERE,
    PAID,
    QUERY,
    REFUND,
    REFUNDED,
    TOKENS,
    WAITING,
    Call,
    made,
    name_of,
)
from tests.support.small_gateway import (
    Answer,
    Colour,
    lost,
    says,
    yes,
)
from tillgate import (
    AccessToken,
    AgreementCancelled,
    Cancelled,
    CashierPage,
    Cause,
    Closed,
    NotFound,
    Paid,
    Refunded,
    Refusal,
    Repeating,
    Unknown,
    Waiting,
)
from tillgate.kernel.results import Result


@pytest.mark.parametrize(
    "passing",
    [
        says(Result.REQUEST_TRAFFIC_EXCEED_LIMIT),
        lost(Cause.UNREACHABLE),
        lost(Cause.TORN),
        lost(Cause.HTTP_BUSY),
        says(Result.SYSTEM_ERROR),
    ],
)
def test_what_may_pass_is_sent_again_as_a_new_request_with_the_same_business_id(
    colour: Colour, passing: Answer
) -> None:
    outcome, script = made(colour, REFUND, passing, passing, REFUNDED)

    heads = [request["head"] for request in script.requests]
    assert isinstance(outcome, Refunded)
    assert len({head["reqMsgId"] for head in heads}) == 3
    assert len({request["body"]["merchantRefundId"] for request in script.requests}) == 1
    assert script.pauses == [0.25, 0.5]


def test_pauses_grow_to_their_limit_and_are_spread(colour: Colour) -> None:
    often = Repeating(tries_max=6, pause_s=1.0, pause_s_max=4.0)
    outcome, script = made(
        colour, QUERY, *[lost(Cause.UNREACHABLE)] * 6, repeating=often, fraction=lambda: 0.5
    )

    assert isinstance(outcome, Unknown)
    assert script.pauses == [0.75, 1.5, 3.0, 3.0, 3.0]
    assert len({request["head"]["reqTime"] for request in script.requests}) > 1


def test_what_was_certainly_not_done_is_told_so(colour: Colour) -> None:
    outcome, _ = made(colour, REFUND, *[lost(Cause.UNREACHABLE)] * 3)

    assert isinstance(outcome, Unknown)
    assert not outcome.may_be_done


def test_a_last_try_that_did_nothing_does_not_undo_one_that_may_have(colour: Colour) -> None:
    outcome, _ = made(
        colour, REFUND, lost(Cause.TORN), lost(Cause.UNREACHABLE), lost(Cause.UNREACHABLE)
    )

    assert isinstance(outcome, Unknown)
    assert (outcome.cause, outcome.may_be_done) == (Cause.TORN, True)


def test_too_much_traffic_may_have_been_made_with_copies_of_what_was_done(colour: Colour) -> None:
    busy = says(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
    outcome, _ = made(colour, REFUND, *[busy] * 3)

    assert isinstance(outcome, Unknown)
    assert (outcome.cause, outcome.may_be_done) == (Cause.BUSY, True)


BEFORE_THE_LOOK = [
    Result.PARAM_ILLEGAL,
    Result.ACCESS_DENIED,
    Result.MERCHANT_STATUS_ABNORMAL,
]
AFTER_THE_LOOK = [
    Result.ORDER_NOT_EXIST,
    Result.REPEAT_REQ_INCONSISTENT,
    Result.AMOUNT_EXCEEDS_LIMIT,
    Result.MERCHANT_ACCOUNT_BALANCE_NOT_ENOUGH,
]


@pytest.mark.parametrize("result", BEFORE_THE_LOOK)
def test_a_repeat_that_is_refused_before_the_look_leaves_the_first_try_open(
    colour: Colour, result: Result
) -> None:
    outcome, script = made(colour, REFUND, lost(Cause.TORN), says(result), says(result))

    assert isinstance(outcome, Unknown)
    assert (outcome.cause, outcome.result_code) == (Cause.REPEAT_REFUSED, result.name)
    again = colour.wait(outcome, timeout=60, every=1)
    assert isinstance(again, Unknown)
    assert len(script.requests) == 3


@pytest.mark.parametrize("result", AFTER_THE_LOOK)
def test_a_repeat_that_is_refused_after_the_look_is_a_no(colour: Colour, result: Result) -> None:
    outcome, _ = made(colour, REFUND, lost(Cause.TORN), says(result))

    assert isinstance(outcome, Refusal)


@pytest.mark.parametrize("result", BEFORE_THE_LOOK)
def test_a_refusal_counts_when_nothing_can_have_been_done_before(
    colour: Colour, result: Result
) -> None:
    outcome, _ = made(colour, REFUND, lost(Cause.UNREACHABLE), says(result))

    assert isinstance(outcome, Refusal)


@pytest.mark.parametrize(
    ("call", "answer", "kind"),
    [
        (REFUND, REFUNDED, Refunded),
        (CANCEL, yes(), Cancelled),
        (APPLY, TOKENS, AccessToken),
        (END, yes(), AgreementCancelled),
    ],
    ids=name_of,
)
def test_waiting_repeats_the_same_thing_until_it_is_known(
    colour: Colour, call: Call, answer: Answer, kind: type
) -> None:
    process = says(Result.REFUND_IN_PROCESS)
    outcome, script = made(colour, call, NO_ANSWER, process, NO_ANSWER, answer)

    assert isinstance(colour.wait(outcome, timeout=60, every=5), kind)
    assert script.pauses == [5, 5]
    assert len({str(request["body"]) for request in script.requests}) == 1
    assert len({request["head"]["reqMsgId"] for request in script.requests}) == 4


def test_waiting_ends_with_its_time(colour: Colour) -> None:
    outcome, script = made(colour, REFUND, *[NO_ANSWER] * 4)

    later = colour.wait(outcome, timeout=10, every=4)

    assert isinstance(later, Unknown)
    assert (script.pauses, script.left) == ([4, 4], 0)


def test_an_unknown_may_be_waited_for_again(colour: Colour) -> None:
    outcome, script = made(colour, REFUND, NO_ANSWER, NO_ANSWER, REFUNDED)

    later = colour.wait(outcome, timeout=0, every=3)

    assert isinstance(later, Unknown)
    assert isinstance(colour.wait(later, timeout=0, every=3), Refunded)
    assert not script.pauses


def test_waiting_for_a_debit_queries_the_order_and_debits_nothing(colour: Colour) -> None:
    outcome, script = made(colour, DEBIT, NO_ANSWER, WAITING, PAID)

    assert isinstance(colour.wait(outcome, timeout=60, every=3), Paid)
    assert script.asked == ["pay", "payQuery", "payQuery"]
    assert "accessToken" not in script.requests[1]["head"]


def test_an_order_that_is_not_there_is_looked_for_twice_more(colour: Colour) -> None:
    outcome, script = made(colour, DEBIT, NO_ANSWER, *[NOT_THERE] * 3, fraction=lambda: 1.0)

    assert isinstance(colour.wait(outcome, timeout=60, every=1), NotFound)
    assert script.pauses == [7.0, 7.0]


def test_a_query_by_itself_asks_once_for_what_is_not_there(colour: Colour) -> None:
    outcome, script = made(colour, QUERY, NOT_THERE)

    assert isinstance(outcome, NotFound)
    assert (len(script.requests), script.left) == (1, 0)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [((WAITING, NO_ANSWER, PAID), Paid), ((WAITING, CLOSED), Closed)],
)
def test_an_order_that_waits_can_be_waited_for(
    colour: Colour, answers: tuple[Answer, ...], kind: type
) -> None:
    outcome, script = made(colour, QUERY, WAITING, *answers)

    assert isinstance(outcome, Waiting)
    assert isinstance(colour.wait(outcome, timeout=200, every=10), kind)
    assert script.left == 0


def test_waiting_for_a_payment_that_nobody_makes_ends_waiting(colour: Colour) -> None:
    outcome, _ = made(colour, QUERY, *[WAITING] * 3)

    assert isinstance(colour.wait(outcome, timeout=5, every=4), Waiting)


@pytest.mark.parametrize(
    "wrong",
    [
        {"tries_max": 0},
        {"pause_s": 0.0},
        {"pause_s": 6.0},
    ],
)
def test_repeating_without_end_or_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="repeating"):
        Repeating(**wrong)


BY_ORDER: Call = (
    "refund",
    (),
    {"refund_id": "R-1", "amount": "4.00 HKD", "merchant_trans_id": "A-1001"},
)


def test_a_refund_by_order_number_queries_first(colour: Colour) -> None:
    outcome, script = made(colour, BY_ORDER, PAID, REFUNDED)

    assert isinstance(outcome, Refunded)
    assert script.asked == ["payQuery", "refund"]
    assert script.requests[1]["body"]["acquirementId"] == "ACQ-1"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (NOT_THERE, "ORDER_NOT_EXIST"),
        (yes(merchantTransId="A-1001", payStatus="TRADE_CLOSED"), "ORDER_IS_CLOSED"),
    ],
)
def test_what_was_never_there_is_not_refunded(colour: Colour, answer: Answer, code: str) -> None:
    outcome, script = made(colour, BY_ORDER, answer)

    assert isinstance(outcome, Refusal)
    assert outcome.code == code
    assert script.asked == ["payQuery"]


def test_a_refund_whose_query_is_unknown_has_done_nothing_and_can_be_waited_for(
    colour: Colour,
) -> None:
    outcome, script = made(colour, BY_ORDER, NO_ANSWER, PAID, NO_ANSWER, PAID, REFUNDED)

    assert isinstance(outcome, Unknown)
    assert (outcome.may_be_done, outcome.about) == (False, "refund R-1")
    assert isinstance(colour.wait(outcome, timeout=60, every=1), Refunded)
    assert script.asked == ["payQuery", "payQuery", "refund", "payQuery", "refund"]


def test_an_order_that_is_paid_has_no_cashier_any_more(colour: Colour) -> None:
    outcome, script = made(colour, CASHIER, yes(merchantTransId="A-1001"), PAID)

    assert isinstance(outcome, Paid)
    assert script.asked == ["pay", "payQuery"]


def test_a_cashier_without_a_page_for_an_order_that_is_not_paid_is_not_known(
    colour: Colour,
) -> None:
    outcome, script = made(colour, CASHIER, yes(), WAITING, yes(cashierUrl="https://pay.example/"))

    assert isinstance(outcome, Unknown)
    assert outcome.cause is Cause.ILL_FORMED
    assert isinstance(colour.wait(outcome), CashierPage)
    assert script.left == 0


def test_a_refund_that_was_sent_is_not_refused_because_its_order_is_not_found_later(
    colour: Colour,
) -> None:
    outcome, script = made(colour, BY_ORDER, NO_ANSWER, PAID, NO_ANSWER, NOT_THERE)

    later = colour.wait(outcome, timeout=60, every=1)

    assert isinstance(later, Unknown)
    assert (later.cause, later.may_be_done) == (Cause.REPEAT_REFUSED, True)
    assert script.left == 0


@pytest.mark.parametrize(
    "given",
    [
        {"timeout": -1},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"every": 0},
        {"every": float("nan")},
    ],
)
@pytest.mark.parametrize("answer", [NO_ANSWER, WAITING])
def test_waiting_neither_hammers_nor_lasts_for_ever(
    colour: Colour, answer: Answer, given: dict[str, float]
) -> None:
    outcome, _ = made(colour, QUERY, answer)

    with pytest.raises(ValueError, match="timeout"):
        colour.wait(outcome, **given)
