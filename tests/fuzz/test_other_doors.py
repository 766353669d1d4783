"""What else strangers send: bodies, headers, hosts, paths, origins, cookies, broken framing, PINs.

In process for what is about content, through raw sockets for what is about HTTP itself. What must
hold: no 5xx, no traceback, no answer that takes a second, nothing told to whom it is not for; and a
PIN is checked three times, however many guesses come at once.
"""

import asyncio
import json
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest

from tests.fuzz.conftest import Inside
from tests.fuzz.mutations import PIECES, VALUES, bytes_spoilt
from tests.fuzz.test_envelopes import SEED
from tests.support.asgi import HOST, ORIGIN, ask, bearer, signed_in
from tests.support.gateway import PIN, Gateway, order, running
from tillgate.acquiring.payer import Payer
from tillgate.engine.issuer import WrongPin
from tillgate.kernel.ids import PayerId

GUESSES = 100
ROUNDS = 400


def opened(inside: Inside, number: str, payer: str) -> tuple[str, tuple[bytes, bytes]]:
    """Return the path of an open cashier in the wallet form, and its session."""
    me = bearer(inside.run(signed_in(inside.house, payer)))
    call = {"orderStr": inside.merchant.order_str(order(number)), "callId": number}
    reply = inside.ask("POST", "/cashier/trade-pay", call, headers=[me])
    return reply.json()["cashierUrl"].removeprefix(ORIGIN), me


@pytest.mark.parametrize("door", ["/wallet/session", "confirm", "cancel", "sign-in", "/control"])
def test_any_body_at_any_door_is_answered_with_a_sentence(inside: Inside, door: str) -> None:
    dice = random.Random(SEED)
    path, me = opened(inside, "doors-1", "poor")
    target = door if door.startswith("/") else f"{path}/{door}"
    token = (inside.data / "control.token").read_text()
    who = bearer(token) if door == "/control" else me
    good = json.dumps({"payer": "nobody", "pin": "999", "name": "TopUp", "command": {}}).encode()
    values = [json.dumps(value).encode() for value in VALUES]
    members = [
        json.dumps({"payer": value, "pin": other, "name": value, "command": other}).encode()
        for value in VALUES
        for other in VALUES[::5]
    ]
    spoilt = [bytes_spoilt(good, dice) for _ in range(ROUNDS)]
    for body in (*values, *members, *spoilt, *PIECES, b"", b"{}"):
        reply = inside.ask("POST", target, body, headers=[who])
        answer = reply.json()
        assert isinstance(answer.get("memo") or answer.get("sentence") or answer.get("error"), str)
        assert answer.get("resultCode") != "9000"


def test_any_header_is_answered_and_opens_nothing(inside: Inside) -> None:
    dice = random.Random(SEED)
    path, _ = opened(inside, "headers-1", "rich")
    strange = [*PIECES, b"", b" ", b"null", b"a" * 5_000, b"=;=;,", b'"' * 99, b"\x80\xff", b"%0d"]
    names = (b"origin", b"cookie", b"authorization", b"accept", b"accept-language", b"range",
             b"content-length", b"last-event-id", b"x-forwarded-for", b"if-none-match")  # fmt: skip
    starts = (b"", b"Bearer ", b"tillgate_payer=", b"bearer\t", ORIGIN.encode())
    for _ in range(ROUNDS):
        name, value = dice.choice(names), dice.choice(starts) + dice.choice(strange)
        for method, target, body in (
            ("POST", f"{path}/confirm", {"pin": PIN}),
            ("GET", path, b""),
            ("GET", "/wallet/me", b""),
            ("GET", "/wallet", b""),
            ("GET", "/static/cashier/css/cashier.css", b""),
            ("POST", "/control", {"name": "TopUp", "command": {}}),
        ):
            reply = inside.ask(method, target, body, headers=[(name, value)])
            if target != "/wallet" and not target.startswith("/static"):
                assert reply.status in {400, 401, 403, 404, 408, 413}, (target, name, value, reply)


