"""A page of another origin with the one script tag, and what strangers may try with messages.

What must hold: the page pays alone and is never given credentials; nobody frames the cashier but
the wallet; a callback believes the cashier's own window, at the gateway's origin, with the nonce of
its own call, and nothing else.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.acting import leave, until
from tests.browser.conftest import NewContext, new_patient_context
from tests.browser.foreign import Site, foreign_site
from tests.browser.places import Place
from tests.support.gateway import Gateway, order

pytestmark = pytest.mark.xdist_group("browser-codes")

FORGED = {"resultCode": "9000", "memo": "SUCCESS: Forged."}
POST = """(said) => new Promise((done) => {
  (window.opener || window).postMessage(said, "*");
  setTimeout(done, 0);
})"""
SENT_HERE = """(said) => new Promise((done) => {
  window.postMessage(said, "*");
  setTimeout(done, 0);
})"""
POST_LATER = """(said) => {
  setTimeout(() => { for (const each of said) opener.postMessage(each, "*"); }, 0);
}"""
"""What it says closes its window, which then could not tell the driver that it has been said."""
CREDENTIALED = """(address) => fetch(address, {credentials: "include", method: "POST",
  headers: {"content-type": "application/json"}, body: "{}"})
  .then(() => "answered", () => "kept away")"""
READ = """(address) => fetch(address, {credentials: "include"})
  .then(() => "answered", () => "kept away")"""


@pytest.fixture
def site(gateway: Gateway) -> Iterator[Site]:
    with foreign_site(gateway.origin) as elsewhere:
        yield elsewhere


@pytest.fixture
def stranger(gateway: Gateway, browser: Browser) -> Iterator[Page]:
    """A page whose console nobody judges: a browser complains aloud of what it refuses."""
    context = new_patient_context(browser, locale="en-US", reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{gateway.origin}/wallet")
    signed_in = page.evaluate(
        """() => fetch("/wallet/session", {method: "POST", body: '{"payer":"rich","pin":"123456"}',
          headers: {"content-type": "application/json"}}).then((answer) => answer.status)"""
    )
    assert signed_in == 200
    yield page
    context.close()


@pytest.fixture
def at(gateway: Gateway, site: Site, new_context: NewContext) -> Place:
    """A stranger's page that has called tradePay and whose cashier stands open."""
    place = Place(gateway, new_context(reduced_motion="reduce").new_page(), "window")
    place.enter(url=site.merchant)
    return place


def _nonce(window: Page) -> str:
    said: str = window.evaluate("new URLSearchParams(location.hash.slice(1)).get('nonce')")
    return said


def _says(nonce: str, **more: object) -> dict[str, object]:
    return {"tillgate": "cashier", "nonce": nonce, **more}


def test_a_page_with_one_script_tag_pays(at: Place, gateway: Gateway) -> None:
    at.open(gateway.merchant().order_str(order("stranger-1")))
    at.confirm()
    assert at.result()["resultCode"] == "9000"


def test_it_is_given_no_credentials_though_the_browser_has_some(
    stranger: Page, site: Site, gateway: Gateway
) -> None:
    stranger.goto(site.merchant)
    with stranger.expect_request("**/cashier/trade-pay") as asking, stranger.expect_popup() as own:
        order_str = gateway.merchant().order_str(order("stranger-2"))
        stranger.evaluate("(o) => AlipayJSBridge.call('tradePay', {orderStr: o})", order_str)
    headers = asking.value.all_headers()
    assert not {"cookie", "authorization"} & set(headers)
    own.value.locator(
        "[data-payer=rich]"
    ).wait_for()  # The session is the wallet's, not this call's.
    for path in ("/wallet/me", own.value.url.partition("#")[0].removeprefix(gateway.origin)):
        assert stranger.evaluate(READ, f"{gateway.origin}{path}") == "kept away"
    for path in ("/cashier/trade-pay", "/wallet/session"):
        assert stranger.evaluate(CREDENTIALED, f"{gateway.origin}{path}") == "kept away"


def test_it_cannot_frame_the_cashier_nor_the_wallet(
    stranger: Page, site: Site, gateway: Gateway
) -> None:
    answer = stranger.request.post(
        f"{gateway.origin}/cashier/trade-pay",
        data={
            "orderStr": gateway.merchant().order_str(order("stranger-3")),
            "callId": "stranger-3",
        },
    )
    refused: list[str] = []
    stranger.on("console", lambda said: refused.append(said.text))
    for address in (answer.json()["cashierUrl"], f"{gateway.origin}/wallet"):
        refused.clear()
        stranger.goto(site.framing(address))
        until(lambda: stranger.evaluate("1") == 1 and bool(refused), "the frame was not refused")
        assert "frame-ancestors" in refused[0]
        assert stranger.frames[1].locator("main").count() == 0


