"""Takes the pictures of every page in every state again: `python -m tools.pictures.make [STATE …]`.

It starts `tillgate demo`, acts as a person does, and lays the pictures out as `studio` says. It
does not judge them; look at them. What must hold: a state is reached through a real payer and a
real order; only the network is ours, to lose an answer or to hold one back for the picture.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final

from playwright.sync_api import Page, Route, sync_playwright

from tests.browser.acting import Stage, call, sign_in_and_pay, type_pin
from tests.support import browser as chromium
from tools.pictures import agreement
from tools.pictures.studio import DESK, LOOKS, PHONE, PICTURES, Demo, Look, Size, Studio, demo

WRONG_PIN: Final = "999999"
SHORT_LIFE_S: Final = "9"
WALLET_PLACES: Final = (
    "wallet-home",
    "wallet-shop",
    "wallet-cashier",
    "wallet-paid",
    "wallet-result",
    "story",
)
REFERENCE_PLACES: Final = {
    "start": "",
    "function": "/alipay.intl.acquiring.common.refund",
    "members": "/alipay.intl.acquiring.common.refund#request",
    "sample": "/alipay.intl.acquiring.common.refund#samples",
    "function-codes": "/alipay.intl.acquiring.common.refund#codes",
    "codes": "/codes",
    "callback": "/callback",
    "doors": "/doors",
}
Scene = Callable[[Studio, Demo], None]


@contextmanager
def window(studio: Studio, at: Demo, amount: str = "10.00") -> Iterator[tuple[Stage, str, Page]]:
    """Open the cashier in a window of its own; yield the shop's page, the order and the window."""
    with studio.person(LOOKS[0], PHONE) as context:
        stage = Stage(at, context.new_page())  # type: ignore[arg-type]  # A demo is a gateway.
        stage.open_shop()
        order = stage.order(amount)
        cashier = stage.window_of(order)
        cashier.wait_for_selector("[data-payer]")
        yield stage, order, cashier


def stay(cashier: Page) -> None:
    """Keep the screen of a success from closing itself."""
    cashier.evaluate("() => { window.setTimeout = () => 0; }")


# --- the cashier in a window ---


def cashier_sign_in(studio: Studio, at: Demo) -> None:
    """Choose an account, then type its PIN."""
    with window(studio, at) as (_, _, cashier):
        studio.all_looks(cashier, "cashier-sign-in")
        cashier.click("[data-payer=rich]")
        studio.all_looks(cashier, "cashier-sign-in-pin")


def cashier_confirm(studio: Studio, at: Demo) -> None:
    """Look at the order, with a part of the PIN typed."""
    with window(studio, at) as (_, _, cashier):
        cashier.click("[data-payer=rich]")
        type_pin(cashier)
        cashier.wait_for_selector("#account")
        cashier.locator("#pin").press_sequentially("1234")
        studio.all_looks(cashier, "cashier-confirm")


def cashier_paid(studio: Studio, at: Demo) -> None:
    """Pay."""
    with window(studio, at) as (_, _, cashier):
        stay(cashier)
        sign_in_and_pay(cashier)
        cashier.wait_for_selector("[data-kind=paid]")
        studio.all_looks(cashier, "cashier-paid")


def cashier_wrong_pin(studio: Studio, at: Demo) -> None:
    """Type a wrong PIN, then the right one."""
    with window(studio, at) as (_, _, cashier):
        sign_in_and_pay(cashier, "rich", WRONG_PIN)
        cashier.wait_for_selector("#problem:not(:empty)")
        studio.all_looks(cashier, "cashier-wrong-pin")
        type_pin(cashier)
        cashier.wait_for_selector("[data-kind=paid]")


