"""Each example shop beside a running gateway, from the order to every lie one might tell it.

The shop runs from its file, in a process of its own; the payment goes through the gateway's doors;
notifications come from the gateway. What must hold: an order is paid and shipped exactly when the
gateway said so of that very order, and only that is acknowledged.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest

from tests.adapters import messages
from tests.adapters.shops import EXAMPLES, FRAMEWORKS, Shop, open_shop
from tests.support.doors import Browser
from tests.support.gateway import MERCHANT_ID, PIN, Gateway, order, running, tillgate
from tests.support.wire import stranger_key
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.keys import load_public_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import verify

LINES_MAX: Final = 70
WAIT_S_MAX: Final = 120.0
OTHER_MERCHANT: Final = "2160400000009999"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("adapters") / "gateway") as started:
        yield started


@pytest.fixture(params=FRAMEWORKS)
def shop(request: pytest.FixtureRequest, gateway: Gateway, tmp_path: Path) -> Iterator[Shop]:
    with open_shop(request.param, data=gateway.data, folder=tmp_path / "shop") as opened:
        yield opened


@pytest.fixture
def browser(gateway: Gateway) -> Iterator[Browser]:
    opened = Browser(gateway)
    yield opened
    opened.http.close()


def test_a_shop_is_told_and_believes_the_gateway_alone(
    gateway: Gateway, shop: Shop, browser: Browser
) -> None:
    open_number, open_text = shop.buy()
    number, text = shop.buy()

    # A buyer pays; the gateway notifies; the shop acknowledges, and the buyer comes back.
    back = _pay(browser, text)
    _until(lambda: shop.states()[number] == "paid")
    [first] = _sends(gateway, number, count=1)
    assert (first["status"], first["verdict"]) == (200, "ACKNOWLEDGED")
    assert shop.states(f"?{urlsplit(back).query}")["back from"] == number
    forged_back = urlsplit(back).query.replace(number, open_number)
    assert "back from" not in shop.states(f"?{forged_back}")
    assert shop.states() == {open_number: "open", number: "paid"}

    # A duplicate: an operator has it sent again, then somebody repeats the very bytes.
    assert (
        tillgate(
            *("notification", "resend", MERCHANT_ID, f"{number}.paid", "--data", str(gateway.data))
        ).returncode
        == 0
    )
    sends = _sends(gateway, number, count=2)
    assert [send["verdict"] for send in sends] == ["ACKNOWLEDGED"] * 2
    genuine = first["request"].encode()
    again = shop.notify(genuine)
    assert (again.status, again.content_type) == (200, "application/json;charset=utf-8")
    merchant_key = load_public_key((gateway.data / "keys/merchant.public.pem").read_bytes())
    ack = verify(cut(again.body, Kind.RESPONSE), [merchant_key], Profile.TILLGATE)
    assert ack.claims.req_msg_id == cut(genuine).claims.req_msg_id
    assert shop.shipped() == [number]

    # Lies, about the order that is open and about the one that is paid.
    key = messages.key_of(gateway.data, "gateway")
    for about in (open_number, number):
        for name, (raw, status) in _lies(about, key, genuine, first["response"].encode()).items():
            answer = shop.notify(raw, content_type="application/json")
            assert answer.status == status, (name, answer)
            assert not messages.is_acknowledgement(answer.body), name
            assert len(answer.body) < 80, name
            assert b"1000" not in answer.body, name
            assert b"10.00" not in answer.body, name
            assert shop.states() == {open_number: "open", number: "paid"}, name
            assert shop.shipped() == [number], name

    # None of it hurt: the open order is paid and shipped like the first.
    _pay(browser, open_text)
    _until(lambda: shop.states()[open_number] == "paid")
    [last] = _sends(gateway, open_number, count=1)
    assert last["verdict"] == "ACKNOWLEDGED"
    assert shop.shipped() == [number, open_number]


def test_an_order_the_shop_does_not_know_is_not_acknowledged_and_is_sent_again(
    gateway: Gateway, shop: Shop, browser: Browser
) -> None:
    number = f"foreign-{shop.framework}"
    foreign = order(number, notify_url=f"{shop.url}/notify")
    _pay(browser, gateway.merchant().order_str(foreign))
    [send] = _sends(gateway, number, count=1)
    assert (send["status"], send["verdict"]) == (404, "WRONG_STATUS")
    assert _told(gateway, number)["state"] == "PENDING"
    assert shop.states() == {}
    assert shop.shipped() == []


def test_a_shop_prints_how_to_pay_and_that_pays(gateway: Gateway, shop: Shop) -> None:
    [line] = [line for line in shop.printed().splitlines() if "curl" in line]
    assert line == (
        f"curl -sX POST {shop.url}/orders | "
        "tillgate wallet pay - --url URL --payer rich --pin 123456"
    )
    number, text = shop.buy()
    file = shop.printed_path.with_name("order.txt")
    file.write_text(text)
    paid = tillgate(
        *("wallet", "pay", str(file), "--url", gateway.origin, "--payer", "rich", "--pin", PIN)
    )
    assert json.loads(paid.stdout)["resultCode"] == "9000"
    _until(lambda: shop.states()[number] == "paid")


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_example_fits_on_a_page_and_says_how_it_is_run(framework: str) -> None:
    text = (EXAMPLES / f"{framework}_shop.py").read_text()
    assert len(text.splitlines()) <= LINES_MAX
    assert f"python examples/{framework}_shop.py" in text


def _lies(
    number: str, key: Any, genuine: bytes, acknowledgement: bytes
) -> Mapping[str, tuple[bytes, int]]:
    """Return messages that must not be believed, each with the status it earns."""
    right = messages.notification(number, key)
    answer = messages.query_answer(number)
    return {
        "another key signed it": (messages.notification(number, stranger_key()), 403),
        "one byte was changed": (messages.one_byte_changed(right), 403),
        "nobody signed it": (right.partition(b',"signature"')[0] + b"}", 403),
        "a response": (messages.rewrapped(right, Kind.RESPONSE), 400),
        "a true notification, called a response": (
            messages.rewrapped(genuine, Kind.RESPONSE),
            400,
        ),
        "the shop's own old acknowledgement": (acknowledgement, 400),
        "that acknowledgement, called a request": (
            messages.rewrapped(acknowledgement, Kind.REQUEST),
            403,
        ),
        "the gateway's answer to a query": (messages.sealed(answer, key, Kind.RESPONSE), 400),
        "that answer, called a request": (messages.sealed(answer, key), 400),
        "another amount": (
            messages.notification(number, key, orderAmount={"currency": "HKD", "value": "1"}),
            409,
        ),
        "another currency": (
            messages.notification(number, key, orderAmount={"currency": "JPY", "value": "1000"}),
            409,
        ),
        "another merchant": (messages.notification(number, key, merchantId=OTHER_MERCHANT), 409),
        "another client": (
            messages.notification(number, key, head={"clientId": "4Q5XSH6SSG02T007"}),
            409,
        ),
        "another order": (messages.notification("nobody's", key), 404),
        "nothing": (b"", 400),
        "half of it": (right[: len(right) // 2], 400),
    }


def _pay(browser: Browser, text: str) -> str:
    """Pay an order through the doors, and return where the buyer is sent; "" if nowhere."""
    me = browser.sign_in("rich")
    path = browser.cashier(text, "call-1", **me)
    paid = browser.post(f"{path}/confirm", {"pin": PIN}, **me)
    assert paid["resultCode"] == "9000", paid
    back: str = paid.get("returnUrl", "")
    return back


def _told(gateway: Gateway, number: str) -> Mapping[str, Any]:
    """Return what the gateway keeps of an order's notification."""
    data = str(gateway.data)
    shown = tillgate("notification", "show", MERCHANT_ID, number, "--data", data, "--json")
    [told] = json.loads(shown.stdout)
    row: dict[str, Any] = told
    return row


def _sends(gateway: Gateway, number: str, *, count: int) -> list[dict[str, Any]]:
    """Return an order's sends once there are so many."""
    found: list[dict[str, Any]] = []

    def are_there() -> bool:
        found[:] = _told(gateway, number)["sends"]
        return len(found) >= count

    _until(are_there)
    assert len(found) == count
    return found


def _until(condition: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < ends_s, "it did not come to that in time"
        time.sleep(0.05)
