"""The shop of `docs/first-payment.md`, in a browser, as its reader is told to look at it.

The page's own block is the shop. What must hold: the button that a reader presses ends in a paid
order, in the buyer's browser and in the shop's books.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.browser.acting import LINGER, WAIT_S_MAX, Stage, finish, sign_in_and_pay, until
from tests.docs.pages import blocks
from tests.docs.places import is_open, lent
from tests.support.gateway import Gateway, environment


@pytest.fixture
def shop(gateway: Gateway, tmp_path: Path) -> Iterator[str]:
    """Run the page's shop beside the gateway; yield its address."""
    [block] = [each for each in blocks("docs/first-payment.md") if each.title == "shop.py"]
    (tmp_path / "sandbox").symlink_to(gateway.data)
    with lent(tmp_path, "port=8000") as places:
        text = block.text.replace("http://127.0.0.1:8080", gateway.origin)
        (tmp_path / block.title).write_text(places.here(text))
        port = places.ports[8000]
        with subprocess.Popen(
            [sys.executable, block.title], cwd=tmp_path, env=environment()
        ) as process:
            try:
                until(lambda: is_open(port), "the shop did not come up")
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()


def test_a_reader_presses_the_button_and_sees_the_order_paid(stage: Stage, shop: str) -> None:
    stage.page.goto(shop)
    with stage.page.expect_popup() as opening:
        stage.page.click("button")
    opening.value.wait_for_selector("[data-payer]")
    opening.value.evaluate(LINGER)
    sign_in_and_pay(opening.value)
    finish(opening.value)
    stage.page.wait_for_selector("output:not(:empty)")
    assert json.loads(stage.page.inner_text("output"))["resultCode"] == "9000"
    until(lambda: list(_orders(shop).values()) == ["paid"], "the shop was not told")


def _orders(shop: str) -> dict[str, str]:
    with build_opener(ProxyHandler({})).open(f"{shop}/orders", timeout=WAIT_S_MAX) as answer:
        states: dict[str, str] = json.loads(answer.read())
        return states
