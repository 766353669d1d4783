"""The shop inside the simulated wallet: each of the seed's eight codes, and the live story."""

from typing import Any

import pytest
from playwright.sync_api import Frame

from tests.browser.acting import (
    Stage,
    call,
    codes_kept,
    finish,
    heard,
    leave,
    type_pin,
    until,
)

STEPS = [
    "order_signed",
    "signature_checked",
    "cashier_opened",
    "ledger_entry",
    "callback",
    "notification_sent",
    "notification_acknowledged",
]


DEAF = """() => addEventListener("message", (event) => event.stopImmediatePropagation(), true)"""
"""A page that no longer takes what the wallet tells it."""
NOTE_HOMES = """() => {
  window.homes = 0;
  const look = () => (window.homes += document.querySelectorAll("#phone .tile").length);
  new MutationObserver(look).observe(document.getElementById("phone"), { childList: true });
}"""
"""Counts the home screens that stand in the phone, however briefly."""


def pay(stage: Stage, shop: Frame, order: object, **more: object) -> dict[str, Any]:
    """Call tradePay from the shop's page and type the PIN in the sheet."""
    call(shop, "tradePay", {"orderStr": order, **more})
    type_pin(stage.sheet())
    finish(stage.sheet())
    return heard(shop)


def codes_heard_before(stage: Stage) -> list[str]:
    shop = stage.page.frame_locator(".frames iframe:not([hidden])")
    shop.locator("main[data-verified=yes]").wait_for()
    return codes_kept(stage.view())


def test_a_buyer_pays_and_the_story_tells_every_step(stage: Stage) -> None:
    shop = stage.open_wallet()
    shop.click("#buy")
    type_pin(stage.sheet())
    result = stage.page.frame_locator(".frames iframe:not([hidden])")
    result.locator("main[data-verified=yes]").wait_for()
    sale = stage.page.locator(".sale").first
    for kind in STEPS:
        sale.locator(f"[data-kind={kind}]").first.wait_for(state="attached")
    entry = sale.locator("[data-kind=ledger_entry] tbody tr").first
    assert "10.00" in (entry.text_content() or "")


def test_the_callback_of_a_payment_is_9000(stage: Stage) -> None:
    shop = stage.open_wallet()
    call(shop, "tradePay", {"orderStr": stage.order(), "version": "2.0.0"})
    type_pin(stage.sheet())
    assert codes_heard_before(stage) == ["9000"]


def test_an_issuer_that_does_not_answer_is_8000(stage: Stage) -> None:
    shop = stage.open_wallet("unknown-then-failed")
    call(shop, "tradePay", {"orderStr": stage.order()})
    type_pin(stage.sheet())
    stage.sheet().locator("[data-kind=unknown]").wait_for()
    finish(stage.sheet())
    assert codes_heard_before(stage) == ["8000"]


def test_too_little_money_is_4000(stage: Stage) -> None:
    shop = stage.open_wallet("poor")
    assert pay(stage, shop, stage.order("99.00"))["resultCode"] == "4000"


def test_another_call_on_a_paid_order_is_5000(stage: Stage) -> None:
    order = stage.order()
    shop = stage.open_wallet()
    call(shop, "tradePay", {"orderStr": order})
    type_pin(stage.sheet())
    assert codes_heard_before(stage) == ["9000"]
    call(stage.view(), "tradePay", {"orderStr": order})
    assert heard(stage.view())["resultCode"] == "5000"


def test_a_buyer_who_cancels_is_6001(stage: Stage) -> None:
    shop = stage.open_wallet()
    call(shop, "tradePay", {"orderStr": stage.order()})
    leave(stage.sheet(), ".cancel")
    assert heard(shop)["resultCode"] == "6001"


def test_a_gateway_out_of_reach_is_6002(stage: Stage) -> None:
    shop = stage.open_wallet()
    stage.page.route("**/cashier/trade-pay", lambda route: route.abort())
    call(shop, "tradePay", {"orderStr": stage.order()})
    assert heard(shop)["resultCode"] == "6002"


