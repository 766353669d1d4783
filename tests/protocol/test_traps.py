"""The traps of PROTOCOL 11.3 that lie in the wire, one by one.

The fourth (merchantTransId, and never reqMsgId, is a payment's key) is the engine's to keep; here
only the head says that a reqMsgId is not one.
"""

import json

import pytest

from tests.support.wire import CONTENT, changed, merchant_key, opened, sealed, text_of, verified
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Fault, NotAnEnvelope, cut
from tillgate.protocol.functions import open_request
from tillgate.protocol.members import members_of
from tillgate.protocol.messages.head import RequestHead
from tillgate.protocol.order_string import escape_js, read, unescape_js
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import sign

CHINESE = changed("body.order.orderTitle", "紅色連衣裙 👗")
SPELLINGS = {
    "compact": text_of(CONTENT),
    "pretty": json.dumps(CONTENT, indent=4).encode(),
    "other key order": json.dumps(CONTENT, sort_keys=True).encode(),
    "escaped slashes": text_of(CONTENT).replace(b"/", b"\\/"),
    "CRLF": json.dumps(CONTENT, indent=2).replace("\n", "\r\n").encode(),
    "tabs": json.dumps(CONTENT, indent="\t").encode(),
    "raw UTF-8 title": text_of(CHINESE),
    "escaped title": json.dumps(CHINESE).encode(),
    "upper-case escapes": json.dumps(CHINESE).replace("\\u7d05", "\\u7D05").encode(),
    "trailing blank in returnUrl": text_of(
        changed("body.returnUrl", "https://merchant.example/result.html ")
    ),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_1_any_spelling_is_valid_as_long_as_the_bytes_are_those_that_were_signed(
    text: bytes,
) -> None:
    raw = sealed(text)

    assert cut(raw).signed == text
    request = open_request(verified(raw))
    assert request.body.return_address == "https://merchant.example/result.html"
    assert request.body.order.order_title in {"Women Summer Dress", "紅色連衣裙 👗"}


@pytest.mark.parametrize("text", list(SPELLINGS.values())[1:6], ids=list(SPELLINGS)[1:6])
def test_1_the_same_content_in_other_bytes_is_refused(text: bytes) -> None:
    signature = sign(text_of(CONTENT), merchant_key(), Profile.TILLGATE)
    raw = b'{"request":%b,"signature":"%b"}' % (text, signature.encode())

    with pytest.raises(Refused) as caught:
        verified(raw)
    assert caught.value.result is Result.INVALID_SIGNATURE


def test_2_three_levels_of_escaping_survive_a_round_trip() -> None:
    inner = {"productScene": 'Pre"pay\\', "note": "</script>\u2028裙"}
    content = changed("body.extendInfo", json.dumps(inner, ensure_ascii=False))
    text = sealed(content).decode()
    literal = escape_js(text)

    assert '\\\\\\"productScene' in literal
    assert unescape_js(literal) == text
    verified(unescape_js(literal).encode())
    assert opened(content).body.extended == inner


@pytest.mark.parametrize(
    ("code", "major"), [("HKD", "1.00"), ("JPY", "100"), ("BHD", "0.100"), ("USD", "1.00")]
)
def test_3_one_hundred_is_one_hundred_minor_units(code: str, major: str) -> None:
    money = opened(
        changed("body.order.orderAmount", {"currency": code, "value": "100"})
    ).body.order.order_amount.money

    assert money == Money.of(100, code)
    assert money.major() == major


def test_4_the_head_says_that_req_msg_id_is_no_business_key() -> None:
    meaning = {each.name: each.meaning for each in members_of(RequestHead)}

    assert "not a business key" in meaning["reqMsgId"]


@pytest.mark.parametrize("second", [b'"request"', b'"\\u0072equest"', b'"reques\\u0074"'])
@pytest.mark.parametrize("signed_first", [True, False])
def test_5_two_requests_are_refused_whichever_the_signature_fits(
    second: bytes, *, signed_first: bool
) -> None:
    good, evil = text_of(CONTENT), text_of(changed("body.merchantId", "evil"))
    pair = (good, evil) if signed_first else (evil, good)
    signature = sign(good, merchant_key(), Profile.TILLGATE).encode()
    raw = b'{"request":%b,%b:%b,"signature":"%b"}' % (pair[0], second, pair[1], signature)

    with pytest.raises(NotAnEnvelope) as caught:
        read(raw.decode())
    assert caught.value.fault is Fault.DUPLICATE_MEMBER


@pytest.mark.parametrize("value", ["\uff11\uff10\uff10", " 100", "100 ", "1_00", "+100", "\u0661"])
def test_6_what_int_takes_the_wire_does_not(value: str) -> None:
    assert int(value) > 0

    with pytest.raises(Refused) as caught:
        opened(changed("body.order.orderAmount.value", value))
    assert caught.value.path == "body.order.orderAmount.value"
