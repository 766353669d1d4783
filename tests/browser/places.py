"""The three places a merchant's page may stand in, behind one face, and what callbacks are told.

`wallet`: in the wallet's web view. `window`: alone, with the cashier in a window. `sheet`: alone in
a browser that blocks windows nobody clicked for, so that the bridge's sheet asks for one click.
What must hold: every firing of every callback is noted outside the page, with the address it fired
on, so it is counted although the page leaves or is closed.
"""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, final

from playwright.sync_api import Frame, Page

from tests.browser.acting import Stage, Surface, leave, sign_in_and_pay, type_pin, until
from tests.support.gateway import PIN, Gateway

WAYS: Final = ("wallet", "window", "sheet")
CALL: Final = "AlipayJSBridge.call('tradePay', %s, (said) => tell([location.pathname, said]))"
ROUND_TRIP: Final = """() => new Promise((done) => {
  AlipayJSBridge.call('setTitle', {title: document.title}, done);
})"""
"""Through the bridge and, in the wallet, there and back: whatever was under way has arrived."""


class Told(NamedTuple):
    """One firing of a callback: on which page, and with what."""

    path: str
    result: Mapping[str, Any]


@final
class Place:
    """One merchant's page in one place, and the person before it."""

    def __init__(self, gateway: Gateway, page: Page, way: str) -> None:
        """Stand before an empty page."""
        self.stage = Stage(gateway, page)
        self.way = way
        self.payer = "rich"
        self.told: list[Told] = []
        self.window: Page | None = None
        page.expose_binding("tell", lambda _, said: self.told.append(Told(*said)))

    @property
    def page(self) -> Page:
        """Return the browser's page, which is the wallet's or the merchant's own."""
        return self.stage.page

    @property
    def frame(self) -> Frame:
        """Return the merchant's page."""
        return self.stage.view() if self.way == "wallet" else self.page.main_frame

    @property
    def cashier(self) -> Surface:
        """Return the cashier."""
        return self.window or self.stage.sheet()

    def address(self) -> str:
        """Return where the merchant's page is now, as the page itself says."""
        href: str = self.frame.evaluate("location.href")
        return href

    def enter(self, payer: str = "rich", url: str = "/shop") -> None:
        """Open the merchant's page, in the wallet of this payer or with the payer in mind."""
        self.payer = payer
        if self.way == "wallet":
            self.stage.open_wallet(payer)
        elif url.startswith("http"):
            self.page.goto(url)
        else:
            self.stage.open_shop(url)

    def call(self, params: object) -> None:
        """Call tradePay as a script does that nobody clicked for."""
        expression = CALL % json.dumps(params)
        if self.way == "wallet":
            self.frame.evaluate(f"() => {{ {expression} }}")
            return
        self.run_unclicked(expression)
        if self.way == "sheet":  # The driver's own questions count as clicks, and are kept back.
            shown = "document.querySelector('tillgate-sheet') !== null"
            until(lambda: bool(self.run_unclicked(shown)), "no sheet over the page")

    def run_unclicked(self, expression: str) -> Any:
        """Run a script as a page runs its own: the browser sees no gesture in it."""
        driver = self.page.context.new_cdp_session(self.page)
        command = {"expression": expression, "userGesture": False, "returnByValue": True}
        answer = driver.send("Runtime.evaluate", command)
        driver.detach()
        return answer["result"].get("value")

    def open(self, order: str, **more: object) -> Surface:
        """Call tradePay with an order that is to be paid; return the cashier."""
        params = {"orderStr": order, **more}
        if self.way == "wallet":
            self.call(params)
            return self.cashier
        if self.way == "sheet":
            self.call(params)
            with self.page.expect_popup() as opening:
                self.page.locator("tillgate-sheet button.main").click()
        else:
            with self.page.expect_popup() as opening:
                self.call(params)
        self.window = opening.value
        return self.window

    def confirm(self, pin: str = PIN) -> None:
        """Sign in where the wallet has not, and type the PIN that pays."""
        if self.window is not None:
            sign_in_and_pay(self.window, self.payer, pin)
        else:
            type_pin(self.cashier, pin)

    def leave(self) -> None:
        """Press the button that leads back from a screen that tells how it ended."""
        leave(self.cashier)

    def close_view(self) -> None:
        """Close what the cashier stands in: the wallet's web view, or the window."""
        if self.window is not None:
            self.window.close()
        else:
            self.page.click(".titlebar [aria-label='Close the page']")

    def result(self) -> Mapping[str, Any]:
        """Return what the one callback was told, while the merchant's page still stands."""
        until(self.is_told, "no callback")
        self.frame.evaluate(ROUND_TRIP)
        return self.only_result()

    def is_told(self) -> bool:
        """Tell whether a callback has fired; asking the page lets the driver hear of it."""
        self.page.evaluate("0")
        return bool(self.told)

    def is_without_window(self) -> bool:
        """Tell whether the page stands alone; a window that closes is there a moment longer."""
        self.page.evaluate("0")
        return self.page.context.pages == [self.page]

    def is_offered_a_cashier(self) -> bool:
        """Wait for what a call made alone comes to: a cashier's window, or an answer at once."""
        until(lambda: self.is_told() or len(self.page.context.pages) > 1, "the call led nowhere")
        self.window = next(
            (each for each in self.page.context.pages if each is not self.page), None
        )
        return self.window is not None

    def only_result(self) -> Mapping[str, Any]:
        """Return the one result there is; a code is a string, a memo a name and a sentence."""
        assert len(self.told) == 1, self.told
        result = self.told[0].result
        assert isinstance(result["resultCode"], str)
        name, colon, sentence = result["memo"].partition(": ")
        assert colon, result
        assert name.replace("_", "").isalnum(), result
        assert name.isupper(), result
        assert sentence.endswith("."), result
        return result

    def result_page(self) -> Frame:
        """Return the shop's result page, once the buyer stands on it."""
        until(lambda: "/shop/result" in self.address(), "nobody went to the returnUrl")
        frame = self.frame
        frame.wait_for_selector("main[data-verified]")
        assert frame.get_attribute("main", "data-verified") == "yes"
        return frame