def test_a_wallet_that_is_none_is_not_believed(
    stranger: Page, site: Site, gateway: Gateway
) -> None:
    stranger.goto(site.blank)
    stranger.evaluate(
        """(merchant) => {
          addEventListener("message", (event) => { window.heard = event.data; });
          const frame = document.createElement("iframe");
          const loaded = new Promise((done) => { frame.onload = () => { done(); }; });
          frame.src = merchant;
          document.body.append(frame);
          const said = {tillgate: "wallet", type: "welcome", session: "guess", nonce: "guess"};
          setInterval(() => frame.contentWindow.postMessage(said, "*"), 20);
          return loaded;
        }""",
        site.merchant,
    )
    framed = stranger.frames[1]
    assert framed.evaluate("'AlipayJSBridge' in window")
    with stranger.expect_popup() as opening:
        framed.evaluate(
            "(o) => AlipayJSBridge.call('tradePay', {orderStr: o}, (r) => { window.said = r; })",
            gateway.merchant().order_str(order("stranger-4")),
        )
    leave(opening.value, ".cancel")
    until(lambda: bool(framed.evaluate("window.said !== undefined")), "no callback")
    assert framed.evaluate("window.said.resultCode") == "6001"
    assert stranger.evaluate("window.heard") is None


def test_a_message_that_is_not_from_the_cashiers_window_is_not_heard(
    at: Place, gateway: Gateway, site: Site
) -> None:
    window = at.open(gateway.merchant().order_str(order("stranger-5")))
    assert isinstance(window, Page)
    window.locator(".cancel").wait_for()
    nonce = _nonce(window)
    at.page.evaluate(SENT_HERE, _says(nonce, type="final", result=FORGED))
    at.page.evaluate(SENT_HERE, _says(nonce, type="close"))
    with at.page.expect_popup() as opening:
        at.page.evaluate("(address) => { window.open(address); }", site.blank)
    other = opening.value
    other.wait_for_url(site.blank)  # Not the empty page that a window begins with.
    assert other.evaluate("window.opener !== null")
    other.evaluate(POST, _says(nonce, type="final", result=FORGED))
    other.evaluate(POST, _says(nonce, type="close"))
    leave(window, ".cancel")
    assert at.result()["resultCode"] == "6001"


def test_the_cashiers_window_at_another_origin_is_not_heard(
    at: Place, gateway: Gateway, site: Site
) -> None:
    window = at.open(gateway.merchant().order_str(order("stranger-6")))
    assert isinstance(window, Page)
    window.locator(".cancel").wait_for()
    nonce = _nonce(window)
    window.evaluate("(address) => { location.href = address; }", site.blank)
    window.wait_for_url(site.blank)
    assert window.evaluate("window.opener !== null")
    window.evaluate(POST, _says(nonce, type="final", result=FORGED))
    window.evaluate(POST, _says(nonce, type="close"))
    assert at.told == []
    window.close()
    assert at.result()["resultCode"] == "7001"


def test_a_wrong_nonce_and_one_of_an_earlier_call_are_not_heard(
    at: Place, gateway: Gateway
) -> None:
    merchant = gateway.merchant()
    first = at.open(merchant.order_str(order("stranger-7")))
    assert isinstance(first, Page)
    first.locator(".cancel").wait_for()
    earlier = _nonce(first)
    first.close()
    assert at.result()["resultCode"] == "7001"
    at.told.clear()
    second = at.open(merchant.order_str(order("stranger-8")))
    assert isinstance(second, Page)
    second.locator(".cancel").wait_for()
    for nonce in (earlier, "", "0" * 32):
        second.evaluate(POST, _says(nonce, type="final", result=FORGED))
        second.evaluate(POST, _says(nonce, type="close"))
    leave(second, ".cancel")
    assert at.result()["resultCode"] == "6001"


def test_a_callback_that_has_fired_is_not_fired_again(at: Place, gateway: Gateway) -> None:
    window = at.open(gateway.merchant().order_str(order("stranger-9")))
    assert isinstance(window, Page)
    window.locator(".cancel").wait_for()
    nonce = _nonce(window)
    cancelled = {"resultCode": "6001", "memo": "USER_CANCELED: The buyer cancelled the payment."}
    said = [_says(nonce, type="final", result=cancelled), _says(nonce, type="close")]
    window.evaluate(POST_LATER, [*said, *said])
    assert at.result()["resultCode"] == "6001"