def cashier_processing(studio: Studio, at: Demo) -> None:
    """Wait for an issuer that is slow, and for one that does not answer."""
    with window(studio, at) as (_, _, cashier):
        asked: list[Route] = []
        cashier.route("**/confirm", lambda route: asked.append(route))  # noqa: PLW0108  Playwright needs a function of its own.
        # The question waits until the pictures are taken.
        sign_in_and_pay(cashier, "slow")
        cashier.wait_for_selector(".busy h1:has-text('Waiting')")
        studio.all_looks(cashier, "cashier-processing")
        asked[0].continue_()
        cashier.wait_for_selector("[data-kind=paid]")
    with window(studio, at) as (_, _, cashier):
        sign_in_and_pay(cashier, "unknown-then-paid")
        cashier.wait_for_selector("[data-kind=unknown]", timeout=60_000)
        studio.all_looks(cashier, "cashier-unknown")


def cashier_short_of_money(studio: Studio, at: Demo) -> None:
    """Pay with too little money in the account."""
    with window(studio, at, "99.00") as (_, _, cashier):
        cashier.click("[data-payer=poor]")
        type_pin(cashier)
        cashier.wait_for_selector("#account.short")
        studio.all_looks(cashier, "cashier-short")
        type_pin(cashier)
        cashier.wait_for_selector("[data-kind=balance]")
        studio.all_looks(cashier, "cashier-balance")


def cashier_locked(studio: Studio, at: Demo) -> None:
    """Type three wrong PINs; an operator unlocks the account afterwards."""
    with window(studio, at) as (_, _, cashier):
        sign_in_and_pay(cashier, "poor", WRONG_PIN)
        for left in ("2", "One"):
            cashier.wait_for_selector(f"#problem:has-text('{left}')")
            type_pin(cashier, WRONG_PIN)
        cashier.wait_for_selector("[data-kind=locked]")
        studio.all_looks(cashier, "cashier-locked")
    at.run("payer", "unlock", "poor")


def cashier_duplicate(studio: Studio, at: Demo) -> None:
    """Confirm an order that was paid in another window meanwhile."""
    with window(studio, at) as (stage, order, first):
        first.click("[data-payer=rich]")
        type_pin(first)
        first.wait_for_selector("#account")
        other = Stage(stage.gateway, stage.page.context.new_page())
        other.open_shop()
        second = other.window_of(order)
        sign_in_and_pay(second)
        second.wait_for_selector("[data-kind=paid]")
        stay(first)
        type_pin(first)
        first.wait_for_selector("[data-kind=duplicate]")
        studio.all_looks(first, "cashier-duplicate")


def cashier_lost(studio: Studio, at: Demo) -> None:
    """Lose the network while confirming."""
    with window(studio, at) as (_, _, cashier):
        cashier.route("**/confirm", lambda route: route.abort())
        sign_in_and_pay(cashier)
        cashier.wait_for_selector(".tone-unknown")
        studio.all_looks(cashier, "cashier-lost")


def cashier_cancelled(studio: Studio, at: Demo) -> None:
    """Cancel where nobody opened the page; a window and a sheet close at once."""
    with window(studio, at) as (stage, _, cashier):
        alone = stage.page.context.new_page()
        alone.goto(cashier.url.partition("#")[0])
        alone.click(".cancel")
        alone.wait_for_selector("[data-kind=cancelled]")
        studio.all_looks(alone, "cashier-cancelled")
        alone.goto(f"{at.origin}/cashier/nothing-here")
        alone.wait_for_selector(".done")
        studio.all_looks(alone, "cashier-gone")


def cashier_expired(studio: Studio, _at: Demo) -> None:
    """Let the time run out, and come back later."""
    with demo(order_life_s=SHORT_LIFE_S) as brief, window(studio, brief) as (_, _, cashier):
        cashier.wait_for_selector("[data-kind=expired]", timeout=30_000)
        studio.all_looks(cashier, "cashier-expired")
        cashier.reload()
        cashier.wait_for_selector("[data-kind=closed]")
        studio.all_looks(cashier, "cashier-closed")


def cashier_blocked(studio: Studio, at: Demo) -> None:
    """Show what the bridge asks where the browser does not let it open a window."""
    each_look("bridge-blocked", studio, at, block_window)


def block_window(stage: Stage) -> None:
    """Call tradePay where no window may be opened."""
    stage.open_shop()
    stage.page.evaluate("() => { window.open = () => null; }")
    call(stage.page.main_frame, "tradePay", {"orderStr": stage.order()})
    stage.page.locator("tillgate-sheet button.main").wait_for()


