"""What strangers send to the wallet's doors: signing pages, agreements, limits, the history.

Any body, any token, any session, any method, hostile cursors. What must hold: never a 5xx; nobody
but the payer who signed with the right PIN is ever led back with a code; a payer reads and changes
what is their own; no token, PIN or code is in an answer that does not hand it out, nor in the log.
"""

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from tests.fuzz.mutations import PIECES, VALUES, bytes_spoilt
from tests.fuzz.shop import (
    ANSWER_S_MAX,
    PAYER,
    PIN,
    STRANGER,
    Shop,
    keeping_secrets,
    shop_in,
)
from tests.fuzz.test_envelopes import SEED
from tests.support.asgi import ORIGIN, PORT, Reply
from tests.support.gateway import MERCHANT_ID
from tillgate.engine.commands import AcceptPin
from tillgate.kernel.ids import PayerId

ROUNDS = 150
STATUSES = {200, 400, 401, 403, 404, 405, 409, 413}
DIGITS = "9" * 15
CURSORS = (
    *("0.0", f"{DIGITS}.0", f"{DIGITS}.900", "1.900", "9007199254740993.1", "0.1", "000.000"),
    *("-1.0", "0.-1", "1.901", f"{DIGITS}9.0", "1e3.0", "1_0.0", "+1.0", " 1.0", "1.0 ", "0x1.0"),
    *("\u0661.0", "\uff11.0", "\u00b2.0", "1", "1.", ".1", ".", "1.0.0", "1,0", "nan.0", "inf.0"),
    *("'; DROP TABLE acquirements--", "\x00", "%00", "%", "../..", "{}", "[]", "null", "1.0\n"),
    *("9" * 5_000, "1." + "9" * 5_000, "\ud800", "\U0001f4b8", "1.0&cursor=x", "<script>"),
)
QUERIES = (
    *(
        "&" * 300,
        "cursor",
        "cursor=",
        "=",
        "cursor=1.0&cursor=x",
        "&".join("a=b" for _ in range(99)),
    ),
    *(";".join("a=b" for _ in range(99)), "%ff%fe=%ff", "cursor=%ff", "cursor=%", "cursor=%zz"),
    *("Cursor=x", "cursor[]=1.0", "a" * 60_000, "cursor=" + "1" * 60_000, "\xff\xfe", "?" * 99),
    *("&".join(f"cursor={DIGITS}.0" for _ in range(9)), "+", "cursor=+1.0", "#", "cursor=1%2e0"),
)


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop_in(tmp_path_factory.mktemp("wallet")) as opened:
        yield opened


@pytest.fixture
def shop(opened: Shop, capsys: pytest.CaptureFixture[str]) -> Iterator[Shop]:
    with keeping_secrets(opened, capsys):
        yield opened


def ask(shop: Shop, method: str, path: str, content: object = b"", **more: Any) -> Reply:
    """Ask a door; what comes back is an answer of ours without a secret in it."""
    reply = shop.inside.ask(method, path, content, within_s=ANSWER_S_MAX, **more)
    assert reply.status in STATUSES, (method, path[:200], reply)
    if reply.status >= 400:
        assert isinstance(reply.json()["memo"], str), reply
    said = reply.body
    if reply.status == 200 and b'"redirectUrl"' in said:
        back = parse_qs(urlsplit(reply.json()["redirectUrl"]).query)
        assert ("authCode" in back) == (back["authResult"] == ["SUCCESS"]), reply
        shop.secrets.update(back.get("authCode", ()))
        return reply
    shop.keeps_secrets(said.replace(path.encode(), b""))
    return reply


def is_code(reply: Reply) -> bool:
    """Tell whether an answer leads back with a code."""
    return reply.status == 200 and b"authResult=SUCCESS" in reply.body


def rested(shop: Shop, payer: str = PAYER) -> None:
    """Give a payer all tries back, so that spoilt PINs do not end the test's way into the door."""
    books = shop.inside.house.books
    command = AcceptPin(operation_id=books.operation(), payer_id=PayerId(payer))
    shop.inside.run(books.engine.execute(command))


