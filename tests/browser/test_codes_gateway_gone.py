"""The gateway really stops: 6002 where it cannot be reached, one payment where it comes back.

A server of its own, since it is killed. What must hold: an unreachable gateway is 6002 only while
nobody can have paid; a payment confirmed into the void is asked for again and pays once.
"""

from collections.abc import Iterator

import pytest

from tests.browser.acting import type_pin
from tests.browser.conftest import NewContext
from tests.browser.places import Place
from tests.support.gateway import Gateway, order, running, tillgate

pytestmark = pytest.mark.xdist_group("browser-codes")


@pytest.fixture
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("mortal") / "data") as server:
        yield server


def test_6002_in_the_wallet_and_alone_when_the_gateway_has_stopped(
    mortal: Gateway, new_context: NewContext
) -> None:
    places = [
        Place(mortal, new_context(reduced_motion="reduce").new_page(), way)
        for way in ("wallet", "window")
    ]
    for at in places:
        at.enter()
    orders = [at.stage.order() for at in places]
    frames = [at.frame for at in places]
    mortal.kill()
    for at, signed in zip(places, orders, strict=True):
        at.call({"orderStr": signed, "version": "2.0.0"})
    for at, frame in zip(places, frames, strict=True):
        result = at.result()
        assert result["resultCode"] == "6002"
        assert result["memo"].startswith("NETWORK_ERROR: ")
        assert frame.evaluate("location.pathname") == "/shop"


@pytest.mark.parametrize("way", ["wallet", "window"])
def test_9000_once_when_the_gateway_comes_back_under_an_open_cashier(
    mortal: Gateway, new_context: NewContext, way: str
) -> None:
    number = f"back-{way}"
    at = Place(mortal, new_context(reduced_motion="reduce").new_page(), way)
    at.enter()
    cashier = at.open(mortal.merchant().order_str(order(number)))
    if at.window is not None:
        at.window.click("[data-payer=rich]")
        type_pin(at.window)
    cashier.locator("#account").wait_for()
    mortal.kill()
    type_pin(cashier)
    cashier.locator(".tone-unknown").wait_for()
    assert at.told == []
    mortal.start()
    at.leave()
    assert at.result()["resultCode"] == "9000"
    entries = tillgate("ledger", "show", number, "--data", str(mortal.data), "--json")
    assert entries.stdout.count('"kind"') == 1
    assert mortal.audit()["clean"]
