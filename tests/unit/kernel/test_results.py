"""The one table of result codes: closed, with an id each, and judged in one order."""

import re

import pytest

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Actor, CallbackCode, Check, Result, Status


def test_every_id_is_given_once() -> None:
    ids = [result.id for result in Result]

    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[0-9]{8}", each) for each in ids)


@pytest.mark.parametrize(
    ("result", "id_", "status"),
    [
        # PROTOCOL 5.3 and 5.6: the ids that are public, for this family or a sibling.
        (Result.SUCCESS, "00000000", Status.SUCCESS),
        (Result.PARAM_MISSING, "00000002", Status.FAILURE),
        (Result.PARAM_ILLEGAL, "00000004", Status.FAILURE),
        (Result.INVALID_SIGNATURE, "00000007", Status.FAILURE),
        (Result.NO_INTERFACE_DEF, "00000013", Status.FAILURE),
        (Result.API_IS_INVALID, "00000014", Status.FAILURE),
        (Result.MSG_PARSE_ERROR, "00000015", Status.FAILURE),
        (Result.FUNCTION_NOT_MATCH, "00000017", Status.FAILURE),
        (Result.PROCESS_FAIL, "00000019", Status.FAILURE),
        (Result.SYSTEM_ERROR, "00000900", Status.UNKNOWN),
        (Result.REPEAT_REQ_INCONSISTENT, "12005112", Status.FAILURE),
        (Result.ORDER_IS_CLOSED, "12005100", Status.FAILURE),
        (Result.PAYMENT_IN_PROCESS, "12005215", Status.UNKNOWN),
        (Result.USER_BALANCE_NOT_ENOUGH, "12005115", Status.FAILURE),
    ],
)
def test_public_codes_keep_their_id_and_status(result: Result, id_: str, status: Status) -> None:
    assert (result.id, result.status) == (id_, status)


def test_checks_run_in_the_order_of_the_decision() -> None:
    named = (
        "size, parse, envelope, client, signature, function, required, format, freshness, replay, "
        "rights, merchant, contract, existence, content, state, limits, risk, funds"
    )

    assert [check.name.lower() for check in sorted(Check)][:-1] == named.split(", ")


def test_the_table_stands_in_the_order_of_its_checks() -> None:
    checks = [result.check for result in Result if result.check is not Check.NONE]

    assert checks == sorted(checks)


def test_every_code_has_a_sentence_that_fits_the_wire() -> None:
    assert all(0 < len(each.sentence) <= 256 and each.sentence.endswith(".") for each in Result)


def test_an_unknown_result_is_for_the_machine_to_ask_again() -> None:
    for result in Result:
        if result.status is Status.UNKNOWN:
            assert result.actor is Actor.MACHINE
            assert result.repeatable


@pytest.mark.parametrize("code", ["9000", "8000", "4000", "5000", "6001", "6002", "6005", "7001"])
def test_each_callback_code_of_the_seed_is_known(code: str) -> None:
    assert CallbackCode.of(code).code == code
    assert CallbackCode.of(code).sentence.endswith(".")


def test_two_codes_are_only_read_and_others_are_none() -> None:
    assert CallbackCode.of("6004") is CallbackCode.NETWORK_UNKNOWN
    assert CallbackCode.of("99") is CallbackCode.LEFT
    with pytest.raises(ValueError, match="not a callback code"):
        CallbackCode.of("9001")


def test_a_refusal_says_the_codes_own_sentence_unless_it_has_a_better_one() -> None:
    assert Refused(Result.RISK_REJECT).sentence == Result.RISK_REJECT.sentence
    better = Refused(Result.PARAM_ILLEGAL, "mcc must be 4 ASCII digits.", path="body.order.mcc")
    assert better.message == "body.order.mcc: mcc must be 4 ASCII digits."
    assert str(better) == "PARAM_ILLEGAL: mcc must be 4 ASCII digits."