def bodies(good: dict[str, Any], dice: random.Random) -> Iterator[bytes]:
    """Return bodies of every kind: pieces, values, values in members, spoilt bytes."""
    raw = json.dumps(good).encode()
    yield from (*PIECES, b"", b"{}", b" ", b"x" * 20_000)
    yield from (json.dumps(value).encode() for value in VALUES)
    for name in (*good, "extra", ""):
        yield from (json.dumps({**good, name: value}).encode() for value in VALUES)
    yield from (bytes_spoilt(raw, dice) for _ in range(ROUNDS))


def has_pin(body: bytes) -> bool:
    """Tell whether a body holds the right PIN, as any reader of JSON would say."""
    try:
        said = json.loads(body)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("pin") == PIN


def test_any_body_at_a_signing_page_signs_with_the_right_pin_alone(shop: Shop) -> None:
    dice = random.Random(SEED)
    path = shop.open_page()
    good = {"pin": "000000", "singleMax": "500.00", "dailyMax": "1000"}
    for number, body in enumerate(bodies(good, dice)):
        if number % 2 == 0:
            rested(shop)
        reply = ask(shop, "POST", f"{path}/sign", body, headers=[shop.me])
        if is_code(reply):
            assert has_pin(body), body
            path = shop.open_page()
    rested(shop)
    for limits in ({"singleMax": value} for value in VALUES):
        reply = ask(shop, "POST", f"{path}/sign", {"pin": PIN, **limits}, headers=[shop.me])
        if is_code(reply):
            path = shop.open_page()
    for body in bodies({}, dice):
        reply = ask(shop, "POST", f"{path}/decline", body, headers=[shop.me])
        assert not is_code(reply)


def test_nobody_else_learns_the_code_of_a_page_that_was_signed(shop: Shop) -> None:
    path = shop.open_page()
    assert is_code(ask(shop, "POST", f"{path}/sign", {"pin": PIN}, headers=[shop.me]))
    assert is_code(ask(shop, "GET", f"{path}.json", headers=[shop.me]))
    cookie = b"cookie", b"tillgate_payer=" + shop.me[1].removeprefix(b"Bearer ")
    stale = b"authorization", shop.me[1][:-1] + (b"A" if shop.me[1][-1:] != b"A" else b"B")
    foreign = [(b"origin", b"http://evil.example")]
    for who in ([], [shop.other], [stale], [cookie, *foreign], [shop.me, *foreign]):
        assert not is_code(ask(shop, "GET", f"{path}.json", headers=who)), who
        for act, body in (("sign", {"pin": PIN}), ("decline", {}), ("sign", {"pin": "000000"})):
            assert not is_code(ask(shop, "POST", f"{path}/{act}", body, headers=who)), (act, who)
        rested(shop, STRANGER)
    assert is_code(ask(shop, "POST", f"{path}/decline", {}, headers=[shop.me]))


def test_any_token_and_any_way_of_asking_finds_the_page_or_nothing(shop: Shop) -> None:
    dice = random.Random(SEED)
    start, _, token = shop.open_page().rpartition("/")
    ends = (
        "",
        ".json",
        "/sign",
        "/decline",
        "/",
        "/sign/",
        "/json",
        ".json/sign",
        ".JSON",
        "/.json",
    )
    tokens = [
        *("", ".", "..", "%00", "%2e%2e", "a" * 64, "a" * 65, "a" * 60_000, "%ff%fe", "+", "="),
        *(token[:-1], token + "A", token.swapcase(), f"{token}=", f" {token}", f"{token}%00"),
        *(quote(dice.choice(PIECES)) for _ in range(20)),
        *(shop.access, shop.code, shop.refresh),
    ]
    for found in (token, *tokens):
        for end in ends:
            for method in dice.sample(
                ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "get"), 3
            ):
                target = f"{start}/{found}{end}"
                reply = ask(shop, method, target, {"pin": "x"}, headers=[shop.me])
                if found != token and not (end == "" and method in {"GET", "HEAD"}):
                    assert reply.status in {400, 404, 405}, (method, target[:200], reply)
                assert not is_code(reply)


