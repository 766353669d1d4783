"""A merchant's page that never heard of Tillgate pays in Chromium, under the strictest policy.

What must hold: the page is not changed and its policy stays in force; the callback fires once with
what the gateway says; then, and only for a payment, the page is led to its returnUrl.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page

from tests.browser.agreeing import Payer, agree
from tests.browser.conftest import WAIT_MS_MAX
from tests.browser.foreign import foreign_site
from tests.browser.strict import Stall, stall
from tests.support import browser as program
from tests.support.gateway import PIN, Gateway, command, environment, order
from tests.support.ports import HeldPort
from tillgate import Paid, Waiting
from tillgate.sandbox import identities
from tillgate.sandbox.phone import SANDBOX_PIN, chromium, person
from tillgate.sandbox.phone.person import Phone

WAIT_S_MAX = 120.0

pytestmark = [pytest.mark.xdist_group("browser"), pytest.mark.timeout(300)]


@pytest.fixture
def at(gateway: Gateway) -> Iterator[Stall]:
    def signed(number: str, return_url: str) -> str:
        return merchant.order_str(order(number, return_url=return_url))

    with gateway.merchant() as merchant, stall(signed) as here:
        yield here


@pytest.fixture
def phone(gateway: Gateway, browser: Browser) -> Iterator[Phone]:
    context = chromium.phone_sized(browser)
    context.set_default_timeout(WAIT_MS_MAX)
    yield Phone(context, gateway=gateway.origin)
    context.close()


def heard(page: Page) -> dict[str, Any]:
    """Return what the page itself kept of its callback, and how often it was called."""
    kept: dict[str, Any] = json.loads(page.evaluate("sessionStorage.getItem('heard')"))
    return kept


def test_the_bridge_is_there_before_the_pages_first_script(phone: Phone, at: Stall) -> None:
    page = phone.open(at.checkout("open-early"))

    assert page.get_attribute("html", "data-early") == "true"
    page.locator("html[data-ready=yes]").wait_for()
    assert page.evaluate("typeof window.tillgatePhone") == "undefined"
    assert page.evaluate("[innerWidth, 'ontouchstart' in window]") == [390, True]


def test_the_pages_policy_stays_in_force(phone: Phone, at: Stall, gateway: Gateway) -> None:
    page = phone.open(at.checkout("open-policy"))

    tried = page.evaluate(
        "(to) => fetch(to).then(() => 'answered', () => 'kept away')", gateway.origin
    )
    assert tried == "kept away"


def test_it_pays_and_is_led_to_its_return_url(phone: Phone, at: Stall, gateway: Gateway) -> None:
    page = phone.open(at.checkout("open-paid"))
    page.tap("#pay")
    result = phone.pay()
    page.wait_for_url(f"{at.done}?**")

    assert result.paid
    assert result.return_url == page.url
    assert len(phone.told) == 1
    assert heard(page)["count"] == 1
    assert heard(page)["result"]["resultCode"] == "9000"
    with gateway.merchant() as merchant:
        returned = merchant.return_url(page.url, expect=order)
        assert returned.merchant_trans_id == "open-paid"
        assert isinstance(merchant.query("open-paid"), Paid)


def test_a_cancelled_payment_is_6001_and_the_page_stays(
    phone: Phone, at: Stall, gateway: Gateway
) -> None:
    page = phone.open(at.checkout("open-cancelled"))
    page.tap("#pay")
    assert phone.cancel().result_code == "6001"

    page.locator("html[data-code='6001']").wait_for()
    assert heard(page)["count"] == 1
    assert page.url == at.checkout("open-cancelled")
    with gateway.merchant() as merchant:
        assert isinstance(merchant.query("open-cancelled"), Waiting)


def test_a_step_without_a_cashier_says_what_the_page_was_told(
    phone: Phone, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    def altered(number: str, return_url: str) -> str:
        with gateway.merchant() as merchant:
            signed = merchant.order_str(order(number, return_url=return_url))
        return signed.replace(number, f"{number}-2")

    with stall(altered) as here:
        phone.open(here.checkout("open-refused")).tap("#pay")
        told = phone.result()
        monkeypatch.setattr(person, "WAIT_S_MAX", 0.0)
        with pytest.raises(AssertionError, match="opened no cashier") as failed:
            phone.pay()

    assert told.memo.startswith("INVALID_SIGNATURE")
    assert f"{told.result_code} {told.memo}" in str(failed.value)


def test_a_cashier_that_is_closed_is_7001(phone: Phone, at: Stall) -> None:
    page = phone.open(at.checkout("open-closed"))
    page.tap("#pay")
    assert phone.close_cashier().result_code == "7001"

    page.locator("html[data-code='7001']").wait_for()
    assert heard(page)["count"] == 1
    page.tap("#pay")  # The same order is still there to be paid.
    assert phone.pay().result_code == "9000"


def test_a_wrong_pin_is_told_and_the_right_one_pays(phone: Phone, at: Stall) -> None:
    page = phone.open(at.checkout("open-pin"))
    page.tap("#pay")
    with pytest.raises(AssertionError, match="the cashier says"):
        phone.pay("000000")
    assert phone.pay().result_code == "9000"
    page.wait_for_url(f"{at.done}?**")


def test_another_payer_signs_in_and_has_too_little(phone: Phone, at: Stall) -> None:
    phone.sign_in("poor")
    page = phone.open(at.checkout("open-poor"))
    page.tap("#pay")
    assert phone.pay().result_code == "4000"
    page.locator("html[data-code='4000']").wait_for()


def test_an_order_that_is_paid_needs_no_cashier(phone: Phone, at: Stall) -> None:
    page = phone.open(at.checkout("open-again"))
    page.tap("#pay")
    phone.pay()
    page.wait_for_url(f"{at.done}?**")
    phone.open(at.checkout("open-again")).tap("#pay")
    page.locator("html[data-code='5000']").wait_for()

    assert [each.result_code for each in phone.told] == ["9000", "5000"]


def test_a_page_that_leaves_takes_its_payment_with_it(phone: Phone, at: Stall) -> None:
    page = phone.open(at.checkout("open-left"))
    page.tap("#pay")
    cashier = phone.cashier
    with cashier.expect_event("close"):
        page.goto(at.done)
    assert phone.result().result_code == "7001"


def test_a_page_that_asks_before_it_is_loaded_is_not_taken_for_one_that_left(
    phone: Phone, at: Stall
) -> None:
    phone.page.goto(at.eager("open-eager"), wait_until="commit")
    assert phone.cashier.locator("#amount").inner_text() == "HK$10.00"
    with phone.page.expect_event("domcontentloaded"):
        at.go_on.set()
    assert phone.pay().paid
    phone.page.wait_for_url(f"{at.done}?**")


def test_a_payer_allows_and_the_page_is_paid_without_a_cashier(
    phone: Phone, gateway: Gateway
) -> None:
    page = phone.open(f"{gateway.shop_origin}/shop")
    page.tap("#allow")
    page.locator(".terms").wait_for()  # Nobody is asked to sign in: the phone's wallet is.
    agree(page)
    page.locator("main[data-agreed=allowed]").wait_for()
    page.tap("a.buy")
    page.locator("#club[data-allowed=yes]").wait_for()
    page.tap("#without-pin")
    page.wait_for_url("**/shop/result**")
    rich = Payer(gateway)
    rich.stop_all()
    rich.close()

    assert phone.result().paid
    assert page.get_attribute("main", "data-verified") == "yes"


def test_a_frame_within_a_page_has_no_bridge(phone: Phone, gateway: Gateway) -> None:
    with foreign_site(gateway.origin) as site:
        page = phone.open(site.framing(site.blank))
        assert page.evaluate("'AlipayJSBridge' in window")
        assert not page.frames[1].evaluate("'AlipayJSBridge' in window")


def test_a_page_cannot_speak_for_the_cashier(phone: Phone, at: Stall) -> None:
    page = phone.open(at.checkout("open-forged"))
    page.tap("#pay")
    cashier = phone.cashier
    nonce = cashier.evaluate("new URLSearchParams(location.hash.slice(1)).get('nonce')")
    said = {"nonce": nonce, "type": "final", "result": {"resultCode": "9000", "memo": "forged"}}
    page.evaluate("(said) => window.__tillgateCashier(said)", said)
    assert phone.close_cashier().result_code == "7001"


def test_the_pin_of_the_sandbox_is_the_sandboxs() -> None:
    assert SANDBOX_PIN == identities.PIN == PIN


def test_the_command_opens_a_page_and_prints_its_callbacks(
    gateway: Gateway, at: Stall, browser: Browser, tmp_path: Path
) -> None:
    port = HeldPort()
    devtools = f"http://127.0.0.1:{port.number}"
    arguments = ("--gateway", gateway.origin, "--chromium", str(program.executable()))
    said = tmp_path / "said"
    with (
        said.open("wb") as err,
        subprocess.Popen(
            command(
                *("wallet", "open", at.checkout("open-command"), "--headless", "--json"),
                *("--devtools", str(port.number), *arguments),
            ),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            text=True,
        ) as started,
    ):
        try:
            _buy(browser, devtools, at, started)
            out, _ = started.communicate(timeout=WAIT_S_MAX)
        finally:
            started.kill()
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["resultCode"] for line in lines] == ["9000"]
    assert lines[0]["returnUrl"].startswith(at.done)
    assert started.returncode == 0
    assert "is open in the wallet of rich" in said.read_text()
    assert f"DevTools at {devtools}; Ctrl-C ends." in said.read_text()
    with gateway.merchant() as merchant:
        assert isinstance(merchant.query("open-command"), Paid)


def _buy(browser: Browser, devtools: str, at: Stall, started: "subprocess.Popen[str]") -> None:
    """Be the person before the command's own browser: pay, and close the window."""
    ends_s = time.monotonic() + WAIT_S_MAX
    while True:
        assert started.poll() is None, "the command ended before its browser was there"
        assert time.monotonic() < ends_s, "the command's browser did not come up"
        try:
            theirs = browser.browser_type.connect_over_cdp(devtools)
        except Error:
            continue
        if any(at.origin in page.url for page in theirs.contexts[0].pages):
            break
        theirs.close()
    context = theirs.contexts[0]
    page = next(page for page in context.pages if at.origin in page.url)
    page.wait_for_load_state()  # The command does not: a press before the page's script is lost.
    with context.expect_page() as opening:
        page.click("#pay")
    field = opening.value.locator("#pin")
    field.press_sequentially(PIN)
    field.press("Enter")
    page.wait_for_url(f"{at.done}?**")
    page.close()
    theirs.close()


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("about:blank",), 2, "as in http://localhost:5000/"),
        (("http://localhost:1/", "--gateway", "nowhere"), 2, "--gateway is the gateway's origin"),
        (("http://localhost:1/", "--chromium", "/no/such"), 2, "give Chromium's path"),
    ],
    ids=["no page", "no gateway", "no browser"],
)
def test_what_is_missing_is_said_with_the_next_step(
    arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    port = HeldPort()
    done = _run("--headless", "--devtools", str(port.number), *arguments)

    assert (done.returncode, sentence in done.stderr) == (code, True)


def test_ctrl_c_ends_it_as_told(gateway: Gateway, at: Stall, tmp_path: Path) -> None:
    port, said = HeldPort(), tmp_path / "said"
    arguments = ("--gateway", gateway.origin, "--chromium", str(program.executable()))
    with (
        said.open("wb") as err,
        subprocess.Popen(
            command(
                *("wallet", "open", at.checkout("ctrl-c"), "--headless", *arguments),
                *("--devtools", str(port.number)),
            ),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,
        ) as started,
    ):
        try:
            while "is open in the wallet" not in said.read_text():
                assert started.poll() is None, said.read_text()
                time.sleep(0.05)
            os.killpg(started.pid, signal.SIGINT)  # As a terminal does: the driver gets it, too.
            code = started.wait(timeout=WAIT_S_MAX)
        finally:
            started.kill()

    assert code == 0
    assert len(said.read_text().splitlines()) <= 2, said.read_text()
    assert "xception" not in said.read_text()


def test_a_port_of_somebody_else_is_not_told_as_devtools(gateway: Gateway) -> None:
    taken = gateway.origin.rpartition(":")[2]
    done = _run("--headless", "--devtools", taken, "http://localhost:1/")

    assert done.returncode == 3
    assert f"Port {taken} is in use; give --devtools another one." in done.stderr


def test_without_playwright_it_says_what_to_type(tmp_path: Path) -> None:
    hide = "import importlib.util as u; f = u.find_spec; "
    hide += "u.find_spec = lambda name, package=None: None if name == 'playwright' else f(name); "
    hide += "from tillgate.cli import main; main()"
    done = subprocess.run(
        command("wallet", "open", "http://localhost:1/", program=hide),
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert 'pip install "tillgate[browser]"' in done.stderr


def test_without_a_screen_it_says_so() -> None:
    done = _run("http://localhost:1/", DISPLAY="", WAYLAND_DISPLAY="")

    assert (done.returncode, "give --headless" in done.stderr.lower()) == (2, True), done.stderr


def test_a_page_that_nobody_sees_or_drives_is_not_opened() -> None:
    done = _run("http://localhost:1/", "--headless")

    assert (done.returncode, "--devtools PORT" in done.stderr) == (2, True), done.stderr


def test_a_gateway_that_is_away_is_exit_3_and_a_wrong_pin_exit_1(gateway: Gateway) -> None:
    port, nobodys = HeldPort(), HeldPort()
    unseen = ("http://localhost:1/", "--headless", "--devtools", str(port.number))
    away = _run(*unseen, "--gateway", f"http://127.0.0.1:{nobodys.number}")
    wrong = _run(*unseen, "--gateway", gateway.origin, "--payer", "poor", "--pin", "000000")

    assert (away.returncode, "tillgate demo" in away.stderr) == (3, True)
    assert (wrong.returncode, "poor cannot sign in" in wrong.stderr) == (1, True)


def _run(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    chosen = () if "--chromium" in arguments else ("--chromium", str(program.executable()))
    return subprocess.run(
        command("wallet", "open", *arguments, *chosen),
        env={**environment(), **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=WAIT_S_MAX,
    )
