"""What one vector is: a message as it travels, the verdict it must get, and why.

What must hold: a valid vector has no reason to be refused and an invalid one has a code and a
sentence; where a reader cannot find the bytes that were signed, none are given.
"""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

FORMS: Final = ("envelope", "literal", "address")
"""How a message travels: as JSON, between the quotes of a JavaScript literal, as a URL."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One vector.

    Attributes:
        name: unique, in lower case with hyphens.
        says: what is special about it, as a sentence.
        message: the bytes as they travel.
        key: the key that the reader holds, by name.
        signed: the bytes that the reader must check, or None where it must refuse before.
        signature: the signature's text as the message carries it, or None where there is none.
        form: one of `FORMS`.
        member: which member of an envelope is signed; "query" in an address.
        digest: RSA2 (SHA-256) or RSA (SHA-1).
        why: the code of the reason for which it is invalid, or "".
        reads: what a valid message says, once it is decoded.
        refused: which member's content is wrong although the signature is right, or "".
    """

    name: str
    says: str
    message: bytes
    key: str
    signed: bytes | None
    signature: str | None
    form: str = "envelope"
    member: str = "request"
    digest: str = "RSA2"
    why: str = ""
    reads: dict[str, str] = field(default_factory=dict)
    refused: str = ""

    def published(self) -> dict[str, Any]:
        """Return it as it stands in vectors.json."""
        return {
            "name": self.name,
            "says": self.says,
            "form": self.form,
            "member": self.member,
            "digest": self.digest,
            "key": self.key,
            "expect": "invalid" if self.why else "valid",
            "why": self.why,
            "contentRefused": self.refused,
            "reads": self.reads,
            "signature": self.signature,
            "signedBase64": _text(self.signed),
            "messageBase64": _text(self.message),
        }

    def row(self) -> str:
        """Return it as a line of vectors.tsv: for programs that have no JSON reader."""
        signature = None if self.signature is None else self.signature.encode()
        told = self.published()
        cells = [told[name] for name in ("name", "form", "member", "digest", "key", "expect")]
        rest = (_text(self.message), _text(self.signed), _text(signature))
        return "\t".join((*cells, *(each or "-" for each in rest)))


COLUMNS: Final = (
    *("name", "form", "member", "digest", "key", "expect"),
    *("messageBase64", "signedBase64", "signatureBase64"),
)


def number_of(name: str) -> str:
    """Return the reqMsgId of a case: 32 hex digits, always the same for the same name."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else base64.b64encode(raw).decode()
