"""Buying the dress with the keyboard alone, and in each language and colour scheme.

What must hold: nothing that buying takes needs a pointer, within a bounded number of presses; no
page of the way falls back to English for somebody who reads Chinese.
"""

import re
from typing import Final

import pytest
from playwright.sync_api import Frame, Page

from tests.browser.acting import LINGER, Stage, type_pin, until
from tests.browser.conftest import NewContext
from tests.support.gateway import PIN, Gateway

pytestmark = pytest.mark.xdist_group("browser-codes")

TABS_MAX: Final = 40
DARK: Final = 0x60
BRIGHTNESS: Final = """() => {
  const colour = (element) => getComputedStyle(element).backgroundColor;
  const drawn = (element) => colour(element).match(/[\\d.]+/g).map(Number);
  const seen = [document.body, document.documentElement].map(drawn);
  const painted = seen.find((colour) => colour.length === 3 || colour[3] > 0);
  return painted ? Math.max(...painted.slice(0, 3)) : -1;
}"""
LOOKS: Final = {
    "en-US": ("en", "Buy now", "light"),
    "zh-HK": ("zh-Hant-HK", "立即購買", "dark"),
    "zh-CN": ("zh-Hans-CN", "立即购买", "dark"),
}


def _focused(page: Page) -> tuple[Frame, str]:
    """Return the frame that has the focus, and what has it there."""
    frame = page.main_frame
    while True:
        held = frame.evaluate_handle("document.activeElement").as_element()
        inner = held.content_frame() if held else None
        if inner is None:
            break
        frame = inner
    said: str = frame.evaluate(
        """() => { const on = document.activeElement;
          return on ? [on.tagName.toLowerCase(), on.id, on.dataset.payer ?? ""].join(" ") : ""; }"""
    )
    return frame, said


def _press_tab(page: Page) -> None:
    """Press Tab and wait until the focus has moved; into another site's frame it moves later."""
    before, _ = _focused(page)
    before.evaluate("() => { window.passed = document.activeElement; }")
    page.keyboard.press("Tab")

    def has_moved() -> bool:
        frame, said = _focused(page)
        if frame is not page.main_frame and said.startswith("body"):
            return False
        passed = frame.evaluate("document.activeElement === window.passed")
        return frame is not before or not passed

    until(has_moved, "Tab does not move the focus")


def _tab_to(page: Page, wanted: str) -> Frame:
    """Press Tab until the focus stands on what is wanted."""
    passed = []
    for _ in range(TABS_MAX):
        frame, said = _focused(page)
        if wanted in said:
            return frame
        passed.append(said)
        _press_tab(page)
    message = f"{wanted} is not reached by Tab: {passed}"
    raise AssertionError(message)


def test_the_dress_is_bought_without_a_pointer(gateway: Gateway, new_context: NewContext) -> None:
    page = new_context(reduced_motion="reduce").new_page()
    stage = Stage(gateway, page)
    page.goto(f"{gateway.origin}/wallet")
    page.wait_for_selector("[data-payer=rich]")
    _tab_to(page, "button  rich")
    page.keyboard.press("Enter")
    page.locator("#pin").wait_for()
    _tab_to(page, "input pin")
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    stage.view().wait_for_selector("#buy")
    _tab_to(page, "button buy")
    page.keyboard.press("Enter")
    stage.sheet().locator("#pin:focus").wait_for()  # The cashier takes the focus by itself.
    stage.sheet().locator("body").evaluate(LINGER)
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    stage.sheet().locator("[data-kind=paid]").wait_for()
    _tab_to_finish(stage)
    stage.page.frame_locator(".frames iframe").locator("main[data-verified=yes]").wait_for()


def _tab_to_finish(stage: Stage) -> None:
    """Reach the button that ends the success screen, and press it."""
    finish = stage.sheet().locator(".actions .button:focus")
    for _ in range(TABS_MAX):
        if finish.count():
            stage.page.keyboard.press("Enter")
            return
        stage.page.keyboard.press("Tab")
    raise AssertionError("the button that ends the payment is not reached by Tab")


@pytest.mark.parametrize("locale", LOOKS)
def test_the_way_to_buy_is_in_the_buyers_language_and_colours(
    gateway: Gateway, new_context: NewContext, locale: str
) -> None:
    language, buy, scheme = LOOKS[locale]
    page = new_context(locale=locale, color_scheme=scheme, reduced_motion="reduce").new_page()
    stage = Stage(gateway, page)
    shop = stage.open_wallet()
    shop.get_by_role("button", name=buy).wait_for()
    words = [page.inner_text("main"), shop.inner_text("main")]
    shop.click("#buy")
    stage.sheet().locator("#pin").wait_for()
    cashier = next(frame for frame in page.frames if "/cashier/" in frame.url)
    words.append(cashier.inner_text("main"))
    seen = [page.main_frame, shop, cashier]
    assert {frame.evaluate("document.documentElement.lang") for frame in seen} == {language}
    for frame in seen:
        brightness = frame.evaluate(BRIGHTNESS)
        assert (brightness <= DARK) == (scheme == "dark"), (frame.url, brightness)
    for text in words:
        assert bool(re.search(r"[\u4e00-\u9fff]", text)) == language.startswith("zh"), text
    type_pin(stage.sheet())
    view = page.frame_locator(".frames iframe:not([hidden])")
    view.locator("main[data-verified=yes]").wait_for()
    assert view.locator("html").get_attribute("lang") == language
