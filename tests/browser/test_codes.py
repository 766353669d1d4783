"""Each of the seed's eight callback codes for its real reason, in each place a page may stand in.

What must hold of every one: the callback fires once, on the merchant's own page and before the page
goes anywhere; `resultCode` is a string; `memo` is a name and a sentence; only 9000 and 8000 lead to
the returnUrl, which the shop's server verifies.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping

import pytest
from playwright.sync_api import Browser

from tests.browser.acting import WAIT_S_MAX, leave, until
from tests.browser.conftest import WAIT_MS_MAX, NewContext, watched_contexts
from tests.browser.places import WAYS, Place
from tests.support import browser as chromium
from tests.support.gateway import PIN, Gateway, order, tillgate
from tillgate.cli.wallet import Wallet
from tillgate.merchant import Merchant
from tillgate.protocol.keys import PrivateKey

pytestmark = pytest.mark.xdist_group("browser-codes")

each_way = pytest.mark.parametrize("way", WAYS)
each_form = pytest.mark.parametrize("way", ["wallet", "window"])
BUSY = """() => { setTimeout(() => {
  const ends = Date.now() + 6000;
  while (Date.now() < ends);
}, 0); }"""
"""Longer than a view stays that nobody waits for."""
PlaceAt = Callable[[str], Place]
Pay = Callable[[str], Mapping[str, object]]


@pytest.fixture(scope="module")
def blocking_browser(browser: Browser) -> Iterator[Browser]:
    """A Chromium that blocks windows as people's do; the driver's own switch would let them all."""
    program = browser.browser_type.launch(
        executable_path=chromium.executable(),
        args=list(chromium.ARGUMENTS),
        ignore_default_args=["--disable-popup-blocking"],
        timeout=WAIT_MS_MAX,
    )
    yield program
    program.close()


@pytest.fixture
def place(
    gateway: Gateway, new_context: NewContext, blocking_browser: Browser
) -> Iterator[PlaceAt]:
    with watched_contexts(blocking_browser) as new_blocking_context:

        def at(way: str) -> Place:
            make = new_blocking_context if way == "sheet" else new_context
            return Place(gateway, make(reduced_motion="reduce").new_page(), way)

        yield at


@pytest.fixture
def pay(gateway: Gateway) -> Pay:
    """Pays an order string from elsewhere, as another call."""

    def paid(order_str: str) -> Mapping[str, object]:
        call = {"orderStr": order_str, "callId": f"c{time.monotonic_ns()}"}
        return Wallet(gateway.origin, wait=time.sleep).pay(call, payer="rich", pin=PIN)

    return paid


# --- 9000 ---


@each_way
def test_9000_a_buyer_confirms_and_is_led_back_to_the_shop(place: PlaceAt, way: str) -> None:
    at = place(way)
    at.enter()
    at.open(at.stage.order(), version="2.0.0")
    at.confirm()
    at.result_page()
    at.frame.evaluate("0")
    assert at.only_result()["resultCode"] == "9000"
    assert at.frame.inner_text("h1") == "Thank you"
    assert at.told[0].path == "/shop"
    assert set(at.told[0].result) == {"resultCode", "memo"}


@each_form
def test_9000_without_a_return_url_the_page_stays(
    place: PlaceAt, way: str, gateway: Gateway
) -> None:
    at = place(way)
    at.enter()
    at.open(gateway.merchant().order_str(order(f"stay-{way}")))
    at.confirm()
    assert at.result()["resultCode"] == "9000"
    assert at.address() == f"{gateway.shop_origin}/shop"


# --- 8000 ---


def test_8000_an_issuer_that_says_yes_later_is_told_to_the_shop_by_notification(
    place: PlaceAt, gateway: Gateway, pay: Pay
) -> None:
    at = place("wallet")
    at.enter("unknown-then-paid")
    signed = at.stage.order()
    at.open(signed)
    at.confirm()
    at.cashier.locator("[data-kind=unknown]").wait_for()
    at.leave()
    shown = at.result_page()
    assert at.only_result()["resultCode"] == "8000"
    assert at.told[0].path == "/shop"
    assert shown.inner_text("h1") == "We have your order"
    status = _status_told(at, "paid, confirmed by the notification")
    assert status == "paid, confirmed by the notification"
    number = json.loads(signed)["request"]["body"]["merchantTransId"]
    assert number in shown.inner_text("main")
    entries = tillgate("ledger", "show", number, "--data", str(gateway.data), "--json")
    assert '"10.00 HKD"' in entries.stdout
    assert gateway.audit()["clean"]
    assert pay(signed)["resultCode"] == "5000"


def test_8000_an_issuer_that_says_no_later_leaves_the_order_to_be_paid_anew(
    place: PlaceAt, gateway: Gateway
) -> None:
    at = place("window")
    at.enter("unknown-then-failed")
    signed = at.stage.order()
    at.open(signed)
    at.confirm()
    at.cashier.locator("[data-kind=unknown]").wait_for()
    at.leave()
    at.result_page()
    assert at.only_result()["resultCode"] == "8000"
    number = json.loads(signed)["request"]["body"]["merchantTransId"]
    none_yet = tillgate("ledger", "show", number, "--data", str(gateway.data), "--json")
    assert none_yet.returncode == 1, none_yet.stdout
    at.told.clear()
    while not _offered_a_cashier(at, signed):
        assert at.only_result()["resultCode"] == "8000"  # Whoever asks meanwhile hears the same.
        at.result_page()
        at.told.clear()
    at.confirm()
    at.result_page()
    assert at.only_result()["resultCode"] == "9000"
    assert gateway.audit()["clean"]


def _offered_a_cashier(at: Place, signed: str) -> bool:
    until(at.is_without_window, "the cashier's window stayed")
    at.enter("rich")
    at.call({"orderStr": signed})
    return at.is_offered_a_cashier()


def _status_told(at: Place, awaited: str) -> str:
    """Look at the result page again, as a buyer does, until the shop knows more."""
    status = ""
    ends_s = time.monotonic() + WAIT_S_MAX
    while status != awaited and time.monotonic() < ends_s:
        at.frame.goto(at.address())
        status = at.frame.locator("dd").nth(3).inner_text()
    return status


# --- 4000 ---


@each_way
def test_4000_too_little_money(place: PlaceAt, way: str) -> None:
    at = place(way)
    at.enter("poor")
    at.open(at.stage.order("99.00"))
    at.confirm()
    at.cashier.locator("[data-kind=balance]").wait_for()
    at.leave()
    result = at.result()
    assert result["resultCode"] == "4000"
    assert result["memo"].startswith("USER_BALANCE_NOT_ENOUGH: ")
    assert at.address().endswith("/shop")


@each_form
def test_4000_three_wrong_pins_lock_the_payer(place: PlaceAt, way: str, gateway: Gateway) -> None:
    name = f"forgetful-{way}"
    added = tillgate("payer", "add", name, "--pin", PIN, "--data", str(gateway.data))
    assert added.returncode == 0, added.stderr
    at = place(way)
    at.enter(name)
    at.open(at.stage.order("1.00"))
    at.confirm("000000")
    for left in ("2 tries left", "One try left"):
        at.cashier.locator("#problem", has_text=left).wait_for()
        type_wrong = at.cashier.locator("#pin")
        type_wrong.press_sequentially("000000")
        type_wrong.press("Enter")
    at.cashier.locator("[data-kind=locked]").wait_for()
    at.leave()
    result = at.result()
    assert result["resultCode"] == "4000"
    assert result["memo"].startswith("USER_STATUS_ABNORMAL: ")


@each_form
def test_4000_another_amount_under_the_same_number(
    place: PlaceAt, way: str, gateway: Gateway, pay: Pay
) -> None:
    merchant = gateway.merchant()
    first = merchant.order_str(order(f"twice-{way}"))
    assert pay(first)["resultCode"] == "9000"
    at = place(way)
    at.enter()
    at.call({"orderStr": merchant.order_str(order(f"twice-{way}", "12.00 HKD"))})
    result = at.result()
    assert result["resultCode"] == "4000"
    assert result["memo"].startswith("REPEAT_REQ_INCONSISTENT: ")
    assert "orderAmount" in result["memo"]


@each_form
def test_4000_an_order_that_another_key_signed(place: PlaceAt, way: str, gateway: Gateway) -> None:
    stranger = Merchant(
        client_id="4Q5XSH6SSG02T006",
        merchant_id="2160400000002012",
        private_key=PrivateKey.generate().pem(),
        gateway_public_key=gateway.data / "keys" / "gateway.public.pem",
        base_url=gateway.origin,
    )
    at = place(way)
    at.enter()
    at.call({"orderStr": stranger.order_str(order(f"forged-{way}"))})
    result = at.result()
    assert result["resultCode"] == "4000"
    assert result["memo"].startswith("INVALID_SIGNATURE: ")


# --- 5000 ---


@each_form
def test_5000_another_call_on_a_paid_order(place: PlaceAt, way: str, pay: Pay) -> None:
    at = place(way)
    at.enter()
    signed = at.stage.order()
    assert pay(signed)["resultCode"] == "9000"
    at.call({"orderStr": signed, "version": "2.0.0"})
    assert at.result()["resultCode"] == "5000"
    assert at.address().endswith("/shop")


# --- 6001 ---


@each_way
def test_6001_the_buyer_cancels_at_the_cashier(place: PlaceAt, way: str) -> None:
    at = place(way)
    at.enter()
    at.open(at.stage.order())
    leave(at.cashier, ".cancel")
    assert at.result()["resultCode"] == "6001"
    assert at.address().endswith("/shop")


def test_6001_the_buyer_does_not_want_the_blocked_window(place: PlaceAt) -> None:
    at = place("sheet")
    at.enter()
    at.call({"orderStr": at.stage.order()})
    at.page.get_by_role("button", name="Not now").click()
    assert at.result()["resultCode"] == "6001"
    assert at.page.locator("tillgate-sheet").count() == 0


# --- 6005 ---


@each_form
@pytest.mark.parametrize(
    "params",
    [
        {"orderStr": {"request": {}}, "version": "2.0.0"},
        {"orderStr": "x", "version": 2},
    ],
    ids=json.dumps,
)
def test_6005_a_page_that_calls_wrongly(
    place: PlaceAt, way: str, params: Mapping[str, object]
) -> None:
    at = place(way)
    at.enter()
    at.call(params)
    result = at.result()
    assert result["resultCode"] == "6005"
    assert result["memo"].startswith("PARAM_ILLEGAL: ")


@each_form
def test_6005_a_version_that_is_not_the_orders(place: PlaceAt, way: str) -> None:
    at = place(way)
    at.enter()
    at.call({"orderStr": at.stage.order(), "version": "2.0.4"})
    assert at.result()["resultCode"] == "6005"


# --- 7001 ---


@each_way
def test_7001_the_view_is_closed_before_anything_was_confirmed(place: PlaceAt, way: str) -> None:
    at = place(way)
    at.enter()
    at.open(at.stage.order())
    at.cashier.locator(".cancel").wait_for()
    at.close_view()
    if way == "wallet":  # The page hears it while it still exists; then the view is gone.
        at.page.locator(".last code[data-code='7001']").wait_for()
        at.page.locator("iframe").wait_for(state="detached")
        assert at.only_result()["resultCode"] == "7001"
    else:
        assert at.result()["resultCode"] == "7001"
        assert at.address().endswith("/shop")


def test_7001_a_page_that_is_busy_hears_it_before_its_view_is_gone(place: PlaceAt) -> None:
    at = place("wallet")
    at.enter()
    at.open(at.stage.order())
    at.cashier.locator(".cancel").wait_for()
    at.frame.evaluate(BUSY)
    at.close_view()
    at.page.locator(".last code[data-code='7001']").wait_for()
    at.page.locator("iframe").wait_for(state="detached")
    assert at.only_result()["resultCode"] == "7001"
