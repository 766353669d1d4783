"""Envelopes: the exact bytes inside, and what is refused by name before anything is believed."""

import tracemalloc
from itertools import count

import pytest

from tests.support.wire import (
    CONTENT,
    changed,
    gateway_key,
    merchant_key,
    opened,
    sealed,
    stranger_key,
    text_of,
    unsigned,
    verified,
)
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import (
    MESSAGE_BYTES_MAX,
    Fault,
    Kind,
    NotAnEnvelope,
    cut,
    wrap,
    wrap_unsigned,
)
from tillgate.protocol.functions import open_request
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import accept_unsigned, verify

GOOD = sealed(CONTENT)
INNER = text_of(CONTENT)


def fault_of(raw: bytes, kind: Kind = Kind.REQUEST) -> Fault:
    with pytest.raises(NotAnEnvelope) as caught:
        cut(raw, kind)
    assert caught.value.sentence.endswith(".")
    return caught.value.fault


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"   ",
        b"{",
        b"nothing",
        GOOD + b"x",
        GOOD + b"{}",
        GOOD + b"\x00",
        b'{"request":{},}',
        b'{"request":{"a":NaN},"signature":"x"}',
        b'{"request":{"a":Infinity},"signature":"x"}',
        b'{"request":{"a":01},"signature":"x"}',
        b"{'request':{},'signature':'x'}",
        b'{"request":{"a":"line\nbreak"},"signature":"x"}',
        b'{"request":{"a":"\x00"},"signature":"x"}',
        b'{"request":{"a":"\\ud800"},"signature":"x"}',
        b'{"request":{"a":"\\udc00\\ud800"},"signature":"x"}',
        b'{"request":{"\\ud83d":1},"signature":"x"}',
        b'{"request":{"a":"\\ud83d\\u0041"},"signature":"x"}',
        b'{"request":{"a":"\\x41"},"signature":"x"}',
    ],
    ids=count(),
)
def test_what_is_not_json_is_refused(raw: bytes) -> None:
    assert fault_of(raw) is Fault.NOT_JSON


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.decode().encode("utf-16"),
        b'{"request":{"a":"\xff"},"signature":"x"}',
        b'{"request":{"a":"\xc0\x80"},"signature":"x"}',
        b'{"request":{"a":"\xed\xa0\x80"},"signature":"x"}',
        b'{"request":{"a":1},"signature":"x","other":"\xfe"}',
    ],
    ids=count(),
)
def test_what_is_not_plain_utf_8_is_refused(raw: bytes) -> None:
    assert fault_of(raw) is Fault.NOT_UTF8


@pytest.mark.parametrize(
    "raw",
    [
        b"[]",
        b"{}",
        b"5",
        b'"text"',
        b"null",
        b'{"signature":"x"}',
        b'{"request":"text","signature":"x"}',
        b'{"request":null,"signature":"x"}',
        b'{"request":[],"signature":"x"}',
        b'{"request":{},"signature":5}',
        b'{"request":{},"signature":{}}',
        b'{"request":{},"response":{},"signature":"x"}',
        b'{"response":{},"signature":"x"}',
        b'{"Request":{},"signature":"x"}',
    ],
)
def test_what_is_no_envelope_is_refused(raw: bytes) -> None:
    assert fault_of(raw) is Fault.NOT_AN_ENVELOPE


@pytest.mark.parametrize(
    "raw",
    [
        b'{"request":%b,"request":%b,"signature":"x"}' % (INNER, INNER),
        b'{"request":%b,"\\u0072equest":%b,"signature":"x"}' % (INNER, INNER),
        b'{"\\u0072equest":{},"re\\u0071uest":{},"signature":"x"}',
        b'{"request":{},"signature":"x","signature":"y"}',
        b'{"request":{},"signature":"x","s\\u0069gnature":"y"}',
        b'{"request":{},"signature":"x","other":1,"other":2}',
        b'{"request":{},"signature":"x","other":{"a":1,"a":2}}',
    ],
)
def test_a_second_member_at_the_top_is_refused_in_any_spelling(raw: bytes) -> None:
    assert fault_of(raw) is Fault.DUPLICATE_MEMBER