@pytest.mark.parametrize(
    "origin",
    ["null", "", "http://evil.example", f"{ORIGIN}.evil.example", f"{ORIGIN}/", ORIGIN.upper(),
     f" {ORIGIN}", "https://127.0.0.1:8080", "http://127.0.0.1", "http://127.1:8080",
     "http://localhost:8080", "http://2130706433:8080", "http://[::1]:8080", f"{ORIGIN},{ORIGIN}"],
)  # fmt: skip
def test_no_spelling_of_an_origin_but_the_exact_one_is_ours(inside: Inside, origin: str) -> None:
    path, me = opened(inside, "origins", "rich")
    cookie = b"cookie", b"tillgate_payer=" + me[1].removeprefix(b"Bearer ")
    for credentials in (me, cookie):
        headers = [credentials, (b"origin", origin.encode())]
        reply = inside.ask("POST", f"{path}/confirm", {"pin": PIN}, headers=headers)
        assert reply.status == 403
        assert "access-control-allow-origin" not in reply.headers
    reply = inside.ask(
        "POST", f"{path}/confirm", {"pin": PIN}, headers=[cookie, (b"origin", ORIGIN.encode())]
    )
    assert reply.json()["resultCode"] == "9000"


@pytest.mark.parametrize(
    "host",
    ["", " ", "127.0.0.1", "127.0.0.1:80", "127.0.0.1:08080", "127.1:8080", "0x7f.1:8080",
     "127.0.0.1:8080.", "127.0.0.1:8080@evil.example", "evil.example", "evil.example:8080",
     "localhost:8080.", "localhost", "[::1]:8080", "2130706433:8080", "127.0.0.1:8080/..",
     "\x00", "a" * 5_000, "127.0.0.1:8080,127.0.0.1:8080"],
)  # fmt: skip
def test_no_host_but_our_own_is_answered(inside: Inside, host: str) -> None:
    for target in ("/", "/wallet", "/cashier/trade-pay", "/healthz", "/static/cashier/mark.svg"):
        assert inside.ask("GET", target, host=host).status == 421
    assert inside.ask("POST", "/control", {}, host=host).status in {401, 404}
    assert inside.ask("GET", "/healthz", host=HOST.upper()).status == 200


def test_no_path_leads_out_of_the_static_folder(inside: Inside) -> None:
    secret = (inside.data / "control.token").read_bytes()
    ups = (
        "..",
        "%2e%2e",
        ".%2e",
        "%2e.",
        "..%2f",
        "..%5c",
        "....//",
        "..;",
        "%c0%ae%c0%ae",
        "..%00",
    )
    ends = ("etc/passwd", "pyproject.toml", "__init__.py", "door.py", "templates/cashier.html", "")
    doors = ("/static/cashier", "/static/wallet", "/static", "/cashier", "/wallet", "/bridge.js")
    for door in doors:
        for up in ups:
            for times in (1, 2, 8):
                for end in ends:
                    reply = inside.ask("GET", f"{door}/{'/'.join([up] * times)}/{end}")
                    assert reply.status in {400, 403, 404, 405}, (door, up, times, end, reply)
                    for found in (b"root:", b"import ", b"{%", b"[project]", secret):
                        assert found not in reply.body
    for target in (
        "/" + "a" * 60_000, "/cashier/" + "x" * 60_000, "/static/cashier/" + "a/" * 20_000,
        "/cashier//", "//cashier/trade-pay", "/cashier/%00", "/wallet/%ff%fe",
        "/cashier/trade-pay/",
        "/CASHIER/trade-pay", "/static/cashier/css", "/static/cashier/", "/static/cashier/%00",
        "/static/cashier/" + "a" * 300, "/cashier/..", "/wallet/../control",
    ):  # fmt: skip
        assert inside.ask("GET", target).status in {400, 403, 404, 405, 421}, target


