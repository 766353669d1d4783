"""The signed redirect: our parameters after the merchant's own, and nothing believed unsigned."""

from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wire import gateway_key, stranger_key
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.protocol import urls
from tillgate.protocol.messages.common import ResultInfo, WireMoney
from tillgate.protocol.profile import Digest, Profile
from tillgate.protocol.redirect import (
    SIGNED_PREFIX,
    ReturnParameters,
    read_return_url,
    sign_return_url,
)
from tillgate.protocol.signature import sign, verify_bytes

SAID = ReturnParameters(
    merchant_id="2160400000002012",
    merchant_trans_id="A & B=1 裙",
    result_info=ResultInfo.of(Result.SUCCESS),
    acquirement_id="20181210194010800100160960000444145",
    order_amount=WireMoney.of(Money.parse("10.00 HKD")),
    create_time="2018-12-04T22:00:53-08:00",
    extend_info='{"a":"b"}',
    resp_time="2018-12-04T22:01:12-08:00",
)
KEYS = [gateway_key().public]


@pytest.mark.parametrize(
    ("url", "start", "end"),
    [
        ("https://shop.example", "https://shop.example/?merchantId=", ""),
        ("https://shop.example/r?", "https://shop.example/r?merchantId=", ""),
        ("https://shop.example/r?a=1&b=", "https://shop.example/r?a=1&b=&merchantId=", ""),
        (
            "https://shop.example/r?a=裙#top",
            "https://shop.example/r?a=%E8%A3%99&merchantId=",
            "#top",
        ),
        (" https:\\\\shop.example/r ", "https://shop.example/r?merchantId=", ""),
        (
            "https://shop.example/r?q=a'b|c^[]",
            "https://shop.example/r?q=a%27b|c^[]&merchantId=",
            "",
        ),
    ],
)
def test_ours_follow_the_merchants_own_and_precede_the_fragment(
    url: str, start: str, end: str
) -> None:
    signed = sign_return_url(url, SAID, gateway_key())

    assert signed.startswith(start)
    assert signed.endswith(end)
    assert signed.isascii()
    assert urls.normalise(signed) == signed, "a browser would change it on the way"
    assert read_return_url(signed, KEYS) == SAID


def test_the_signature_is_over_a_version_line_and_the_whole_query_before_it() -> None:
    query = urlsplit(sign_return_url("https://shop.example/?own=1", SAID, gateway_key())).query
    before, _, signature = query.partition("&signature=")

    assert before.startswith("own=1&")
    text = b"tillgate-return-v1\n" + before.encode()
    assert verify_bytes(text, signature, KEYS, Digest.RSA2).fingerprint


def test_a_framework_reads_the_same_parameters() -> None:
    query = urlsplit(sign_return_url("https://shop.example/", SAID, gateway_key())).query
    read = parse_qs(query, strict_parsing=True)

    assert read["merchantTransId"] == [SAID.merchant_trans_id]
    assert msgspec.json.decode(read["resultInfo"][0], type=ResultInfo) == SAID.result_info
    assert msgspec.json.decode(read["orderAmount"][0], type=WireMoney) == SAID.order_amount
    assert set(read) == {
        *("merchantId", "merchantTransId", "resultInfo", "acquirementId", "orderAmount"),
        *("createTime", "extendInfo", "respTime", "signature"),
    }


def test_path_and_query_or_the_query_alone_are_enough() -> None:
    signed = sign_return_url("https://shop.example/r?a=1", SAID, gateway_key())
    query = urlsplit(signed).query

    assert read_return_url(f"/r?{query}", KEYS) == SAID
    assert read_return_url(query, KEYS) == SAID


@given(st.integers(0, 10_000), st.characters(codec="ascii", exclude_categories=["Cc"]))
def test_no_character_may_change(place: int, other: str) -> None:
    query = urlsplit(sign_return_url("https://shop.example/r?a=1", SAID, gateway_key())).query
    at = place % query.index("&signature=")
    forged = query[:at] + other + query[at + 1 :]

    if forged == query or other in "#?":
        return
    with pytest.raises(Refused) as caught:
        read_return_url(forged, KEYS)
    assert caught.value.result is Result.INVALID_SIGNATURE


@pytest.mark.parametrize(
    "forge",
    [
        lambda query: query + "&resultInfo=x",
        lambda query: "resultInfo=x&" + query,
        lambda query: query.partition("&signature=")[0],
        lambda query: query.partition("&signature=")[0] + "&signature=",
        lambda query: query + query[query.index("&signature=") :],
        lambda query: query.replace("&signature=", "&Signature="),
        lambda query: "",
        lambda query: "signature=x",
        lambda query: "\udc80" + query,
        lambda query: query.replace("A%20", "A+"),
    ],
)
def test_a_forged_query_is_refused(forge: object) -> None:
    query = urlsplit(sign_return_url("https://shop.example/", SAID, gateway_key())).query
    assert callable(forge)

    with pytest.raises(Refused) as caught:
        read_return_url(forge(query), KEYS)
    assert caught.value.result is Result.INVALID_SIGNATURE


def test_another_key_and_an_endless_address_are_refused() -> None:
    signed = sign_return_url("https://shop.example/", SAID, gateway_key())

    with pytest.raises(Refused):
        read_return_url(signed, [stranger_key().public])
    assert read_return_url(signed, [stranger_key().public, *KEYS]) == SAID
    with pytest.raises(Refused) as caught:
        read_return_url("a" * 20_000, KEYS)
    assert caught.value.result is Result.REQUEST_TOO_LARGE


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("merchantId=1", "merchantTransId"),
        ("merchantId=1&merchantId=2", "merchantId"),
        ("merchantId=1&resultInfo=x", "resultInfo"),
        ("merchantId=1&resultInfo=" + "[" * 50, "resultInfo"),
        ("merchantId=1&resultInfo=%7B%22a%22%3A1%2C%22a%22%3A2%7D", "resultInfo"),
    ],
)
def test_a_signed_query_with_other_members_is_still_refused(query: str, path: str) -> None:
    signature = sign(SIGNED_PREFIX + query.encode(), gateway_key(), Profile.TILLGATE)

    with pytest.raises(Refused) as caught:
        read_return_url(f"{query}&signature={signature}", KEYS)
    assert caught.value.result in {Result.PARAM_MISSING, Result.PARAM_ILLEGAL}
    assert caught.value.path == path


@pytest.mark.parametrize("url", ["", "//evil.example", "https://shop.example/?respTime=1"])
def test_an_address_the_rule_refuses_is_never_signed(url: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        sign_return_url(url, SAID, gateway_key())
