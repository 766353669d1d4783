"""What is written down of a message: its very bytes, or its members without the secret ones."""

import base64
import json
import time
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.recording import MASK
from tillgate.sandbox.recording_masks import text_of, url_of

SECRET = "M9WkKnmRGFflrgEp2ORH5sMIkH9L59AXK6SFkdzAi5000969"
HEAD = {"clientId": "4Q5XSH6SSG02T006", "reqMsgId": "m-1"}


def _pem(key: Any) -> str:
    """Return a key that is no RSA key as PKCS#8."""
    kind = serialization.PrivateFormat.PKCS8
    pem: bytes = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
    return pem.decode()


def _message(body: Any, **head: Any) -> bytes:
    message = {"request": {"head": {**HEAD, **head}, "body": body}, "signature": "x"}
    return json.dumps(message).encode()


@pytest.mark.parametrize(
    "raw",
    [
        _message({"merchantTransId": "A-1", "extendInfo": '{"productScene":"Prepay"}'}),
        '{ "request" :\r\n{"body":{"orderTitle":"連衣裙 \\u5973"}}}'.encode(),
        _message({"orderTitle": "Pay for shipping with a token of love {really}"}),
        _message({"accessTokenInfo": {"tokenStatus": "ACTIVE"}}),
        PrivateKey.generate(4096).public.pem().encode() + b"reqMsgId clientId",
    ],
)
def test_what_holds_no_secret_is_kept_byte_for_byte(raw: bytes) -> None:
    text = text_of(raw)

    assert (text.raw, text.masked, text.size) == (raw, (), len(raw))


def test_bytes_that_are_no_utf8_are_kept_as_base64() -> None:
    raw = '{"request":{"head":{"clientId":"c","reqMsgId":"m"},"t":"連衣裙"}}'.encode("big5")

    assert text_of(raw).raw == raw
    assert text_of(raw).text is None


@pytest.mark.parametrize(
    ("raw", "masked"),
    [
        (_message({}, accessToken=SECRET), ("request.head.accessToken",)),
        (_message({"refreshToken": SECRET}), ("request.body.refreshToken",)),
        (_message({"authCode": SECRET}), ("request.body.authCode",)),
        (_message({"AUTH_CODE": SECRET}), ("request.body.AUTH_CODE",)),
        (_message({"reserve": json.dumps({"isvAccesstoken": SECRET})}), ("request.body.reserve",)),
        (
            _message({"a": json.dumps({"b": json.dumps({"authCode": SECRET})})}),
            ("request.body.a",),
        ),
        (_message({"extendInfo": "{authCode=" + SECRET}), ("request.body.extendInfo",)),
        (
            _message({"riskInfo": {"userInfo": {"merchantUserId": SECRET}}}),
            ("request.body.riskInfo",),
        ),
        (
            _message([{"userId": SECRET}, {"pin": SECRET}]),
            ("request.body[0].userId", "request.body[1].pin"),
        ),
        (json.dumps({"cashierUrl": f"http://x/cashier/{SECRET}"}).encode(), ("cashierUrl",)),
        (json.dumps({"authSiteUrl": f"http://x/wallet/{SECRET}"}).encode(), ("authSiteUrl",)),
        (b'{"acc\\u0065ssToken":"%b"}' % SECRET.encode(), ("accessToken",)),
        (_message({"state": SECRET}), ("request.body.state",)),
        (
            _message({"extendInfo": f"accessToken={SECRET}&pin=123456"}),
            ("request.body.extendInfo",),
        ),
        (_message({"extendInfo": f"Authorization: Bearer {SECRET}"}), ("request.body.extendInfo",)),
        (_message({"extendInfo": f"<token>{SECRET}</token>"}), ("request.body.extendInfo",)),
        (
            _message({"extendInfo": json.dumps([{"accessToken": SECRET}])}),
            ("request.body.extendInfo",),
        ),
        (
            _message({"extendInfo": json.dumps([{"a": json.dumps([{"payerId": SECRET}])}])}),
            ("request.body.extendInfo",),
        ),
        (
            _message({"extendInfo": '{"acce\\u0073sToken":"' + SECRET + '"}'}),
            ("request.body.extendInfo",),
        ),
        (
            _message({"a": f"see https://{MASK}.example/n?k={SECRET} there"}),
            ("request.body.a",),
        ),
        (
            _message({"a": json.dumps({"to": f"https://shop.example/n?k={SECRET}"})}),
            ("request.body.a",),
        ),
    ],
)
def test_a_secret_is_masked_wherever_it_stands_and_no_bytes_are_kept(
    raw: bytes, masked: tuple[str, ...]
) -> None:
    text = text_of(raw)

    assert (text.raw, text.masked) == (None, masked)
    assert SECRET.encode() not in bytes(text.shown)
    assert MASK.encode() in bytes(text.shown)


