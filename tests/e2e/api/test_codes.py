"""Every result code that the gateway can give: the request that earns it, and which comes first.

Each fault of `codes_plans` alone earns its code; each two that one request can have together earn
the first of them in the order in which they are declared. What must hold: the codes earned here are
exactly those that the reference declares for the gateway's functions, no more and no fewer.
"""

from collections.abc import Iterator
from itertools import combinations, pairwise
from typing import Final

import pytest

from tests.e2e.api.codes_common import COMMON
from tests.e2e.api.codes_plans import PLANS
from tests.e2e.api.codes_stage import CANCEL, Stage, by
from tillgate.gateway.reference.codes import BEFORE_AN_ANSWER, codes_of, in_order
from tillgate.kernel.results import Check, Result
from tillgate.protocol.function import Direction, Function
from tillgate.protocol.functions import ALL_FUNCTIONS, FUNCTIONS

OF_PEOPLE_AND_OPERATORS: Final = {
    "PROCESS_FAIL": "only an operator's command gives it, who would open another's database",
}
"""Codes of the table that no function gives, and why."""
AT_A_DOOR: Final = {
    "USER_NOT_EXIST": "a token is of a payer who was there, and payers are never taken away",
    "SYSTEM_ERROR": "it is no fault of a request",
    "SUCCESS": "it is no fault at all",
}
"""Codes that no fault of a request earns; each has a test of its own."""
APART: Final = {
    ("REQUEST_TRAFFIC_EXCEED_LIMIT", "MSG_PARSE_ERROR"): (
        "how much a client asks is counted where the work is done, once it is known who asks"
    ),
    ("INVALID_CLIENT", "KEY_NOT_FOUND"): "a client that is not known has no keys to be over",
    ("INVALID_ACCESS_TOKEN", "EXPIRED_ACCESS_TOKEN"): (
        "a token that is over was issued; one that is invalid was not"
    ),
    ("EXPIRED_ACCESS_TOKEN", "MERCHANT_NOT_REGISTERED"): (
        "a token that was issued is of a merchant that is registered"
    ),
    ("MERCHANT_NOT_REGISTERED", "MERCHANT_STATUS_ABNORMAL"): (
        "only a merchant that is registered can be suspended"
    ),
    ("ORDER_IS_CLOSED", "ORDER_STATUS_INVALID"): "an order has one state",
    ("ORDER_STATUS_INVALID", "PAYMENT_IN_PROCESS"): "an order has one state",
    ("USER_BALANCE_NOT_ENOUGH", "UNAVAILABLE_PAYMENT_METHOD"): (
        "a payer's money is with the built-in wallet or with an outside issuer"
    ),
}
"""Neighbours that one function can give and one request cannot earn, and why."""
ORDER: Final = [result.name for result in in_order(frozenset(Result))]
SERVED: Final = [each for each in ALL_FUNCTIONS if each.direction is Direction.TO_GATEWAY]
DECLARED: Final = {result.name for each in SERVED for result in codes_of(each)}
TRAFFIC: Final = "REQUEST_TRAFFIC_EXCEED_LIMIT"
PATH: Final = "/api/alipay/intl/acquiring/common/payQuery.htm"
EARNED: Final = {code for plan in PLANS.values() for code in plan.faults}


async def told(name: str, *codes: str) -> str:
    """Lay these faults upon a plan, send its request, and return the code that comes."""
    plan = PLANS[name]
    # What is judged last is laid on first, so that what broke early cannot hinder it.
    faults = [plan.faults[code] for code in sorted(codes, key=ORDER.index, reverse=True)]
    stage = Stage()
    await stage.open()
    try:
        stage.function = plan.function
        for fault in faults:
            await fault.first(stage)
        await plan.begins(stage)
        for moment in ("happened", "time", "then"):
            for fault in faults:
                await getattr(fault, moment)(stage)
        return await stage.send()
    finally:
        await stage.gateway.engine.stop()


def pairs(name: str) -> Iterator[tuple[str, str]]:
    """Return each two faults of a plan that touch nothing in common, the first one first."""
    faults = PLANS[name].faults
    for first, second in combinations(sorted(faults, key=ORDER.index), 2):
        is_counted_late = TRAFFIC in {first, second} and first != "REQUEST_TOO_LARGE"
        if not is_counted_late and not faults[first].touches & faults[second].touches:
            yield first, second


