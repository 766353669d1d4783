"""Automatic payments in a real browser: sign, be debited, pay without a PIN, stop.

What must hold: only the wallet, on a page whose origin is registered, pays without a PIN, and only
within the limits; whoever stops, both sides know of it.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.acting import Stage, call, codes_kept, heard, leave, type_pin, until, violations
from tests.browser.agreeing import (
    Payer,
    agree,
    allow,
    ask_in_wallet,
    hears_of_the_end,
    inside,
    open_shop_again,
    show_list,
)
from tests.browser.conftest import NewContext, new_patient_context
from tests.browser.foreign import Site, foreign_site
from tests.support.gateway import Gateway, running, tillgate

pytestmark = pytest.mark.xdist_group("browser-agreement")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A server of its own: an agreement that stands would pay the orders of other tests."""
    with running(tmp_path_factory.mktemp("agreement") / "data") as server:
        yield server


@pytest.fixture(autouse=True)
def rich(gateway: Gateway) -> Iterator[Payer]:
    payer = Payer(gateway)
    yield payer
    payer.stop_all()
    payer.close()


@pytest.fixture
def poor(gateway: Gateway) -> Iterator[Payer]:
    payer = Payer(gateway, "poor")
    yield payer
    payer.stop_all()
    payer.close()


@pytest.fixture
def site(gateway: Gateway) -> Iterator[Site]:
    with foreign_site(gateway.origin) as elsewhere:
        yield elsewhere


def balance(page: Page) -> str:
    return page.inner_text(".balance-chip [aria-hidden]")


def test_a_payer_allows_and_the_shop_believes_state_and_code(stage: Stage, rich: Payer) -> None:
    view = ask_in_wallet(stage)
    stage.page.locator(".titles h2", has_text="Automatic payments").wait_for()
    assert "Maison Lin" in view.locator("h1").inner_text()
    agree(view)
    view.locator("main[data-agreed=allowed]").wait_for()
    stage.page.locator(".titles span", has_text="Maison Lin").wait_for()
    (agreement,) = rich.active()
    assert agreement["singleMax"]["value"] == "50000"
    assert agreement["dailyMax"]["value"] == "100000"
    view.locator("a.buy").click()
    view.locator("#club[data-allowed=yes]").wait_for()


def test_the_shops_server_collects_while_nobody_is_asked(stage: Stage, rich: Payer) -> None:
    shop = allow(stage)
    before = balance(stage.page)
    shop.click("#renew")
    shop.wait_for_selector("#club-answer.good")
    until(lambda: balance(stage.page) != before, "the wallet shows the old balance")
    shop.click("#club-answer a")
    card = inside(stage.page).locator("#order-card[data-state=paid]")
    card.wait_for()
    assert "48.00 HKD" in card.inner_text()
    (agreement,) = rich.active()
    assert agreement["spentToday"]["value"] == "4800"
    payment = rich.get("/wallet/history")["payments"][0]
    assert payment["automatic"]
    assert payment["orderAmount"]["value"] == "4800"


def test_an_order_in_the_wallet_is_paid_without_a_pin(stage: Stage, rich: Payer) -> None:
    shop = allow(stage)
    call(shop, "tradePay", {"orderStr": stage.order()})
    inside(stage.page).locator("main[data-verified=yes]").wait_for()
    assert codes_kept(stage.view()) == ["9000"]
    assert stage.page.locator("iframe.cashier").count() == 0
    (agreement,) = rich.active()
    assert agreement["spentToday"]["value"] == "1000"
    assert rich.get("/wallet/history")["payments"][0]["automatic"]


def test_the_shops_own_button_pays_without_a_pin(stage: Stage) -> None:
    allow(stage).click("#without-pin")
    inside(stage.page).locator("main[data-verified=yes] #order-card[data-state=paid]").wait_for()
    assert stage.page.locator("iframe.cashier").count() == 0


def test_buying_with_a_pin_still_asks_for_it(stage: Stage) -> None:
    allow(stage).click("#buy")
    type_pin(stage.sheet())
    inside(stage.page).locator("main[data-verified=yes]").wait_for()


def test_above_the_limit_the_cashier_asks_for_the_pin(stage: Stage, rich: Payer) -> None:
    shop = allow(stage)
    call(shop, "tradePay", {"orderStr": stage.order("500.01")})
    type_pin(stage.sheet())
    inside(stage.page).locator("main[data-verified=yes]").wait_for()
    assert codes_kept(stage.view()) == ["9000"]
    assert not rich.get("/wallet/history")["payments"][0]["automatic"]


