"""What a page of another site, a proxy's cache and a careless request can do at each door: nothing.

In production mode, over the tables of routes, so that a new door is tried as well. What must hold:
no cookie is believed from another site; no answer may be framed, kept or run as something else; a
door takes its own methods and no others, and no body beyond its limit.
"""

import itertools
import json
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.security.doors import (
    CHANGING,
    METHODS,
    PATHS,
    READS,
    ROUTES,
    TOKEN,
    Route,
    methods_of,
    routed,
)
from tests.security.production import HOST, ORIGIN, PIN, Production, cookies_of, production
from tests.support.asgi import Reply, ask, bearer
from tillgate.edge.asgi import SAFE_HEADERS
from tillgate.protocol.envelope import MESSAGE_BYTES_MAX
from tillgate.protocol.tradepay import DOOR_BYTES_MAX, TRADE_PAY_BYTES_MAX

ORIGINS: Final = (
    "https://evil.example",
    "null",
    f"http://{HOST}",
    f"https://{HOST}:8443",
    f"https://{HOST}.",
    f"https://{HOST}.evil.example",
    f"https://evil{HOST}",
    f"https://{HOST}@evil.example",
    f"https://{HOST.upper()}",
    f"{ORIGIN}/",
    f"{ORIGIN}, https://evil.example",
    "file://",
    "https://shop.example",
)
KINDS: Final = (
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/csp-report",
    "",
)
pytestmark = pytest.mark.asyncio(loop_scope="module")
NUMBERS: Final = itertools.count()
PAGES: Final = (
    f"/wallet/agreement/{TOKEN}",
    f"/cashier/{TOKEN}",
    "/docs",
    "/docs/codes",
    "/docs/none",
)
"""What a browser that asks for HTML is given a page for, in production."""
SANDBOX_DOORS: Final = (
    *("/wallet", "/wallet/story", "/shop", "/shop/seed", "/sandbox/clock", "/sandbox/scenarios"),
    *("/sbs-api/debug/bsu/wap/pay", "/shop/orders/1/refund"),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gate(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Production]:
    """Run one gateway for all tests of this file; each brings an order of its own."""
    async with production(tmp_path_factory.mktemp("doors") / "gateway") as made:
        yield made


def kind_of(text: str) -> tuple[tuple[bytes, bytes], ...]:
    return ((b"content-type", text.encode()),) if text else ()


def is_refused(reply: Reply) -> bool:
    return reply.status == 403 and reply.json()["memo"].startswith("ACCESS_DENIED")


async def test_every_door_that_changes_something_is_tried_here() -> None:
    described = {(route.method, route.door.path) for route in CHANGING}
    assert described == routed()


async def place(gate: Production) -> tuple[str, str]:
    """Return a cashier of a browser and the cookies of a payer who is signed in there."""
    number = f"D-{next(NUMBERS)}"
    call = {"orderStr": gate.order_str(number), "callId": f"call-{number}"}
    path = urlsplit((await gate.ask("POST", "/cashier/trade-pay", call)).json()["cashierUrl"]).path
    browser = cookies_of(await gate.ask("GET", path))
    said = {"payer": "alice", "pin": PIN}
    there = await gate.ask("POST", f"{path}/sign-in", said, cookies=browser, origin=ORIGIN)
    assert there.status == 200, there
    return path, f"{browser}; {cookies_of(there)}"


@pytest.mark.parametrize("route", CHANGING, ids=lambda route: route.name)
async def test_no_page_of_another_site_acts_in_a_payers_name(
    gate: Production, route: Route
) -> None:
    """Cross-site request forgery, with every cookie that a careless browser might send."""
    path, cookies = await place(gate)
    target = route.path.replace(TOKEN, path.rpartition("/")[2])
    body = {"payer": "alice", "pin": PIN}
    if route.path == "/cashier/trade-pay":
        body = {"orderStr": gate.order_str(f"D-{next(NUMBERS)}"), "callId": "forged"}
    forged = [
        *((origin, "text/plain") for origin in ORIGINS),
        *(("https://evil.example", kind) for kind in KINDS),
    ]
    told = [
        await gate.ask(
            route.method, target, body, cookies=cookies, origin=origin, headers=kind_of(kind)
        )
        for origin, kind in forged
    ]
    if route.path == "/cashier/trade-pay":
        # Any page may call it; it reads no credentials there, so nobody is signed in there.
        [url] = {reply.json()["cashierUrl"] for reply in told}
        shown = (await gate.ask("GET", urlsplit(url).path)).json()
        assert (shown["state"], shown["payer"]) == ("SIGN_IN", None)
    else:
        assert all(is_refused(reply) for reply in told), told
        assert not any(reply.cookies for reply in told)
    shown = (await gate.ask("GET", path, cookies=cookies)).json()
    assert shown["state"] == "CONFIRM", "the payment is as it was"
    assert (await gate.ask("GET", "/wallet/me", cookies=cookies)).status == 200


@pytest.mark.parametrize("route", CHANGING, ids=lambda route: route.name)
async def test_a_cookie_without_a_word_of_where_it_comes_from_is_not_believed(
    gate: Production, route: Route
) -> None:
    path, cookies = await place(gate)
    target = route.path.replace(TOKEN, path.rpartition("/")[2])
    cross = ((b"sec-fetch-site", b"cross-site"),)
    foreign = await gate.ask(route.method, target, b"{}", cookies=cookies, headers=cross)
    if route.path == "/cashier/trade-pay":
        assert foreign.json()["resultCode"] == "6005"
    else:
        assert is_refused(foreign)
    if route.path.startswith("/wallet"):
        named = {"merchantId": "M-1", "merchantAgreementId": "1"}
        mute = await gate.ask(route.method, target, named, cookies=cookies)
        assert mute.status in {200, 400, 401, 404}, mute
    assert (await gate.ask("GET", "/wallet/me", cookies=cookies)).status == 200


@pytest.mark.parametrize("path", PATHS)
async def test_a_door_takes_its_own_methods_and_no_others(gate: Production, path: str) -> None:
    taken = methods_of(path)
    if path == "/cashier/trade-pay":
        taken = taken | {"OPTIONS"}  # A page of another origin asks first.
    for method in METHODS:
        if method in taken:
            continue
        reply = await gate.ask(method, path, b"{}")
        assert reply.status in {403, 404, 405}, (method, reply)
        if reply.status == 405:
            assert set(reply.headers["allow"].split(", ")) <= {*taken, "HEAD"}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
async def test_no_answer_may_be_kept_framed_or_taken_for_something_else(
    gate: Production, route: Route
) -> None:
    token = await gate.token()
    for credential in (token, ""):
        body = b"" if route.method in READS else b"{}"
        reply = await gate.ask(route.method, route.path, body, token=credential)
        headers = reply.headers
        assert headers["cache-control"] == "no-store"
        assert headers["content-type"] == "application/json"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["strict-transport-security"].startswith("max-age=31536000")
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert {name.decode() for name, _ in SAFE_HEADERS} <= set(headers)
        allowed = headers.get("access-control-allow-origin")
        assert allowed == ("*" if route.path == "/cashier/trade-pay" else None)
        assert "access-control-allow-credentials" not in headers


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_framed_by_its_own_origin_alone_and_runs_nothing_inline(
    gate: Production, path: str
) -> None:
    reply = await gate.ask("GET", path, headers=((b"accept", b"text/html"),))
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    rules = dict(
        rule.strip().partition(" ")[::2]
        for rule in reply.headers["content-security-policy"].split(";")
    )
    assert rules["frame-ancestors"] == "'self'"
    assert rules["default-src"] == rules["base-uri"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
    assert reply.headers["x-frame-options"] == "SAMEORIGIN"
    assert reply.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", SANDBOX_DOORS)
async def test_no_door_of_the_sandbox_is_there_in_production(gate: Production, path: str) -> None:
    for method in ("GET", "POST"):
        reply = await gate.ask(method, path, b"{}", token=await gate.token())
        assert reply.status == 404, reply


@pytest.mark.parametrize("route", CHANGING, ids=lambda route: route.name)
async def test_a_body_beyond_its_limit_is_not_read(gate: Production, route: Route) -> None:
    if route.method == "DELETE":
        return  # It takes no body, and reads none.
    most = TRADE_PAY_BYTES_MAX if route.path == "/cashier/trade-pay" else DOOR_BYTES_MAX
    token = await gate.token()
    stated = await gate.ask(route.method, route.path, b" " * (most + 1), token=token)
    parts = [b" " * 1024] * (most // 1024 + 1)
    unstated = await ask(
        gate.house, route.method, route.path, b"", headers=[bearer(token)], host=HOST, parts=parts
    )
    for reply in (stated, unstated):
        if route.path == "/cashier/trade-pay":
            assert (reply.status, reply.json()["resultCode"]) == (200, "6005")
        else:
            assert reply.status == 413
        assert reply.json()["memo"].startswith("REQUEST_TOO_LARGE")


@pytest.mark.parametrize("tail", ["~", ".bak", "backup.zip", ".swp", "%2e%2e", "x" * 65])
@pytest.mark.parametrize("start", [f"/cashier/{TOKEN}", f"/wallet/agreement/{TOKEN}"])
async def test_what_can_be_no_token_is_given_no_page(
    gate: Production, start: str, tail: str
) -> None:
    reply = await gate.ask("GET", f"{start}{tail}", headers=((b"accept", b"text/html"),))
    assert (reply.status, reply.headers["content-type"]) == (404, "application/json")


async def test_a_message_of_a_merchants_server_beyond_its_limit_is_not_read(
    gate: Production,
) -> None:
    reply = await gate.ask("POST", "/api/x.htm", b" " * (MESSAGE_BYTES_MAX + 1))
    assert reply.status == 413


@pytest.mark.parametrize(
    "body",
    [
        b"payer=alice&pin=493817",
        b'--x\r\nContent-Disposition: form-data; name="payer"\r\n\r\nalice\r\n--x--',
        b"<payer>alice</payer>",
        b'{"payer": "alice", "pin": "493817", "pin": "493817"}',
        b'{"payer": "alice", "pin": 493817}',
        b'["alice", "493817"]',
        b'{"payer": "alice"}{"pin": "493817"}',
        b'\xff\xfe{\x00"\x00',
        b"",
        b"null",
        b'{"payer": "alice\\u0000", "pin": "493817"}',
        b"[" * 2_000,
    ],
    ids=lambda body: repr(body[:24]),
)
@pytest.mark.parametrize("kind", KINDS[:4])
async def test_only_json_is_read_as_json_whatever_it_is_called(
    gate: Production, body: bytes, kind: str
) -> None:
    reply = await gate.ask("POST", "/wallet/session", body, headers=kind_of(kind))
    assert reply.status == 400
    assert reply.json()["memo"].partition(":")[0] in {
        "MSG_PARSE_ERROR", "PARAM_ILLEGAL", "PARAM_MISSING",
    }  # fmt: skip
    assert PIN not in reply.body.decode()


@pytest.mark.parametrize(
    "host",
    ["evil.example", f"{HOST}.evil.example", f"{HOST}:8080", f"a@{HOST}", f"{HOST}.", "", "[::1]"],
)
@pytest.mark.parametrize("path", ["/cashier/trade-pay", "/wallet/me", "/docs", "/api/x.htm", "/"])
async def test_another_host_is_answered_by_no_door(gate: Production, host: str, path: str) -> None:
    reply = await ask(gate.house, "POST", path, b"{}", host=host)
    assert reply.status == 421
    assert json.loads(reply.body).keys() == {"memo"}
    assert "location" not in reply.headers
