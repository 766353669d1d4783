"""Keys in every shape people bring, and clear words, without key material, for what is no key."""

import base64
import copy
import pickle
from datetime import UTC, datetime
from functools import cache
from itertools import count

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from tests.support.wire import merchant_key
from tillgate.protocol.keys import (
    KeyRefused,
    PrivateKey,
    PublicKey,
    load_private_key,
    load_public_key,
)
from tillgate.protocol.profile import Digest

PKCS8, PKCS1 = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL
SPKI = PublicFormat.SubjectPublicKeyInfo


@cache
def raw_key() -> rsa.RSAPrivateKey:
    loaded = serialization.load_pem_private_key(merchant_key().pem(), password=None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


def private_bytes(encoding: Encoding, kind: PrivateFormat) -> bytes:
    return raw_key().private_bytes(encoding, kind, NoEncryption())


def public_bytes(encoding: Encoding, kind: PublicFormat) -> bytes:
    return raw_key().public_key().public_bytes(encoding, kind)


def dressed(pem: bytes, der: bytes, label: bytes) -> dict[str, bytes | str]:
    """Return one key in the clothes people send it in."""
    bare = base64.b64encode(der)
    wrapped = b"\n".join(bare[at : at + 76] for at in range(0, len(bare), 76))
    wrong = b"-----BEGIN SOMETHING ELSE-----\n%b\n-----END SOMETHING ELSE-----\n" % wrapped
    return {
        "PEM": pem,
        "PEM text": pem.decode(),
        "PEM with Windows line ends": pem.replace(b"\n", b"\r\n"),
        "PEM with old Macintosh line ends": pem.replace(b"\n", b"\r"),
        "PEM in blanks": b"\n\n  " + pem.replace(b"\n", b"  \n") + b"\n\n",
        "PEM indented": b"\n".join(b"    " + line for line in pem.splitlines()),
        "PEM after text": b"Here is the key\nyou asked for:\n" + pem + b"\nRegards",
        "PEM with a byte order mark": b"\xef\xbb\xbf" + pem,
        "PEM on one line": pem.replace(b"\n", b""),
        "PEM with \\n spelled out": pem.replace(b"\n", b"\\n"),
        "PEM with a wrong label": wrong,
        "PEM with a missing end": b"-----BEGIN %b-----\n" % label + wrapped + b"\n",
        "PEM with a missing start": wrapped + b"\n-----END %b-----\n" % label,
        "DER": der,
        "one bare line": bare,
        "one bare line as text": bare.decode() + "\n",
        "one quoted line": b'"' + bare + b'"',
        "wrapped lines": wrapped,
        "wrapped Windows lines": wrapped.replace(b"\n", b"\r\n") + b"\r\n",
    }


PRIVATE_SHAPES = [
    *dressed(
        private_bytes(Encoding.PEM, PKCS8), private_bytes(Encoding.DER, PKCS8), b"PRIVATE KEY"
    ).items(),
    *dressed(
        private_bytes(Encoding.PEM, PKCS1), private_bytes(Encoding.DER, PKCS1), b"RSA PRIVATE KEY"
    ).items(),
]
PUBLIC_SHAPES = [
    *dressed(
        public_bytes(Encoding.PEM, SPKI), public_bytes(Encoding.DER, SPKI), b"PUBLIC KEY"
    ).items(),
    *dressed(
        public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        public_bytes(Encoding.DER, PublicFormat.PKCS1),
        b"RSA PUBLIC KEY",
    ).items(),
]


SHAPE_IDS = [f"{kind} {shape}" for kind in ("wide", "PKCS#1") for shape in dressed(b"", b"", b"")]


@pytest.mark.parametrize(("shape", "content"), PRIVATE_SHAPES, ids=SHAPE_IDS)
def test_a_private_key_is_read_in_any_shape(shape: str, content: bytes | str) -> None:
    assert load_private_key(content).public == merchant_key().public


@pytest.mark.parametrize(("shape", "content"), PUBLIC_SHAPES, ids=SHAPE_IDS)
def test_a_public_key_is_read_in_any_shape(shape: str, content: bytes | str) -> None:
    assert load_public_key(content) == merchant_key().public


def test_a_certificate_is_read_for_its_public_key() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "merchant.example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(raw_key().public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2030, 1, 1, tzinfo=UTC))
        .sign(raw_key(), hashes.SHA256())
    )

    for encoding in (Encoding.PEM, Encoding.DER):
        assert load_public_key(certificate.public_bytes(encoding)) == merchant_key().public


