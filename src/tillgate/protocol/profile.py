"""How a client signs: which digest, and how the signature is written (C1, C2).

What must hold: SHA-1 is used only where a profile names it; a signature written in any of the three
forms is read whatever the profile, since they cannot be confused.
"""

from enum import Enum, StrEnum, unique

from cryptography.hazmat.primitives import hashes


@unique
class Digest(StrEnum):
    """The digest under RSASSA-PKCS1-v1_5, by the name `signType` uses."""

    RSA2 = "RSA2"
    RSA = "RSA"

    @property
    def algorithm(self) -> hashes.HashAlgorithm:
        """Return the hash: SHA-256 for RSA2, SHA-1 for RSA."""
        if self is Digest.RSA2:
            return hashes.SHA256()
        return hashes.SHA1()  # noqa: S303  AlipayHK's documents name it (PROTOCOL 3.2); per client only.

    @property
    def sign_types(self) -> frozenset[str]:
        """Return the values of head.signType that name this digest."""
        if self is Digest.RSA2:
            return frozenset({"RSA2", "SHA256"})
        return frozenset({"RSA", "SHA1"})


@unique
class Encoding(StrEnum):
    """How a signer writes the signature's bytes as text."""

    BASE64 = "base64"
    DOUBLE_BASE64 = "base64 of base64"
    URL_BASE64 = "URL-encoded base64"


@unique
class Profile(Enum):
    """What a client is set to: (digest, encoding)."""

    TILLGATE = (Digest.RSA2, Encoding.BASE64)
    ALIPAY_HK = (Digest.RSA, Encoding.DOUBLE_BASE64)

    def __init__(self, digest: Digest, encoding: Encoding) -> None:
        """Unpack the pair."""
        self.digest = digest
        self.encoding = encoding
