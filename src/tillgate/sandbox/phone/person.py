"""A phone in a test: the page, and what the person before it does at the cashier.

Each step waits for what must be on the screen, never for time to pass, and says what was missing.
What must hold: a step that ends a payment returns what the page's callback was given.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final, final

from playwright.sync_api import BrowserContext, Error, Page

from tillgate.sandbox.phone import SANDBOX_PIN
from tillgate.sandbox.phone.payment import Answer
from tillgate.sandbox.phone.view import Wallet
from tillgate.sandbox.testing_wallet import Callback

WAIT_S_MAX: Final = 45.0
LOOK_AGAIN_MS: Final = 25


def _nothing() -> None:
    """Do nothing: a gateway elsewhere does what is due by itself."""


@final
class Phone:
    """A phone-sized browser with the wallet's bridge in it, and somebody's finger.

    Attributes:
        page: the merchant's page; drive it as any page of Playwright.
        told: what callbacks were given, in order.
    """

    def __init__(
        self,
        context: BrowserContext,
        *,
        gateway: str,
        payer: str = "rich",
        pin: str = SANDBOX_PIN,
        settle: Callable[[], None] = _nothing,
    ) -> None:
        """Sign this payer in to a wallet of this gateway, and open an empty page.

        `settle` has the gateway do what is due, as telling the merchant, before a step returns.
        """
        self.told: list[Callback] = []
        self._settle = settle
        self._wallet = Wallet(context, gateway=gateway, tell=self._tell)
        self.sign_in(payer, pin)
        self.page: Page = context.new_page()

    def sign_in(self, payer: str, pin: str = SANDBOX_PIN) -> None:
        """Let somebody else pay from now on, as in "poor"."""
        self._pin = pin
        self._wallet.sign_in(payer, pin)

    def open(self, url: str) -> Page:
        """Open a merchant's page as a person does, and return it."""
        self.page.goto(url)
        return self.page

    @property
    def cashier(self) -> Page:
        """Return the cashier's tab, once it asks for the PIN."""
        self._until(lambda: self._wallet.cashier is not None, self._no_cashier)
        cashier = self._wallet.cashier
        if cashier is None:
            raise AssertionError("the cashier closed before it was looked at")
        cashier.tab.locator("#pin").wait_for(timeout=WAIT_S_MAX * 1000)
        return cashier.tab

    def pay(self, pin: str = "") -> Callback:
        """Type the PIN at the cashier and go back; return what the callback was given."""
        cashier, before = self.cashier, len(self.told)
        field = cashier.locator("#pin")
        field.press_sequentially(pin or self._pin)
        field.press("Enter")
        ended = cashier.locator(".done .actions .button")
        said = cashier.locator("#problem:not(:empty)")
        with suppress(Error):  # The cashier goes by itself a moment after a payment.
            ended.or_(said).first.wait_for(timeout=WAIT_S_MAX * 1000)
            if said.count():
                raise AssertionError(f"the cashier says: {said.inner_text()}")
            ended.click()
        return self._result(before)

    def cancel(self) -> Callback:
        """Press Cancel at the cashier; return what the callback was given."""
        cashier, before = self.cashier, len(self.told)
        with suppress(Error):  # It closes its tab, sometimes while the button is still pressed.
            cashier.locator(".cancel").click()
        return self._result(before)

    def close_cashier(self) -> Callback:
        """Close the cashier without a word; return what the callback was given."""
        cashier, before = self.cashier, len(self.told)
        cashier.close()
        return self._result(before)

    def result(self) -> Callback:
        """Return what the latest callback was given, once there was one."""
        return self._result(max(len(self.told) - 1, 0))

    def _tell(self, answer: Answer) -> None:
        told = Callback(
            result_code=str(answer.get("resultCode")),
            memo=str(answer.get("memo") or ""),
            return_url=str(answer.get("returnUrl") or ""),
            raw=answer,
        )
        self.told.append(told)

    def _result(self, number: int) -> Callback:
        self._until(lambda: len(self.told) > number, lambda: "no callback")
        self._settle()
        return self.told[number]

    def _no_cashier(self) -> str:
        """Say that none opened; an order that was refused told the page why."""
        if not self.told:
            return "the page opened no cashier, and no callback was given anything"
        last = self.told[-1]
        return f"the page opened no cashier; its callback was given {last.result_code} {last.memo}"

    def _until(self, holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
        """Wait while the browser goes on; the wallet answers only meanwhile."""
        ends_s = time.monotonic() + WAIT_S_MAX
        while not holds():
            if time.monotonic() > ends_s:
                raise AssertionError(otherwise())
            self.page.wait_for_timeout(LOOK_AGAIN_MS)
