"""A merchant's whole day at a running gateway whose loggers all tell everything, and broken HTTP.

Agreements, tokens, debits, refunds, ends and the telling of them, right and spoilt, through a
socket. What must hold: no token, code, PIN, session, page or key is ever in the log, nor a
traceback; a request is answered the same however its bytes are cut, and each answer is signed.
"""

import json
import random
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import pytest

from tests.fuzz.mutations import bytes_spoilt
from tests.fuzz.test_envelopes import SEED
from tests.support.doors import Browser
from tests.support.gateway import CLIENT_ID, LOUD_PROGRAM, MERCHANT_ID, PIN, Gateway, order, running
from tests.support.wire import CONTENT
from tillgate.kernel.clock import SystemClock, rfc3339
from tillgate.merchant import (
    AccessToken,
    AgreementCancelled,
    AgreementPage,
    Merchant,
    Paid,
    Refunded,
)
from tillgate.protocol.envelope import Kind, cut
from tillgate.protocol.functions import FUNCTIONS
from tillgate.protocol.keys import load_private_key, load_public_key
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify

QUERY = "alipay.intl.acquiring.common.payQuery"
WRONG_PIN = "902107"
SPOILT = 60
BACK = "http://shop.example/back"


class Loud(NamedTuple):
    """A gateway, and every secret that went through it."""

    gateway: Gateway
    secrets: set[str]


@pytest.fixture(scope="module")
def loud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loud]:
    data = tmp_path_factory.mktemp("loud") / "gateway"
    with running(data, program=LOUD_PROGRAM) as gateway:
        loud = Loud(gateway, {WRONG_PIN, PIN, (data / "control.token").read_text().strip()})
        yield loud
        assert gateway.audit()["clean"]
    log = gateway.logged()
    assert "DEBUG" in log, "the log is not at debug level"
    assert "Traceback" not in log
    for path in (data / "keys").glob("*.private.pem"):
        lines = path.read_text().splitlines()
        loud.secrets.update(line for line in lines if len(line) > 40 and "-" not in line)
    for secret in loud.secrets:
        alone = rf"(?<![0-9A-Za-z]){re.escape(secret)}(?![0-9A-Za-z])"
        assert not re.search(alone, log), secret[:6]
        assert len(secret) < 20 or secret not in log, secret[:6]


def test_the_log_at_debug_level_keeps_every_secret_of_a_merchants_day(loud: Loud) -> None:
    browser = Browser(loud.gateway)
    with loud.gateway.merchant() as merchant, browser.http:
        me = browser.sign_in("rich")
        loud.secrets.add(me["authorization"].removeprefix("Bearer "))
        paid = _pay(loud, browser, merchant, me)
        refunded = merchant.refund(refund_id="r-1", amount="4.00 HKD", acquirement_id=paid)
        assert isinstance(refunded, Refunded)
        for end in (merchant.cancel_agreement, lambda name: _end(browser, name, me)):
            agreement_id = uuid4().hex
            token = _agree(loud, browser, merchant, me, agreement_id=agreement_id)
            debit = merchant.debit(order(f"d-{agreement_id[:8]}"), access_token=token.access_token)
            assert isinstance(debit, Paid), debit
            assert token.refresh_token is not None
            assert isinstance(merchant.refresh_token(token.refresh_token), AccessToken)
            merchant.agreement(agreement_id)
            assert end(agreement_id) is not None
        _go_wrong(loud, browser, me)


def test_a_request_is_answered_the_same_however_its_bytes_are_cut(loud: Loud) -> None:
    path, host = FUNCTIONS[QUERY].path.encode(), f"127.0.0.1:{loud.gateway.port}".encode()
    key = load_public_key((loud.gateway.data / "keys" / "gateway.public.pem").read_bytes())
    start = b"POST %b HTTP/1.1\r\nhost: %b\r\nconnection: close\r\n" % (path, host)
    body = _sealed(loud.gateway, QUERY, {"merchantId": MERCHANT_ID, "merchantTransId": "none"})
    length = b"content-length: %d\r\n\r\n" % len(body)
    pieces = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    chunked = b"transfer-encoding: chunked\r\n\r\n"
    good = {
        "whole": start + length + body,
        "chunks of a byte": start + chunked + pieces,
        "one chunk": start + chunked + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        "odd case": start.replace(b"connection", b"CONNECTION") + length.upper() + body,
        "old": start.replace(b"HTTP/1.1", b"HTTP/1.0") + length + body,
        "expects": start + b"expect: 100-continue\r\n" + length + body,
        "trailing": start + length + body + b"\r\n\r\nand more",
        "two": start.replace(b"close", b"keep-alive") + length + body + start + length + body,
    }
    for name, said in good.items():
        heard = _heard(loud.gateway.port, said)
        answers = re.findall(rb'\{"response".*?"signature":"[^"]*"\}', heard, re.DOTALL)
        assert len(answers) == 1 + (name == "two"), (name, heard)
        for answer in answers:
            taken = cut(answer, Kind.RESPONSE)
            verify(taken, [key], Profile.TILLGATE)
            assert taken.unverified["body"]["resultInfo"]["resultCode"] == "ORDER_NOT_EXIST", name
    for name, said in {
        "too short": start + b"content-length: 9\r\n\r\n" + body,
        "two lengths": start + b"content-length: 2\r\n" + length + body,
        "both": start + b"transfer-encoding: chunked\r\n" + length + body,
        "bad chunk": start + chunked + b"zz\r\n" + body,
        "unfinished chunk": start + chunked + b"ffff\r\n" + body,
        "large": start + b"content-length: 70000\r\n\r\n" + b"x" * 70_000,
        "zipped": start + b"content-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x08",
        "get": start.replace(b"POST", b"GET") + b"\r\n",
        "no length": start + b"\r\n" + body,
    }.items():
        heard = _heard(loud.gateway.port, said, wait_s=0.3)
        assert b"HTTP/1.1 5" not in heard, (name, heard)
        assert b'"SUCCESS"' not in heard, (name, heard)
    dice = random.Random(SEED)
    for _ in range(SPOILT):
        heard = _heard(loud.gateway.port, bytes_spoilt(start + length, dice) + body, wait_s=0.05)
        assert not heard.startswith(b"HTTP/1.1 5"), heard


