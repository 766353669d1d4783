"""The document's own sample page pays, as it is printed there, in the wallet and alone.

`seed-script.html` is the script of the seed document, cut out byte for byte. What must hold: the
shop serves exactly these bytes with jQuery and one script tag of ours besides, and a person who
accepts its alerts has paid.
"""

import json
import re
from pathlib import Path
from typing import Final

import pytest

from tests.browser.acting import type_pin, until
from tests.browser.conftest import NewContext
from tests.browser.places import Place
from tests.support.gateway import Gateway

pytestmark = pytest.mark.xdist_group("browser-codes")

PRINTED: Final = Path(__file__).with_name("seed-script.html").read_bytes()
SCRIPTS: Final = re.compile(rb"<script.*?</script>", re.DOTALL)
OUR_FILES: Final = {"/static/shop/vendor/jquery/jquery-3.7.1.min.js", "/static/shop/seed.js"}


@pytest.fixture(params=["wallet", "window"])
def at(gateway: Gateway, new_context: NewContext, request: pytest.FixtureRequest) -> Place:
    return Place(gateway, new_context(reduced_motion="reduce").new_page(), request.param)


def test_the_script_is_served_byte_for_byte(gateway: Gateway, at: Place) -> None:
    answer = at.page.request.get(f"{gateway.shop_origin}/shop/seed")
    inline, linked = [], set()
    for script in SCRIPTS.findall(answer.body()):
        source = re.match(rb'<script src="([^"]*)"></script>', script)
        if source:
            linked.add(source[1].decode())
        else:
            inline.append(script)
    assert inline == [PRINTED]
    assert linked == {f"{gateway.origin}/bridge.js", *OUR_FILES}


def test_an_element_of_the_bridges_names_breaks_no_payment(gateway: Gateway, at: Place) -> None:
    """Found by a reviewer: an element's `id` is a name in its window, where the bridge looks."""
    at.page.add_init_script("window.tillgatePhone = document.createElement('a')")
    test_it_sets_the_title_and_pays(gateway, at)


def test_it_sets_the_title_and_pays(gateway: Gateway, at: Place) -> None:
    said = at.stage.dialogs()
    at.enter(url="/shop/seed")
    if at.way == "wallet":
        at.page.click(".titlebar [aria-label='Close the page']")
        at.page.locator(".tile", has_text="sample page").click()
        at.page.locator(".titles h2", has_text="iPay test").wait_for()
        at.frame.click("#pay")
        type_pin(at.cashier)
    else:
        until(lambda: at.page.title() == "iPay test", "the page's title was not set")
        with at.page.expect_popup() as opening:
            at.page.click("#pay")
        at.window = opening.value
        at.confirm()
    at.result_page()
    amount, signed, told = said
    assert amount == "10.00"
    body = json.loads(signed)["request"]["body"]
    assert body["merchantId"] == "2160400000002012"
    assert body["order"]["orderAmount"] == {"currency": "HKD", "value": "1000"}
    assert json.loads(told.removeprefix("callback result:"))["resultCode"] == "9000"
    assert gateway.audit()["clean"]
