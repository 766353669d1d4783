"""Addresses that a merchant gives us: where a buyer is sent, and where our server connects to.

In production mode, through the doors. What must hold: no spelling of an address leads a buyer's
browser, or our own server, to a host that is not registered for the merchant; a host is compared
whole, never by how it begins.
"""

from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import pytest
import pytest_asyncio

from tests.security.production import ORIGIN, PIN, Production, production
from tillgate.edge.addresses import MEMBERS
from tillgate.protocol.envelope import Kind
from tillgate.protocol.function import Direction
from tillgate.protocol.functions import ALL_FUNCTIONS
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal

ELSEWHERE: Final = (
    *("//evil.com", "///evil.com", "////evil.com", "\\\\evil.com", "/\\evil.com", "\\/evil.com"),
    *("https:evil.com", "https:/evil.com", "https:\\\\evil.com", "https:///evil.com", "/evil.com"),
    *("https://shop.example@evil.com/", "https://shop.example:443@evil.com/", "https://@evil.com/"),
    *("https://shop.example%40evil.com/", "https://a:b@shop.example/", "https://shop.example%2f@x"),
    *("https://shop.example.evil.com/", "https://evilshop.example/", "https://shop.example-evil/"),
    *("https://evil.com/shop.example", "https://evil.com?shop.example", "https://evil.com#x@shop"),
    *("https://evil.com\\shop.example", "https://evil.com\\@shop.example", "https://evil.com:443/"),
    *("ht\ttps://evil.com/", "https://ev\nil.com/", "https:/\t/evil.com/", " https://evil.com/"),
    *("\x01https://evil.com/", "HTTPS://EVIL.COM/", "https://%65vil.com/", "https://evil%2ecom/"),
    *("https://evil\u3002com/", "https://\uff45vil.com/", "https://evil.com%00.shop.example/"),
    *("javascript:alert(1)", "java\tscript:alert(1)", "JavaScript://shop.example/%0aalert(1)"),
    *("data:text/html,<script>alert(1)</script>", "vbscript:x", "file:///etc/passwd", "blob:x"),
    *("http://shop.example/", "ftp://shop.example/", "https://shop.example./", "https://shop"),
    *(
        "https://127.0.0.1/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://0",
    ),
    *("https://[::ffff:127.0.0.1]/", "https://169.254.169.254/", "https://localhost/"),
    *("https://shop.example;evil.com/", "https://shop.example,evil.com/", "https://shop.example&x"),
    *(
        "https://shop.example:99999/",
        "https://.shop.example/",
        "https://sub.shop.example/",
        "https:",
    ),
)
AT_HOME: Final = (
    *("https://shop.example/a", "https://SHOP.example/a", "https://shop.example\\@evil.com/"),
    *("https://shop.example/\\evil.com", "https://shop.example?x", "https:shop.example/a"),
    *("https://shop.example//evil.com", "https://shop.example/a?next=https://evil.com"),
    *("https:\\shop.example/", "https://shop.example/a ", "https://shop.example:8443/"),
    *("https://sh%6fp.example/", "https://shop.example/%2e%2e//evil.com"),
)
"""Odd, and the shop's own all the same, as any browser reads them."""
LED_HOME_MIN: Final = 8

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Production]:
    """Run one gateway for all tests of this file."""
    async with production(tmp_path_factory.mktemp("addresses") / "gateway") as made:
        yield made


def signed(gate: Production, number: str, **addresses: str) -> str:
    """Return an order with addresses that our own SDK might refuse to send."""
    text = gate.order_str(number)
    request = msgspec.json.decode(text)["request"]
    request["body"].update(addresses)
    return seal(Kind.REQUEST, msgspec.json.encode(request), gate.key, Profile.TILLGATE).decode()


async def called(gate: Production, text: str, number: str, token: str = "") -> dict[str, Any]:
    call = {"orderStr": text, "callId": number}
    answer: dict[str, Any] = (
        await gate.ask("POST", "/cashier/trade-pay", call, token=token)
    ).json()
    return answer


async def test_there_are_at_least_thirty_spellings_of_elsewhere() -> None:
    assert len(set(ELSEWHERE)) >= 60


@pytest.mark.parametrize("member", ["returnUrl", "notifyUrl"])
async def test_no_spelling_of_another_host_becomes_an_order(gate: Production, member: str) -> None:
    taken = []
    for number, address in enumerate(ELSEWHERE):
        text = signed(gate, f"E-{member}-{number}", **{member: address})
        answer = await called(gate, text, f"{member}-{number}")
        name = answer.get("memo", "").partition(":")[0]
        if name not in {"PARAM_ILLEGAL", "ACCESS_DENIED"} or answer["resultCode"] != "4000":
            taken.append((address, answer))
    assert taken == []


async def test_an_odd_spelling_of_the_shops_own_host_leads_to_the_shop(gate: Production) -> None:
    token, led_home = await gate.token(), 0
    for number, address in enumerate(AT_HOME):
        text = signed(gate, f"H-{number}", returnUrl=address)
        opened = await called(gate, text, f"h-{number}", token=token)
        if opened.get("resultCode") == "4000":
            continue  # Too odd to be taken is just as good.
        led_home += 1
        path = opened["cashierUrl"].removeprefix(ORIGIN)
        paid = await gate.ask("POST", f"{path}/confirm", {"pin": PIN}, token=token)
        back = urlsplit(paid.json()["returnUrl"])
        assert (back.scheme, back.hostname, back.username) == ("https", "shop.example", None)
        assert "\\" not in paid.json()["returnUrl"]
    assert led_home >= LED_HOME_MIN


async def test_every_address_that_a_message_may_hold_is_judged() -> None:
    """A member that is added to a message is judged as well, or fails here."""
    judged = {path.removeprefix("body.") for path, _ in MEMBERS}
    held = {
        field.encode_name
        for function in ALL_FUNCTIONS
        if function.direction is Direction.TO_GATEWAY
        for field in msgspec.structs.fields(function.request)
        if field.encode_name.lower().endswith(("url", "uri"))
    }
    assert held == judged
