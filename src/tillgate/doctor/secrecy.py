"""Recognises a private key in whatever was given, so that it is told and never printed.

What must hold: nothing of what is found leaves this module but the fact, and the public half.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec
from cryptography.hazmat.primitives.asymmetric import rsa

from tillgate.protocol.keys import KeyRefused, PrivateKey, PublicKey, load_private_key

_DASHES: Final = rb"(?:-|%2[Dd]){5}"
_BLANK: Final = rb"(?: |\+|%20)"
_ARMOUR: Final = re.compile(
    rb"%(d)bBEGIN%(b)b(?:[A-Z0-9]+%(b)b)?PRIVATE%(b)bKEY%(d)b.*?"
    rb"(?:%(d)bEND%(b)b(?:[A-Z0-9]+%(b)b)*PRIVATE%(b)bKEY%(d)b|\Z)" % {b"d": _DASHES, b"b": _BLANK},
    re.DOTALL,
)
"""A key in PEM, also one that was percent-encoded as a form or an address is."""
_MARK: Final = re.compile(rb"PRIVATE(?: |\+|%20)KEY|PuTTY-User-Key-File|openssh-key-v1")
_RUN: Final = re.compile(
    rb"(?:MII[A-Za-z0-9+/_-](?:[A-Za-z0-9+/=_-]|\\[nr]|%(?:2[BbFf]|3[Dd]|0[AaDd])"
    rb"|[ \t]*\r?\n[ \t]*){300,8000})"
)
_JWK: Final = re.compile(rb'"d"\s*:\s*"[A-Za-z0-9_-]{200,}"')
_XML: Final = re.compile(rb"<RSAKeyValue>.*?<D>.*?</RSAKeyValue>", re.DOTALL)
_XML_NUMBERS: Final = (b"Modulus", b"Exponent")
_HEX: Final = re.compile(rb"(?:30820[0-9A-Fa-f][0-9A-Fa-f]{1600,12000})")
_BASE64_RUN: Final = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/=\s]{400,8000}")
_DER_BYTES_MAX: Final = 4096
RUNS_MAX: Final = 64
_STAND_IN: Final = b"(private key taken out)"


def private_key(raw: bytes) -> PrivateKey | None:
    """Return the private key that some bytes are as a whole, for the sake of its public half."""
    try:
        return load_private_key(raw)
    except (KeyRefused, ValueError):
        return None


def public_half(raw: bytes) -> PublicKey | None:
    """Return the public half of a private key as hex, JWK or .NET's XML, or None for all else."""
    text = raw.strip()
    if _HEX.fullmatch(text):
        private = private_key(_from_hex(text))
        return private.public if private else None
    numbers = _numbers_of_jwk(text) if _JWK.search(text) else _numbers_of_xml(text)
    try:
        return PublicKey(rsa.RSAPublicNumbers(numbers[1], numbers[0]).public_key())
    except (KeyRefused, ValueError):
        return None


def _numbers_of_jwk(text: bytes) -> tuple[int, int]:
    try:
        written = msgspec.json.decode(text, type=_Jwk)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return 0, 0
    return _number(written.n.encode()), _number(written.e.encode())


class _Jwk(msgspec.Struct, frozen=True, kw_only=True):
    n: str = ""
    e: str = ""


def _numbers_of_xml(text: bytes) -> tuple[int, int]:
    found = [re.search(rb"<%b>([^<]*)</%b>" % (each, each), text) for each in _XML_NUMBERS]
    if not _XML.search(text) or not all(found):
        return 0, 0
    modulus, exponent = (_number(each[1]) if each else 0 for each in found)
    return modulus, exponent


def _number(written: bytes) -> int:
    return int.from_bytes(_from_base64(written), "big")


def holds_private_key(raw: bytes) -> bool:
    """Tell whether a private key of any shape stands in some bytes."""
    return next(_spans(raw), None) is not None


def without_private_keys(raw: bytes) -> bytes:
    """Return the bytes with every private key taken out."""
    kept = raw
    for start, end in sorted(_spans(raw), reverse=True):
        kept = kept[:start] + _STAND_IN + kept[end:]
    return kept


def _spans(raw: bytes) -> Iterator[tuple[int, int]]:
    if raw[:1] == b"\x30" and len(raw) <= _DER_BYTES_MAX and private_key(raw):
        yield 0, len(raw)
        return
    for pattern in (_ARMOUR, _JWK, _XML):
        for found in pattern.finditer(raw):
            yield found.span()
    if _MARK.search(raw) and not _ARMOUR.search(raw):
        yield 0, len(raw)
    for pattern, decode in ((_RUN, _from_base64), (_BASE64_RUN, _from_base64), (_HEX, _from_hex)):
        for found, _ in zip(pattern.finditer(raw), range(RUNS_MAX), strict=False):
            if _is_private(decode(found[0])):
                yield found.span()


def _is_private(der: bytes) -> bool:
    """Tell whether a run is a private key: by its parse, or cut short, by how such a key begins."""
    if private_key(der) is not None or _MARK.search(der):
        return True
    # PKCS#1 and PKCS#8 begin with a version of zero; a public key or a certificate never does.
    return (
        re.match(rb"\x30\x82..\x02\x01\x00(?:\x02\x82|\x30\x0d\x06\x09)", der, re.DOTALL)
        is not None
    )


def _from_base64(run: bytes) -> bytes:
    decoded = unquote_to_bytes(run) if b"%" in run else run
    plain = re.sub(rb"\\[nr]|\s|=", b"", decoded).replace(b"-", b"+").replace(b"_", b"/")
    whole = (
        plain[: len(plain) // 4 * 4] if len(plain) % 4 == 1 else plain + b"=" * (-len(plain) % 4)
    )
    try:
        return base64.b64decode(whole)
    except (binascii.Error, ValueError):
        return b""


def _from_hex(run: bytes) -> bytes:
    return bytes.fromhex(run[: len(run) // 2 * 2].decode("ascii"))
