"""The live story of a sale, at phone and desktop width: real messages, checked by another program.

What must hold: each step shows the bytes as they were sent; openssl accepts the signatures over
them with the public keys that the sandbox wrote; the entry in the story is the entry in the ledger.
"""

import base64
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
from playwright.sync_api import Browser, Locator

from tests.browser.acting import Stage, type_pin
from tests.browser.conftest import watched_contexts
from tests.support.gateway import Gateway, tillgate

pytestmark = pytest.mark.xdist_group("browser-codes")

WIDTHS: Final = {"phone": (390, 844), "desktop": (1280, 900)}
ORDER: Final = (
    "order_signed",
    "signature_checked",
    "cashier_opened",
    "ledger_entry",
    "callback",
    "notification_sent",
    "notification_acknowledged",
)


class Sale(NamedTuple):
    """A sale as the story shows it."""

    shown: Locator
    number: str

    def step(self, kind: str) -> Locator:
        return self.shown.locator(f"[data-kind={kind}]").first

    def raw(self, kind: str) -> str:
        """Open a step's message and read it, as a person does."""
        step = self.step(kind)
        pre = step.locator("pre")
        if not pre.is_visible():
            step.locator("details.raw summary").click()
        pre.wait_for(state="visible")
        return str(pre.evaluate("(pre) => pre.textContent"))


@pytest.fixture(scope="module", params=WIDTHS)
def sale(gateway: Gateway, browser: Browser, request: pytest.FixtureRequest) -> Iterator[Sale]:
    """Buy the dress in the wallet, then look at the story."""
    width, height = WIDTHS[request.param]
    with watched_contexts(browser) as new_context:
        size = {"width": width, "height": height}
        page = new_context(viewport=size, reduced_motion="reduce").new_page()
        yield _bought(Stage(gateway, page), is_narrow=request.param == "phone")


def _bought(stage: Stage, *, is_narrow: bool) -> Sale:
    shop = stage.open_wallet()
    with stage.page.expect_response("**/sbs-api/**") as answering:
        shop.click("#buy")
    signed = answering.value.json()["order_string"]
    type_pin(stage.sheet())
    result = stage.page.frame_locator(".frames iframe:not([hidden])")
    result.locator("main[data-verified=yes]").wait_for()
    story = stage.page.locator("#story")
    if is_narrow:
        assert not story.is_visible()
        stage.page.click("#tabs [data-tab=story]")
    story.wait_for(state="visible")
    number = json.loads(signed)["request"]["body"]["merchantTransId"]
    shown = stage.page.locator(".sale", has_text=number)
    for kind in ("notification_acknowledged", "callback"):
        shown.locator(f"[data-kind={kind}]").first.wait_for()
    return Sale(shown, number)


def openssl_verifies(message: str, member: str, key: Path, folder: Path) -> bool:
    """Ask openssl whether a message's signature is right over the bytes of one member."""
    cut = re.fullmatch(rf'\{{"{member}":(\{{.*\}}),"signature":"([^"]+)"\}}', message, re.DOTALL)
    assert cut is not None, message
    signed, signature = folder / "signed.bin", folder / "signature.bin"
    signed.write_bytes(cut[1].encode())
    signature.write_bytes(base64.b64decode(cut[2]))
    command = ["openssl", "dgst", "-sha256", "-verify", str(key)]
    command += ["-signature", str(signature), str(signed)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.stdout.strip() == "Verified OK"


def _body(message: str, member: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(message)[member]["body"]
    return body


def test_every_step_stands_there_in_order_with_its_time(sale: Sale) -> None:
    kinds = [step.get_attribute("data-kind") for step in sale.shown.locator("[data-kind]").all()]
    first = [kinds.index(kind) for kind in ORDER if kind != "callback"]
    assert first == sorted(first), kinds
    assert "callback" in kinds
    times = sale.shown.locator("time").evaluate_all("(all) => all.map((t) => t.dateTime)")
    assert times == sorted(times)
    assert sale.shown.locator(".verdict-bad").count() == 0


def test_messages_are_shown_as_they_were_sent_and_openssl_accepts_them(
    sale: Sale, gateway: Gateway, tmp_path: Path
) -> None:
    keys = gateway.data / "keys"
    order = sale.raw("order_signed")
    assert openssl_verifies(order, "request", keys / "merchant.public.pem", tmp_path)
    spoilt = order.replace('"value":"1000"', '"value":"1"')
    assert not openssl_verifies(spoilt, "request", keys / "merchant.public.pem", tmp_path)
    assert sale.raw("signature_checked") == order
    notification = sale.raw("notification_sent")
    assert openssl_verifies(notification, "request", keys / "gateway.public.pem", tmp_path)
    told = _body(notification, "request")
    assert told["merchantTransId"] == sale.number
    assert told["payStatus"] == "TRADE_SUCCESS"
    acknowledgement = sale.raw("notification_acknowledged")
    assert openssl_verifies(acknowledgement, "response", keys / "merchant.public.pem", tmp_path)
    assert _body(acknowledgement, "response")["resultInfo"]["resultCode"] == "SUCCESS"


def test_the_entry_in_the_story_is_the_entry_in_the_ledger(sale: Sale, gateway: Gateway) -> None:
    shown = [
        [cell.inner_text() for cell in row.locator("td").all()]
        for row in sale.step("ledger_entry").locator("tbody tr").all()
    ]
    said = tillgate("ledger", "show", sale.number, "--data", str(gateway.data), "--json")
    (entry,) = json.loads(said.stdout)
    kept = [
        [leg["from"], leg["to"], leg["amount"].replace("10.00 HKD", "HK$10.00")]
        for leg in entry["postings"]
    ]
    assert shown == kept
    assert any("payer:rich" in leg["from"] for leg in entry["postings"])