@pytest.mark.parametrize("bits", [2048, 3072, 4096])
def test_allowed_sizes_sign_and_check(bits: int) -> None:
    key = PrivateKey.generate(bits)

    signature = key.sign(b"text", Digest.RSA2)
    assert len(signature) == key.public.signature_bytes == bits // 8
    key.public.check(signature, b"text", Digest.RSA2)


@pytest.mark.parametrize("bits", [1024, 1536, 2304])
def test_other_sizes_are_refused(bits: int) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    private = key.private_bytes(Encoding.PEM, PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, SPKI)

    with pytest.raises(KeyRefused, match=f"{bits} bits"):
        load_private_key(private)
    with pytest.raises(KeyRefused, match=f"{bits} bits"):
        load_public_key(public)


def test_a_private_key_where_a_public_one_belongs_is_named_and_never_printed() -> None:
    for _, content in PRIVATE_SHAPES:
        with pytest.raises(KeyRefused, match="This is a private key") as caught:
            load_public_key(content)
        assert not _leaks(caught.value)


def test_a_public_key_where_a_private_one_belongs_is_named() -> None:
    for _, content in PUBLIC_SHAPES:
        with pytest.raises(KeyRefused, match="This is a public key"):
            load_private_key(content)


def test_an_encrypted_key_is_told_how_to_be_decrypted() -> None:
    for kind in (PKCS8, PKCS1):
        pem = raw_key().private_bytes(Encoding.PEM, kind, BestAvailableEncryption(b"pass"))
        with pytest.raises(KeyRefused, match="passphrase"):
            load_private_key(pem)
    der = raw_key().private_bytes(Encoding.DER, PKCS8, BestAvailableEncryption(b"pass"))
    with pytest.raises(KeyRefused, match="encrypted"):
        load_private_key(der)


@pytest.mark.parametrize(
    ("key", "word"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "elliptic curve"),
        (ed25519.Ed25519PrivateKey.generate(), "Ed25519"),
        (dsa.generate_private_key(2048), "not an RSA key"),
    ],
    ids=["EC", "Ed25519", "DSA"],
)
def test_keys_of_another_kind_are_named(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey, word: str
) -> None:
    with pytest.raises(KeyRefused, match=word):
        load_private_key(key.private_bytes(Encoding.PEM, PKCS8, NoEncryption()))
    with pytest.raises(KeyRefused, match=word):
        load_public_key(key.public_key().public_bytes(Encoding.DER, SPKI))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"   \n", b"hello", b"\x30\x82", b"\x00" * 300, "clé", "\ud800", b"AAAA"),
        *(b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", b"A" * 100_000),
        *(b"-----BEGIN PUBLIC KEY-----", b"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ me@home"),
        *(b"\xff\xfe\x00\x01", b"0" * 500, public_bytes(Encoding.DER, SPKI)[:-1]),
    ],
    ids=count(),
)
def test_what_is_no_key_is_refused_in_words(content: bytes | str) -> None:
    for load in (load_public_key, load_private_key):
        with pytest.raises(KeyRefused, match=r"\w+ .*\."):
            load(content)


def test_a_private_key_does_not_print_itself() -> None:
    key = merchant_key()

    for text in (repr(key), str(key), f"{key}", repr([key])):
        assert key.public.fingerprint in text
        assert not _leaks(text)
    with pytest.raises(TypeError):
        pickle.dumps(key)
    with pytest.raises(TypeError):
        copy.deepcopy(key)


def test_a_broken_private_key_is_refused_without_its_content() -> None:
    der = bytearray(private_bytes(Encoding.DER, PKCS8))
    der[700] ^= 1
    bare = base64.b64encode(bytes(der))

    with pytest.raises(KeyRefused) as caught:
        load_private_key(bare)
    assert bare[100:140].decode() not in str(caught.value)


def test_what_is_written_is_read_again() -> None:
    key = merchant_key()

    assert load_private_key(key.pem()).public == key.public
    assert load_public_key(key.public.pem()) == key.public
    assert load_public_key(key.public.bare()) == key.public
    assert hash(load_public_key(key.public.bare())) == hash(key.public)


def test_a_fingerprint_is_short_hexadecimal_of_the_key_alone() -> None:
    fingerprint = merchant_key().public.fingerprint

    assert len(fingerprint) == 16
    assert int(fingerprint, 16)
    assert PrivateKey.generate().public.fingerprint != fingerprint
    assert isinstance(merchant_key().public, PublicKey)


def _leaks(text: object) -> bool:
    """Tell whether a text holds a piece of the private key."""
    bare = base64.b64encode(private_bytes(Encoding.DER, PKCS8)).decode()
    return any(bare[at : at + 20] in str(text) for at in range(0, len(bare) - 20, 10))
