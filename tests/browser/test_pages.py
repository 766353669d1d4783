"""The pages themselves: accessibility, languages, the PIN pad, and what must not be in the DOM."""

import pytest

from tests.browser.acting import LINGER, Stage, finish, sign_in_and_pay, type_pin, violations
from tests.browser.conftest import NewContext
from tests.support.gateway import PIN, Gateway

LOOKS = [("en-US", "light"), ("zh-HK", "dark"), ("zh-CN", "light"), ("en-US", "dark")]
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}


@pytest.mark.parametrize("look", LOOKS, ids=str)
@pytest.mark.parametrize("size", SIZES)
def test_no_page_has_an_accessibility_fault(
    gateway: Gateway, new_context: NewContext, size: str, look: tuple[str, str]
) -> None:
    language, scheme = look
    wishes = {"viewport": SIZES[size], "locale": language, "color_scheme": scheme}
    page = new_context(**wishes, reduced_motion="reduce").new_page()
    stage = Stage(gateway, page)
    found: dict[str, list[str]] = {}
    page.goto(f"{gateway.origin}/wallet")
    page.wait_for_selector("[data-payer]")
    found["sign-in"] = violations(page.main_frame)
    shop = stage.open_wallet()
    shop.wait_for_selector("#buy")
    found["shop"] = violations(shop)
    shop.click("#buy")
    stage.sheet().locator("#pin").wait_for()
    cashier = next(frame for frame in page.frames if "/cashier/" in frame.url)
    found["cashier"] = violations(cashier)
    cashier.evaluate(LINGER)
    type_pin(stage.sheet())
    stage.sheet().locator(".done").wait_for()
    found["paid"] = violations(cashier)
    finish(stage.sheet())
    stage.page.frame_locator(".frames iframe").locator("main[data-verified]").wait_for()
    found["result"] = violations(stage.view())
    if size == "phone":
        page.click("#tabs [data-tab=story]")
    for last in ("notification_acknowledged", "callback"):  # Then the story stands still.
        page.locator(".sale").first.locator(f"[data-kind={last}]").first.wait_for()
    found["story"] = violations(page.main_frame)
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_the_cashier_speaks_the_buyers_language_and_changes_it(
    gateway: Gateway, new_context: NewContext
) -> None:
    page = new_context(locale="zh-HK").new_page()
    stage = Stage(gateway, page)
    stage.open_shop()
    window = stage.window_of(stage.order())
    window.wait_for_selector("[data-payer]")
    assert window.get_attribute("html", "lang") == "zh-Hant-HK"
    assert window.inner_text(".cancel") == "取消付款"
    window.select_option("#language", "zh-Hans")
    assert window.get_attribute("html", "lang") == "zh-Hans-CN"
    window.select_option("#language", "en")
    assert window.inner_text(".cancel") == "Cancel payment"
    assert window.inner_text("#amount") == "HK$10.00"


def test_a_pin_is_typed_pasted_clicked_and_corrected_and_never_stands_in_the_page(
    stage: Stage,
) -> None:
    stage.open_shop()
    window = stage.window_of(stage.order())
    window.click("[data-payer=rich]")
    window.keyboard.type("12x3")
    window.click(".key:has-text('4')")
    window.click(".key:has-text('9')")
    window.keyboard.press("Tab")
    window.keyboard.press("Backspace")
    window.keyboard.type("56")
    assert window.input_value("#pin") == PIN
    assert PIN not in window.locator("main").evaluate("(main) => main.outerHTML").replace(
        "123456.", ""
    )
    assert window.locator(".dot.filled").count() == 6
    window.keyboard.press("Enter")
    window.wait_for_selector("#account")


def test_a_wrong_pin_says_how_many_tries_are_left(stage: Stage) -> None:
    stage.open_shop()
    window = stage.window_of(stage.order())
    sign_in_and_pay(window, "rich", "999999")
    problem = window.locator("#problem")
    problem.wait_for()
    assert "2 tries left" in problem.inner_text()
    window.evaluate(LINGER)
    type_pin(window)
    window.wait_for_selector("[data-kind=paid]")


def test_a_locked_payer_cannot_sign_in_and_is_told_why(stage: Stage) -> None:
    stage.page.goto(f"{stage.gateway.origin}/wallet")
    stage.page.click("[data-payer=locked]")
    type_pin(stage.page)
    problem = stage.page.locator("#problem")
    problem.wait_for()
    assert "locked" in problem.inner_text()
