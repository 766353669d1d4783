"""Refusals that prove nothing of our request, and those that end it, in both colours.

A gateway signs a refusal for a function, a client and a reqMsgId, not for the bytes it refused. So
somebody on the way can let a refund pass, post a copy, and bring the copy's refusal back. What must
hold: what a copy can be refused for is never a no to something that changes anything.
"""

import pytest

from tests.support.calls import (
    AGREEMENT,
    CHANGES,
    DEBIT,
    NO_ANSWER,
    PAID,
    QUERY,
    REFUND,
    REFUNDED,
    Call,
    made,
    name_of,
)
from tests.support.small_gateway import Colour, lost, says
from tillgate import Cause, Paid, Refunded, Refusal, Unknown
from tillgate.kernel.results import Actor, Check, Result, Status

UNREAD = [
    Result.KEY_NOT_FOUND,
    Result.INVALID_SIGNATURE,
    Result.NO_INTERFACE_DEF,
    Result.FUNCTION_NOT_MATCH,
    Result.REQUEST_EXPIRED,
    Result.REPEATED_REQ_MSG_ID,
]
ISSUERS = [
    result for result in Result if result.actor is Actor.PAYER and result.status is Status.FAILURE
]
"""With these an outside issuer may decline."""


@pytest.mark.parametrize("result", UNREAD)
@pytest.mark.parametrize("call", CHANGES, ids=name_of)
def test_what_a_copy_can_be_refused_for_is_no_no(
    colour: Colour, call: Call, result: Result
) -> None:
    outcome, script = made(colour, call, says(result))

    assert isinstance(outcome, Unknown)
    assert (outcome.cause, outcome.result_code) == (Cause.REFUSED_UNREAD, result.name)
    assert outcome.may_be_done
    assert len(script.requests) == 1


def test_the_sentence_names_the_code_and_the_likely_causes(colour: Colour) -> None:
    outcome, _ = made(colour, REFUND, says(Result.INVALID_SIGNATURE))

    for said in ("INVALID_SIGNATURE", "private key", "base_url", "clock", "no proof"):
        assert said in outcome.sentence


@pytest.mark.parametrize("result", UNREAD)
def test_it_is_none_either_when_it_answers_a_repeat(colour: Colour, result: Result) -> None:
    outcome, _ = made(colour, REFUND, lost(Cause.TORN), says(result))

    assert isinstance(outcome, Unknown)
    assert (outcome.cause, outcome.result_code) == (Cause.REFUSED_UNREAD, result.name)


def test_waiting_finds_out_and_stops_where_somebody_must_mend_something(colour: Colour) -> None:
    refused = says(Result.INVALID_SIGNATURE)
    outcome, script = made(colour, REFUND, refused, refused, says(Result.ACCESS_DENIED), REFUNDED)

    still = colour.wait(outcome, timeout=60, every=1)
    assert (still.cause, script.pauses) == (Cause.REFUSED_UNREAD, [])
    repeat = colour.wait(still, timeout=60, every=1)
    assert (repeat.cause, repeat.result_code) == (Cause.REPEAT_REFUSED, "ACCESS_DENIED")
    assert isinstance(colour.wait(repeat, timeout=60, every=1), Refunded)


def test_a_debit_refused_unread_is_looked_for_and_not_made_again(colour: Colour) -> None:
    outcome, script = made(colour, DEBIT, says(Result.FUNCTION_NOT_MATCH), PAID)

    assert isinstance(colour.wait(outcome, timeout=60, every=1), Paid)
    assert script.asked == ["pay", "payQuery"]


@pytest.mark.parametrize("call", [QUERY, AGREEMENT], ids=name_of)
def test_a_query_refused_unread_is_a_query_refused(colour: Colour, call: Call) -> None:
    outcome, _ = made(colour, call, says(Result.INVALID_SIGNATURE))

    assert isinstance(outcome, Unknown)
    assert outcome.cause is Cause.QUERY_REFUSED


@pytest.mark.parametrize("result", [Result.PARAM_MISSING, Result.PARAM_ILLEGAL])
def test_a_fault_of_what_was_signed_is_a_no(colour: Colour, result: Result) -> None:
    outcome, _ = made(colour, REFUND, says(result))

    assert isinstance(outcome, Refusal)


@pytest.mark.parametrize("result", ISSUERS)
def test_an_issuers_no_to_a_refund_whose_answer_was_lost_ends_the_wait(
    colour: Colour, result: Result
) -> None:
    outcome, script = made(colour, REFUND, NO_ANSWER, says(Result.REFUND_IN_PROCESS), says(result))

    ended = colour.wait(outcome, timeout=60, every=1)

    assert result.check >= Check.EXISTENCE
    assert isinstance(ended, Refusal)
    assert (ended.code, script.left) == (result.name, 0)