# --- the shop ---


def each_look(name: str, studio: Studio, at: Demo, act: Callable[[Stage], None]) -> None:
    """Do the same in each look and at each size, each time as another person."""
    for size in (PHONE, DESK):
        shots = []
        for look in LOOKS:
            with studio.person(look, size) as context:
                stage = Stage(at, context.new_page())  # type: ignore[arg-type]  # See window.
                act(stage)
                stage.page.wait_for_timeout(200)
                shots.append((look, stage.page.screenshot()))
        studio.sheet(name, size, shots)


def shop(studio: Studio, at: Demo) -> None:
    """Look at the shop, at the sample page, and at the shop after a cancelled payment."""
    each_look("shop", studio, at, lambda stage: stage.open_shop())
    each_look("shop-seed", studio, at, lambda stage: stage.open_shop("/shop/seed"))
    each_look("shop-cancelled", studio, at, buy_and_cancel)


def buy_and_cancel(stage: Stage) -> None:
    """Buy, and change one's mind at the cashier."""
    stage.open_shop()
    with stage.page.expect_popup() as opening:
        stage.page.click("#buy")
    opening.value.click(".cancel")
    stage.page.wait_for_selector("#answer code")
    stage.page.locator("#answer").scroll_into_view_if_needed()


def result(studio: Studio, at: Demo) -> None:
    """Come back to the shop by the signed address, and by one that was tampered with."""
    with window(studio, at) as (stage, _, cashier):
        sign_in_and_pay(cashier)
        stage.page.wait_for_url("**/shop/result**")
        stage.page.wait_for_timeout(1_500)  # The notification arrives, and the shop knows.
        right = stage.page.url
    wrong = right.replace("SUCCESS", "PAYMENT_IN_PROCESS")
    each_look("result", studio, at, lambda each: visit(each, right))
    each_look("result-refused", studio, at, lambda each: visit(each, wrong))


def visit(stage: Stage, url: str) -> None:
    """Open a result page."""
    stage.page.goto(url)
    stage.page.wait_for_selector("main[data-verified]")


# --- the wallet ---


def wallet_sign_in(studio: Studio, at: Demo) -> None:
    """Sign in to the wallet, where the account is locked."""
    with studio.person(LOOKS[0], PHONE) as context:
        page = context.new_page()
        page.goto(f"{at.origin}/wallet")
        page.wait_for_selector("[data-payer]")
        studio.all_looks(page, "wallet-sign-in")
        page.click("[data-payer=locked]")
        type_pin(page)
        page.wait_for_selector("#problem:not(:empty)")
        studio.all_looks(page, "wallet-locked")


def close_view(stage: Stage) -> None:
    """Close the page in the wallet."""
    stage.page.locator(".titlebar .round:visible").last.click()
    stage.page.wait_for_selector(".home")


def wallet(studio: Studio, _at: Demo) -> None:
    """Pay once in each look, and take each place on the way, in a demo where nothing happened."""
    for size in (PHONE, DESK):
        with demo() as fresh:
            taken = [(look, walk(studio, fresh, look, size)) for look in LOOKS]
        for number, name in enumerate(WALLET_PLACES):
            studio.sheet(name, size, [(look, shots[number]) for look, shots in taken])


def walk(studio: Studio, at: Demo, look: Look, size: Size) -> list[bytes]:
    """Buy one dress in the wallet; return a picture of each place."""
    with studio.person(look, size) as context:
        page = context.new_page()
        stage = Stage(at, page)  # type: ignore[arg-type]  # See window.
        inside = stage.open_wallet()
        inside.wait_for_selector("#buy")
        page.wait_for_timeout(400)
        shots = [page.screenshot()]
        inside.click("#buy")
        stage.sheet().locator("#pin").wait_for()
        stage.sheet().locator("#pin").press_sequentially("123")
        page.wait_for_timeout(700)
        shots.append(page.screenshot())
        type_pin(stage.sheet(), "456")
        stage.sheet().locator("[data-kind=paid]").wait_for()
        page.wait_for_timeout(200)
        shots.append(page.screenshot())
        page.frame_locator(".frames iframe").locator("main[data-verified=yes]").wait_for()
        page.wait_for_timeout(900)
        shots.append(page.screenshot())
        close_view(stage)
        page.wait_for_timeout(500)
        home = page.screenshot()
        if size is PHONE:
            page.click("#tabs [data-tab=story]")
        told_to_the_end(page)
        page.evaluate("document.getElementById('story').scrollTop = 0")
        page.wait_for_timeout(200)
        return [home, *shots, page.screenshot()]


