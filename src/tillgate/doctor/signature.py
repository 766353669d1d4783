"""Why a signature does not fit: found by recovering the digest that the key's owner really signed.

An RSASSA-PKCS1-v1_5 signature gives its digest back to whoever holds the public key, so the texts
that people sign by mistake can be tried one by one. What must hold: an empty list means that the
signature fits, and anything else that it does not.
"""

import hashlib
from collections.abc import Sequence

from tillgate.doctor.findings import Code, Finding
from tillgate.doctor.layouts import layouts
from tillgate.kernel.errors import Refused
from tillgate.protocol import functions, signature
from tillgate.protocol.envelope import Cut, Fault, Kind, NotAnEnvelope, cut
from tillgate.protocol.keys import PublicKey
from tillgate.protocol.profile import Digest

_DIGEST_INFO = {
    # The DER that stands before the digest itself (RFC 8017, section 9.2).
    Digest.RSA2: bytes.fromhex("3031300d060960864801650304020105000420"),
    Digest.RSA: bytes.fromhex("3021300906052b0e03021a05000414"),
}
_FAULTS = {
    Fault.DUPLICATE_MEMBER: Code.DUPLICATE_MEMBER,
    Fault.JS_ESCAPED: Code.JS_ESCAPED,
}


def diagnose(raw: bytes, key: PublicKey, digest: Digest) -> list[Finding]:
    """Return why the signature of a message does not fit, likeliest first; [] when it fits."""
    try:
        taken = take(raw)
        signature.verify_digest(taken, [key], digest)
    except NotAnEnvelope as refused:
        code = _FAULTS.get(refused.fault, Code.NOT_AN_ENVELOPE)
        return [Finding.of(code, refused.sentence)]
    except Refused as refused:
        if refused.path == "head.signType":
            return [Finding.of(Code.SIGN_TYPE, refused.sentence)]
        return [_misfit(taken, key, digest)]
    return []


def warnings(raw: bytes) -> list[Refused]:
    """Return what a message would be refused for besides its signature, in the order of checks."""
    try:
        taken = take(raw)
    except NotAnEnvelope as refused:
        return [refused]
    found = [taken.unreadable] if taken.unreadable else []
    if taken.kind is Kind.REQUEST:
        found += functions.content_faults(taken.unverified)
    return found


def take(raw: bytes) -> Cut:
    """Cut a message of either kind; NotAnEnvelope when it is neither."""
    try:
        return cut(raw, Kind.REQUEST)
    except NotAnEnvelope as refused:
        if refused.fault is not Fault.NOT_AN_ENVELOPE:
            raise
        try:
            return cut(raw, Kind.RESPONSE)
        except NotAnEnvelope:
            raise refused from None


def _misfit(taken: Cut, key: PublicKey, digest: Digest) -> Finding:
    if not taken.signature:
        return Finding.of(Code.UNSIGNED)
    decoded = signature.decode(taken.signature, length=key.signature_bytes)
    if decoded is None:
        return Finding.of(Code.SIGNATURE_UNREADABLE)
    signed = key.recover(decoded)
    if signed is None:
        return Finding.of(Code.WRONG_KEY, f"The key given is {key.fingerprint}.")
    return _other_text(taken, signed, digest)


def _other_text(taken: Cut, signed: bytes, digest: Digest) -> Finding:
    """Try the texts that may have been signed instead, with either digest."""
    for other in _digests(digest):
        if _digest_info(taken.signed, other) == signed:
            return Finding.of(Code.OTHER_DIGEST, f"It was signed with {other}.")
    sent = taken.signed.decode()
    for code, text in layouts(sent, taken.unverified, taken.kind.value):
        for other in _digests(digest):
            if _digest_info(text.encode(), other) == signed:
                detail = "" if other is digest else f"It was signed with {other}, too."
                return Finding.of(code, detail)
    return Finding.of(Code.CHANGED, certain=False)


def _digests(first: Digest) -> Sequence[Digest]:
    return (first, *(other for other in Digest if other is not first))


def _digest_info(text: bytes, digest: Digest) -> bytes:
    name = "sha256" if digest is Digest.RSA2 else "sha1"
    return _DIGEST_INFO[digest] + hashlib.new(name, text).digest()
