"""The pages of automatic payments: alone in a browser, by keyboard, in each language and scheme.

What must hold: a person who sees, hears or only types can sign and stop; nobody frames the page but
the wallet; a wrong PIN says how many tries are left, and the last one agrees to nothing.
"""

import secrets
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.browser.acting import LINGER, Stage, type_pin, until, violations
from tests.browser.agreeing import Payer, agree, allow, ask_in_wallet, inside, show_list
from tests.browser.conftest import NewContext, new_patient_context
from tests.browser.foreign import foreign_site
from tests.support.gateway import PIN, Gateway, running, tillgate
from tillgate.merchant import AgreementPage

pytestmark = pytest.mark.xdist_group("browser-agreement")

LOOKS = [("en-US", "light"), ("zh-HK", "dark"), ("zh-CN", "light"), ("en-US", "dark")]
SIZES = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1280, "height": 800}}
WRONG = "999999"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A server of its own: an agreement that stands would pay the orders of other tests."""
    with running(tmp_path_factory.mktemp("agreement-pages") / "data") as server:
        yield server


def asked(gateway: Gateway) -> str:
    """Return the address of a signing page, as a merchant's server gets it."""
    with gateway.merchant() as merchant:
        page = merchant.prepare_agreement(
            agreement_id=secrets.token_hex(16),
            state="a-state",
            redirect_url=f"{gateway.shop_origin}/shop/agreed",
        )
    assert isinstance(page, AgreementPage)
    return page.url


def sign_in(page: Page, payer: str = "rich") -> None:
    page.click(f"[data-payer={payer}]")
    type_pin(page)
    page.locator(".terms").wait_for()


def lift_a_limit(page: Page) -> None:
    """Lift the day's limit in the wallet, which asks for the PIN."""
    page.locator("[data-limit=daily] input[value=none]").check()
    page.click(".allowed-form button[type=submit]")
    page.locator("#pin:focus").wait_for()


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

    def check(name: str) -> None:
        found[name] = violations(page.main_frame)

    page.goto(asked(gateway))
    page.wait_for_selector("[data-payer]")
    check("sign-in")
    sign_in(page)
    page.locator("[data-limit=single] input[value=other]").check()
    page.click(".terms button[type=submit]")
    check("terms")
    page.locator("[data-limit=single] input[value='100']").check()
    page.click(".terms button[type=submit]")
    check("pin")
    page.click(".cancel")
    page.wait_for_selector("[data-agreed]")
    check("declined")
    page.goto(f"{gateway.origin}/wallet/agreement/nothing-here")
    page.wait_for_selector(".done")
    check("over")
    page.goto(f"{gateway.origin}/wallet")
    view = inside(page)
    view.locator("#allow").click()
    agree(view)
    view.locator("[data-agreed=allowed]").wait_for()
    found["agreed"] = violations(stage.view())
    view.locator("a.buy").click()
    view.locator("#renew").click()
    view.locator("#club-answer a").click()
    view.locator("#refund button").click()
    view.locator("[data-refund]").wait_for()
    found["order"] = violations(stage.view())
    page.locator(".titlebar .round:visible").last.click()
    check("home")
    page.click("[data-own=history]")
    page.locator(".payments summary").first.click()
    check("history")
    page.locator(".list-head button").click()
    page.click("[data-own=allowed]")
    page.locator(".allowed-facts").first.wait_for()
    check("allowed")
    page.locator("[data-do=edit]").first.click()
    check("limits")
    lift_a_limit(page)
    check("limits-pin")
    page.click("[data-do=keep]")
    page.locator("[data-do=stop]").first.click()
    check("stop")
    page.click("[data-do=stop-now]")
    page.locator(".ended").wait_for()
    check("ended")
    assert {name: faults for name, faults in found.items() if faults} == {}


def test_alone_in_a_browser_one_signs_in_first(gateway: Gateway, stage: Stage) -> None:
    stage.page.goto(asked(gateway))
    sign_in(stage.page)
    stage.page.evaluate(LINGER)
    agree(stage.page)
    stage.page.click("[data-kind=signed] .actions .button")
    stage.page.wait_for_url("**/shop/agreed?**")
    assert "state=a-state" in stage.page.url
    assert "authResult=SUCCESS" in stage.page.url
    # This browser never asked the shop, which therefore believes nothing.
    stage.page.locator("main[data-agreed=refused]").wait_for()


def test_where_no_payer_is_named_one_types_the_account(gateway: Gateway, stage: Stage) -> None:
    page = stage.page

    def as_in_production(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "payers": []})

    page.route("**/*.json", as_in_production)
    page.goto(asked(gateway))
    account = page.locator("input[name=payer]")
    account.fill("rich")
    assert violations(page.main_frame) == []
    type_pin(page)
    page.locator("#account:has-text('Rich')").wait_for()


def test_limits_that_do_not_fit_together_are_told_in_each_language(
    gateway: Gateway, stage: Stage
) -> None:
    page = stage.page
    page.goto(asked(gateway))
    sign_in(page)
    page.locator("[data-limit=single] input[value='1000']").check()
    page.locator("[data-limit=daily] input[value='500']").check()
    page.click(".terms button[type=submit]")
    problem = page.locator("[data-limit=daily] .limit-problem")
    assert "smaller" in problem.inner_text()
    assert page.locator("[data-limit=daily] input:focus").input_value() == "500"
    page.select_option("#language", "zh-Hant")
    assert problem.inner_text() == "每日上限不可低於每筆付款上限。"
    page.locator("[data-limit=daily] input[value='1000']").check()
    assert page.locator(".limit-problem:not(:empty)").count() == 0


