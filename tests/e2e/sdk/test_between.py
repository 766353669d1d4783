"""Somebody between the SDK and a running gateway, who may hold back, change and copy what passes.

He lets a request pass, posts a copy of it that the gateway refuses, and brings that refusal back:
signed by the gateway, for this client, function and reqMsgId. What must hold: nobody is told that
nothing was done, and asking again finds out what was.
"""

from collections.abc import Callable
from typing import TypeAlias

import httpx2
import pytest

from tests.e2e.sdk.selling import a_number, agreed, connected, paid
from tests.support.doors import ANSWER_S_MAX, Browser
from tests.support.gateway import Gateway, order
from tests.support.small_gateway import ONCE, Colour
from tests.support.sockets import Behaviour, Visit, serving
from tillgate import Cause, Money, Paid, Refunded, Unknown

HKD_4 = Money.parse("4.00 HKD")
Copy: TypeAlias = Callable[[str, bytes], tuple[str, bytes]]
"""Makes another path and other bytes of a request's."""

ELSEWHERE = "/api/alipay/intl/acquiring/common/payCancel.htm"
COPIES: dict[str, Copy] = {
    "INVALID_SIGNATURE": lambda path, raw: (path, raw.replace(b'"body":{', b'"body": {')),
    "FUNCTION_NOT_MATCH": lambda _, raw: (ELSEWHERE, raw),
    "NO_INTERFACE_DEF": lambda path, raw: (path.replace(".htm", "s.htm"), raw),
    "REPEATED_REQ_MSG_ID": lambda path, raw: (path, raw + b" "),
}


def copying(gateway: Gateway, copy: Copy, *, times: int = 1) -> Behaviour:
    """Return what passes requests on, and answers so many of them with what a copy is told."""
    answered = 0

    def behave(visit: Visit) -> None:
        nonlocal answered
        path = visit.raw.split(b" ", 2)[1].decode()
        raw = visit.raw.partition(b"\r\n\r\n")[2]
        answer = _posted(gateway, path, raw)
        answered += 1
        visit.answer(_posted(gateway, *copy(path, raw)) if answered <= times else answer)

    return behave


def _posted(gateway: Gateway, path: str, raw: bytes) -> bytes:
    answer = httpx2.post(gateway.origin + path, content=raw, trust_env=False, timeout=ANSWER_S_MAX)
    assert answer.status_code == 200, answer.text
    return answer.content


@pytest.mark.parametrize("code", COPIES)
def test_a_refund_that_was_done_is_never_refused_by_what_its_copy_was_told(
    gateway: Gateway, me: Colour, wallet: Browser, code: str
) -> None:
    number, refund_id = a_number(), a_number("R")
    paid(wallet, me, number)
    acquirement_id = me.call("query", number).acquirement_id

    with serving(copying(gateway, COPIES[code])) as between:
        connected(me, gateway, base_url=between.url, repeating=ONCE)
        outcome = me.call(
            "refund", refund_id=refund_id, amount=HKD_4, acquirement_id=acquirement_id
        )
        assert isinstance(outcome, Unknown)
        assert (outcome.cause, outcome.result_code) == (Cause.REFUSED_UNREAD, code)
        assert outcome.may_be_done
        known = me.wait(outcome, timeout=120, every=0.1)
        found = me.call("query", number)

    assert isinstance(known, Refunded)
    assert (found.refunded, len(found.refunds)) == (HKD_4, 1)


def test_who_stays_between_leaves_it_unknown_and_the_money_went_back_once(
    gateway: Gateway, me: Colour, wallet: Browser
) -> None:
    number, refund_id = a_number(), a_number("R")
    paid(wallet, me, number)
    acquirement_id = me.call("query", number).acquirement_id
    asked = {"refund_id": refund_id, "amount": HKD_4, "acquirement_id": acquirement_id}

    with serving(copying(gateway, COPIES["INVALID_SIGNATURE"], times=1_000_000)) as between:
        connected(me, gateway, base_url=between.url)
        outcome = me.call("refund", **asked)
        still = me.wait(outcome, timeout=20, every=0.1)
        assert isinstance(still, Unknown)
        assert still.cause is Cause.REFUSED_UNREAD

    connected(me, gateway)
    assert isinstance(me.call("refund", **asked), Refunded)
    assert len(me.call("query", number).refunds) == 1


def test_a_debit_that_was_made_is_found_whatever_its_copy_was_told(
    gateway: Gateway, me: Colour, wallet: Browser, payer: str
) -> None:
    tokens = agreed(wallet, me, a_number("G"), payer)
    number = a_number()

    with serving(copying(gateway, COPIES["INVALID_SIGNATURE"])) as between:
        connected(me, gateway, base_url=between.url, repeating=ONCE)
        outcome = me.call("debit", order(number), access_token=tokens.access_token)
        assert isinstance(outcome, Unknown)
        assert outcome.cause is Cause.REFUSED_UNREAD
        known = me.wait(outcome, timeout=120, every=0.1)

    assert isinstance(known, Paid)
    assert known.merchant_trans_id == number
