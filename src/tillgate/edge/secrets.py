"""One secret of 32 bytes, and the sub-keys derived from it, each for one purpose.

What must hold: the secret and what is derived from it never print; a token made for one purpose is
worthless for another.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from typing import final

SECRET_BYTES = 32


def digest(text: str) -> str:
    """Return the SHA-256 of a text in hexadecimal: what may be stored of a token."""
    return hashlib.sha256(text.encode()).hexdigest()


@final
class Secret:
    """A key of 32 bytes or more that will not print."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        """Keep a key."""
        if len(key) < SECRET_BYTES:
            raise ValueError(f"a secret has at least {SECRET_BYTES} bytes")
        self._key = key

    def derived(self, purpose: str) -> "Secret":
        """Return the sub-key for one purpose."""
        return Secret(self._mac(f"tillgate {purpose}"))

    def token(self, *parts: str, length: int = SECRET_BYTES) -> str:
        """Return the text of `length` bytes that only this secret makes of these parts."""
        joined = "".join(f"{len(part)}:{part}" for part in parts)
        return urlsafe_b64encode(self._mac(joined)[:length]).decode().rstrip("=")

    def is_token(self, token: str, *parts: str) -> bool:
        """Tell, in constant time, whether `token` was made of these parts."""
        return hmac.compare_digest(self.token(*parts).encode(), token.encode())

    def raw(self) -> bytes:
        """Return the bytes, for a library that needs them."""
        return self._key

    def _mac(self, text: str) -> bytes:
        return hmac.new(self._key, text.encode(), hashlib.sha256).digest()

    def __repr__(self) -> str:
        """Hide the bytes."""
        return "Secret(…)"
