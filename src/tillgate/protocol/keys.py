"""RSA keys in every shape people bring, loaded once and kept as objects.

A key may come as PEM (also with a wrong label, without one, with Windows line ends or blanks
around it), as DER, as one bare line of base64 or as wrapped lines; a private key as PKCS#8 or
PKCS#1, a public key as SubjectPublicKeyInfo, PKCS#1 or a certificate. The caller reads files.
What must hold: 2048, 3072 or 4096 bits; no error and no `repr` ever holds key material.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from typing import TypeVar, final

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat

from tillgate.kernel.errors import TillgateError
from tillgate.protocol.profile import Digest

KEY_BITS = (2048, 3072, 4096)
KEY_BYTES_MAX = 64 * 1024
FINGERPRINT_DIGITS = 16
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END [A-Z0-9 ]+-----", re.DOTALL)
_BASE64 = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
_PADDING = padding.PKCS1v15()

_K = TypeVar("_K")


class KeyRefused(TillgateError):
    """A text is not the key it should be; the sentence says what it is and what is wanted."""


@final
class PublicKey:
    """A public key that checks signatures."""

    __slots__ = ("_key", "bits", "fingerprint")

    def __init__(self, key: rsa.RSAPublicKey) -> None:
        """Keep a key of an allowed size."""
        _check_bits(key.key_size)
        self._key = key
        self.bits = key.key_size
        spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self.fingerprint = hashlib.sha256(spki).hexdigest()[:FINGERPRINT_DIGITS]

    @property
    def signature_bytes(self) -> int:
        """Return how long a signature by this key is."""
        return self.bits // 8

    def check(self, signature: bytes, signed: bytes, digest: Digest) -> None:
        """Return when the signature fits.

        Raises:
            InvalidSignature: cryptography's, when it does not.
        """
        self._key.verify(signature, signed, _PADDING, digest.algorithm)

    def recover(self, signature: bytes) -> bytes | None:
        """Return the DigestInfo that the private half signed, or None if it did not sign this."""
        try:
            return self._key.recover_data_from_signature(signature, _PADDING, algorithm=None)
        except (InvalidSignature, ValueError):
            return None

    def pem(self) -> str:
        """Return SubjectPublicKeyInfo as PEM."""
        return self._key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def bare(self) -> str:
        """Return SubjectPublicKeyInfo as one bare line of base64."""
        spki = self._key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(spki).decode()

    def __eq__(self, other: object) -> bool:
        """Tell whether both are the same key."""
        return isinstance(other, PublicKey) and self._key == other._key

    def __hash__(self) -> int:
        """Hash by fingerprint."""
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        """Say which key this is."""
        return f"<PublicKey {self.bits} bits {self.fingerprint}>"


@final
class PrivateKey:
    """A private key that signs; it never prints."""

    __slots__ = ("_key", "public")

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        """Keep a key of an allowed size."""
        _check_bits(key.key_size)
        self._key = key
        self.public = PublicKey(key.public_key())

    @classmethod
    def generate(cls, bits: int = 2048) -> "PrivateKey":
        """Return a new key."""
        _check_bits(bits)
        return cls(rsa.generate_private_key(public_exponent=65537, key_size=bits))

    def sign(self, signed: bytes, digest: Digest) -> bytes:
        """Return the RSASSA-PKCS1-v1_5 signature of these bytes."""
        return self._key.sign(signed, _PADDING, digest.algorithm)

    def pem(self) -> bytes:
        """Return PKCS#8 as PEM, unencrypted: for a file that only its owner may read."""
        return self._key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption()
        )

    def __repr__(self) -> str:
        """Say which key this is, without its content."""
        return f"<PrivateKey {self.public.bits} bits {self.public.fingerprint}>"

    def __reduce__(self) -> str:
        """Refuse to be pickled or copied into a log."""
        raise TypeError("a private key is not to be serialised this way")