@pytest.mark.parametrize(
    "params", [{"orderStr": 1}, {}, {"orderStr": "", "version": "2.0.0"}], ids=str
)
def test_an_order_that_is_no_string_is_6005(stage: Stage, params: dict[str, object]) -> None:
    shop = stage.open_wallet()
    call(shop, "tradePay", params)
    assert heard(shop)["resultCode"] == "6005"


def test_closing_the_view_is_7001(stage: Stage) -> None:
    shop = stage.open_wallet()
    call(shop, "tradePay", {"orderStr": stage.order()})
    stage.sheet().locator("#pin").wait_for()
    stage.page.click(".titlebar [aria-label='Close the page']")
    last = stage.page.locator(".last code[data-code='7001']")
    last.wait_for()
    until(lambda: stage.page.locator("iframe").count() == 0, "the closed page is still there")


def test_who_is_signed_out_meets_the_sign_in_at_once_and_the_next_payer_none_of_their_news(
    stage: Stage,
) -> None:
    """Also when the page that paid does not answer, so that its view closes unseen and late."""
    shop = titled_shop(stage)  # It has been welcomed, and takes what comes next for nothing.
    shop.evaluate(DEAF)
    stage.page.evaluate(NOTE_HOMES)
    stage.page.route("**/cashier/trade-pay", lambda route: route.fulfill(status=401, json={}))
    call(shop, "tradePay", {"orderStr": stage.order()})
    stage.page.click("[data-payer=poor]")
    assert stage.page.evaluate("window.homes") == 0
    type_pin(stage.page)
    stage.page.click(".view:not([hidden]) [aria-label='Close the page']")
    stage.page.locator(".tile").first.wait_for()
    assert stage.page.locator(".last:not([hidden])").count() == 0


def test_the_documents_page_pays_as_it_is_printed(stage: Stage) -> None:
    said = stage.dialogs()
    stage.open_wallet()
    stage.page.click(".titlebar [aria-label='Close the page']")
    stage.page.click(".tile >> nth=1")
    stage.view().click("#pay")
    type_pin(stage.sheet())
    view = stage.page.frame_locator(".frames iframe:not([hidden])")
    view.locator("main[data-verified=yes]").wait_for()
    assert said[0] == "10.00"
    assert said[2].startswith('callback result:{"resultCode":"9000"')


def titled_shop(stage: Stage) -> Frame:
    """Return the shop's page once the title that it sets by itself stands over it."""
    shop = stage.open_wallet()
    stage.page.locator(".titles h2", has_text=shop.inner_text("#title")).wait_for()
    return shop


def test_a_page_sets_the_title_shows_a_toast_and_opens_another_page(stage: Stage) -> None:
    shop = titled_shop(stage)
    call(shop, "setTitle", {"title": "iPay test", "subtitle": "a sample"})
    assert heard(shop) == {}
    assert stage.page.inner_text(".titles h2") == "iPay test"
    call(shop, "toast", {"content": "Hello there", "duration": 10_000})
    assert heard(shop) == {}
    assert stage.page.inner_text(".toast") == "Hello there"
    call(shop, "pushWindow", {"url": "/shop/seed"})
    pages = stage.page.locator(".frames iframe")
    until(lambda: pages.count() == 2, "no second page")
    above = stage.view()
    above.wait_for_selector("#pay")
    call(above, "popWindow", {})
    until(lambda: pages.count() == 1, "the second page stayed")
    assert heard(shop) == {}


def test_the_wallet_believes_nobody_but_the_page_that_said_hello(stage: Stage) -> None:
    shop = titled_shop(stage)
    title = stage.page.inner_text(".titles h2")
    shop.evaluate(
        """(origin) => window.parent.postMessage({tillgate: "bridge", type: "call", nonce: "n",
          session: "another session", name: "setTitle", params: {title: "Stolen"}}, origin)""",
        stage.gateway.origin,
    )
    stage.page.evaluate(
        """() => window.postMessage({tillgate: "bridge", type: "call", nonce: "n", session: "s",
          name: "setTitle", params: {title: "Stolen"}}, location.origin)"""
    )
    call(shop, "toast", {"content": "after"})
    assert heard(shop) == {}
    assert stage.page.inner_text(".titles h2") == title
