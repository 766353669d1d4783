"""The doctor's report: what was found in everything that was given, safe to paste in public.

What must hold: it holds no key, no signature and no value of a message but those listed here: the
function, lengths, digests, the currency, and fingerprints of keys; unless values were asked for.
"""

from typing import final

import msgspec

from tillgate.doctor.findings import Finding


@final
class KeyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A key that was given."""

    fingerprint: str
    bits: int


@final
class MessageFacts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is known of one message.

    Attributes:
        kind: request, response or redirect, or "" when it is none.
        function: the function, if the protocol knows it.
        currency: the currency of its amount, if there is one.
        text_bytes: how long the text under the signature is, as it was sent.
        text_digest: the SHA-256 of that text.
        signature_characters: how long the signature is as it was written.
        digest: which digest was really signed, or "" when no key opens the signature.
        key: the fingerprint of the key that made the signature, or "".
        signed_bytes: how long the text is that was really signed, where it was found.
        signed_digest: the SHA-256 of that text.
        is_signature_fine: whether the very text was signed with the key and digest wanted.
        proved: what is proved of its signature, in a sentence.
        texts_tried: how many texts were held against the signature.
    """

    kind: str = ""
    function: str = ""
    currency: str = ""
    text_bytes: int = 0
    text_digest: str = ""
    signature_characters: int = 0
    digest: str = ""
    key: str = ""
    signed_bytes: int | None = None
    signed_digest: str = ""
    is_signature_fine: bool = False
    proved: str = ""
    texts_tried: int = 0


@final
class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the doctor has to say, the likeliest first."""

    findings: tuple[Finding, ...]
    messages: tuple[MessageFacts, ...]
    keys: tuple[KeyFacts, ...]

    @property
    def is_fine(self) -> bool:
        """Tell whether nothing was found but remarks."""
        return all(finding.is_remark for finding in self.findings)

    def proofs(self) -> list[str]:
        """Return what is proved of the signatures, in lines; those that fit share one."""
        if len(self.messages) == 1:
            return [facts.proved for facts in self.messages if facts.proved]
        fitting = [facts for facts in self.messages if facts.is_signature_fine]
        keys = " and ".join(dict.fromkeys(facts.key for facts in fitting))
        all_of = "all" if len(fitting) == len(self.messages) else f"{len(fitting)} of them"
        lines = [f"{len(self.messages)} messages: {all_of} signed over this very text, by {keys}."]
        return (lines if fitting else []) + [
            f"Message {number}: {facts.proved}"
            for number, facts in enumerate(self.messages, start=1)
            if facts.proved and not facts.is_signature_fine
        ]