def told_to_the_end(page: Page) -> None:
    """Wait until the newest sale's notification has been acknowledged."""
    last = page.locator(".sale").first.locator("[data-kind=notification_acknowledged]")
    last.wait_for(state="attached")


def story_whole(studio: Studio, at: Demo) -> None:
    """Take one sale from its first step to its last, in one long picture."""
    with studio.person(LOOKS[0], DESK) as context:
        page = context.new_page()
        stage = Stage(at, page)  # type: ignore[arg-type]  # See window.
        stage.open_wallet().click("#buy")
        type_pin(stage.sheet())
        told_to_the_end(page)
        page.frame_locator(".frames iframe").locator("main[data-verified=yes]").wait_for()
        page.wait_for_timeout(900)
        page.set_viewport_size({"width": 1280, "height": 2400})
        page.wait_for_timeout(300)
        page.locator(".sale").first.screenshot(path=PICTURES / "story-whole.png")


def hero(studio: Studio, _at: Demo) -> None:
    """Take the picture of the README, in a demo where one dress has been bought before."""
    with demo() as fresh, studio.person(LOOKS[0], DESK) as context:
        page = context.new_page()
        stage = Stage(fresh, page)  # type: ignore[arg-type]  # See window.
        stage.open_wallet().click("#buy")
        type_pin(stage.sheet())
        page.frame_locator(".frames iframe").locator("main[data-verified=yes]").wait_for()
        close_view(stage)
        page.click(".tile >> nth=0")
        stage.view().click("#buy")
        stage.sheet().locator("#pin").press_sequentially("1234")
        page.wait_for_timeout(1_200)
        page.screenshot(path=PICTURES / "demo.png")


# --- the reference ---


def reference(studio: Studio, at: Demo) -> None:
    """Read the reference: where it begins, one function from its head to its codes, and tables."""
    for name, place in REFERENCE_PLACES.items():
        each_look(f"reference-{name}", studio, at, partial(read, place=place))


def read(stage: Stage, *, place: str) -> None:
    """Open a page of the reference at a place of it."""
    stage.page.goto(f"{stage.gateway.origin}/docs{place}")
    stage.page.wait_for_selector("#language:not([hidden])")


SCENES: Final[dict[str, Scene]] = {
    "sign-in": cashier_sign_in,
    "confirm": cashier_confirm,
    "wrong-pin": cashier_wrong_pin,
    "processing": cashier_processing,
    "paid": cashier_paid,
    "balance": cashier_short_of_money,
    "locked": cashier_locked,
    "duplicate": cashier_duplicate,
    "lost": cashier_lost,
    "cancelled": cashier_cancelled,
    "expired": cashier_expired,
    "blocked": cashier_blocked,
    "shop": shop,
    "result": result,
    "wallet-sign-in": wallet_sign_in,
    "wallet": wallet,
    "agreement": agreement.signing,
    "lists": agreement.lists,
    "limits": agreement.limits,
    "agreement-shop": agreement.shop,
    "story": story_whole,
    "hero": hero,
    "reference": reference,
}


def main(names: list[str]) -> None:
    """Take the pictures of these scenes, or of all."""
    chosen = names or list(SCENES)
    with sync_playwright() as driver, demo() as at:
        program = driver.chromium.launch(
            executable_path=chromium.executable(), args=list(chromium.ARGUMENTS)
        )
        studio = Studio(program)
        for name in chosen:
            SCENES[name](studio, at)
        program.close()


if __name__ == "__main__":
    main(sys.argv[1:])
