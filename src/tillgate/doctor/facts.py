"""What a report tells of a message besides its findings: lengths, digests, and what is proved.

What must hold: it tells nothing of a value but the currency, and calls proved only what is.
"""

import hashlib
from typing import Any

import msgspec

from tillgate.doctor.report import MessageFacts
from tillgate.doctor.signature import Judgement
from tillgate.kernel.money import currency
from tillgate.protocol import functions
from tillgate.protocol.envelope import Cut


def facts_of(taken: Cut, judged: Judgement) -> MessageFacts:
    """Return what is told of an envelope."""
    facts = signature_facts(judged, taken.signed, taken.signature or "")
    name = taken.claims.function
    return msgspec.structs.replace(
        facts,
        kind=taken.kind.value,
        function=name if name in functions.FUNCTIONS else "",
        currency=_currency(taken.unverified),
    )


def signature_facts(judged: Judgement, sent: bytes, signature: str) -> MessageFacts:
    """Return what is told of a signature, and of the text it should be over."""
    return MessageFacts(
        text_bytes=len(sent),
        text_digest=hashlib.sha256(sent).hexdigest(),
        signature_characters=len(signature),
        digest=judged.digest,
        key=judged.key.fingerprint if judged.key else "",
        signed_bytes=len(judged.text) if judged.text else None,
        signed_digest=hashlib.sha256(judged.text).hexdigest() if judged.text else "",
        is_signature_fine=not judged.steps,
        proved=_proved(judged, sent),
        texts_tried=judged.tried,
    )


def _proved(judged: Judgement, sent: bytes) -> str:
    if judged.key is None:
        return ""
    who = f"Key {judged.key.fingerprint} made this signature, with {judged.digest},"
    if judged.text == sent:
        return f"{who} over this very text."
    return f"{who} over another text, which was {'found' if judged.text else 'not found'}."


def _currency(tree: Any) -> str:  # noqa: ANN401  Any JSON value.
    """Return the first currency that is one of ISO's."""
    waiting = [tree]
    while waiting:
        here = waiting.pop(0)
        if isinstance(here, dict):
            code = here.get("currency")
            if isinstance(code, str) and _is_currency(code):
                return code
            waiting += here.values()
        elif isinstance(here, list):
            waiting += here
    return ""


def _is_currency(code: str) -> bool:
    try:
        currency(code)
    except ValueError:
        return False
    return True