def test_a_body_over_the_limit_in_parts_is_cut_off(inside: Inside) -> None:
    part = b"x" * 50_000
    for target in ("/cashier/trade-pay", "/wallet/session", "/cashier/none/confirm", "/control"):
        reply = inside.ask("POST", target, b"", parts=[part] * 5)
        assert reply.status in {200, 401, 413}
        if reply.status == 200:
            assert reply.json()["resultCode"] == "6005"


@pytest.mark.parametrize("stated", [b"9" * 5_000, b"-1", b"1_0", b"\xb2", b"0x10", b"1e9", b" 7"])
def test_a_content_length_that_is_a_lie_breaks_nothing(inside: Inside, stated: bytes) -> None:
    body = {"payer": "rich", "pin": "999"}
    headers = [(b"content-length", stated)]
    assert inside.ask("POST", "/wallet/session", body, headers=headers).status in {400, 413}


@pytest.mark.parametrize("door", ["confirm", "session"])
def test_a_hundred_guesses_at_once_get_three_checks(
    inside: Inside, monkeypatch: pytest.MonkeyPatch, door: str
) -> None:
    path, me = opened(inside, "guesses", "rich")
    checked: list[str] = []
    pins = inside.house.desk.pins
    really = pins.check

    async def counted(pin_hash: str, pin: str) -> None:
        checked.append(pin)
        await really(pin_hash, pin)

    monkeypatch.setattr(pins, "check", counted)
    target = f"{path}/confirm" if door == "confirm" else "/wallet/session"

    async def guess() -> list[Any]:
        tries = (
            ask(
                inside.house,
                "POST",
                target,
                {"pin": f"{number:06}"} | ({} if door == "confirm" else {"payer": "rich"}),
                headers=[me],
            )
            for number in range(1, GUESSES + 1)
        )
        return await asyncio.gather(*tries)

    replies = inside.run(guess())
    assert len(checked) == 3
    assert all(reply.status < 500 for reply in replies)
    assert not any(reply.json().get("resultCode") == "9000" for reply in replies)
    right = {"pin": PIN} | ({} if door == "confirm" else {"payer": "rich"})
    assert "token" not in inside.ask("POST", target, right, headers=[me]).json()
    with pytest.raises(WrongPin):
        inside.run(_checks(inside, "654321"))


async def _checks(inside: Inside, pin: str) -> None:
    """Show that the hasher still works, and that the account was what refused."""
    payer = await inside.house.desk.reader.get(Payer, PayerId("rich"))
    assert payer is not None
    await inside.house.desk.pins.check(payer.pin_hash, pin)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("framing") / "gateway") as started:
        yield started
    assert "Traceback" not in started.logged()


CLOSE = b"\r\nconnection: close\r\n\r\n"
POST = b"POST /cashier/trade-pay HTTP/1.1\r\nhost: %b\r\n"
FRAMES = {
    "nothing": b"",
    "blank": b"\r\n\r\n\r\n",
    "noise": bytes(range(256)) * 8,
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "http09": b"GET /\r\n",
    "no host": b"POST /cashier/trade-pay HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}",
    "two hosts": POST + b"host: evil.example\r\ncontent-length: 2\r\n\r\n{}",
    "absolute": b"GET http://evil.example/wallet HTTP/1.1\r\nhost: evil.example\r\n\r\n",
    "connect": b"CONNECT evil.example:443 HTTP/1.1\r\nhost: %b\r\n\r\n",
    "too short": POST + b"content-length: 5\r\n\r\n{}",
    "too long": POST + b"content-length: 1\r\n\r\n{}{}{}{}",
    "negative": POST + b"content-length: -5\r\n\r\n{}",
    "huge": POST + b"content-length: 99999999999999999999999\r\n\r\n{}",
    "over the limit": POST + b"content-length: 400000\r\n\r\n" + b"x" * 400_000,
    "two lengths": POST + b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
    "both": POST + b"content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": POST + b"transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "huge chunk": POST + b"transfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n{}",
    "chunks over the limit": POST
    + b"transfer-encoding: chunked\r\n\r\n"
    + (b"4000\r\n" + b"x" * 0x4000 + b"\r\n") * 20
    + b"0\r\n\r\n",
    "bad coding": POST + b"transfer-encoding: gzip, what\r\ncontent-length: 2\r\n\r\n{}",
    "long header": POST + b"x: " + b"y" * 200_000 + b"\r\n\r\n",
    "many headers": POST + b"".join(b"x%d: y\r\n" % n for n in range(5_000)) + b"\r\n",
    "long path": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nhost: %b\r\n\r\n",
    "split": b"GET /wallet HTTP/1.1\r\nhost: %b\r\nx: y\r\n z\r\n\r\n",
    "smuggled": POST + b"content-length: 2\r\n\r\n{}GET /nothing HTTP/1.1\r\nhost: %b\r\n\r\n",
    "upgrade": b"GET /wallet HTTP/1.1\r\nhost: %b\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n",
    "websocket": b"GET /wallet HTTP/1.1\r\nhost: %b\r\nconnection: upgrade\r\nupgrade: websocket"
    b"\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n",
}


