"""What the doctor can find, as a closed set with a sentence each that names the next step.

What must hold: a finding carries a code, whether it is proved, and a sentence; never key material.
"""

from enum import Enum, unique
from typing import final

import msgspec


@unique
class Code(Enum):
    """A finding: (sentence)."""

    NOT_AN_ENVELOPE = "The text is no envelope, so there is nothing a signature could be over."
    DUPLICATE_MEMBER = (
        "A member stands in the message twice, so sender and receiver may read different ones. "
        "Write each member once."
    )
    JS_ESCAPED = (
        "The text is still escaped for a JavaScript literal. Check the text that the literal "
        "stands for."
    )
    UNSIGNED = "There is no signature. Sign the bytes of the request's value and add it."
    SIGNATURE_UNREADABLE = (
        "The signature is not base64 of a signature by a key of this size. Write it as one line "
        "of base64, and look whether + became a blank on the way."
    )
    WRONG_KEY = (
        "The signature was made with another key than the one given, or was damaged on the way. "
        "Compare the key's fingerprint with the one that is registered."
    )
    OTHER_DIGEST = (
        "The right bytes were signed with the right key, but with another digest. Use the digest "
        "of the client's profile: RSA2 is SHA-256, RSA is SHA-1."
    )
    SIGN_TYPE = "head.signType names another digest than the client's profile."
    WHOLE_ENVELOPE_SIGNED = (
        "The whole envelope was signed. Sign the value of request alone, from its { to its }."
    )
    SLASHES_ESCAPED = (
        "What was sent has slashes written \\/ where what was signed has /, or the reverse. Sign "
        "exactly the bytes you send; in PHP, JSON_UNESCAPED_SLASHES keeps slashes plain."
    )
    UNICODE_ESCAPED = (
        "What was sent has \\u escapes where what was signed has plain characters, or the reverse. "
        "Sign exactly the bytes you send; in Python, ensure_ascii=False keeps characters plain."
    )
    RESERIALISED = (
        "The same content was signed in another layout (blanks, line ends or the order of members)."
        " Serialise once, sign those bytes, and send those very bytes."
    )
    CHANGED = (
        "This key signed a different text. Look for what is changed between signing and sending: "
        "an amount, a blank, a character set."
    )

    @property
    def sentence(self) -> str:
        """Return what it means and what to do."""
        return self.value


@final
class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One explanation.

    Attributes:
        code: its name.
        certain: whether it is proved, by the digest that was signed.
        sentence: what it means and what to do.
    """

    code: str
    certain: bool
    sentence: str

    @classmethod
    def of(cls, code: Code, detail: str = "", *, certain: bool = True) -> "Finding":
        """Return the finding of a code, with a detail after its sentence."""
        return cls(code=code.name, certain=certain, sentence=f"{code.sentence} {detail}".strip())