def test_a_page_of_another_origin_in_the_wallet_gets_the_cashier_for_the_same_order(
    gateway: Gateway, browser: Browser, site: Site, rich: Payer
) -> None:
    # The simulated wallet frames nothing but the shop, so its policy is put aside for this page.
    context = new_patient_context(
        browser,
        bypass_csp=True,
        viewport={"width": 390, "height": 844},
        locale="en-US",
        reduced_motion="reduce",
    )
    stage = Stage(gateway, context.new_page())
    shop = allow(stage)
    before = balance(stage.page)
    order_str = stage.order()
    shop.evaluate("(url) => location.assign(url)", site.merchant)
    until(lambda: stage.view().url == site.merchant, "the foreign page did not open")
    call(stage.view(), "tradePay", {"orderStr": order_str})
    stage.sheet().locator("#pin").wait_for()
    assert stage.sheet().locator("#amount").inner_text() == "HK$10.00"
    assert balance(stage.page) == before
    assert rich.active()[0]["spentToday"]["value"] == "0"
    leave(stage.sheet(), ".cancel")
    assert heard(stage.view())["resultCode"] == "6001"
    context.close()


def test_with_no_wallet_around_the_page_the_payer_signs_in_and_types_the_pin(
    stage: Stage, new_context: NewContext
) -> None:
    allow(stage)
    alone = Stage(stage.gateway, stage.page.context.new_page())
    alone.open_shop()
    window = alone.window_of(alone.order())
    window.locator("[data-payer=rich]").wait_for()


def test_ending_it_in_the_wallet_reaches_the_shop(stage: Stage, rich: Payer) -> None:
    allow(stage)
    show_list(stage.page, "allowed")
    stage.page.click("[data-do=stop]")
    question = stage.page.inner_text("#stop-heading")
    assert question == "Stop automatic payments to Maison Lin?"
    stage.page.click("[data-do=stop-now]")
    stage.page.locator(".ended").wait_for()
    stage.page.locator("#status", has_text="have been stopped").wait_for()
    assert rich.active() == []
    view = open_shop_again(stage)
    hears_of_the_end(stage)
    assert view.locator("#renew").count() == 0
    view.locator("#allow").wait_for()
    call(stage.view(), "tradePay", {"orderStr": stage.order()})
    stage.sheet().locator("#pin").wait_for()


def test_ending_it_in_the_shop_is_seen_in_the_wallet(stage: Stage, rich: Payer) -> None:
    allow(stage).click("#stop")
    inside(stage.page).locator("#club[data-ended=shop]").wait_for()
    assert rich.active() == []
    show_list(stage.page, "allowed")
    assert "Stopped by the shop" in stage.page.locator(".ended li").first.inner_text()


def test_a_payer_who_does_not_want_goes_back_and_nothing_is_allowed(
    stage: Stage, rich: Payer
) -> None:
    view = ask_in_wallet(stage)
    view.locator(".cancel").click()
    view.locator("main[data-agreed=declined]").wait_for()
    assert rich.active() == []


def test_a_way_back_with_another_state_is_not_believed(stage: Stage) -> None:
    shop = stage.open_wallet()
    shop.evaluate(
        """() => fetch("/shop/agreement", {method: "POST", body: "{}",
          headers: {"content-type": "application/json"}}).then((answer) => answer.json())"""
    )
    forged = "state=guessed&auth_site=ALIPAY_HK&merchantAgreementId=1&authCode=2&client_id=3"
    shop.evaluate("(query) => location.assign('/shop/agreed?' + query)", forged)
    refused = inside(stage.page).locator("main[data-agreed=refused]")
    refused.wait_for()
    assert "state" in refused.inner_text()


def test_limits_are_changed_in_the_wallet_and_hold_at_once(stage: Stage, rich: Payer) -> None:
    allow(stage)
    show_list(stage.page, "allowed")
    stage.page.click("[data-do=edit]")
    single = stage.page.locator("[data-limit=single]")
    single.locator("input[value=other]").check()
    single.locator(".limit-field").fill("2000")  # More than a day's limit.
    stage.page.click(".allowed-form button[type=submit]")
    stage.page.locator(".limit-problem:not(:empty)").wait_for()
    single.locator(".limit-field").fill("9.99")
    stage.page.click(".allowed-form button[type=submit]")
    stage.page.locator(".allowed-facts").wait_for()
    assert "HK$9.99" in stage.page.inner_text(".allowed-facts")
    assert rich.active()[0]["singleMax"]["value"] == "999"
    open_shop_again(stage).locator("#renew").click()
    told = inside(stage.page).locator("#club-answer code")
    told.wait_for()
    assert "LIMIT" in told.inner_text()


