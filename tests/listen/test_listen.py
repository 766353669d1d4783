"""`tillgate listen`: what a gateway elsewhere signed is delivered here; the answer goes back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.listen.conftest import Done
from tests.listen.listener import (
    SAID_S_MAX,
    acknowledging,
    listening,
    pay,
    selling,
    told,
)
from tests.support.gateway import order, running
from tests.support.notify_url import Answer
from tillgate.merchant import Merchant
from tillgate.protocol.keys import PrivateKey
from tillgate.sandbox.testing import Sandbox

Number = Callable[[], str]
Tillgate = Callable[..., Done]
UNREACHABLE = "https://shop.internal.example/notify"
"""A name that nobody here can resolve."""


def test_a_notification_is_delivered_byte_for_byte_and_its_acknowledgement_counts(
    gateway: Sandbox, merchant: Merchant, number: Number
) -> None:
    ordered = order(number(), notify_url=UNREACHABLE)
    with selling(acknowledging(merchant)) as shop, listening(gateway, shop.url) as listener:
        assert pay(gateway, merchant.order_str(ordered)) == "9000"
        line = listener.line_about(ordered.merchant_trans_id)

    assert (line["says"], line["signature"], line["status"]) == ("SUCCESS", "good", 200)
    assert (line["verdict"], line["acknowledged"]) == ("ACKNOWLEDGED", True)
    assert line["elapsedMs"] >= 0
    state, [send] = told(gateway, ordered.merchant_trans_id)
    assert (state, send.verdict) == ("ACKNOWLEDGED", "ACKNOWLEDGED")
    assert [raw for raw in shop.heard if f'"{line["order"]}"'.encode() in raw] == [send.request]


def test_the_notify_url_is_left_alone_while_somebody_listens_and_used_again_after(
    gateway: Sandbox, merchant: Merchant, number: Number
) -> None:
    first, second = number(), number()
    with selling(acknowledging(merchant)) as here, selling(acknowledging(merchant)) as there:
        with listening(gateway, here.url) as listener:
            pay(gateway, merchant.order_str(order(first, notify_url=there.url)))
            listener.line_about(first)
            assert listener.stop() == 0
        pay(gateway, merchant.order_str(order(second, notify_url=there.url)))
        assert told(gateway, second)[0] == "ACKNOWLEDGED"

    assert len([raw for raw in here.heard if f'"{first}"'.encode() in raw]) == 1
    assert [f'"{second}"'.encode() in raw for raw in there.heard] == [True]


def test_what_the_merchant_answers_is_judged_by_the_gateway(
    gateway: Sandbox, merchant: Merchant, number: Number
) -> None:
    right = acknowledging(merchant)

    def unsigned(raw: bytes) -> Answer:
        response = json.loads(right(raw).body)["response"]
        return Answer(200, json.dumps({"response": response}).encode())

    def spoilt(raw: bytes) -> Answer:
        return Answer(200, right(raw).body.replace(b"SUCCESS", b"SUCCEED"))

    expected = {
        "ACKNOWLEDGED_UNSIGNED": (unsigned, True),
        "WRONG_SIGNATURE": (spoilt, False),
        "NOT_AN_ENVELOPE": (lambda _: Answer(200, b"OK"), False),
        "WRONG_STATUS": (lambda _: Answer(500, b""), False),
        "REDIRECT": (lambda _: Answer(302, b""), False),
        "TOO_LARGE": (lambda _: Answer(200, b"x" * 50_000), False),
    }
    with selling(right) as shop, listening(gateway, shop.url) as listener:
        for verdict, (answer, counts) in expected.items():
            shop.answer = answer
            name = number()
            pay(gateway, merchant.order_str(order(name, notify_url=UNREACHABLE)))
            line = listener.line_about(name)
            assert line["verdict"] == verdict
            assert line["acknowledged"] is counts
            assert told(gateway, name)[1][0].verdict == verdict


def test_a_server_that_is_not_there_is_told_and_the_gateway_sends_again_later(
    gateway: Sandbox, merchant: Merchant, number: Number
) -> None:
    name = number()
    with listening(gateway, "http://127.0.0.1:9/notify") as listener:
        pay(gateway, merchant.order_str(order(name, notify_url=UNREACHABLE)))
        line = listener.line_about(name)

    assert (line["status"], line["verdict"]) == (None, "CONNECT")
    assert told(gateway, name)[0] == "PENDING"


def test_r_sends_the_last_one_again_and_q_quits(
    gateway: Sandbox, merchant: Merchant, number: Number
) -> None:
    name = number()
    with (
        selling(acknowledging(merchant)) as shop,
        listening(gateway, shop.url, on_terminal=True) as listener,
    ):
        pay(gateway, merchant.order_str(order(name, notify_url=UNREACHABLE)))
        assert not listener.line_about(name)["isResend"]
        listener.press("r")
        again = listener.line_about(name)
        listener.press("q")
        assert listener.process.wait(SAID_S_MAX) == 0

    assert (again["isResend"], again["status"]) == (True, 200)
    first, second = (raw for raw in shop.heard if f'"{name}"'.encode() in raw)
    assert first == second
    assert len(told(gateway, name)[1]) == 1


def test_many_at_once_are_each_delivered_once(
    gateway: Sandbox, merchant: Merchant, number: Number
) -> None:
    names = [number() for _ in range(12)]
    with selling(acknowledging(merchant)) as shop, listening(gateway, shop.url) as listener:
        for name in names:
            pay(gateway, merchant.order_str(order(name, notify_url=UNREACHABLE)))
        lines: dict[str, Any] = {}
        while not lines.keys() >= set(names):
            line = listener.line()
            lines[line["order"]] = line

    assert all(lines[name]["acknowledged"] for name in names)
    for name in names:
        assert len([raw for raw in shop.heard if f'"{name}"'.encode() in raw]) == 1


def test_the_newest_listener_takes_over_and_the_older_one_ends_and_says_why(
    gateway: Sandbox, merchant: Merchant, number: Number
) -> None:
    name = number()
    with (
        selling(acknowledging(merchant)) as shop,
        listening(gateway, "http://127.0.0.1:9/old") as older,
        listening(gateway, shop.url) as newer,
    ):
        assert older.process.wait(SAID_S_MAX) == 1
        assert older.line()["result"] == "ACCESS_DENIED"
        pay(gateway, merchant.order_str(order(name, notify_url=UNREACHABLE)))
        assert newer.line_about(name)["acknowledged"]


def test_a_listener_outlives_a_restart_of_the_gateway(tmp_path: Path) -> None:
    with (
        running(tmp_path / "data") as own,
        own.merchant() as merchant,
        selling(acknowledging(merchant)) as shop,
        listening(own, shop.url) as listener,
    ):
        own.stop()
        own.start()
        assert listener.complaint("The gateway is back")
        pay(own, merchant.order_str(order("L-after", notify_url=UNREACHABLE)))
        assert listener.line()["order"] == "L-after"


def test_who_holds_another_key_is_told_which_one_is_wrong(
    gateway: Sandbox, tillgate: Tillgate, tmp_path: Path
) -> None:
    stranger, public = tmp_path / "stranger.pem", tmp_path / "public.pem"
    stranger.write_bytes(PrivateKey.generate().pem())
    public.write_text(PrivateKey.generate().public.pem())
    listen = ("listen", "--forward-to", "http://127.0.0.1:9/", "--data", str(gateway.data))

    wrong_own = tillgate(*listen, "--key", str(stranger))
    wrong_gateway = tillgate(*listen, "--gateway-key", str(public))

    assert (wrong_own.code, wrong_gateway.code) == (1, 1)
    assert "INVALID_SIGNATURE" in wrong_own.err
    assert "--gateway-key" in wrong_gateway.err


@pytest.mark.parametrize("status", [200, 404, 422])
def test_what_is_no_gateway_is_told_by_name(
    gateway: Sandbox, tillgate: Tillgate, status: int
) -> None:
    with selling(lambda _: Answer(status, b"<html>")) as shop:
        there = ("--url", shop.url, "--data", str(gateway.data))
        done = tillgate("listen", "--forward-to", "http://127.0.0.1:9/", *there)

    assert done.code == 2
    assert f"What answers at --url is no gateway (HTTP {status})." in done.err


def test_nothing_to_listen_to_is_told_with_its_exit_code(
    gateway: Sandbox, tillgate: Tillgate
) -> None:
    here = ("--data", str(gateway.data))
    there = ("listen", "--forward-to", "http://127.0.0.1:9/", *here)

    nowhere = tillgate(*there, "--url", "http://127.0.0.1:9")
    unusable = tillgate("listen", "--forward-to", "notify", *here)
    unnamed = tillgate(*there, "--client-id", "4Q5XSH6SSG02T999")

    assert (nowhere.code, unusable.code, unnamed.code) == (3, 2, 1)
    assert "--forward-to" in unusable.err
    assert "INVALID_CLIENT" in unnamed.err
