"""The reference pages in a real Chromium: accessible, readable on a phone, in three languages."""

import re

import pytest
from playwright.sync_api import Page

from tests.browser.acting import violations
from tests.browser.conftest import NewContext
from tests.browser.test_pages import SIZES
from tests.support.gateway import Gateway
from tillgate.protocol.functions import ALL_FUNCTIONS
from tillgate.protocol.messages import agreement_pay, notify_pay

PAGES = ("", "/codes", "/callback", "/doors", "/nothing")
FUNCTIONS = tuple(f"/{each.name}" for each in ALL_FUNCTIONS)
LOOKS = (
    ("phone", "en-US", "light"),
    ("phone", "zh-HK", "dark"),
    ("desk", "zh-CN", "light"),
    ("desk", "en-US", "dark"),
)
UNFOLD = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
READY = "#language:not([hidden])"


def _open(page: Page, gateway: Gateway, path: str) -> None:
    page.goto(f"{gateway.origin}/docs{path}")
    page.wait_for_selector(READY)


@pytest.mark.parametrize("look", LOOKS, ids="-".join)
def test_no_page_has_an_accessibility_fault_when_all_is_unfolded(
    gateway: Gateway, new_context: NewContext, look: tuple[str, str, str]
) -> None:
    size, language, scheme = look
    page = new_context(
        viewport=SIZES[size], locale=language, color_scheme=scheme, reduced_motion="reduce"
    ).new_page()
    found: dict[str, list[str]] = {}
    for path in (*PAGES, f"/{agreement_pay.FUNCTION.name}", f"/{notify_pay.FUNCTION.name}"):
        _open(page, gateway, path)
        page.evaluate(UNFOLD)
        found[path] = violations(page.main_frame)
    assert {name: faults for name, faults in found.items() if faults} == {}


@pytest.mark.parametrize("language", ["en-US", "zh-HK"])
def test_no_page_is_wider_than_a_phone(
    gateway: Gateway, new_context: NewContext, language: str
) -> None:
    page = new_context(locale=language).new_page()
    for path in (*PAGES, *FUNCTIONS):
        _open(page, gateway, path)
        page.evaluate(UNFOLD)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_language_is_chosen_once_for_every_page_and_for_the_wallet(
    gateway: Gateway, new_context: NewContext
) -> None:
    page = new_context(locale="en-US").new_page()
    _open(page, gateway, "/codes")
    assert page.inner_text("h1") == "Result codes"
    page.select_option("#language", "zh-Hant")
    assert page.inner_text("h1") == "結果碼"
    assert page.get_attribute("html", "lang") == "zh-Hant-HK"
    _open(page, gateway, FUNCTIONS[3])
    page.get_by_role("heading", name="請求", exact=True).wait_for()
    assert page.inner_text("h1") == ALL_FUNCTIONS[3].title
    assert page.get_attribute("h1", "lang") == "en"
    page.goto(f"{gateway.origin}/wallet")
    page.wait_for_selector("[data-payer]")
    assert page.get_attribute("html", "lang") == "zh-Hant-HK"


def test_the_contents_open_on_a_phone_by_keyboard_and_lead_on(
    gateway: Gateway, new_context: NewContext
) -> None:
    page = new_context().new_page()
    _open(page, gateway, "")
    contents = page.locator("#contents")
    assert not contents.is_visible()
    page.focus(".contents")
    page.keyboard.press("Enter")
    contents.wait_for()
    page.keyboard.press("Escape")
    contents.wait_for(state="hidden")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Refund a payment").first.click()
    page.wait_for_url("**/docs/alipay.intl.acquiring.common.refund")
    assert page.locator("#contents [aria-current=page]").inner_text() == "Refund a payment"


def test_the_first_tab_skips_to_the_content(gateway: Gateway, new_context: NewContext) -> None:
    page = new_context(viewport=SIZES["desk"]).new_page()
    _open(page, gateway, "/doors")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.locator("#content:focus").wait_for()


def test_a_sample_is_copied_byte_for_byte(gateway: Gateway, new_context: NewContext) -> None:
    name = ALL_FUNCTIONS[0].name
    page = new_context(permissions=["clipboard-read", "clipboard-write"]).new_page()
    _open(page, gateway, f"/{name}")
    message = page.locator(".message").first
    message.locator("summary").first.click()
    button = message.locator(".copy").first
    button.click()
    page.get_by_role("status").get_by_text("Copied").wait_for()
    copied = page.evaluate("navigator.clipboard.readText()")
    sent = page.request.get(f"{gateway.origin}/docs/samples/{name}/request.json")
    assert copied == sent.text()


def test_a_link_to_something_folded_unfolds_it(gateway: Gateway, new_context: NewContext) -> None:
    page = new_context().new_page()
    _open(page, gateway, "")
    page.get_by_role("link", name="Try it now").click()
    page.wait_for_url("**#verify-request")
    page.locator("#verify-request pre").wait_for()
    _open(page, gateway, f"{FUNCTIONS[0]}#request-riskInfo.deviceInfo.clientIp")
    page.locator("[id='request-riskInfo.deviceInfo.clientIp']").wait_for()


def test_the_pages_are_whole_without_a_script(gateway: Gateway, new_context: NewContext) -> None:
    page = new_context(locale="zh-CN", java_script_enabled=False).new_page()
    page.goto(f"{gateway.origin}/docs/codes")
    assert page.inner_text("h1") == "结果码"
    assert page.locator(".copy:visible").count() == 0
    assert not page.locator("#language").is_visible()
    page.click(".contents")
    page.locator("#contents").get_by_text("Refund a payment").click()
    page.locator("h1", has_text=re.compile("^Refund a payment$")).wait_for()