@pytest.mark.parametrize("name", PLANS)
async def test_a_request_without_a_fault_succeeds(name: str) -> None:
    assert await told(name) == "SUCCESS"


@pytest.mark.parametrize(
    ("name", "code"), [(name, code) for name, plan in PLANS.items() for code in plan.faults]
)
async def test_a_fault_earns_its_code(name: str, code: str) -> None:
    assert await told(name, code) == code


@pytest.mark.parametrize("name", PLANS)
async def test_of_two_faults_the_first_in_the_declared_order_is_told(name: str) -> None:
    wrong = [
        f"{first} and {second}: told {code}"
        for first, second in pairs(name)
        if (code := await told(name, first, second)) != first
    ]

    assert not wrong, "\n" + "\n".join(wrong)


NEIGHBOURS: Final = list(pairwise(code for code in ORDER if code in EARNED))


@pytest.mark.parametrize(("first", "second"), NEIGHBOURS)
def test_neighbours_meet_in_a_request_or_it_is_said_why_not(first: str, second: str) -> None:
    """Those that meet are held above, with all others; the rest is of two functions, or is said."""
    meet = any((first, second) in pairs(name) for name in PLANS)
    of_one = [each.name for each in SERVED if {first, second} <= codes_named(each)]
    why = APART.get((first, second), "")

    assert meet or not of_one or why, f"{of_one} can give both"
    assert not (meet and why), "they meet, and it is said that they cannot"


@pytest.mark.parametrize(("first", "second"), APART)
def test_what_is_said_to_be_apart_is_a_pair_of_neighbours(first: str, second: str) -> None:
    assert (first, second) in NEIGHBOURS


@pytest.mark.parametrize("other", [each for each in COMMON if each != "REQUEST_TOO_LARGE"])
async def test_too_much_is_counted_when_it_is_known_who_asks(other: str) -> None:
    """The one code that is told after all others: where the work is done."""
    assert await told("cancel", TRAFFIC, other) == other


def test_the_codes_earned_are_those_the_reference_declares() -> None:
    assert EARNED | set(AT_A_DOOR) == DECLARED
    assert DECLARED | set(OF_PEOPLE_AND_OPERATORS) == {result.name for result in Result}
    assert not EARNED & set(AT_A_DOOR)
    assert all(Result[code].check is Check.NONE for code in AT_A_DOOR.keys() - {"USER_NOT_EXIST"})


@pytest.mark.parametrize("name", PLANS)
def test_a_functions_faults_are_among_the_codes_declared_for_it(name: str) -> None:
    function = FUNCTIONS[f"alipay.intl.{PLANS[name].function}"]

    assert set(PLANS[name].faults) <= codes_named(function)


def test_every_function_that_is_served_has_a_plan() -> None:
    assert {f"alipay.intl.{plan.function}" for plan in PLANS.values()} == {
        each.name for each in SERVED
    }


# What is no fault of a request


async def test_what_is_no_envelope_is_told_by_an_http_status() -> None:
    stage = Stage()
    await stage.open()
    long = await stage.gateway.ask("POST", PATH, b" " * 70_000)
    cut = await stage.gateway.ask("POST", PATH, b"{")
    await stage.gateway.engine.stop()

    said = [(reply.status, reply.json()["memo"].partition(":")[0]) for reply in (long, cut)]
    assert said == [(413, "REQUEST_TOO_LARGE"), (400, "MSG_PARSE_ERROR")]
    assert {result.name for result in BEFORE_AN_ANSWER} == {name for _, name in said}


async def test_a_payer_that_does_not_exist_is_told_at_the_wallets_door() -> None:
    stage = Stage()
    await stage.open()
    reply = await stage.gateway.ask("POST", "/wallet/session", {"payer": "none", "pin": "123456"})
    await stage.gateway.engine.stop()

    assert reply.json()["memo"].partition(":")[0] == "USER_NOT_EXIST"


async def test_a_gateway_that_cannot_decide_says_that_the_result_is_not_known() -> None:
    stage = Stage()
    await stage.open()
    await stage.gateway.engine.stop()

    answer = await stage.does(CANCEL, by(merchantTransId="T-1"))

    assert answer["resultInfo"]["resultCode"] == "SYSTEM_ERROR"
    assert answer["resultInfo"]["resultStatus"] == "U"


def codes_named(function: Function) -> set[str]:
    """Return the names of the codes that are declared for a function."""
    return {result.name for result in codes_of(function)}