def _pay(loud: Loud, browser: Browser, merchant: Merchant, me: dict[str, Any]) -> str:
    path = browser.cashier(merchant.order_str(order("paid-1")), "call-1", **me)
    loud.secrets.add(path.rpartition("/")[2])
    browser.post(f"{path}/confirm", {"pin": WRONG_PIN}, **me)
    assert browser.post(f"{path}/confirm", {"pin": PIN}, **me)["resultCode"] == "9000"
    found = merchant.query("paid-1")
    assert isinstance(found, Paid)
    return found.acquirement_id


def _agree(
    loud: Loud, browser: Browser, merchant: Merchant, me: dict[str, Any], *, agreement_id: str
) -> AccessToken:
    page = merchant.prepare_agreement(
        agreement_id=agreement_id, state="state-4711", redirect_url=BACK
    )
    assert isinstance(page, AgreementPage), page
    path = urlsplit(page.url).path
    loud.secrets.add(path.rpartition("/")[2])
    assert browser.http.get(path).status_code == 200
    assert browser.http.get(f"{path}.json", headers=me).json()["state"] == "SIGN"
    browser.post(f"{path}/sign", {"pin": WRONG_PIN}, **me)
    back = browser.post(f"{path}/sign", {"pin": PIN}, **me)["redirectUrl"]
    code = parse_qs(urlsplit(back).query)["authCode"][0]
    given = merchant.apply_token(auth_code=code)
    assert isinstance(given, AccessToken), given
    assert given.refresh_token is not None
    loud.secrets.update({code, given.access_token.reveal(), given.refresh_token.reveal()})
    return given


def _end(browser: Browser, agreement_id: str, me: dict[str, Any]) -> AgreementCancelled | None:
    named = {"merchantId": MERCHANT_ID, "merchantAgreementId": agreement_id}
    ended = browser.post("/wallet/agreements/cancel", named, **me)
    return AgreementCancelled(agreement_id=agreement_id) if ended else None


def _go_wrong(loud: Loud, browser: Browser, me: dict[str, Any]) -> None:
    """Ask for what is refused, malformed or not there, with a secret in every place."""
    dice = random.Random(SEED)
    functions = [each for each in FUNCTIONS.values() if each.path.startswith("/api/")]
    for secret in sorted(loud.secrets):
        for function in dice.sample(functions, 2):
            body = {"authCode": secret, "accessToken": secret, "merchantId": secret, secret: secret}
            raw = _sealed(loud.gateway, function.name, body, accessToken=secret)
            browser.http.post(f"{function.path}?token={secret}", content=bytes_spoilt(raw, dice))
        part = quote(secret, safe="")
        for path in (f"/wallet/agreement/{part}", f"/api/{part}", f"/wallet/history?cursor={part}"):
            browser.http.get(f"{path}.json", headers={"authorization": f"Bearer {secret}"})
            browser.http.post(f"{path}/sign", json={"pin": secret}, headers=me)
        for door in ("cancel", "limits"):
            named = {"merchantId": secret, "merchantAgreementId": secret[:32], "pin": secret}
            browser.http.post(f"/wallet/agreements/{door}", json=named, headers=me)


def _sealed(gateway: Gateway, name: str, body: object, **head: str) -> bytes:
    key = load_private_key((gateway.data / "keys" / "merchant.private.pem").read_bytes())
    now = rfc3339(SystemClock().now_ms())
    more = {"function": name, "clientId": CLIENT_ID, "reqTime": now, "reqMsgId": uuid4().hex}
    content = {"head": {**CONTENT["head"], **more, **head}, "body": body}
    return seal(Kind.REQUEST, json.dumps(content).encode(), key, Profile.TILLGATE)


def _heard(port: int, said: bytes, *, wait_s: float = 120) -> bytes:
    """Send bytes and return whatever comes back until the line is quiet or closed."""
    with socket.create_connection(("127.0.0.1", port), timeout=120) as line:
        heard = b""
        with suppress(OSError):
            line.sendall(said)
        line.settimeout(wait_s)
        with suppress(OSError):
            while part := line.recv(65_536):
                heard += part
        return heard
