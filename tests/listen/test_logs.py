"""`tillgate logs`: who asked what, whether its signature fits and why not, and what came of it."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.listen.conftest import Done
from tests.listen.listener import PIN, SAID_S_MAX, acknowledging, pay, selling, told
from tests.support.gateway import order
from tillgate.cli.trigger_events import Scene, Subject
from tillgate.merchant import Merchant
from tillgate.protocol.keys import PrivateKey
from tillgate.sandbox.testing import Sandbox

Number = Callable[[], str]
Tillgate = Callable[..., Done]
Logs = Callable[[str, int], list[Any]]


@pytest.fixture
def logs(gateway: Sandbox, tillgate: Tillgate) -> Logs:
    """Return what the gateway heard of an order, once it is so many lines."""

    def read(number: str, count: int) -> list[Any]:
        ends_s = time.monotonic() + SAID_S_MAX
        while True:
            done = tillgate(
                *("logs", "--once", "--json", "--order", number, "--data", str(gateway.data))
            )
            assert done.code == 0, done.err
            if len(done.lines) >= count or time.monotonic() > ends_s:
                return done.lines
            time.sleep(0.1)

    return read


def test_a_payment_is_told_from_the_page_to_the_acknowledgement(
    gateway: Sandbox, merchant: Merchant, number: Number, logs: Logs
) -> None:
    name = number()
    with selling(acknowledging(merchant)) as shop:
        pay(gateway, merchant.order_str(order(name, notify_url=f"{shop.url}?key=k-1")))
        told(gateway, name)
        logs(name, 3)  # The notification is written down after its send was recorded.
    merchant.query(name)
    page, callback, notified, asked = logs(name, 4)

    assert [line["kind"] for line in (page, callback, notified, asked)] == [
        "order",
        "callback",
        "notification",
        "function",
    ]
    assert page["signature"]["verdict"] == notified["signature"]["verdict"] == "good"
    assert callback["result"] == "9000"
    assert (notified["verdict"], notified["status"]) == ("ACKNOWLEDGED", 200)
    assert notified["to"] == shop.url
    assert notified["request"]["text"].encode() == shop.heard[0]
    assert asked["function"].endswith("common.payQuery")
    assert (asked["result"], asked["clientId"]) == ("SUCCESS", "4Q5XSH6SSG02T006")
    assert asked["elapsedMs"] >= 0


def test_a_signature_that_does_not_fit_is_explained_by_the_doctor(
    gateway: Sandbox, merchant: Merchant, number: Number, logs: Logs
) -> None:
    name = number()
    text = merchant.order_str(order(name, return_url="https://shop.example/back"))
    pay(gateway, text.replace("https://shop.example/", "https:\\/\\/shop.example\\/"))
    [line] = logs(name, 1)

    assert line["signature"]["verdict"] == "bad"
    assert line["signature"]["finding"]
    assert "/" in line["signature"]["sentence"]
    assert line["result"] == "4000"


def test_a_strangers_key_and_a_stranger_are_told_apart(
    gateway: Sandbox, number: Number, logs: Logs
) -> None:
    first, second = number(), number()
    for name, client_id in ((first, "4Q5XSH6SSG02T006"), (second, "4Q5XSH6SSG02T999")):
        with Merchant(
            client_id=client_id,
            merchant_id="2160400000002012",
            private_key=PrivateKey.generate(),
            gateway_public_key=gateway.data / "keys" / "gateway.public.pem",
            base_url=gateway.origin,
        ) as stranger:
            stranger.query(name)

    [wrong_key] = logs(first, 1)
    [nobody] = logs(second, 1)
    assert (wrong_key["signature"]["verdict"], wrong_key["signature"]["finding"]) == (
        "bad",
        "WRONG_KEY",
    )
    assert wrong_key["result"] == "INVALID_SIGNATURE"
    assert nobody["signature"]["verdict"] == "unread"
    assert nobody["result"] == "INVALID_CLIENT"


def test_people_read_a_line_a_message_and_why_below_it(
    gateway: Sandbox, number: Number, tillgate: Tillgate, logs: Logs
) -> None:
    name = number()
    pay(gateway, gateway.merchant.order_str(order(name)).replace("Women", "Men"))
    logs(name, 1)
    done = tillgate("logs", "--once", "--order", name, "--data", str(gateway.data))
    first, *why = done.out.splitlines()

    assert name in first
    assert "signature bad" in first
    assert any(line.strip() for line in why)


def test_no_secret_is_ever_told(
    gateway: Sandbox, merchant: Merchant, number: Number, tillgate: Tillgate
) -> None:
    name, scene = number(), Scene(merchant, gateway.origin)
    token = scene.agreed(f"sub-{name}").access_token.reveal()
    merchant.debit(order(name), access_token=token)
    scene.pays(Subject(number=number(), amount="10.00 HKD", notify_url=None), "rich")
    done = tillgate("logs", "--once", "--json", "--data", str(gateway.data))

    assert '"masked":["request.head.accessToken"]' in done.out.replace(" ", "")
    assert token not in done.out
    assert 'authCode":"(masked)' in done.out
    assert f"{gateway.origin}/cashier/" not in done.out
    assert "PRIVATE KEY" not in done.out
    assert f'"{PIN}"' not in done.out


def test_without_a_sandbox_it_says_how_to_start_one(tillgate: Tillgate) -> None:
    done = tillgate("logs", "--data", "nowhere")

    assert done.code == 3
    assert "tillgate serve --sandbox" in done.err
