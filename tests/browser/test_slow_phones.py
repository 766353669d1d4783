"""A phone that is slow, or busy for a while: what happens late happens all the same.

Nothing here waits for time to pass: what is late is held back until the test lets it go. What must
hold: a page in the wallet pays in the wallet however late that answers; a press is not lost because
something else happened meanwhile, nor because the page was not ready for it.
"""

import time

import pytest

from tests.browser.acting import Stage, call, heard, leave, until
from tests.support.gateway import PIN, order
from tillgate.cli.wallet import Wallet

pytestmark = pytest.mark.xdist_group("browser-codes")

HELLOS_OF_OLD = 12
"""More than a page once said before it took itself for alone."""
BUSY_WALLET = """if (window.parent === window) {
  const listen = window.addEventListener;
  const held = [];
  let isBusy = true;
  window.heldBack = () => held.length;
  window.hold = () => { isBusy = true; };
  window.release = () => { isBusy = false; for (const go of held.splice(0)) go(); };
  window.addEventListener = (type, hear, ...more) => {
    const later = (event) => { if (isBusy) held.push(() => hear(event)); else hear(event); };
    listen.call(window, type, type === "message" ? later : hear, ...more);
  };
}"""
"""A wallet that hears nothing of what its pages say until it is released."""


def test_a_page_waits_for_a_wallet_that_is_busy(stage: Stage) -> None:
    stage.page.add_init_script(BUSY_WALLET)
    shop = stage.open_wallet()
    shop.evaluate(
        "document.addEventListener('AlipayJSBridgeReady', () => { window.isAlone = true; })"
    )

    def has_waited() -> bool:
        is_alone = bool(shop.evaluate("window.isAlone"))
        return is_alone or stage.page.evaluate("heldBack()") > HELLOS_OF_OLD

    until(has_waited, "the page neither waits nor goes on")
    stage.page.evaluate("release()")
    call(shop, "tradePay", {"orderStr": stage.order()})
    leave(stage.sheet(), ".cancel")
    assert heard(shop)["resultCode"] == "6001"


def test_a_payment_that_a_busy_wallet_may_yet_take_is_8000(stage: Stage) -> None:
    stage.page.add_init_script(BUSY_WALLET)
    stage.page.clock.install()
    shop = stage.open_wallet()
    stage.page.evaluate("release()")
    call(shop, "setTitle", {"title": "Stall"})
    assert heard(shop) == {}
    stage.page.evaluate("hold()")
    call(shop, "tradePay", {"orderStr": stage.order()})
    until(lambda: bool(stage.page.evaluate("heldBack() > 0")), "the wallet was not asked")
    stage.page.clock.fast_forward("00:10")
    result = heard(shop)
    assert result["resultCode"] == "8000"
    assert "error" not in result
    stage.page.evaluate("release()")
    stage.sheet().locator(".cancel").wait_for()


def test_a_press_is_not_lost_when_the_balance_changes_under_it(stage: Stage) -> None:
    page = stage.page
    stage.open_wallet()
    page.click(".titlebar [aria-label='Close the page']")
    page.locator(".view").wait_for(state="detached")
    before = page.inner_text(".wealth")
    page.hover(".tile >> nth=0")
    page.mouse.down()
    signed = stage.gateway.merchant().order_str(order("pressed"))
    paid = {"orderStr": signed, "callId": "pressed"}
    said = Wallet(stage.gateway.origin, wait=time.sleep).pay(paid, payer="rich", pin=PIN)
    assert said["resultCode"] == "9000"
    until(lambda: page.inner_text(".wealth") != before, "the wallet shows the old balance")
    page.mouse.up()
    stage.view().wait_for_selector("#buy")


def test_the_sample_page_takes_no_press_before_it_can_pay(stage: Stage) -> None:
    stage.page.route("**/seed.js", lambda route: route.abort())
    stage.open_shop("/shop/seed")
    assert stage.page.locator("#pay").is_disabled()