@pytest.mark.parametrize("door", ["cancel", "limits"])
def test_any_body_about_agreements_changes_ones_own_alone(shop: Shop, door: str) -> None:
    dice = random.Random(f"{SEED} {door}")
    path = f"/wallet/agreements/{door}"
    mine = {"merchantId": MERCHANT_ID, "merchantAgreementId": shop.agreed}
    ended = {**mine, "merchantAgreementId": shop.ended}
    more = {"singleMax": "500.00", "dailyMax": "1000"} if door == "limits" else {}
    for body in bodies({**ended, **more}, dice):
        ask(shop, "POST", path, body, headers=[shop.me])
    for who, status in (([], 401), ([shop.other], 404)):
        before = _agreement(shop)
        reply = ask(shop, "POST", path, {**mine, **more}, headers=who)
        assert reply.status == status, reply
        assert _agreement(shop) == before
    for body in VALUES:
        assert ask(shop, "POST", path, body, headers=[shop.other]).status in {400, 404, 413}
    assert _agreement(shop)["state"] == "ACTIVE"


def test_any_cursor_is_a_page_of_ones_own_payments_or_refused(shop: Shop) -> None:
    targets = [
        *(f"/wallet/history?cursor={quote(cursor, errors='surrogatepass')}" for cursor in CURSORS),
        *(f"/wallet/history?{query}" for query in QUERIES),
    ]
    for target in targets:
        for who in ([], [shop.me], [shop.other]):
            reply = ask(shop, "GET", target, headers=who)
            assert reply.status in ({401} if not who else {200, 400}), (target[:200], reply)
            if reply.status == 200:
                paid = reply.json()["payments"]
                assert all(each["payee"] for each in paid)
                assert not (paid and who == [shop.other]), target[:200]
    first = ask(shop, "GET", "/wallet/history", headers=[shop.me]).json()
    assert first["payments"]


def test_no_session_that_was_tampered_with_reads_anything(shop: Shop) -> None:
    dice = random.Random(SEED)
    token = shop.me[1].removeprefix(b"Bearer ")
    for number in range(ROUNDS):
        bent = bytes_spoilt(token, dice).replace(b"\r", b"").replace(b"\n", b"")
        way = (
            (b"cookie", b"tillgate_payer=" + bent)
            if number % 2
            else (b"authorization", b"Bearer " + bent)
        )
        for path in ("/wallet/history", "/wallet/agreements", "/wallet/me"):
            reply = ask(shop, "GET", path, headers=[way])
            if token not in bent:
                assert reply.status == 401, (way, reply)
        reply = ask(
            shop,
            "POST",
            "/wallet/agreements/cancel",
            {},
            headers=[way, (b"origin", ORIGIN.encode())],
        )
        assert reply.status in {400, 401}, (way, reply)


def _agreement(shop: Shop) -> dict[str, Any]:
    found = ask(shop, "GET", "/wallet/agreements", headers=[shop.me]).json()["agreements"]
    mine: dict[str, Any] = next(
        each for each in found if each["merchantAgreementId"] == shop.agreed
    )
    return mine


def test_no_query_breaks_a_page_of_the_shop(shop: Shop) -> None:
    for page in ("/shop/result", "/shop/agreed", "/shop", "/shop/orders/x"):
        for query in QUERIES:
            host = f"localhost:{PORT}"
            reply = shop.inside.ask("GET", f"{page}?{query}", host=host, within_s=ANSWER_S_MAX)
            assert reply.status in {200, 302, 303, 400, 404, 405}, (page, query[:200], reply)
            shop.keeps_secrets(reply.body)