@pytest.mark.parametrize("name", FRAMES)
def test_broken_http_is_refused_or_answered_and_the_server_goes_on(
    gateway: Gateway, name: str
) -> None:
    host = f"127.0.0.1:{gateway.port}".encode()
    said = _spoken(gateway.port, FRAMES[name].replace(b"%b", host))
    for line in said.split(b"\r\n"):
        if line.startswith(b"HTTP/1.1 "):
            assert line[9:10] in b"234", (name, said[:300])
    assert b"Traceback" not in said
    alive = _spoken(gateway.port, b"GET /healthz HTTP/1.1\r\nhost: " + host + CLOSE, wait_s=120)
    assert alive.startswith(b"HTTP/1.1 200"), name
    assert "Traceback" not in gateway.logged()


def test_thousands_of_random_bytes_break_no_parser(gateway: Gateway) -> None:
    dice = random.Random(SEED)
    host = f"127.0.0.1:{gateway.port}".encode()
    whole = (
        POST.replace(b"%b", host)
        + b"content-length: 30\r\n\r\n"
        + b'{"orderStr":"{}","callId":"c"}'
    )
    for _ in range(150):
        said = _spoken(gateway.port, bytes_spoilt(whole, dice), wait_s=0.05)
        assert not said.startswith(b"HTTP/1.1 5"), said[:200]
    assert "Traceback" not in gateway.logged()


def _spoken(port: int, said: bytes, *, wait_s: float = 0.25) -> bytes:
    """Send bytes and return whatever comes back until the line is quiet or closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
        try:
            line.sendall(said)
        except OSError:
            return b""  # It would not even listen to the end.
        line.settimeout(wait_s)
        heard = b""
        with suppress(OSError):
            while part := line.recv(65_536):
                heard += part
        return heard


def test_paths_of_every_shape_are_answered_through_a_socket(gateway: Gateway) -> None:
    host = f"127.0.0.1:{gateway.port}".encode()
    for path in (
        "/%", "/%zz", "/%00", "/..%2f..%2fetc%2fpasswd", "/static/cashier/..%2f..%2fdoor.py",
        "/static/cashier/%2e%2e/door.py", "/static/cashier//etc/passwd", "/\\..\\",
        quote("/連衣裙"),
        "/" + "%2e%2e/" * 50, "/wallet?" + "a=b&" * 2_000, "/cashier/trade-pay#x", "*", "//", "/?",
    ):  # fmt: skip
        asked = b"GET " + path.encode() + b" HTTP/1.1\r\nhost: " + host + CLOSE
        said = _spoken(gateway.port, asked, wait_s=120)
        assert said.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3", b"HTTP/1.1 4")), (path, said[:200])
        assert b"root:" not in said
        assert b"import " not in said