def test_a_limit_rises_with_the_pin_alone(stage: Stage, rich: Payer) -> None:
    page = stage.page
    allow(stage)
    show_list(page, "allowed")
    page.click("[data-do=edit]")
    page.locator("[data-limit=single] input[value=none]").check()
    page.locator("[data-limit=daily] input[value=none]").check()
    page.click(".allowed-form button[type=submit]")
    page.locator("#pin:focus").wait_for()  # By keyboard from here on.
    asked = page.locator("#pin").get_attribute("aria-describedby") or ""
    told = [page.inner_text(f"#{each}") for each in asked.split()]
    assert told[0] == "New limits for Maison Lin"
    assert told[1].count("No limit") == 2
    type_pin(page, "999999")
    problem = page.locator(".proof [role=alert]:has-text('2 tries left')")
    problem.wait_for()
    assert page.locator("#pin:focus").get_attribute("aria-invalid") == "true"
    page.keyboard.type("123")
    page.select_option("#language", "zh-Hant")
    assert "2" in page.inner_text(".proof [role=alert]")
    assert page.locator(".dot.filled").count() == 3
    page.select_option("#language", "en")
    assert rich.active()[0]["dailyMax"]["value"] == "100000"
    page.click("[data-do=change]")
    assert page.locator("[data-limit=single] input:checked").input_value() == "none"
    page.locator("[data-limit=single] input[value='1000']").check()
    page.keyboard.press("Enter")
    page.locator("#pin:focus").wait_for()
    type_pin(page)
    page.locator(".allowed-facts:has([data-spent]):has-text('HK$1,000.00')").wait_for()
    assert page.locator("[data-do=edit]:focus").count() == 1
    assert page.inner_text("#status") == "The limits are saved."
    (now,) = rich.active()
    assert (now["singleMax"]["value"], now["dailyMax"]) == ("100000", None)


def test_the_last_wrong_pin_leaves_the_limits_and_says_so(stage: Stage, poor: Payer) -> None:
    page = stage.page
    allow(stage, "poor")
    show_list(page, "allowed")
    page.click("[data-do=edit]")
    page.locator("[data-limit=daily] input[value='3000']").check()
    page.click(".allowed-form button[type=submit]")
    for words in ("2 tries left", "One try left", "limits stay as they were"):
        type_pin(page, "999999")
        page.locator(f".proof [role=alert]:has-text('{words}')").wait_for()
    assert page.locator("#pin").count() == 0
    assert violations(page.main_frame) == []
    page.click("[data-do=keep]")
    assert "HK$1,000.00" in page.inner_text(".allowed-facts")
    assert poor.active()[0]["dailyMax"]["value"] == "100000"
    done = tillgate("payer", "unlock", "poor", "--data", str(stage.gateway.data))
    assert done.returncode == 0, done.stderr


def test_a_lost_answer_to_the_pin_is_asked_for_again(stage: Stage, rich: Payer) -> None:
    page = stage.page
    allow(stage)
    show_list(page, "allowed")
    page.click("[data-do=edit]")
    page.locator("[data-limit=daily] input[value='3000']").check()
    page.click(".allowed-form button[type=submit]")
    page.locator("#pin:focus").wait_for()
    page.route("**/wallet/agreements/limits", lambda route: route.abort())
    type_pin(page)
    page.locator(".proof [role=alert]:has-text('did not work')").wait_for()
    page.unroute("**/wallet/agreements/limits")
    type_pin(page)
    page.locator(".allowed-facts:has([data-spent]):has-text('HK$3,000.00')").wait_for()
    assert rich.active()[0]["dailyMax"]["value"] == "300000"


def test_a_part_is_given_back_and_stands_under_its_payment(stage: Stage) -> None:
    allow(stage).click("#without-pin")
    view = inside(stage.page)
    view.locator("#refund-amount").fill("4.00")
    view.locator("#refund button").click()
    view.locator("[data-refund=SUCCESS]").wait_for()
    show_list(stage.page, "history")
    payment = stage.page.locator(".payments > li").first
    assert "Partly refunded" in payment.inner_text()
    assert "+HK$4.00" in payment.locator(".refund").inner_text()


def test_the_shop_cancels_an_order_and_all_of_it_comes_back(stage: Stage) -> None:
    shop = allow(stage)
    before = balance(stage.page)
    shop.click("#renew")
    shop.click("#club-answer a")
    view = inside(stage.page)
    view.locator("#cancel-order").click()
    view.locator("#order-card[data-state=given-back]").wait_for()
    assert view.locator("#after").count() == 0
    until(lambda: balance(stage.page) == before, "the money did not come back")
    show_list(stage.page, "history")
    assert "Cancelled" in stage.page.locator(".payments > li").first.inner_text()
