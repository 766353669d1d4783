"""`tillgate trigger`: real events come about and are told; faulty messages are told from right."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.listen.conftest import Done
from tests.listen.listener import acknowledging, listening, selling
from tests.security.production import production
from tests.support.asgi import sandbox
from tests.support.gateway import order
from tests.support.notify_url import Answer
from tests.support.receiver import receiving
from tillgate.cli.trigger_events import EVENTS
from tillgate.cli.trigger_faults import FAULTS
from tillgate.merchant import UNCHECKED, Closed, Merchant, Paid
from tillgate.protocol.keys import PrivateKey
from tillgate.sandbox.testing import Sandbox

Number = Callable[[], str]
Tillgate = Callable[..., Done]
ENDS = {
    "payment.paid": "SUCCESS",
    "payment.failed": "ORDER_IS_CLOSED",
    "payment.unknown": "SUCCESS",
    "payment.cancelled": "SUCCESS",
    "refund": "SUCCESS",
    "refund.partial": "SUCCESS",
    "agreement.paid": "SUCCESS",
}
"""What the merchant is told of each kind that is about an order."""


@pytest.mark.parametrize("kind", ENDS)
def test_an_event_comes_about_and_the_merchant_is_told(
    gateway: Sandbox, merchant: Merchant, number: Number, tillgate: Tillgate, *, kind: str
) -> None:
    name = number()
    with selling(acknowledging(merchant)) as shop:
        done = tillgate(
            *("trigger", kind, "--order", name, "--notify-url", shop.url, "--json"),
            *("--data", str(gateway.data)),
        )

    assert done.code == 0, done.out
    assert done.json["told"]["verdict"] == "ACKNOWLEDGED"
    event = merchant.notification(shop.heard[0], expect=UNCHECKED)
    assert (event.merchant_trans_id, event.result.result_code) == (name, ENDS[kind])
    found = merchant.query(name)
    assert isinstance(
        found, Closed if kind in {"payment.failed", "payment.cancelled", "refund"} else Paid
    )


def test_the_end_of_an_agreement_is_told_to_whoever_listens(
    gateway: Sandbox, merchant: Merchant, tillgate: Tillgate
) -> None:

    def answer(raw: bytes) -> Answer:
        return Answer(200, merchant.acknowledge(merchant.agreement_notification(raw)))

    with selling(answer) as shop, listening(gateway, shop.url) as listener:
        done = tillgate("trigger", "agreement.ended", "--json", "--data", str(gateway.data))
        line = listener.line()

    assert done.json["told"] | {"elapsedMs": 0} == {
        "to": "listener",
        "status": 200,
        "elapsedMs": 0,
        "verdict": "ACKNOWLEDGED",
        "sentence": "The merchant acknowledged, and its signature fits.",
    }
    assert (line["order"], line["says"]) == (done.json["order"], "ENDED")


def test_an_order_str_of_your_own_server_is_paid(
    gateway: Sandbox, number: Number, tillgate: Tillgate, tmp_path: Path
) -> None:
    name = number()
    file = tmp_path / "order.txt"
    with selling(acknowledging(gateway.merchant)) as shop:
        file.write_text(gateway.merchant.order_str(order(name, notify_url=shop.url)))
        done = tillgate(
            "trigger",
            "payment.paid",
            "--order-str",
            str(file),
            "--json",
            "--data",
            str(gateway.data),
        )

    assert (done.code, done.json["order"], done.json["told"]["to"]) == (0, name, shop.url)


@pytest.mark.parametrize("kind", FAULTS)
def test_a_server_built_on_the_sdk_does_right_with_every_message(
    gateway: Sandbox, merchant: Merchant, tillgate: Tillgate, kind: str
) -> None:
    with receiving(merchant, {"A-1": order("A-1")}) as receiver:
        done = tillgate(
            *("trigger", kind, "--order", "A-1", "--to", receiver.url, "--json"),
            *("--data", str(gateway.data)),
        )

    assert done.code == 0, done.out
    assert done.json["right"] is True


def test_a_server_that_believes_everything_is_found_out(
    gateway: Sandbox, merchant: Merchant, tillgate: Tillgate
) -> None:
    def gullible(raw: bytes) -> Answer:
        head = json.loads(raw)["request"]["head"]
        content = {
            "head": {"function": head["function"], "reqMsgId": head["reqMsgId"]},
            "body": {"resultInfo": {"resultStatus": "S", "resultCode": "SUCCESS"}},
        }
        return Answer(200, json.dumps({"response": content}).encode())

    with selling(gullible) as shop:
        for kind in ("forged", "unsigned", "tampered", "other-amount", "other-merchant"):
            done = tillgate(
                "trigger", kind, "--to", shop.url, "--json", "--data", str(gateway.data)
            )
            assert (kind, done.code, done.json["right"]) == (kind, 1, False)


def test_what_cannot_be_triggered_is_told_with_its_exit_code(
    gateway: Sandbox, tillgate: Tillgate
) -> None:
    here = ("--data", str(gateway.data))
    with selling(lambda _: Answer(200, b"")) as shop:
        pass

    assert tillgate("trigger", "payment.lost", *here).code == 2
    assert tillgate("trigger", "forged", *here).code == 2
    assert tillgate("trigger", "payment.paid", "--amount", "ten", *here).code == 2
    assert tillgate("trigger", "forged", "--to", shop.url, *here).code == 3
    assert tillgate("trigger", "payment.paid", "--data", "nowhere").code == 3
    cheap = tillgate("trigger", "payment.failed", "--amount", "0.50 HKD", *here)
    assert (cheap.code, "--amount" in cheap.err) == (1, True)


def test_who_is_not_there_is_not_blamed_for_an_order_it_does_not_know(
    gateway: Sandbox, tillgate: Tillgate
) -> None:
    with selling(lambda _: Answer(200, b"")) as shop:
        pass
    here = ("--notify-url", shop.url, "--data", str(gateway.data))
    done = tillgate("trigger", "payment.paid", *here)

    assert f"Is your server running, and is {shop.url} its address?" in done.err
    assert "does not know the order" not in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("payment.paid", "--to", "http://127.0.0.1:9"), "is told to --notify-url URL"),
        (("refund", "--order", "A-1", "--order-str", "-"), "--order-str or --order, not both"),
        (("forged",), "forged is sent to --to URL; give it."),
        ((), "Say what is to happen, as payment.paid; list the kinds: tillgate trigger --list"),
        (("forged", "--order-str", "-"), "forged takes no --order-str"),
        (("late", "--notify-url", "http://127.0.0.1:9"), "and no --notify-url"),
        (("late", "--to", "http://127.0.0.1:9", "--wait", "3"), "--wait"),
    ],
)
def test_an_option_that_a_kind_does_not_use_is_refused(
    tillgate: Tillgate, arguments: tuple[str, ...], says: str
) -> None:
    done = tillgate("trigger", *arguments, "--data", "nowhere")

    assert (done.code, says in done.err) == (2, True), done.err


def test_a_refusal_is_told_with_its_status_and_what_may_be_behind_it(
    gateway: Sandbox, number: Number, tillgate: Tillgate
) -> None:
    with selling(lambda _: Answer(404, b"no such order")) as shop:
        done = tillgate(
            *("trigger", "payment.paid", "--order", number(), "--notify-url", shop.url),
            *("--data", str(gateway.data)),
        )

    assert done.code == 0
    assert "HTTP 404, WRONG_STATUS" in done.out
    assert "your server does not know the order" in done.err
    assert "--order-str FILE" in done.err


async def _productions_folder(path: Path) -> None:
    async with production(path) as made:
        private = made.house.folder.keys / "merchant.private.pem"
        private.write_bytes(PrivateKey.generate().pem())
        private.chmod(0o600)
        assert (made.house.folder.keys / "gateway.private.pem").exists()


async def _sandboxs_folder(path: Path) -> None:
    async with sandbox(path):
        pass


@pytest.mark.parametrize("has_database", [True, False])
def test_nothing_is_signed_with_the_key_of_production(
    tillgate: Tillgate, tmp_path: Path, *, has_database: bool
) -> None:
    data = tmp_path / "production"
    asyncio.run(_productions_folder(data))
    if not has_database:
        for file in data.glob("*.db*"):
            file.unlink()
    with selling(lambda _: Answer(200, b"")) as shop:
        for kind in FAULTS:
            done = tillgate("trigger", kind, "--to", shop.url, "--data", str(data))
            assert (done.code, "sandbox" in done.err) == (1, True)

    assert not shop.heard


def test_a_key_that_others_can_read_signs_nothing(
    gateway: Sandbox, tillgate: Tillgate, tmp_path: Path
) -> None:
    data = tmp_path / "copy"
    asyncio.run(_sandboxs_folder(data))
    private = data / "keys" / "gateway.private.pem"
    private.chmod(0o644)
    done = tillgate("trigger", "forged", "--to", gateway.origin, "--data", str(data))
    assert (done.code, "chmod 600" in done.err) == (2, True)

    private.chmod(0o600)
    private.write_bytes(PrivateKey.generate().pem())
    done = tillgate("trigger", "forged", "--to", gateway.origin, "--data", str(data))
    assert (done.code, "not the key of this sandbox" in done.err) == (1, True)


def test_every_kind_is_listed(tillgate: Tillgate) -> None:
    listed = tillgate("trigger", "--list", "--json").json

    assert [row["kind"] for row in listed] == [*EVENTS, *FAULTS]
    assert set(ENDS) | {"agreement.ended"} == set(EVENTS)
    assert all(row["meaning"].endswith(".") for row in listed)
