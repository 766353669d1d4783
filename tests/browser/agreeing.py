"""What a person does about automatic payments: allow them in the shop, set limits, look, stop.

It clicks and reads; what it reads is judged by the tests. What must hold: an agreement is made the
way a person makes it, from the shop's button to the shop's way back.
"""

from typing import Any, Final, final

import httpx2
from playwright.sync_api import Frame, FrameLocator, Page

from tests.browser.acting import Stage, Surface, type_pin, until
from tests.support.doors import ANSWER_S_MAX
from tests.support.gateway import PIN, Gateway

VIEW: Final = ".frames iframe:not([hidden])"


@final
class Payer:
    """A payer at the wallet's doors, with no browser around: to put things back in order."""

    def __init__(self, gateway: Gateway, name: str = "rich") -> None:
        """Sign in."""
        self._http = httpx2.Client(base_url=gateway.origin, timeout=ANSWER_S_MAX, trust_env=False)
        said = self._http.post("/wallet/session", json={"payer": name, "pin": PIN}).json()
        self._http.headers["authorization"] = f"Bearer {said['token']}"

    def get(self, path: str) -> Any:
        """Return what a door answers."""
        return self._http.get(path).json()

    def active(self) -> list[dict[str, Any]]:
        """Return the agreements that stand."""
        found: list[dict[str, Any]] = self.get("/wallet/agreements")["agreements"]
        return [each for each in found if each["state"] == "ACTIVE"]

    def stop_all(self) -> None:
        """End every agreement."""
        for each in self.active():
            named = {name: each[name] for name in ("merchantId", "merchantAgreementId")}
            assert self._http.post("/wallet/agreements/cancel", json=named).status_code == 200

    def close(self) -> None:
        """Let go of the connections."""
        self._http.close()


def inside(page: Page) -> FrameLocator:
    """Return what the wallet's web view shows, whichever page that is."""
    return page.frame_locator(VIEW)


def ask_in_wallet(stage: Stage, payer: str = "rich") -> FrameLocator:
    """Press the shop's button in the wallet; return the signing page over there."""
    stage.open_wallet(payer).click("#allow")
    view = inside(stage.page)
    view.locator(".terms").wait_for()
    return view


def agree(signing: Surface, pin: str = PIN) -> None:
    """Go on with the limits as they stand, and type the PIN."""
    signing.locator(".terms button[type=submit]").click()
    type_pin(signing, pin)


def allow(stage: Stage, payer: str = "rich") -> Frame:
    """Allow automatic payments in the wallet, and return to the shop."""
    view = ask_in_wallet(stage, payer)
    agree(view)
    view.locator("main[data-agreed=allowed]").wait_for()
    view.locator("a.buy").click()
    view.locator("#club[data-allowed=yes]").wait_for()
    return stage.view()


def show_list(page: Page, name: str) -> None:
    """Close the page in the wallet and open one of the payer's own lists."""
    if page.locator(".titlebar").count():
        page.click(".titlebar [aria-label='Close the page']")
    page.click(f"[data-own={name}]")
    page.locator(f"[data-list={name}]").wait_for()


def open_shop_again(stage: Stage) -> FrameLocator:
    """Open the shop from the wallet's home."""
    stage.page.click("[aria-label=Back]")
    stage.page.click(".tile >> nth=0")
    view = inside(stage.page)
    view.locator("#club").wait_for()
    return view


def hears_of_the_end(stage: Stage) -> None:
    """Wait until the shop, asked again and again, says that the wallet told it of the end."""
    told = "document.querySelector('#club')?.dataset.ended === 'wallet'"

    def is_told() -> bool:
        frame = stage.view()
        if frame.evaluate("window.isOld"):
            return False  # It is still being loaded again: asking once more would begin anew.
        if frame.evaluate(told):
            return True
        frame.evaluate("() => { window.isOld = true; location.reload(); }")
        return False

    until(is_told, "the shop never heard that the agreement is over")
