"""The scenes of automatic payments: the signing page, the payer's own lists, the shop around them.

Each goes the way a person goes, in a demo of its own: an agreement that stands would pay the orders
of other scenes. It judges nothing. What must hold: an account that a scene locked is unlocked.
"""

from typing import Final

from playwright.sync_api import Page

from tests.browser.acting import Stage, type_pin
from tests.browser.agreeing import agree, allow, inside, show_list
from tools.pictures.studio import DESK, LOOKS, PHONE, Demo, Look, Size, Studio, demo

WRONG_PIN: Final = "999999"
SHOP_PLACES: Final = ("shop-allowed", "agreed", "order")


def signing(studio: Studio, _at: Demo) -> None:
    """Open the signing page alone in a browser, and go through it to each of its ends."""
    with demo() as fresh, studio.person(LOOKS[0], PHONE) as context:
        page = context.new_page()
        asked(fresh, page)
        studio.all_looks(page, "agreement-sign-in")
        sign_in(page, "poor")
        studio.all_looks(page, "agreement-terms")
        page.locator("[data-limit=single] input[value=other]").check()
        page.locator("[data-limit=single] .limit-field").fill("5000")
        page.click(".terms button[type=submit]")
        studio.all_looks(page, "agreement-fault")
        page.locator("[data-limit=single] input[value='500']").check()
        agree(page, WRONG_PIN)
        for left in ("2", "One"):
            page.locator(f"#problem:has-text('{left}')").wait_for()
            if left == "2":
                page.locator("#pin").press_sequentially("123")
                studio.all_looks(page, "agreement-pin")
                page.locator("#pin").fill("")
            type_pin(page, WRONG_PIN)
        page.locator(".done").wait_for()
        studio.all_looks(page, "agreement-locked")
        fresh.run("payer", "unlock", "poor")
        page.goto(f"{fresh.origin}/wallet/agreement/nothing-here")
        page.locator(".done").wait_for()
        studio.all_looks(page, "agreement-over")
        asked(fresh, page)
        page.evaluate("() => { window.setTimeout = () => 0; }")  # The page would go on at once.
        agree(page)
        page.locator("[data-kind=signed]").wait_for()
        studio.all_looks(page, "agreement-signed")


def asked(at: Demo, page: Page) -> None:
    """Press the shop's button, where no wallet is around the page."""
    page.goto(f"{at.shop_origin}/shop")
    page.click("#allow")
    page.locator("[data-payer], .terms").first.wait_for()


def sign_in(page: Page, payer: str) -> None:
    """Sign in at the signing page."""
    page.click(f"[data-payer={payer}]")
    type_pin(page)
    page.locator(".terms").wait_for()


def lists(studio: Studio, _at: Demo) -> None:
    """Sign in the wallet, pay, give back, and look at the payer's own lists."""
    with demo() as fresh, studio.person(LOOKS[0], PHONE) as context:
        page = context.new_page()
        stage = Stage(fresh, page)  # type: ignore[arg-type]  # A demo is a gateway.
        stage.open_wallet()
        for name in ("history", "allowed"):
            show_list(page, name)
            page.locator(".list-note h3").wait_for()
            studio.all_looks(page, f"wallet-{name}-empty")
            page.click(".list-head button")
        page.click(".tile >> nth=0")
        inside(page).locator("#allow").click()
        inside(page).locator(".terms").wait_for()
        page.wait_for_timeout(300)
        studio.all_looks(page, "wallet-agreement")
        agree(inside(page))
        inside(page).locator("main[data-agreed=allowed] a.buy").click()
        pay_and_give_back(stage)
        show_list(page, "history")
        page.locator(".payments summary").nth(1).click()
        studio.all_looks(page, "wallet-history")
        page.click(".list-head button")
        show_list(page, "allowed")
        page.locator(".allowed-facts").wait_for()
        studio.all_looks(page, "wallet-allowed")
        page.click("[data-do=stop]")
        studio.all_looks(page, "wallet-stop")
        page.click("[data-do=stop-now]")
        page.locator(".ended").wait_for()
        studio.all_looks(page, "wallet-stopped")


def limits(studio: Studio, _at: Demo) -> None:
    """Allow in the wallet, raise a limit, and mistype the PIN that this needs until it is over."""
    with demo() as fresh, studio.person(LOOKS[0], PHONE) as context:
        page = context.new_page()
        stage = Stage(fresh, page)  # type: ignore[arg-type]  # A demo is a gateway.
        allow(stage)
        show_list(page, "allowed")
        page.click("[data-do=edit]")
        studio.all_looks(page, "wallet-limits")
        page.locator("[data-limit=daily] input[value='3000']").check()
        page.click(".allowed-form button[type=submit]")
        for _ in range(3):
            type_pin(page, WRONG_PIN)
            page.locator(".proof:not(.sending) .problem:not(:empty)").wait_for()
            if page.locator(".proof .problem:has-text('2')").count():
                page.locator("#pin").press_sequentially("123")
                studio.all_looks(page, "wallet-limits-pin")
                page.locator("#pin").fill("")
        page.locator(".proof:not(:has(.pad))").wait_for()
        studio.all_looks(page, "wallet-limits-locked")


def pay_and_give_back(stage: Stage) -> None:
    """Renew, cancel that; buy with a PIN; buy without one and give a part back."""
    view = inside(stage.page)
    view.locator("#renew").click()
    view.locator("#club-answer a").click()
    view.locator("#cancel-order").click()
    view.locator("#order-card[data-state=given-back]").wait_for()
    view.locator("a.buy").click()
    view.locator("#renew").click()
    view.locator("#club-answer.good").wait_for()
    view.locator("#amt").fill("268.00")
    view.locator("#without-pin").click()
    view.locator("#refund-amount").fill("68.00")
    view.locator("#refund button").click()
    view.locator("[data-refund=SUCCESS]").wait_for()


def shop(studio: Studio, _at: Demo) -> None:
    """Look at the shop's own pages on the way, each look in a demo where nothing happened."""
    for size in (PHONE, DESK):
        taken = [(look, walk(studio, look, size)) for look in LOOKS]
        for number, name in enumerate(SHOP_PLACES):
            studio.sheet(name, size, [(look, shots[number]) for look, shots in taken])


def walk(studio: Studio, look: Look, size: Size) -> list[bytes]:
    """Allow, come back, renew and look at the order; return a picture of each place."""
    with demo() as fresh, studio.person(look, size) as context:
        page = context.new_page()
        asked(fresh, page)
        sign_in(page, "rich")
        agree(page)
        page.locator("main[data-agreed=allowed]").wait_for()
        page.wait_for_timeout(300)
        agreed = page.screenshot()
        page.click("a.buy")
        page.click("#renew")
        page.locator("#club-answer.good").wait_for()
        page.locator("#club").scroll_into_view_if_needed()
        page.wait_for_timeout(300)
        allowed = page.screenshot()
        page.click("#club-answer a")
        page.locator("#refund button").click()
        page.locator("[data-refund=SUCCESS]").wait_for()
        page.wait_for_timeout(1_500)  # The notification arrives, and the shop knows.
        page.reload()
        page.locator("#order-card").wait_for()
        page.wait_for_timeout(300)
        return [allowed, agreed, page.screenshot()]
