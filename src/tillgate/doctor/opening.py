"""What the owner of a key really signed: the padding taken off with the public key.

An RSASSA-PKCS1-v1_5 signature gives its digest back to whoever holds the public key, and a PSS one
gives a hash of it with its salt; so each text that may have been signed can be tried. It also
knows what people make instead of a signature. What must hold: a key is said to have signed only
when the padding it opens has at least eight bytes that could not be so by chance.
"""

import hashlib
from collections.abc import Iterator, Mapping
from enum import Enum, unique
from functools import lru_cache
from typing import Final, final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tillgate.protocol.keys import PublicKey
from tillgate.protocol.profile import Digest

_PADDING_BYTES_MIN: Final = 8
_PSS_MARK: Final = 0xBC
_ZERO: Final = b"\0"
_DIGEST_INFO: Final[Mapping[str, bytes]] = {
    # The DER that stands before the digest itself (RFC 8017, section 9.2).
    "sha256": bytes.fromhex("3031300d060960864801650304020105000420"),
    "sha1": bytes.fromhex("3021300906052b0e03021a05000414"),
    "md5": bytes.fromhex("3020300c06082a864886f70d020505000410"),
    "sha512": bytes.fromhex("3051300d060960864801650304020305000440"),
    "sha384": bytes.fromhex("3041300d060960864801650304020205000430"),
    "sha224": bytes.fromhex("302d300d06096086480165030402040500041c"),
    "sha3_256": bytes.fromhex("3031300d060960864801650304020805000420"),
    "sha3_512": bytes.fromhex("3051300d060960864801650304020a05000440"),
    "sha3_384": bytes.fromhex("3041300d060960864801650304020905000430"),
    "sha3_224": bytes.fromhex("302d300d06096086480165030402070500041c"),
    "sha512_256": bytes.fromhex("3031300d060960864801650304020605000420"),
    "sha512_224": bytes.fromhex("302d300d06096086480165030402050500041c"),
    "ripemd160": bytes.fromhex("3021300906052b2403020105000414"),
}
_HASH_NAMES: Final[Mapping[str, str]] = {
    "sha256": "SHA-256",
    "sha1": "SHA-1",
    "md5": "MD5",
    "sha512": "SHA-512",
    "sha384": "SHA-384",
    "sha224": "SHA-224",
    "sha3_256": "SHA3-256",
    "sha3_512": "SHA3-512",
    "sha3_384": "SHA3-384",
    "sha3_224": "SHA3-224",
    "sha512_256": "SHA-512/256",
    "sha512_224": "SHA-512/224",
    "ripemd160": "RIPEMD-160",
}
_HASHES_BY_BYTES: Final[Mapping[int, tuple[str, ...]]] = {
    16: ("md5",),
    20: ("sha1",),
    28: ("sha224",),
    32: ("sha256", "sha3_256"),
    48: ("sha384",),
    64: ("sha512",),
}
_PSS_HASHES: Final = ("sha256", "sha1", "sha512", "sha384")
HASH_OF: Final[Mapping[Digest, str]] = {Digest.RSA2: "sha256", Digest.RSA: "sha1"}


@unique
class Scheme(Enum):
    """How a signature was made."""

    PKCS1 = "PKCS#1 v1.5"
    PSS = "PSS"
    ENCRYPTED = "encryption with the private key"
    BARE = "the private key without padding"


