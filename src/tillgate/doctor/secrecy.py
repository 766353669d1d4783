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

from tillgate.doctor.armour import MARK, armours, is_marked
from tillgate.protocol.keys import KeyRefused, PrivateKey, PublicKey, load_private_key

_APART: Final = rb"""\\[nr]|%0[AaDd]|[ \t]*+\r?\n[ \t>]*+|["'][ \t]*+[+.,]?[ \t\r\n\\]*+["']"""
"""What stands between the lines of a key: line ends, or the quotes that a program joins again."""
_INSIDE: Final = rb"(?>[A-Za-z0-9+/=_-]|%%(?:2[BbFf]|3[Dd])|\\/|%b)" % _APART
_RUN: Final = re.compile(rb"(?:MII[A-Za-z0-9+/_-]%b{300,8000}+)" % _INSIDE)
_SHORT_RUN: Final = re.compile(
    rb"(?:M[A-Za-z0-9+/]{2}CAQ(?:Aw|EE)|MI[GH][A-Za-z0-9+/]Ag(?:EAM|EBB))%b{40,1000}+" % _INSIDE
)
"""A key on an elliptic curve, by how its DER begins: its length, its version, its kind."""
_JWK: Final = re.compile(rb"""(?<![A-Za-z0-9_])d[\\"']*\s*:\s*[\\"']+[A-Za-z0-9_-]{200,}[\\"']*""")
_SHORT_JWK: Final = re.compile(
    rb"""(?<![A-Za-z0-9_])d[\\"']*\s*:\s*[\\"']+[A-Za-z0-9_-]{40,}[\\"']*"""
)
_NUMBERS: Final = re.compile(rb"privateExponent:\s*(?:[0-9A-Fa-f]{2}[:\s]+){60,}+")
"""What `openssl rsa -text` prints."""
_XML: Final = re.compile(
    rb"<RSAKeyValue>(?:(?!<RSAKeyValue>).)*?<(?:D|P|Q)>[^<]{40,}+"
    rb"(?:(?!<RSAKeyValue>).)*?(?:</RSAKeyValue>|(?=<RSAKeyValue>)|\Z)",
    re.DOTALL,
)
_DER: Final = re.compile(
    # Version 0 and an algorithm or a modulus, version 1 and a number, or a sealed one of either.
    rb"\x30(?:[\x00-\x7f]|\x81.|\x82..)"
    rb"(?:\x02\x01\x00(?:\x02\x81|\x02\x82|\x30)|\x02\x01\x01\x04|\x02\x01\x03\x30\x82"
    rb"|\x30.\x06[\x09\x0a]\x2a\x86\x48\x86\xf7\x0d\x01[\x05\x0c])",
    re.DOTALL,
)
"""How a private key begins: PKCS#8, PKCS#1, SEC 1, PKCS#12, or PKCS#8 under a passphrase."""
_XML_NUMBERS: Final = (b"Modulus", b"Exponent")
_HEX: Final = re.compile(rb"(?:30820[0-9A-Fa-f][0-9A-Fa-f]{1600,12000})")
_BASE64_RUN: Final = re.compile(rb"LS0tLS1CRUdJTi[A-Za-z0-9+/=\s]{400,8000}")
_DER_BYTES_MAX: Final = 16 * 1024
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
    kept, place = list[bytes](), 0
    for start, end in sorted(_spans(raw)):
        if start >= place:
            kept += (raw[place:start], _STAND_IN)
        place = max(place, end)
    return b"".join((*kept, raw[place:]))


def _spans(raw: bytes) -> Iterator[tuple[int, int]]:
    if len(raw) <= _DER_BYTES_MAX and _DER.match(raw):
        yield 0, len(raw)
        return
    if b"\0" in raw and holds_private_key(raw.replace(b"\0", b"")):
        # In UTF-16, as PowerShell writes files: there is no telling it from what stands around.
        yield 0, len(raw)
        return
    armoured = list(armours(raw))
    yield from armoured
    for pattern in (_JWK, _XML, _NUMBERS, _SHORT_RUN, *((_SHORT_JWK,) if b"kty" in raw else ())):
        for found in pattern.finditer(raw):
            yield found.span()
    if is_marked(raw, armoured):
        yield 0, len(raw)
    yield from _runs(raw)
    for pattern, decode in ((_BASE64_RUN, _from_base64), (_HEX, _from_hex)):
        for found, _ in zip(pattern.finditer(raw), range(RUNS_MAX), strict=False):
            if _is_private(decode(found[0])):
                yield found.span()


def _runs(raw: bytes) -> Iterator[tuple[int, int]]:
    """Yield the keys in bare base64; one may follow a public key on the next line."""
    place = tries = 0
    while tries < RUNS_MAX and (start := raw.find(b"MII", place)) >= 0:
        place = start + 1
        found = _RUN.match(raw, start)
        if found is None:
            continue
        tries += 1
        if _is_private(_from_base64(found[0])):
            yield found.span()
            place = found.end()


def _is_private(der: bytes) -> bool:
    """Tell whether a run is a private key: by how one begins, for it may be cut short."""
    return bool(MARK.search(der) or _DER.match(der))


def _from_base64(run: bytes) -> bytes:
    joined = re.sub(_APART, b"", run)
    decoded = unquote_to_bytes(joined) if b"%" in joined else joined
    plain = re.sub(rb"[\s=\\]", b"", decoded).replace(b"-", b"+").replace(b"_", b"/")
    whole = (
        plain[: len(plain) // 4 * 4] if len(plain) % 4 == 1 else plain + b"=" * (-len(plain) % 4)
    )
    try:
        return base64.b64decode(whole)
    except (binascii.Error, ValueError):
        return b""


def _from_hex(run: bytes) -> bytes:
    return bytes.fromhex(run[: len(run) // 2 * 2].decode("ascii"))
