"""The demo shop beside its gateway: where it is registered, and what it takes when it is told.

What must hold: a start on another port registers the shop where it is now and keeps what somebody
registered; a message is acknowledged only when it is verified, and another site's page posts
nothing.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.doors import ANSWER_S_MAX
from tests.support.gateway import MERCHANT_ID, Gateway, running, tillgate


def post(url: str, **said: Any) -> httpx2.Response:
    """Post to the shop, past every proxy of this machine."""
    return httpx2.post(url, trust_env=False, timeout=ANSWER_S_MAX, **said)


def registered(gateway: Gateway) -> dict[str, Any]:
    """Return the demo merchant, as an operator is shown it."""
    done = tillgate("merchant", "show", MERCHANT_ID, "--data", str(gateway.data), "--json")
    assert done.returncode == 0, done.stderr
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("demo-shop") / "data") as started:
        yield started


def test_a_start_on_another_port_registers_the_shop_where_it_is(tmp_path: Path) -> None:
    gateway = Gateway(tmp_path / "data")
    gateway.start()
    first = gateway.shop_origin
    assert registered(gateway)["origins"] == [first]
    assert registered(gateway)["notifyUrl"] == f"{first}/shop/told"
    own = ("--origin", first, "--origin", "http://localhost:3000")
    done = tillgate("merchant", "set", MERCHANT_ID, *own, "--data", str(gateway.data))
    assert done.returncode == 0, done.stderr
    gateway.stop()
    gateway.port = 0
    gateway.start()
    now = registered(gateway)
    assert gateway.shop_origin != first
    assert now["origins"] == ["http://localhost:3000", gateway.shop_origin]
    assert now["notifyUrl"] == f"{gateway.shop_origin}/shop/told"
    gateway.stop()


@pytest.mark.parametrize("path", ["/shop/notify", "/shop/told"])
def test_what_is_not_signed_by_the_gateway_is_not_taken(gateway: Gateway, path: str) -> None:
    forged = {"request": {"head": {}, "body": {}}, "signature": "none"}
    answer = post(f"{gateway.shop_origin}{path}", json=forged)
    assert answer.status_code in {400, 403}
    large = post(f"{gateway.shop_origin}{path}", content=b"x" * 100_000)
    assert large.status_code == 413


@pytest.mark.parametrize(
    "path",
    ["/shop/agreement", "/shop/renew", "/shop/agreement/stop", "/sbs-api/debug/bsu/wap/pay"],
)
def test_a_page_of_another_origin_posts_nothing(gateway: Gateway, path: str) -> None:
    body = {"mid": MERCHANT_ID, "amount": "10.00"}
    foreign = {"origin": "http://evil.example"}
    answer = post(f"{gateway.shop_origin}{path}", json=body, headers=foreign)
    assert answer.status_code == 403


@pytest.mark.parametrize("path", ["/shop/renew", "/shop/agreement/stop", "/shop/orders/1/refund"])
def test_who_never_allowed_anything_cannot_be_charged(gateway: Gateway, path: str) -> None:
    assert post(f"{gateway.shop_origin}{path}", json={}).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b'{"mid":1}', b'{"mid":"x","amount":"1"}', b"\xff"])
def test_a_wish_that_is_none_is_refused_with_a_sentence(gateway: Gateway, body: bytes) -> None:
    url = f"{gateway.shop_origin}/sbs-api/debug/bsu/wap/pay"
    answer = post(url, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_the_customers_cookie_is_of_no_use_to_scripts_and_to_other_sites(
    gateway: Gateway,
) -> None:
    answer = post(f"{gateway.shop_origin}/shop/agreement", json={})
    assert answer.json()["url"].startswith(f"{gateway.origin}/wallet/agreement/")
    cookie = answer.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "Partitioned", "Path=/shop"))