def test_a_message_over_64_kib_is_refused_before_it_is_read() -> None:
    blank = b" " * (MESSAGE_BYTES_MAX - len(GOOD))

    assert cut(GOOD + blank).signed == INNER
    assert fault_of(GOOD + blank + b" ") is Fault.TOO_LARGE
    with pytest.raises(NotAnEnvelope) as caught:
        cut(b"\xff" * (MESSAGE_BYTES_MAX + 1))
    assert caught.value.result is Result.REQUEST_TOO_LARGE


@pytest.mark.parametrize(
    ("opener", "closer"), [("[", "]"), ('{"a":', "}"), ('[{"a":', "}]")], ids=["[", "{", "both"]
)
def test_nesting_over_the_limit_is_refused_without_recursion(opener: str, closer: str) -> None:
    for depth in (40, 500, 5_000):
        nested = opener * depth + "1" + closer * depth
        assert fault_of(b'{"request":{"a":%b},"signature":"x"}' % nested.encode()) is Fault.TOO_DEEP
    assert fault_of(opener.encode() * 10_000) is Fault.TOO_DEEP


def test_nesting_up_to_the_limit_is_read_and_brackets_in_text_do_not_count() -> None:
    nested = b"[" * 30 + b"1" + b"]" * 30
    raw = b'{"request":{"a":%b,"b":"%b"},"signature":"x"}' % (nested, b'[{\\"' * 500)

    assert cut(raw).unverified["b"] == '[{"' * 500
    cut(b'{"request":{"a":[%b]},"signature":"x"}' % b",".join([b"{}"] * 5000))


def test_an_escaped_member_name_is_the_same_member() -> None:
    raw = b'{"\\u0072equest":%b,"signature":"x"}' % INNER

    assert cut(raw).signed == INNER


@pytest.mark.parametrize(
    "inner",
    [
        b'{ "head" : {} ,\r\n\t"body":{}}',
        b'{"a":"\\/\\u00e9\\t","b":1.000,"c":1E+2,"d":123456789012345678901234567890}',
        '{"title":"裙子 👗"}'.encode(),
        b'{"n":' + b"9" * 5000 + b"}",
    ],
)
def test_the_bytes_inside_are_cut_out_as_they_came(inner: bytes) -> None:
    assert cut(b' { "signature" : "x" ,\n "request" : ' + inner + b" } ").signed == inner


def test_claims_are_what_the_head_says_and_empty_where_it_says_nothing_usable() -> None:
    claims = cut(GOOD).claims
    odd = cut(b'{"request":{"head":{"clientId":5,"reqMsgId":"r"}},"signature":"x"}').claims
    none = cut(b'{"request":{"head":[]},"signature":"x"}').claims

    assert claims.client_id == "4Q5XSH6SSG02T006"
    assert claims.function == "alipay.intl.acquiring.cashier.wap.pay"
    assert (odd.client_id, odd.req_msg_id, odd.sign_type) == ("", "r", "")
    assert (none.client_id, none.version) == ("", "")


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (b'"merchantId":', b'"merchantId":"1","merchantId":', "body.merchantId"),
        (b'"merchantId":', b'"merchantI\\u0064":"1","merchantId":', "body.merchantId"),
        (b'"value":', b'"value":"1","value":', "body.order.orderAmount.value"),
        (b'"clientId":', b'"clientId":"1","clientId":', "head.clientId"),
        (b'"body":', b'"body":{},"body":', "body"),
        (b'"orderTitle":', b'"zero":[{"a":{"b":1,"b":2}}],"orderTitle":', "body.order.zero[0].a.b"),
    ],
)
def test_doubles_inside_are_refused_although_the_signature_fits(
    old: bytes, new: bytes, path: str
) -> None:
    raw = sealed(INNER.replace(old, new))

    with pytest.raises(Refused) as caught:
        open_request(verified(raw))

    assert caught.value.result is Result.PARAM_ILLEGAL
    assert caught.value.path == path


