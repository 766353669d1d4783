"""Orders and states an exam is about: what it takes, and what it says of what it cannot take.

What must hold: an order is believed only when the merchant's own key signed it; an order that may
have changed is never handed out as an open one again.
"""

import json
from functools import partial
from typing import Any

import pytest

from tests.adapters.servers import MERCHANT
from tests.exam.peers import answering, http, peer
from tests.support.wire import merchant_key, sealed, stranger_key
from tillgate import Money, Order, Unavailable
from tillgate.exam import (
    Door,
    ExamRefused,
    Limits,
    NoOrder,
    StateUrl,
    Supply,
    orders_of_files,
    orders_of_url,
    read_order,
)
from tillgate.exam.states import State
from tillgate.protocol.profile import Profile

PATIENT = Limits(answer_ms=20_000, connect_ms=20_000)
READ = partial(read_order, key=merchant_key().public, profile=Profile.TILLGATE)


def order_str(number: str, amount: str = "10.00 HKD") -> str:
    return MERCHANT.order_str(Order(merchant_trans_id=number, amount=amount))


def test_an_order_string_says_whose_order_it_is_and_how_much() -> None:
    order = READ(f"  {order_str('A-1', '1000 JPY')}\n")

    assert order.merchant_trans_id == "A-1"
    assert order.money == Money.parse("1000 JPY")
    assert (order.client_id, order.merchant_id) == (MERCHANT.client_id, MERCHANT.merchant_id)
    assert order.version == "2.0.0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not JSON"),
        ("A-1001", "order string"),
        (order_str("A-1").replace("1000", "2000", 1), "does not fit"),
        (order_str("A-1").replace('"', '\\"'), "JavaScript literal"),
        (sealed({"head": {}, "body": {}}).decode(), "order string"),
    ],
    ids=["nothing", "a number", "changed", "escaped", "no order"],
)
def test_what_is_no_order_of_this_merchant_is_refused(text: str, said: str) -> None:
    with pytest.raises(ExamRefused, match=said):
        READ(text)


def test_an_order_by_another_key_is_refused_with_the_next_step() -> None:
    other = partial(read_order, key=stranger_key().public, profile=Profile.TILLGATE)

    with pytest.raises(ExamRefused, match="tillgate order verify"):
        other(order_str("A-1"))


def test_an_open_order_is_handed_out_until_it_is_spent() -> None:
    supply = Supply(orders_of_files([order_str("A-1"), order_str("A-2")], READ))

    first = supply.open_order()
    assert supply.open_order() == first
    supply.spend(first)
    second = supply.open_order()
    assert second.merchant_trans_id == "A-2"
    supply.spend(first)
    assert supply.open_order() == second, "what was spent before spends nothing else"
    supply.spend(second)
    with pytest.raises(NoOrder, match="--order"):
        supply.open_order()


def test_the_same_order_twice_is_refused() -> None:
    supply = Supply(orders_of_files([order_str("A-1"), order_str("A-1")], READ))
    supply.spend(supply.open_order())

    with pytest.raises(ExamRefused, match="A-1 was given twice"):
        supply.open_order()


@pytest.mark.parametrize("wrapped", ["text", "a JSON string", "a member"])
def test_an_order_url_may_answer_text_or_json(wrapped: str) -> None:
    text = order_str("A-1")
    body = {
        "text": text,
        "a JSON string": json.dumps(text),
        "a member": json.dumps({"orderStr": text, "more": 1}),
    }[wrapped]
    with peer(answering(http(200, body.encode()))) as made:
        order = next(orders_of_url(Door(made.url, PATIENT), READ))

    assert order.merchant_trans_id == "A-1"
    assert made.heard[0].startswith(b"POST ")


def test_an_order_url_that_answers_something_else_is_refused() -> None:
    with (
        peer(answering(http(404))) as made,
        pytest.raises(ExamRefused, match="answers a POST with 404"),
    ):
        next(orders_of_url(Door(made.url, PATIENT), READ))


def test_an_order_url_where_nobody_is_is_unavailable(nowhere: str) -> None:
    with pytest.raises(Unavailable, match="is the shop running"):
        next(orders_of_url(Door(f"{nowhere}/", PATIENT), READ))


@pytest.mark.parametrize(
    ("plain", "state"),
    [
        (
            {"status": "open", "amount": "10.00 HKD", "shipped": 0},
            State(status="open", amount="10.00 HKD", shipped=0),
        ),
        (
            {"status": 3, "amount": {"value": "1000"}},
            State(status="3", amount='{"value":"1000"}'),
        ),
        ({"status": "PAID", "shipped": True}, State(status="PAID", amount="")),
    ],
)
def test_a_state_is_read_in_the_merchants_own_words(plain: Any, state: State) -> None:
    with peer(answering(http(200, json.dumps(plain).encode()))) as made:
        assert StateUrl(f"{made.url}/{{merchant_trans_id}}", PATIENT).read("A 1/2") == state

    assert made.heard[0].startswith(b"GET /notify/A%201%2F2 ")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (http(500), "not 500"),
        (http(200, b"<p>open"), "not JSON"),
        (http(200, b"[]"), "no status"),
        (http(200, b'{"amount": "10.00 HKD"}'), "no status"),
        (http(200, b'{"status": null}'), "no status"),
    ],
)
def test_a_state_that_cannot_be_read_is_told(raw: bytes, said: str) -> None:
    with (
        peer(answering(raw)) as made,
        pytest.raises(ExamRefused, match=said),
    ):
        StateUrl(f"{made.url}/{{merchant_trans_id}}", PATIENT).read("A-1")


def test_a_state_url_needs_a_place_for_the_number() -> None:
    with pytest.raises(ExamRefused, match="merchant_trans_id"):
        StateUrl("http://127.0.0.1/orders", PATIENT)
