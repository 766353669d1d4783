"""The order string: signed first, escaped for JavaScript after, and the same text both ways."""

import json
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wire import CONTENT, merchant_key, opened, sealed
from tillgate.protocol.envelope import Fault, NotAnEnvelope
from tillgate.protocol.order_string import build, escape_js, read, unescape_js
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import verify

AWKWARD = "a\"b'c\\d\n\r\t\u2028\u2029</script><!--裙👗\x00\\u0041\\"
whole_text = st.text(st.characters(exclude_categories=["Cs"]))


def test_an_order_string_is_compact_json_in_plain_characters() -> None:
    request = opened(CONTENT)
    text = build(request.head, request.body, merchant_key(), Profile.TILLGATE)

    assert json.loads(text)["request"] == CONTENT
    assert verify(read(text), [merchant_key().public], Profile.TILLGATE).key_fingerprint
    assert json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":")) == text


def test_three_levels_of_escaping_come_out_as_the_seed_prints_them() -> None:
    request = opened(CONTENT)
    text = build(request.head, request.body, merchant_key(), Profile.TILLGATE)

    assert '"extendInfo":"{\\"productScene\\":\\"Prepay\\"}"' in text
    assert r"\"extendInfo\":\"{\\\"productScene\\\":\\\"Prepay\\\"}\"" in escape_js(text)


@given(whole_text)
def test_a_literal_evaluates_to_the_text_itself(text: str) -> None:
    assert unescape_js(escape_js(text)) == text


@given(whole_text)
def test_a_literal_may_stand_in_a_script_between_quotes_of_either_kind(text: str) -> None:
    literal = escape_js(text)

    assert "<" not in literal
    assert not set(literal) & set("\n\r\u2028\u2029")
    bare = literal.replace("\\\\", "").replace('\\"', "").replace("\\'", "")
    assert not set(bare) & set("\"'")


def test_a_real_javascript_engine_agrees() -> None:
    node = shutil.which("node")
    assert node, "install Node 20 or newer"
    texts = [AWKWARD, sealed(CONTENT).decode(), *map(chr, range(0x20, 0x7F))]
    script = "".join(
        f"console.log(JSON.stringify({quote}{escape_js(text)}{quote}));\n"
        for text in texts
        for quote in "\"'"
    )

    done = subprocess.run([node, "-"], input=script.encode(), capture_output=True, check=True)

    said = [json.loads(line) for line in done.stdout.decode().split("\n") if line]
    assert said == [text for text in texts for _ in range(2)]


@pytest.mark.parametrize(
    ("literal", "text"),
    [
        (r"\x41B\u{1F457}", "AB👗"),
        (r"\ud83d\udc57", "👗"),
        ("a\\\nb\\\r\nc", "abc"),
        (r"\a\/\0\v", "a/\x00\x0b"),
        ("", ""),
    ],
)
def test_every_kind_of_escape_is_read(literal: str, text: str) -> None:
    assert unescape_js(literal) == text


@pytest.mark.parametrize(
    "literal", ["\\", "a\\", "\\u12", "\\xg1", "\\u{110000}", "\\ud83d", "\\u"]
)
def test_an_escape_that_is_cut_short_is_refused(literal: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        unescape_js(literal)


def test_a_string_that_is_still_escaped_is_told_so() -> None:
    with pytest.raises(NotAnEnvelope, match="still escaped") as caught:
        read(escape_js(sealed(CONTENT).decode()))

    assert caught.value.fault is Fault.JS_ESCAPED


def test_half_a_character_is_not_utf_8() -> None:
    with pytest.raises(NotAnEnvelope) as caught:
        read('{"request":{},"signature":"\ud800"}')

    assert caught.value.fault is Fault.NOT_UTF8
