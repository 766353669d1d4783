"""Signatures: three ways to write one, a digest by profile, no verdict to be overlooked."""

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.wire import CONTENT, changed, merchant_key, stranger_key, text_of
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Kind, cut, wrap
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.profile import Digest, Encoding, Profile
from tillgate.protocol.signature import decode, encode, seal, sign, verify, verify_bytes

TEXT = b'{"head":{},"body":{}}'


@pytest.mark.parametrize("encoding", Encoding)
@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_every_way_to_write_it_is_read_for_every_size(bits: int, encoding: Encoding) -> None:
    length = bits // 8
    raw = bytes(range(256)) * 2
    written = encode(raw[:length], encoding)

    assert decode(written, length=length) == raw[:length]
    assert decode(f" {written}\n", length=length) == raw[:length]


def test_double_base64_of_3072_bits_is_not_taken_for_a_4096_bit_signature() -> None:
    key, large = PrivateKey.generate(3072), PrivateKey.generate(4096)
    once = base64.b64encode(key.sign(TEXT, Digest.RSA2))
    twice = base64.b64encode(once).decode()
    assert len(once) == large.public.signature_bytes

    found = verify_bytes(TEXT, twice, [large.public, key.public], Digest.RSA2)

    assert found == key.public


@given(st.binary(min_size=256, max_size=256), st.sampled_from(Encoding))
def test_what_is_encoded_is_decoded(raw: bytes, encoding: Encoding) -> None:
    assert decode(encode(raw, encoding), length=256) == raw


@given(st.text(max_size=400))
def test_any_text_is_decoded_or_is_none(text: str) -> None:
    raw = decode(text, length=256)

    assert raw is None or len(raw) == 256


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "XXX", "%", "%zz", "====", "a", "ab", "Zm9v", "é" * 344, "A" * 5000),
        base64.b64encode(b"a" * 255).decode(),
        base64.b64encode(b"a" * 257).decode(),
        base64.b64encode(base64.b64encode(base64.b64encode(b"a" * 256))).decode(),
        base64.urlsafe_b64encode(b"\xff" * 256).decode(),
        base64.b64encode(b"a" * 256).decode().replace("=", ""),
    ],
)
def test_what_is_no_signature_of_this_size_is_none(text: str) -> None:
    assert decode(text, length=256) is None


def test_each_profile_signs_as_it_says() -> None:
    plain = sign(TEXT, merchant_key(), Profile.TILLGATE)
    double = sign(TEXT, merchant_key(), Profile.ALIPAY_HK)

    assert len(plain) == 344
    assert len(double) == 460
    assert verify_bytes(TEXT, plain, [merchant_key().public], Digest.RSA2).fingerprint
    assert verify_bytes(TEXT, double, [merchant_key().public], Digest.RSA).fingerprint


def test_sha_1_is_refused_where_the_profile_does_not_name_it() -> None:
    raw = seal(Kind.REQUEST, TEXT, merchant_key(), Profile.ALIPAY_HK)

    assert verify(cut(raw), [merchant_key().public], Profile.ALIPAY_HK).key_fingerprint
    with pytest.raises(Refused) as caught:
        verify(cut(raw), [merchant_key().public], Profile.TILLGATE)
    assert caught.value.result is Result.INVALID_SIGNATURE


@pytest.mark.parametrize(
    ("sign_type", "profile", "agrees"),
    [
        ("RSA2", Profile.TILLGATE, True),
        ("SHA256", Profile.TILLGATE, True),
        ("RSA", Profile.TILLGATE, False),
        ("rsa2", Profile.TILLGATE, False),
        ("none", Profile.TILLGATE, False),
        ("RSA", Profile.ALIPAY_HK, True),
        ("RSA2", Profile.ALIPAY_HK, False),
    ],
)
def test_sign_type_must_agree_with_the_profile(
    sign_type: str, profile: Profile, *, agrees: bool
) -> None:
    text = text_of(changed("head.signType", sign_type))
    taken = cut(seal(Kind.REQUEST, text, merchant_key(), profile))

    if agrees:
        assert verify(taken, [merchant_key().public], profile).key_fingerprint
        return
    with pytest.raises(Refused) as caught:
        verify(taken, [merchant_key().public], profile)
    assert (caught.value.result, caught.value.path) == (Result.INVALID_SIGNATURE, "head.signType")


def test_one_of_several_keys_is_enough_and_is_named() -> None:
    taken = cut(seal(Kind.REQUEST, TEXT, merchant_key(), Profile.TILLGATE))

    verified = verify(taken, [stranger_key().public, merchant_key().public], Profile.TILLGATE)

    assert verified.key_fingerprint == merchant_key().public.fingerprint


def test_no_key_at_all_is_a_refusal_of_its_own() -> None:
    taken = cut(seal(Kind.REQUEST, TEXT, merchant_key(), Profile.TILLGATE))

    with pytest.raises(Refused) as caught:
        verify(taken, [], Profile.TILLGATE)
    assert caught.value.result is Result.KEY_NOT_FOUND


def test_a_signature_that_is_no_base64_is_told_so() -> None:
    taken = cut(wrap(Kind.REQUEST, TEXT, "XXX"))

    with pytest.raises(Refused, match="base64"):
        verify(taken, [merchant_key().public], Profile.TILLGATE)


@given(st.integers(0, len(text_of(CONTENT)) - 1), st.integers(1, 255))
def test_no_byte_may_change(place: int, mask: int) -> None:
    text = text_of(CONTENT)
    signature = sign(text, merchant_key(), Profile.TILLGATE)
    other = bytearray(text)
    other[place] ^= mask

    with pytest.raises(Refused):
        verify_bytes(bytes(other), signature, [merchant_key().public], Digest.RSA2)


def test_a_url_encoded_signature_is_read_in_either_case_of_its_escapes() -> None:
    written = sign(TEXT, merchant_key(), Profile.TILLGATE)

    encoded = quote(written, safe="")
    assert verify_bytes(TEXT, encoded, [merchant_key().public], Digest.RSA2).fingerprint
    half = written.replace("+", "%2b").replace("/", "%2f").replace("=", "%3d")
    assert verify_bytes(TEXT, half, [merchant_key().public], Digest.RSA2).fingerprint