def test_doubles_below_a_long_name_take_no_more_memory_than_their_message_allows() -> None:
    """The path of each was a text of its own: a message of 64 kB, signed by nobody, took 334 MB."""
    head, tail = b'{"request":{"%b":{' % (b"k" * 30_000), b"}}}"
    pair = b'"a":1,'
    inner = pair * ((MESSAGE_BYTES_MAX - len(head + tail)) // len(pair))
    raw = head + inner.removesuffix(b",") + tail

    tracemalloc.start()
    taken = cut(raw)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert taken.unreadable is not None
    assert taken.unreadable.path.endswith("k.a")
    assert peak_bytes < 64 * MESSAGE_BYTES_MAX


def test_a_bad_signature_is_told_before_doubles_inside() -> None:
    raw = sealed(INNER.replace(b'"merchantId":', b'"merchantId":"1","merchantId":'))

    with pytest.raises(Refused) as caught:
        verify(cut(raw), [stranger_key().public], Profile.TILLGATE)

    assert caught.value.result is Result.INVALID_SIGNATURE


def test_u_0000_is_refused_although_the_signature_fits() -> None:
    with pytest.raises(Refused, match=r"U\+0000"):
        opened(INNER.replace(b"testOrder", b"a\\u0000b"))


def test_a_backslash_before_u0000_is_plain_text() -> None:
    request = opened(INNER.replace(b"testOrder", b"a\\\\u0000b"))

    assert request.body.order.order_detail == "a\\u0000b"


@pytest.mark.parametrize(
    "raw",
    [
        GOOD.decode().replace('\\"', '\\\\"').replace('"', '\\"').encode(),
        b'"{\\"request\\":{}}"',
        b'  {\\"request\\":{}}',
    ],
    ids=count(),
)
def test_a_text_still_escaped_for_javascript_is_told_so(raw: bytes) -> None:
    assert fault_of(raw) is Fault.JS_ESCAPED


def test_a_request_without_a_signature_is_refused_by_name() -> None:
    raw = wrap_unsigned(Kind.REQUEST, INNER)

    with pytest.raises(Refused) as caught:
        verify(cut(raw), [merchant_key().public], Profile.TILLGATE)

    assert (caught.value.result, caught.value.path) == (Result.INVALID_SIGNATURE, "signature")


def test_an_unsigned_message_is_accepted_only_in_so_many_words() -> None:
    bare = wrap_unsigned(Kind.REQUEST, INNER)

    assert open_request(accept_unsigned(cut(bare))).body.merchant_id == "2160400000002012"
    with pytest.raises(Refused, match="signed"):
        accept_unsigned(cut(unsigned(CONTENT)))


def test_what_is_wrapped_is_cut_out_again() -> None:
    assert cut(wrap(Kind.RESPONSE, INNER, 'a"\\b'), Kind.RESPONSE).signed == INNER
    assert cut(wrap(Kind.RESPONSE, INNER, 'a"\\b'), Kind.RESPONSE).signature == 'a"\\b'
    assert fault_of(wrap(Kind.RESPONSE, INNER, "x")) is Fault.NOT_AN_ENVELOPE


def test_a_message_of_another_key_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        verify(cut(GOOD), [gateway_key().public, stranger_key().public], Profile.TILLGATE)

    assert caught.value.result is Result.INVALID_SIGNATURE
    assert verify(
        cut(GOOD), [stranger_key().public, merchant_key().public], Profile.TILLGATE
    ).key_fingerprint


def test_the_function_is_judged_before_the_members() -> None:
    content = changed("head.function", "alipay.intl.acquiring.cashier.wap.play")
    del content["body"]["merchantId"]

    with pytest.raises(Refused) as caught:
        opened(content)

    assert caught.value.result is Result.NO_INTERFACE_DEF