def load_public_key(content: bytes | str) -> PublicKey:
    """Read a public key in any of its shapes.

    Raises:
        KeyRefused: it is something else, or of a size that is not allowed.
    """
    der = _der(content)
    key = _first(der, _PUBLIC_READERS)
    if key is None:
        private = _first(der, _PRIVATE_READERS)
        if private is not None:
            raise KeyRefused(
                "This is a private key, and a public key is wanted here. Give the public half, and "
                "never send the private one to anybody."
            )
        raise KeyRefused(_not_a_key(content, "public"))
    if not isinstance(key, rsa.RSAPublicKey):
        raise KeyRefused(_other_kind(key))
    return PublicKey(key)


def load_private_key(content: bytes | str) -> PrivateKey:
    """Read a private key in any of its shapes.

    Raises:
        KeyRefused: it is something else, encrypted, or of a size that is not allowed.
    """
    der = _der(content)
    key = _first(der, _PRIVATE_READERS)
    if key is None:
        if _first(der, _PUBLIC_READERS) is not None:
            raise KeyRefused(
                "This is a public key, and a private key is wanted here. Give the private half."
            )
        raise KeyRefused(_not_a_key(content, "private"))
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyRefused(_other_kind(key))
    return PrivateKey(key)


def _der(content: bytes | str) -> bytes:
    """Return the DER inside whatever wraps it; what is not base64 is taken for DER itself."""
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    if len(raw) > KEY_BYTES_MAX:
        raise KeyRefused("This is larger than any key; give one key.")
    if b"ENCRYPTED" in raw:
        raise KeyRefused(
            "The key is encrypted with a passphrase. Decrypt it first: openssl pkey -in KEY -out "
            "PLAIN, and keep the result readable by its owner only."
        )
    if raw[:1] == b"\x30" and not _BASE64.fullmatch(b"".join(raw.split())):
        return raw
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    block = _PEM.search(raw)
    text = _headerless(block[2]) if block else re.sub(rb"-----[^-]*-----", b"", raw)
    text = text.replace(b"\\n", b"").replace(b"\\r", b"")  # A line of JSON or of a .env file.
    try:
        return base64.b64decode(b"".join(text.split()).strip(b"\"'"), validate=True)
    except (binascii.Error, ValueError):
        return raw


def _headerless(block: bytes) -> bytes:
    """Drop the headers that old PEM may hold between its label and its base64."""
    return b"\n".join(line for line in block.splitlines() if b":" not in line)


def _first(der: bytes, readers: "tuple[Callable[[bytes], _K], ...]") -> _K | None:
    """Return what the first reader that understands the bytes makes of them."""
    for reader in readers:
        try:
            return reader(der)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            continue
    return None


def _read_certificate(der: bytes) -> object:
    return x509.load_der_x509_certificate(der).public_key()


def _read_public(der: bytes) -> object:
    return serialization.load_der_public_key(der)


def _read_private(der: bytes) -> object:
    return serialization.load_der_private_key(der, password=None)


_PUBLIC_READERS: tuple[Callable[[bytes], object], ...] = (_read_public, _read_certificate)
_PRIVATE_READERS: tuple[Callable[[bytes], object], ...] = (_read_private,)


def _check_bits(bits: int) -> None:
    if bits not in KEY_BITS:
        raise KeyRefused(f"The key has {bits} bits; keys here have 2048, 3072 or 4096.")


def _other_kind(key: object) -> str:
    curve = isinstance(key, ec.EllipticCurvePublicKey | ec.EllipticCurvePrivateKey)
    edwards = isinstance(key, ed25519.Ed25519PublicKey | ed25519.Ed25519PrivateKey)
    kind = "an elliptic curve key" if curve else "an Ed25519 key" if edwards else "not an RSA key"
    return f"This is {kind}, and this protocol signs with RSA. Make one: openssl genrsa 2048."


def _not_a_key(content: bytes | str, wanted: str) -> str:
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    if not raw.strip():
        return f"There is nothing here; give a {wanted} key."
    if b"OPENSSH" in raw or raw.lstrip().startswith(b"ssh-"):
        return (
            "This is an OpenSSH key; convert it: ssh-keygen -e -m PEM -f FILE, then give the "
            f"{wanted} key."
        )
    return (
        f"This cannot be read as a {wanted} RSA key. Give PEM, DER or one line of base64; an "
        "encrypted key must be decrypted first."
    )