@final
class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A signature that a key opens.

    Attributes:
        scheme: how it was made.
        hash_name: which digest, by hashlib's name, or "" when what was encrypted names none.
        digest: the digest, or for PSS the hash over it, or whatever was encrypted.
        salt: the salt of PSS.
        is_sure: whether the padding alone proves that the key made it; PSS with the longest salt
            has no padding to speak of, so there only a text that fits is a proof.
    """

    scheme: Scheme
    hash_name: str
    digest: bytes
    salt: bytes = b""
    is_sure: bool = True

    @property
    def hash_words(self) -> str:
        """Return the name of the digest as people write it."""
        return _HASH_NAMES.get(self.hash_name, "a digest that is not named")

    def is_of(self, text: bytes) -> bool:
        """Tell whether this text was signed."""
        if self.scheme is Scheme.PSS:
            inner = _hash(self.hash_name, text)
            return _hash(self.hash_name, bytes(8) + inner + self.salt) == self.digest
        if self.hash_name:
            return _hash(self.hash_name, text) == self.digest
        return text == self.digest


def _hash(name: str, text: bytes) -> bytes:
    return hashlib.new(name, text, usedforsecurity=False).digest()


def open_signature(raw: bytes, key: PublicKey) -> tuple[Opened, ...]:
    """Return what a key opens a signature to, in each way it can be read; none if it did not."""
    message = padded(raw, key)
    return () if message is None else tuple(_readings(message))


@lru_cache(maxsize=16)
def _numbers(key: PublicKey) -> rsa.RSAPublicNumbers:
    public = serialization.load_pem_public_key(key.pem().encode())
    if not isinstance(public, rsa.RSAPublicKey):
        raise TypeError("a public key of the protocol is an RSA key")
    return public.public_numbers()


def padded(raw: bytes, key: PublicKey) -> bytes | None:
    """Return the padded message under a signature, or None if the number is too large."""
    numbers = _numbers(key)
    value = int.from_bytes(raw, "big")
    if value >= numbers.n:
        return None
    return pow(value, numbers.e, numbers.n).to_bytes(key.signature_bytes, "big")


def _readings(message: bytes) -> Iterator[Opened]:
    yield from _pkcs1(message)
    yield from _pss(message)
    yield from _bare(message)


def _pkcs1(message: bytes) -> Iterator[Opened]:
    if not message.startswith(b"\0\1\xff"):
        return
    padding, found, content = message[2:].partition(_ZERO)
    if not found or padding.strip(b"\xff") or len(padding) < _PADDING_BYTES_MIN:
        return
    for name, prefix in _DIGEST_INFO.items():
        without_null = _without_null(prefix)
        for start in (prefix, without_null):
            digest = content.removeprefix(start)
            if content.startswith(start) and len(digest) == start[-1]:
                yield Opened(scheme=Scheme.PKCS1, hash_name=name, digest=digest)
                return
    yield from _unnamed(Scheme.ENCRYPTED, content)


def _without_null(prefix: bytes) -> bytes:
    """Return the DigestInfo's start as a few writers make it, without its NULL."""
    oid = prefix[4:-4]
    return bytes([0x30, prefix[1] - 2, 0x30, prefix[3] - 2]) + oid + prefix[-2:]


def _unnamed(scheme: Scheme, content: bytes) -> Iterator[Opened]:
    for name in _HASHES_BY_BYTES.get(len(content), ())[:1]:
        yield Opened(scheme=scheme, hash_name=name, digest=content)
    yield Opened(scheme=scheme, hash_name="", digest=content)


def _bare(message: bytes) -> Iterator[Opened]:
    content = message.lstrip(_ZERO)
    if len(message) - len(content) >= _PADDING_BYTES_MIN and content:
        yield from _unnamed(Scheme.BARE, content)


def _pss(message: bytes) -> Iterator[Opened]:
    if message[-1] != _PSS_MARK or message[0] & 0x80:
        return
    for name in _PSS_HASHES:
        for mask_name in dict.fromkeys((name, "sha1", "sha256")):
            found = _unmasked(message, name, mask_name)
            if found:
                yield found


def _unmasked(message: bytes, name: str, mask_name: str) -> Opened | None:
    """Return what PSS padding holds, if it is PSS by this digest and this mask."""
    size = hashlib.new(name, usedforsecurity=False).digest_size
    masked, hashed = message[: -size - 1], message[-size - 1 : -1]
    block = bytearray(
        a ^ b for a, b in zip(masked, _mask(hashed, len(masked), mask_name), strict=True)
    )
    block[0] &= 0x7F
    content = bytes(block).lstrip(_ZERO)
    if not content.startswith(b"\1"):
        return None
    is_sure = len(block) - len(content) >= _PADDING_BYTES_MIN
    return Opened(
        scheme=Scheme.PSS, hash_name=name, digest=hashed, salt=content[1:], is_sure=is_sure
    )


def _mask(seed: bytes, length: int, name: str) -> bytes:
    """Return the mask of MGF1 (RFC 8017, appendix B.2.1)."""
    mask = b""
    counter = 0
    while len(mask) < length:
        mask += _hash(name, seed + counter.to_bytes(4, "big"))
        counter += 1
    return mask[:length]
