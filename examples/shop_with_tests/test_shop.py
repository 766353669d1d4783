"""The shop, paid by a wallet, cancelled, refused, told late and told twice."""

import pytest

from shop import create_app


@pytest.fixture
def shop(gateway, merchant):
    client = create_app(merchant, origin="https://shop.example").test_client()
    gateway.deliver_to(client)
    yield client
    client.application.extensions["books"].close()


@pytest.fixture
def order_str(shop):
    return shop.post("/orders/A-1").text


def state(shop):
    return shop.get("/orders/A-1").json


def test_paid(shop, wallet, order_str):
    assert wallet.pay(order_str).result_code == "9000"
    assert state(shop) == {"state": "paid", "shipped": 1}


def test_cancelled_by_the_buyer(shop, wallet, order_str):
    assert wallet.cancel(order_str).result_code == "6001"
    assert state(shop) == {"state": "open", "shipped": 0}


def test_failed_for_want_of_money(shop, wallet, order_str):
    assert "USER_BALANCE_NOT_ENOUGH" in wallet.fail(order_str, "USER_BALANCE_NOT_ENOUGH").memo
    assert state(shop)["state"] == "open"


def test_unknown_at_first_then_paid(shop, wallet, clock, order_str):
    assert wallet.unknown_then_paid(order_str).result_code == "8000"
    assert state(shop)["state"] == "open"
    clock.advance("10s")
    assert state(shop)["state"] == "paid"


def test_failed_and_not_tried_again(shop, wallet, clock, order_str):
    wallet.fail(order_str)
    clock.advance("1h")
    assert state(shop)["state"] == "closed"


def test_refunded(shop, wallet, order_str):
    wallet.pay(order_str)
    assert shop.post("/orders/A-1/refund").json == {"refunded": True}


def test_told_twice_ships_once(shop, gateway, wallet, order_str):
    wallet.pay(order_str)
    assert gateway.notifications.resend("A-1").acknowledged
    assert state(shop) == {"state": "paid", "shipped": 1}


def test_down_for_a_day_then_told(shop, gateway, wallet, clock, order_str):
    gateway.notifications.lose(7)
    wallet.pay(order_str)
    clock.advance("9h")
    assert state(shop)["state"] == "open"
    clock.advance("16h")
    assert state(shop) == {"state": "paid", "shipped": 1}
