"""Signatures over the bytes of `request` or `response`: RSASSA-PKCS1-v1_5 by C1 and C2.

Decides whether one of some keys signed the bytes with the digest of the client's profile. The text
of a signature may be base64, base64 of base64, or URL-encoded base64; it is decoded at most twice,
until it is as long as a signature of the key being tried. What must hold: a signature that does not
fit raises; nothing here returns a verdict that could be overlooked.
"""

import base64
import binascii
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

from cryptography.exceptions import InvalidSignature

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.protocol.envelope import Cut, Kind, Verified, wrap
from tillgate.protocol.keys import PrivateKey, PublicKey
from tillgate.protocol.profile import Digest, Encoding, Profile

SIGNATURE_CHARACTERS_MAX = 4096
"""Base64 of base64 of the longest signature has 912; URL encoding may triple some of it."""

_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def verify(taken: Cut, keys: Sequence[PublicKey], profile: Profile) -> Verified:
    """Check the signature of a message with the keys of its sender.

    Raises:
        Refused: INVALID_SIGNATURE; the sentence says whether it is missing, no base64, or no fit.
    """
    return verify_digest(taken, keys, profile.digest)


def verify_digest(taken: Cut, keys: Sequence[PublicKey], digest: Digest) -> Verified:
    """Check a signature as `verify` does, with the digest named outright."""
    sign_type = taken.claims.sign_type
    if sign_type and sign_type not in digest.sign_types:
        raise Refused(
            Result.INVALID_SIGNATURE,
            f"head.signType does not agree with the client's profile, which signs with {digest}; "
            f"leave signType out or send {digest}.",
            path="head.signType",
        )
    if not taken.signature:
        raise Refused(
            Result.INVALID_SIGNATURE, "The message has no signature; sign it.", path="signature"
        )
    key = verify_bytes(taken.signed, taken.signature, keys, digest)
    return Verified(cut=taken, key_fingerprint=key.fingerprint)


def verify_bytes(
    signed: bytes, signature: str, keys: Sequence[PublicKey], digest: Digest
) -> PublicKey:
    """Return the key that signed these bytes.

    Raises:
        Refused: INVALID_SIGNATURE; none of the keys did.
    """
    if not keys:
        raise Refused(Result.KEY_NOT_FOUND)
    decoded = [(key, decode(signature, length=key.signature_bytes)) for key in keys]
    for key, raw in decoded:
        try:
            if raw is not None:
                key.check(raw, signed, digest)
                return key
        except InvalidSignature:
            continue
    sentence = ""
    if all(raw is None for _, raw in decoded):
        sentence = (
            "The signature is not the base64 of a signature by a key of this size; write it as "
            "one line of base64."
        )
    raise Refused(Result.INVALID_SIGNATURE, sentence, path="signature")


def accept_unsigned(taken: Cut) -> Verified:
    """Accept a message that has no signature at all, where the protocol allows that (U7).

    Raises:
        Refused: INVALID_SIGNATURE, it does have one, so it must be verified instead.
    """
    if taken.signature:
        raise Refused(
            Result.INVALID_SIGNATURE, "The message is signed, so its signature must be checked."
        )
    return Verified(cut=taken, key_fingerprint="")


def sign(signed: bytes, key: PrivateKey, profile: Profile) -> str:
    """Return the signature of these bytes, written as the profile says."""
    return encode(key.sign(signed, profile.digest), profile.encoding)


def seal(kind: Kind, signed: bytes, key: PrivateKey, profile: Profile) -> bytes:
    """Return the envelope around these bytes and their signature."""
    return wrap(kind, signed, sign(signed, key, profile))


def encode(raw: bytes, encoding: Encoding) -> str:
    """Write the bytes of a signature as text."""
    once = base64.b64encode(raw)
    match encoding:
        case Encoding.BASE64:
            return once.decode()
        case Encoding.DOUBLE_BASE64:
            return base64.b64encode(once).decode()
        case Encoding.URL_BASE64:
            return quote(once.decode(), safe="")


def decode(text: str, *, length: int) -> bytes | None:
    """Return the signature's bytes if the text is one of `length` bytes, in any of three forms."""
    if len(text) > SIGNATURE_CHARACTERS_MAX:
        return None
    current = (unquote(text) if "%" in text else text).strip()
    for _ in range(2):
        raw = _from_base64(current)
        if raw is None or len(raw) == length:
            return raw
        current = raw.decode("ascii", "replace").strip()
    return None


def _from_base64(text: str) -> bytes | None:
    if not _BASE64.fullmatch(text):
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
