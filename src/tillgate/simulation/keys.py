"""The simulator's two RSA keys: the same in every run, and worthless anywhere else.

They are computed from their names, so that no private key lies in a file; the offsets below were
searched once, so that it takes no time. What must hold: a run signs the same bytes with the same
key on every machine.
"""

import hashlib
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric import rsa

from tillgate.protocol.keys import PrivateKey

EXPONENT: Final = 65_537
PRIME_BITS: Final = 1_024
OFFSETS: Final = {"gateway p": 554, "gateway q": 614, "merchant p": 446, "merchant q": 572}
"""How far the next prime lies above the number that a name stands for."""


class Keys(NamedTuple):
    """The gateway's key, and the one that all merchants share."""

    gateway: PrivateKey
    merchant: PrivateKey


def make_keys() -> Keys:
    """Return the keys; it takes a few milliseconds, so do it once."""
    return Keys(gateway=_key("gateway"), merchant=_key("merchant"))


def _key(name: str) -> PrivateKey:
    p, q = _prime(f"{name} p"), _prime(f"{name} q")
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    numbers = rsa.RSAPrivateNumbers(
        p=p,
        q=q,
        d=d,
        dmp1=d % (p - 1),
        dmq1=d % (q - 1),
        iqmp=pow(q, -1, p),
        public_numbers=rsa.RSAPublicNumbers(EXPONENT, p * q),
    )
    return PrivateKey(numbers.private_key(unsafe_skip_rsa_key_validation=True))


def _prime(name: str) -> int:
    parts = [hashlib.sha512(f"tillgate simulation {name} {n}".encode()).digest() for n in range(2)]
    start = int.from_bytes(b"".join(parts), "big") | 3 << (PRIME_BITS - 2) | 1
    return start + OFFSETS[name]
