"""Any bytes are read and explained: the doctor never crashes, and never runs away."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.doctor.program import Program, an_order, public_pem
from tillgate import doctor
from tillgate.doctor import characters, mending, search
from tillgate.doctor.findings import Code
from tillgate.doctor.remedies import LANGUAGES, remedies_of
from tillgate.protocol.profile import Digest

KEYS = [doctor.load_key(public_pem("merchant"))]
GOOD = Program().run(an_order(random.Random(1)))[0]
PIECES = (
    *(
        b'{"request":',
        b'"signature":"',
        b'{\\"request\\":',
        b"%7B%22request%22%3A",
        b"eyJyZXF1ZXN0",
    ),
    *(b"POST /x HTTP/1.1\r\n", b"Transfer-Encoding: chunked\r\n\r\n", b"ff\r\n", b"&quot;", b"\\u"),
    *(
        b"https://x/?a=b&signature=",
        b"-----BEGIN PRIVATE KEY-----",
        b"MIIE",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
    ),
    *(
        b"{'request': {",
        b"}}}}",
        b"]]",
        b"\0",
        b'"',
        b"\\",
        b"\xe7\xb4",
        b"tradePay",
        b"version: '1'",
    ),
)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_explained(raw: bytes) -> None:
    assert doctor.examine(raw, KEYS).findings


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=12)), max_size=12))
def test_pieces_of_messages_are_explained(pieces: list[bytes]) -> None:
    report = doctor.examine(b"".join(pieces), KEYS)

    assert report.findings
    doctor.page(report, version="1")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(GOOD) - 1), st.sampled_from(PIECES), st.sampled_from([0, 1, 9]))
@pytest.mark.timeout(300)
def test_a_message_with_a_piece_in_it_is_explained(at: int, piece: bytes, lost: int) -> None:
    after = GOOD[at + lost :]

    doctor.diagnose(GOOD[:at] + piece + after, KEYS[0].key, Digest.RSA2)


@pytest.mark.timeout(300)
def test_the_largest_messages_stay_within_the_limits() -> None:
    order = an_order(random.Random(2))
    order["body"]["extendInfo"] = "x " * 20_000
    raw = Program(before_signing=lambda text: b"nobody knows").run(order)[0]

    report = doctor.examine(raw, KEYS)

    assert report.findings[0].code == "CHANGED"
    assert report.messages[0].texts_tried * 36_000 <= search.BYTES_MAX
    assert characters.TEXTS_MAX <= 300_000
    assert mending.TRIES_MAX <= 6_000


@pytest.mark.parametrize(
    "raw",
    [
        b'{"request":{}}' * 70_000,
        b'{"request":' * 900 + b'"%b"' % (b"x" * 900_000) + b"}" * 900,
        b'{"request":{"a":"' + b'\n"' * 400_000,
        b"GET / HTTP/1.1\n" + b"* \n" * 300_000,
        b"%25257B%252522request%252522" * 35_000,
    ],
    ids=["many", "nested", "folded", "remarks", "percent"],
)
def test_what_only_looks_like_messages_takes_no_longer(raw: bytes) -> None:
    assert doctor.examine(raw, KEYS).findings


@pytest.mark.parametrize("code", Code, ids=lambda code: code.name)
def test_every_code_has_a_sentence_and_a_remedy_in_every_language(code: Code) -> None:
    remedies = remedies_of(code.name)

    assert code.sentence.endswith(".")
    assert tuple(remedy.language for remedy in remedies) == LANGUAGES
    assert all(remedy.usually and remedy.instead for remedy in remedies)
