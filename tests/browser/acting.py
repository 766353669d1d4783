"""What a person does on the pages: sign in, type the PIN, close a window; and what a page calls.

Two stages share it: `alone`, the shop in a browser with the cashier in a window of its own, and
`wallet`, the shop in the wallet's web view with the cashier as a sheet. What must hold: a payment
ends with one callback, which the merchant's page has heard itself.
"""

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, final

from playwright.sync_api import Dialog, Error, Frame, FrameLocator, Locator, Page

from tests.support import browser as chromium
from tests.support.gateway import MERCHANT_ID, PIN, Gateway

Surface = Page | FrameLocator
WAIT_S_MAX = 120.0
CALL = """([name, params]) => {
  window.heard = [];
  AlipayJSBridge.call(name, params, (result) => {
    window.heard.push(result);
    window.name = JSON.stringify(window.heard);
  });
}"""
"""A frame keeps its name, so the page that a payment leads to can tell what was heard before."""
GONE = ("closed", "detached")
"""What the driver says of a window that went, and of the wallet's sheet that did."""
LINGER = """() => {
  const later = window.setTimeout;
  window.setTimeout = (act, waitMs) => later(act, waitMs > 1500 ? 600_000 : waitMs);
}"""
"""A screen that goes by itself after a moment stays, so that a slow machine sees it as well."""


@final
class Stage:
    """One browser page, alone before the shop or with the wallet in it."""

    def __init__(self, gateway: Gateway, page: Page) -> None:
        """Act on this page of this server."""
        self.gateway = gateway
        self.page = page

    # --- ways in ---

    def open_shop(self, path: str = "/shop") -> None:
        """Open the shop with no wallet around it."""
        self.page.goto(f"{self.gateway.shop_origin}{path}")

    def open_wallet(self, payer: str = "rich") -> Frame:
        """Sign in to the wallet; return the shop's page in its web view."""
        self.page.goto(f"{self.gateway.origin}/wallet")
        self.page.click(f"[data-payer={payer}]")
        type_pin(self.page)
        return self.view()

    def view(self) -> Frame:
        """Return the page that the wallet's web view shows."""
        handle = self.page.wait_for_selector(".frames iframe:not([hidden])")
        frame = handle.content_frame() if handle else None
        assert frame is not None
        loaded = "document.readyState === 'complete' && 'AlipayJSBridge' in window"
        until(lambda: bool(frame.evaluate(loaded)), "the page in the wallet did not load")
        return frame

    def sheet(self) -> FrameLocator:
        """Return the cashier over the wallet's page."""
        return self.page.frame_locator("iframe.cashier")

    def dialogs(self) -> list[str]:
        """Accept every alert of the page from now on; return where their words are noted."""
        said: list[str] = []

        def accept(dialog: Dialog) -> None:
            said.append(dialog.message)
            dialog.accept()

        self.page.on("dialog", accept)
        return said

    # --- what the merchant's page does ---

    def order(self, amount: str = "10.00") -> str:
        """Return an order that the shop's server has signed."""
        answer = self.page.request.post(
            f"{self.gateway.shop_origin}/sbs-api/debug/bsu/wap/pay",
            data={"mid": MERCHANT_ID, "amount": amount},
        )
        signed: str = answer.json()["order_string"]
        return signed

    def window_of(self, order: object, **more: object) -> Page:
        """Call tradePay on the page that stands alone; return the cashier's window."""
        with self.page.expect_popup() as opening:
            call(self.page.main_frame, "tradePay", {"orderStr": order, **more})
        return opening.value


def call(frame: Frame, name: str, params: object) -> None:
    """Call the bridge as a page does, and remember each time its callback fires."""
    frame.evaluate(CALL, [name, params])


def heard(frame: Frame) -> dict[str, Any]:
    """Return the one thing the callback was told; it fires once and never again."""
    until(lambda: bool(frame.evaluate("window.heard.length")), "no callback")
    results: list[dict[str, Any]] = frame.evaluate("window.heard")
    assert len(results) == 1
    return results[0]


def codes_kept(frame: Frame) -> list[str]:
    """Return the codes that the page before this one heard, one for each time it was called."""
    return [each["resultCode"] for each in json.loads(frame.evaluate("window.name"))]


def until(holds: Callable[[], bool], otherwise: str) -> None:
    """Wait for something that a strict policy keeps the driver from waiting for."""
    ends_s = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < ends_s:
        with suppress(Error):  # A page that is just leaving cannot be asked.
            if holds():
                return
        time.sleep(0.05)
    raise AssertionError(otherwise)


def type_pin(surface: Surface, pin: str = PIN) -> None:
    """Type a PIN on the keyboard and send it."""
    field = surface.locator("#pin")
    field.press_sequentially(pin)
    field.press("Enter")


def sign_in_and_pay(window: Page, payer: str = "rich", pin: str = PIN) -> None:
    """Sign in at a cashier that stands in a window of its own, and confirm."""
    window.click(f"[data-payer={payer}]")
    type_pin(window)
    window.wait_for_selector("#account")
    type_pin(window, pin)


def finish(surface: Surface) -> Locator:
    """Read how it ended and press the button that leads back; return the screen that was left."""
    screen = surface.locator(".done")
    screen.wait_for()
    leave(surface)
    return screen


def leave(surface: Surface, button: str = ".actions .button") -> None:
    """Press a button that ends the payment: it closes its window, sometimes while still pressed."""
    pressed = surface.locator(button)
    pressed.wait_for()
    try:
        pressed.click()
    except Error as gone:
        if not any(word in str(gone) for word in GONE):
            raise


def violations(frame: Frame) -> list[str]:
    """Return what the accessibility checker finds on a page, one line each."""
    frame.evaluate(chromium.AXE.read_text())
    found = frame.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found]
