"""Mutated messages: whatever arrives, the answer is a typed message or a refusal, and soon."""

import json
import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.wire import CONTENT, merchant_key, sealed, text_of
from tillgate import doctor
from tillgate.kernel.errors import Refused
from tillgate.protocol.envelope import Kind, Verified, cut, wrap
from tillgate.protocol.functions import content_faults, open_request
from tillgate.protocol.members import Message, members_of
from tillgate.protocol.profile import Digest, Profile
from tillgate.protocol.signature import verify
from tillgate.protocol.tradepay import read_trade_pay

GOOD = sealed(CONTENT)
PIECES = [
    *(b"{", b"}", b"[", b"]", b'"', b"\\", b",", b":", b"\\u0000", b"\\ud800", b"\x00", b"\xff"),
    *(b'"request":', b'"signature":', b'"head":', b'"body":', b"null", b"1e999", b"-0", b"9" * 400),
    *(b'{"a":' * 40, b"[" * 40, b"\\/", b" ", b"\r\n", b"\xef\xbb\xbf", b'\\"', b"true", b"NaN"),
]
mutation = st.tuples(
    st.sampled_from(["insert", "delete", "replace", "repeat"]),
    st.integers(0, len(GOOD)),
    st.sampled_from(PIECES) | st.binary(min_size=1, max_size=4),
    st.integers(1, 60),
)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**25), 10**25)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["value", "currency", "mcc", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
PATHS = [
    *("head", "body", "head.version", "head.reqTime", "head.reserve", "head.signType"),
    *("body.merchantId", "body.productCode", "body.order", "body.order.orderAmount"),
    *("body.order.orderAmount.value", "body.order.orderAmount.currency", "body.order.seller"),
    *("body.order.orderTitle", "body.riskInfo", "body.extendInfo", "body.notifyUrl"),
    *("body.notify_url", "body.returnUrl", "body.settleContractId", "body.order.seller.mcc"),
]


def _explains(refused: Refused) -> None:
    assert refused.sentence


def mutated(raw: bytes, changes: list[tuple[str, int, bytes, int]]) -> bytes:
    for how, where, piece, length in changes:
        at = where % (len(raw) + 1)
        match how:
            case "insert":
                raw = raw[:at] + piece + raw[at:]
            case "delete":
                raw = raw[:at] + raw[at + length :]
            case "replace":
                raw = raw[:at] + piece + raw[at + len(piece) :]
            case _:
                raw = raw[:at] + raw[at : at + length] * 2 + raw[at + length :]
    return raw


@settings(max_examples=1500, deadline=None)
@given(st.lists(mutation, min_size=1, max_size=5))
def test_a_mutated_envelope_is_refused_or_has_the_bytes_that_were_signed(
    changes: list[tuple[str, int, bytes, int]],
) -> None:
    raw = mutated(GOOD, changes)
    try:
        taken = cut(raw)
        verified = verify(taken, [merchant_key().public], Profile.TILLGATE)
    except Refused as refused:
        _explains(refused)
        assert doctor.diagnose(raw, merchant_key().public, Digest.RSA2)
        doctor.warnings(raw)
        return
    assert taken.signed == text_of(CONTENT)
    assert open_request(verified).body.merchant_id == "2160400000002012"


@settings(max_examples=1500, deadline=None)
@given(st.lists(mutation, min_size=1, max_size=5))
def test_a_mutated_content_that_is_signed_is_read_or_refused(
    changes: list[tuple[str, int, bytes, int]],
) -> None:
    raw = wrap(Kind.REQUEST, mutated(text_of(CONTENT), changes), "x")
    try:
        taken = cut(raw)
        open_request(Verified(cut=taken, key_fingerprint=""))
    except Refused as refused:
        _explains(refused)
        return
    assert content_faults(taken.unverified) == []


@settings(max_examples=1500, deadline=None)
@given(st.dictionaries(st.sampled_from(PATHS), json_values, min_size=1, max_size=3))
def test_the_quick_and_the_thorough_way_of_validation_agree(changes: dict[str, Any]) -> None:
    content = json.loads(text_of(CONTENT))
    for path, value in changes.items():
        *parents, name = path.split(".")
        place = content
        for parent in parents:
            place = place.get(parent) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[name] = value
    taken = cut(wrap(Kind.REQUEST, text_of(content), "x"))
    faults = content_faults(taken.unverified)

    try:
        request = open_request(Verified(cut=taken, key_fingerprint=""))
    except Refused as refused:
        told = (refused.result, refused.path)
        _explains(refused)
    else:
        assert not faults
        assert _has_no_empty_text(request.body)
        return
    assert told == (faults[0].result, faults[0].path)


def _has_no_empty_text(message: Message) -> bool:
    values = [(each, getattr(message, each.attribute)) for each in members_of(type(message))]
    return all(value != "" for each, value in values if not each.is_free)


@settings(max_examples=500, deadline=None)
@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_at_any_entrance_are_refused_or_read(raw: bytes) -> None:
    for entrance in (cut, read_trade_pay):
        try:
            entrance(raw)
        except Refused as refused:
            _explains(refused)


def test_the_worst_64_kib_are_refused_for_little_of_the_processor() -> None:
    worst = [
        b'{"request":{' + b'"a":1,' * 10_000 + b'"a":1},"signature":"x"}',
        b'{"request":{"a":[' + b"{}," * 21_000 + b'{}]},"signature":"x"}',
        b'{"request":{"a":"' + b'\\"' * 32_000 + b'"},"signature":"x"}',
        b'{"request":{"a":"' + b"\\\\" * 32_000 + b'\\u0000"},"signature":"x"}',
        b'{"request":{"a":"' + b'\\"' * 32_000,
        b"[" * 65_000,
        b'"' * 65_000,
        b'{"request":{' + b'"a":{' * 10_000,
        b'{"request":{"a":' + b"9" * 65_000 + b'},"signature":"x"}',
        b'{"request":{"a":-1' + b"0" * 60_000 + b'e9},"signature":"' + b"%" * 4_000 + b'"}',
        b'{"request":{"a":"' + b"\\u0001" * 10_000 + b'"},"signature":"' + b"A" * 4_000 + b'"}',
    ]
    for raw in worst:
        start = time.process_time()
        try:
            verify(cut(raw), [merchant_key().public], Profile.TILLGATE)
        except Refused as refused:
            _explains(refused)
        doctor.diagnose(raw, merchant_key().public, Digest.RSA2)
        assert time.process_time() - start < 10, raw[:40]