def test_one_signs_with_the_keyboard_alone(gateway: Gateway, stage: Stage) -> None:
    page = stage.page
    page.goto(asked(gateway))
    page.wait_for_selector("[data-payer=rich]")

    def tab_to(selector: str) -> None:
        for _ in range(40):
            if page.locator(f"{selector}:focus").count():
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"the keyboard does not reach {selector}")

    tab_to("[data-payer=rich]")
    page.keyboard.press("Enter")
    page.locator("#pin:focus").wait_for()
    page.keyboard.type(f"{PIN}\n")
    page.locator(".terms").wait_for()
    tab_to("[data-limit=single] input")
    page.keyboard.press("ArrowRight")  # From HK$500 to HK$1,000.
    tab_to("[data-limit=daily] input")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # To an amount of one's own.
    tab_to("[data-limit=daily] .limit-field")
    page.keyboard.type("2,500.50\n")
    page.locator("#pin:focus").wait_for()
    assert page.locator("#limits-chosen dd").all_inner_texts() == ["HK$1,000.00", "HK$2,500.50"]
    page.keyboard.type(f"{PIN}\n")
    page.wait_for_url("**/shop/agreed?**")


def test_a_wrong_pin_says_how_many_tries_are_left_and_the_last_one_agrees_to_nothing(
    gateway: Gateway, stage: Stage
) -> None:
    page = stage.page
    page.goto(asked(gateway))
    sign_in(page, "poor")
    agree(page, WRONG)
    page.locator("#problem:has-text('2 tries left')").wait_for()
    type_pin(page, WRONG)
    page.locator("#problem:has-text('One try left')").wait_for()
    type_pin(page, WRONG)
    page.locator("h1:has-text('Account locked')").wait_for()
    page.click(".actions .button")
    page.wait_for_url("**/shop/agreed?**")
    assert "authResult=FAIL" in page.url
    done = tillgate("payer", "unlock", "poor", "--data", str(gateway.data))
    assert done.returncode == 0, done.stderr


def test_an_answer_that_was_lost_is_asked_for_again(gateway: Gateway, stage: Stage) -> None:
    page = stage.page
    page.goto(asked(gateway))
    sign_in(page)
    page.route("**/sign", lambda route: route.abort())
    agree(page)
    page.locator("h1:has-text('connection was lost')").wait_for()
    page.unroute("**/sign")
    page.click(".actions .button")
    page.wait_for_url("**/shop/agreed?**authResult=SUCCESS")


def test_the_page_speaks_the_payers_language_and_keeps_what_was_chosen(
    gateway: Gateway, new_context: NewContext
) -> None:
    page = new_context(locale="zh-HK").new_page()
    page.goto(asked(gateway))
    sign_in(page)
    assert page.get_attribute("html", "lang") == "zh-Hant-HK"
    page.locator("[data-limit=daily] input[value=none]").check()
    page.select_option("#language", "zh-Hans")
    assert page.locator("[data-limit=daily] input:checked").input_value() == "none"
    assert page.inner_text(".terms .primary") == "继续"
    page.select_option("#language", "en")
    page.click(".terms button[type=submit]")
    assert page.locator("#limits-chosen dd").all_inner_texts() == ["HK$500.00", "No limit"]


def test_the_lists_speak_another_language_while_they_stand(stage: Stage) -> None:
    allow(stage)
    show_list(stage.page, "allowed")
    stage.page.click("[data-do=edit]")
    stage.page.locator("[data-limit=single] input[value=none]").check()
    stage.page.select_option("#language", "zh-Hant")
    assert stage.page.inner_text(".list-head h2") == "自動付款"
    assert stage.page.locator("[data-limit=single] input:checked").input_value() == "none"
    payer = Payer(stage.gateway)
    payer.stop_all()
    payer.close()


def test_a_list_that_could_not_be_loaded_says_so_and_is_asked_for_again(stage: Stage) -> None:
    stage.open_wallet()
    stage.page.route("**/wallet/history", lambda route: route.abort())
    show_list(stage.page, "history")
    stage.page.locator("[role=alert] .button").wait_for()
    stage.page.unroute("**/wallet/history")
    stage.page.click("[role=alert] .button")
    stage.page.locator(".payments, .list-note h3").first.wait_for()


def test_no_stranger_frames_the_signing_page(gateway: Gateway, browser: Browser) -> None:
    context = new_patient_context(browser, locale="en-US")
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text))
    with foreign_site(gateway.origin) as site:
        page.goto(site.framing(asked(gateway)))
        until(lambda: page.evaluate("1") == 1 and bool(refused), "the frame was not refused")
    assert "frame-ancestors" in refused[0]
    assert page.frames[1].locator("main").count() == 0
    context.close()


def test_the_wallet_says_that_the_page_is_its_own(stage: Stage) -> None:
    ask_in_wallet(stage)
    stage.page.locator(".seal").wait_for()
    assert stage.page.is_hidden(".balance-chip")
    stage.page.click(".titlebar [aria-label='Close the page']")
    stage.page.click(".tile >> nth=0")
    stage.view().wait_for_selector("#buy")
    assert stage.page.is_hidden(".seal")