@pytest.mark.parametrize(
    "raw",
    [
        PrivateKey.generate().pem(),
        _message({"orderDetail": PrivateKey.generate().pem().decode()}),
        _message({"x": "MII" + "A" * 800}),
        base64.b64encode(_message({}, accessToken=SECRET)),
        b"accessToken=" + SECRET.encode() + b"&reqMsgId=1&clientId=2",
        _message({}, accessToken=SECRET)[:-9],
        _message({}, accessToken=SECRET).replace(b'"', b'\\"'),
        b'{"pin":"123456"} reqMsgId clientId',
        b'{"accessToken":"%b","accessToken":"","a":"reqMsgId clientId"}' % SECRET.encode(),
        b"[" * 5_000,
        b"",
        _message({"cashierUrl": f"http://x/cashier/{SECRET}"})[:-20],
        _message({"authSiteUrl": f"http://x/wallet/{SECRET}"})[:-20],
        _message({"notifyUrl": f"https:\\/\\/shop.example\\/n?k={SECRET}"})[:-20],
        _message({"a": SECRET})[:-20].replace(b'"a"', b'"acce\\u0073sToken"'),
        _message({"a": SECRET})[:-20].replace(b'"a"', b'\\"acce\\\\u0073s_Token\\"'),
        *(
            _message({"x": 1}).replace(b'"x"', b'"%b": "%b", "x":2, "x"' % (name, SECRET.encode()))
            for name in (b"callId", b"openId", b"token", b"secret", b"authorization", b"state")
        ),
        _message({"a": SECRET}).replace(b'"a"', b'"authorization"').replace(b"m-1", b"\xff"),
        *(
            _message({"orderDetail": "".join(pem.splitlines()[1:-1])})
            for pem in map(_pem, (Ed25519PrivateKey.generate(), generate_private_key(SECP256R1())))
        ),
        _message({"orderDetail": base64.b64encode(b"0\x74\2\1\1\4\x20").decode()}),
        _message({"orderDetail": PrivateKey.generate().pem().decode().splitlines()[1]}),
        _message({}, accessToken=SECRET) + b" " * 70_000,
        _message([{"pin": 1}] * 65),
        _message({"n" * 3_000: [{"pin": 1}] * 2}),
        b"\xff\xfe\x00",
    ],
)
def test_where_a_secret_could_hide_nothing_is_kept_but_the_size(raw: bytes) -> None:
    text = text_of(raw)

    assert (text.raw, text.shown, text.masked, text.size) == (None, None, ("*",), len(raw))


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
        ),
        max_leaves=12,
    ),
    st.sampled_from(["accessToken", "refresh_token", "AuthCode", "PIN", "payerId"]),
)
def test_whatever_stands_around_it_a_token_never_leaves(around: Any, name: str) -> None:
    told = json.dumps({"a": around, "b": [{"c": {name: SECRET}}], "d": json.dumps({name: SECRET})})

    assert SECRET not in repr(text_of(told.encode()))


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://shop.example/n?key=" + SECRET, "https://shop.example/n"),
        (f"https://u:{SECRET}@shop.example/n", "https://shop.example/n"),
        (f"https://shop.example/n;token={SECRET}?a", MASK),
        (f"shop.example/n?key={SECRET}", MASK),
    ],
)
@pytest.mark.parametrize("name", ["notifyUrl", "returnUrl", "redirectUri"])
def test_of_a_merchants_url_its_place_alone_is_shown(name: str, url: str, shown: str) -> None:
    text = text_of(_message({name: url}))

    assert (text.raw, text.masked) == (None, (f"request.body.{name}",))
    assert json.loads(bytes(text.shown))["request"]["body"][name] == shown


HOSTILE = [
    b'{"%b":[%b]}' % (b"n" * 30_000, b",".join([b'{"pin":1}'] * 3_200)),
    b'{"%b":[%b]}' % (b"n" * 30_000, b",".join([b"{}"] * 10_000)),
    b'{"a":"%b"}' % (b"\\\\" * 31_000),
    b'{"a":"%b"}' % (b"://" * 20_000),
    b'{"a":"%b"}' % (b"pin" + b" " * 60_000),
    b'{"a":"%b"}' % (b"pin " * 16_000),
    b'{"a":"%b"}' % (b"MII" * 20_000),
    b'{"a":"%b"}' % (b"a-_" * 20_000),
    b'{"reqMsgId":"clientId' + b"\\" * 60_000,
    b'{"reqMsgId":"clientId' + b"%25" * 20_000,
]


@pytest.mark.parametrize("raw", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_stranger_sends_is_masked_in_no_time_and_kept_in_no_more_than_it_was(
    raw: bytes,
) -> None:
    began_s = time.process_time()
    text = text_of(raw)

    assert time.process_time() - began_s < 10  # What is no more than it should be takes hundredths.
    assert len(msgspec.json.encode(text)) < 2 * len(raw) + 200


def test_an_address_loses_its_query_and_user() -> None:
    assert url_of("https://u:p@shop.example/n?secret=1#x") == "https://shop.example/n"
    assert url_of("listener") == "listener"


@settings(deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
)
def test_of_whatever_comes_the_bytes_are_kept_exactly_or_not_at_all(raw: bytes) -> None:
    text = text_of(raw)

    assert text.size == len(raw)
    assert text.raw in (None, raw)
    assert (text.raw is None) is bool(text.masked)
