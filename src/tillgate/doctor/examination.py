"""The whole examination: read what was given, judge each signature, then look for the traps.

What must hold: nothing leaves it but a report; the findings of a signature stand before those of a
message's content, and a private key before both.
"""

import json
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from tillgate.doctor import traps
from tillgate.doctor.facts import facts_of, signature_facts
from tillgate.doctor.findings import Code, Finding
from tillgate.doctor.masking import excerpts, known_path
from tillgate.doctor.mending import mended, no_mending
from tillgate.doctor.reading import INPUT_BYTES_MAX, Read, read
from tillgate.doctor.redirect import judge_address, split
from tillgate.doctor.remedies import remedies_of
from tillgate.doctor.report import KeyFacts, MessageFacts, Report
from tillgate.doctor.search import brief_search, search
from tillgate.doctor.secrecy import (
    holds_private_key,
    private_key,
    public_half,
    without_private_keys,
)
from tillgate.doctor.signature import KEYS_MAX, Judgement, judge
from tillgate.doctor.steps import Step
from tillgate.kernel.errors import Refused
from tillgate.protocol import functions
from tillgate.protocol.envelope import Cut, Fault, Kind, NotAnEnvelope, cut, wrap
from tillgate.protocol.function import Direction
from tillgate.protocol.keys import KeyRefused, PublicKey, load_public_key
from tillgate.protocol.profile import Digest
from tillgate.protocol.redirect import SIGNED_PREFIX

_FAULTS: Final = {
    Fault.DUPLICATE_MEMBER: Code.DUPLICATE_MEMBER,
    Fault.JS_ESCAPED: Code.JS_ESCAPED,
}
_NAMES: Final = re.compile(rb"request|response", re.IGNORECASE)
_CUT_WORDS: Final = ("end of data", "unexpected end", "ended prematurely", "truncated")


_PRIVATE_WORDS: Final = (
    "A private key stands in it, and none is needed here. Give the public half alone, and make a "
    "new pair if anybody but its owner has seen this one."
)


_VAIN_MAX: Final = 4
"""How many messages may each take a whole search, or a whole mending, that comes to nothing."""
_BRIEFLY: Final = (
    "Four messages before it took a long look in vain, so this one was looked at briefly; hand it "
    "in alone."
)
_BRIEFLY_LOOKED_FOR: Final = frozenset({Code.CHANGED, Code.WRONG_KEY, Code.SIGNATURE_UNREADABLE})


class GivenKey(NamedTuple):
    """A key as it was given: the public half, and whether it was a private key."""

    key: PublicKey
    was_private: bool


class _Seen(NamedTuple):
    findings: list[Finding]
    facts: MessageFacts
    taken: Cut | None = None


def load_key(content: bytes) -> GivenKey:
    """Read a key in any of its shapes; of a private one the public half is used and it is told.

    Raises:
        KeyRefused: it is no key, or one that the protocol cannot use.
    """
    private = private_key(content)
    if private is not None:
        return GivenKey(private.public, was_private=True)
    half = public_half(content)
    if half is not None:
        return GivenKey(half, was_private=True)
    try:
        return GivenKey(load_public_key(content), was_private=False)
    except KeyRefused:
        if holds_private_key(content) and b"ENCRYPTED" not in content:
            raise KeyRefused(_PRIVATE_WORDS) from None
        raise


def examine(
    raw: bytes,
    keys: Sequence[GivenKey],
    digest: Digest = Digest.RSA2,
    *,
    show_values: bool = False,
) -> Report:
    """Examine everything that was given.

    Args:
        raw: what failed: one message or several, with whatever lies around them.
        keys: the keys to try; the first is the one that should fit.
        digest: the digest that the client's profile names.
        show_values: whether values may be shown; for a screen alone.
    """
    given = keys[:KEYS_MAX]
    found = [_private(place) for place, each in enumerate(given) if each.was_private]
    raw = raw[: INPUT_BYTES_MAX + 1]
    if holds_private_key(raw):
        found.append(Finding.of(Code.PRIVATE_KEY, "It stands in the input."))
        raw = without_private_keys(raw)
    messages = read(raw)
    public = [each.key for each in given]
    seen = _seen(messages, public, digest, show_values=show_values)
    for number, each in enumerate(seen, start=1):
        numbered = number if len(seen) > 1 else 0
        found += [msgspec.structs.replace(one, message=numbered) for one in each.findings]
    found += traps.reused([each.taken for each in seen if each.taken])
    if not seen and not found:
        found.append(Finding.of(Code.NOT_AN_ENVELOPE, "There is nothing in it."))
    return Report(
        findings=tuple(_finished(each, raw, show_values=show_values) for each in _ranked(found)),
        messages=tuple(each.facts for each in seen),
        keys=tuple(KeyFacts(fingerprint=key.fingerprint, bits=key.bits) for key in public),
    )


def _seen(
    messages: Sequence[Read], keys: Sequence[PublicKey], digest: Digest, *, show_values: bool
) -> list[_Seen]:
    """Examine each message; once looking came to nothing often enough, the others briefly.

    Else a file of many messages that nothing explains would take as long as all of them alone.
    """
    seen: list[_Seen] = []
    vain = 0
    for message in messages:
        is_brief = vain >= _VAIN_MAX
        look = _examined_address if message.is_address else _examined_envelope
        seen.append(look(message, keys, digest, show_values=show_values, is_brief=is_brief))
        facts = seen[-1].facts
        if facts.signature_characters and not facts.signed_digest:
            vain += 1
    return seen


def diagnose(raw: bytes, key: PublicKey, digest: Digest) -> list[Finding]:
    """Return why the signature of a message does not fit, likeliest first; [] when it fits.

    It looks no further than one mistake, so it is quick enough for whoever only wants a verdict.
    """
    try:
        taken = take(raw)
    except NotAnEnvelope as refused:
        code = _FAULTS.get(refused.fault, Code.NOT_AN_ENVELOPE)
        return [Finding.of(code, refused.sentence)]
    judged = judge_message(taken, [key], digest, is_brief=True)
    return _told(judged, taken.signed, show_values=False)


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


def judge_message(
    taken: Cut, keys: Sequence[PublicKey], digest: Digest, *, is_brief: bool = False
) -> Judgement:
    """Judge the signature of an envelope, its head's signType included."""
    look, mend = (brief_search, no_mending) if is_brief else (search, mended)
    judged = judge(taken.signed, taken.signature or "", keys, digest, look=look, mend=mend)
    judged = msgspec.structs.replace(
        judged, steps=tuple((_whose(step, taken), certain) for step, certain in judged.steps)
    )
    sign_type = taken.claims.sign_type
    if not sign_type or sign_type in digest.sign_types:
        return judged
    words = f"The profile's digest is {digest}; leave signType out, or write that."
    step = Step(Code.SIGN_TYPE, words, "head.signType")
    return msgspec.structs.replace(judged, steps=((step, True), *judged.steps))


def _whose(step: Step, taken: Cut) -> Step:
    """Return a step that says whose key is wanted, where another one was found."""
    function = functions.FUNCTIONS.get(taken.claims.function)
    if step.code is not Code.WRONG_KEY or function is None:
        return step
    asked = (taken.kind is Kind.REQUEST) == (function.direction is Direction.TO_GATEWAY)
    who = "the merchant" if asked else "the gateway"
    return step._replace(detail=f"{step.detail} This message is signed by {who}.")


def take(raw: bytes) -> Cut:
    """Cut a message of either kind; NotAnEnvelope when it is neither."""
    try:
        return cut(raw, Kind.REQUEST)
    except NotAnEnvelope as refused:
        if refused.fault is not Fault.NOT_AN_ENVELOPE:
            raise
        try:
            return cut(raw, Kind.RESPONSE)
        except NotAnEnvelope as other:
            raise (refused if other.fault is Fault.NOT_AN_ENVELOPE else other) from None


def _private(place: int) -> Finding:
    words = (
        f"It was given as key {place + 1}; its public half was used, which is all that is needed."
    )
    return Finding.of(Code.PRIVATE_KEY, words)


def _examined_envelope(
    message: Read,
    keys: Sequence[PublicKey],
    digest: Digest,
    *,
    show_values: bool,
    is_brief: bool,
) -> _Seen:
    try:
        taken = take(message.text)
    except NotAnEnvelope as refused:
        facts = MessageFacts(text_bytes=len(message.text))
        fault = _not_an_envelope(refused, message.text)
        return _Seen([*_layers(message, is_found=False), fault], facts)
    judged = judge_message(taken, keys, digest, is_brief=is_brief)
    told = _told(judged, taken.signed, show_values=show_values, is_brief=is_brief)
    found = [
        *_layers(message, is_found=bool(judged.text)),
        *told,
        *_traps(message, taken, judged),
    ]
    return _Seen(_likely(found) if _was_mended(message) else found, facts_of(taken, judged), taken)


def _traps(message: Read, taken: Cut, judged: Judgement) -> list[Finding]:
    """Return the traps of a message; of one that was changed, those of what was signed, too.

    A trap of the changed text alone is no trap: what changed the text is told already.
    """
    found = traps.traps(taken, message.dump, message.bridge_version)
    if not found or not judged.text or judged.text == taken.signed:
        return found
    try:
        signed = cut(wrap(taken.kind, judged.text, taken.signature or ""), taken.kind)
    except NotAnEnvelope:
        return found
    if not isinstance(signed.unverified.get("head"), dict):
        return found
    own = traps.traps(signed, message.dump, message.bridge_version)
    places = {(finding.code, finding.path) for finding in own}
    return [finding for finding in found if (finding.code, finding.path) in places]


def _was_mended(message: Read) -> bool:
    return any(step.code is Code.PASTE_MENDED for step in message.steps)


def _likely(found: list[Finding]) -> list[Finding]:
    """Return findings about a text that may not be the one that was sent."""
    return [msgspec.structs.replace(finding, certain=False) for finding in found]


def _layers(message: Read, *, is_found: bool) -> list[Finding]:
    """Return what lay around a message; a character set is proved by the signature alone."""
    return [
        _of_step(
            step,
            certain=step.code.is_provable and (step.code is not Code.CHARACTER_SET or is_found),
        )
        for step in message.steps
    ]


def _examined_address(
    message: Read,
    keys: Sequence[PublicKey],
    digest: Digest,  # noqa: ARG001  The shape of `_examined_envelope`; an address names its own.
    *,
    show_values: bool,
    is_brief: bool,
) -> _Seen:
    address = message.text.decode("utf-8", "replace")
    judged = judge_address(address, keys, is_brief=is_brief)
    query, signature, _ = split(address)
    sent = SIGNED_PREFIX + query.encode("utf-8", "replace")
    facts = msgspec.structs.replace(
        signature_facts(judged, sent, signature), kind="redirect", text_bytes=len(sent)
    )
    told = _told(judged, sent, show_values=show_values, is_brief=is_brief)
    return _Seen([*_layers(message, is_found=bool(judged.text)), *told], facts)


def _told(
    judged: Judgement, sent: bytes, *, show_values: bool, is_brief: bool = False
) -> list[Finding]:
    """Return the findings of a judgement; those about the text with an excerpt of either text."""
    before, after = "", ""
    if judged.text and judged.text != sent:
        before, after = excerpts(sent, judged.text, is_open=show_values)
    found: list[Finding] = []
    for step, certain in judged.steps:
        if is_brief and not judged.text and step.code in _BRIEFLY_LOOKED_FOR:
            step = step._replace(detail=f"{step.detail} {_BRIEFLY}")  # noqa: PLW2901  With a word more.
        finding = _of_step(step, certain=certain)
        if step.code.is_about_text:
            finding = msgspec.structs.replace(finding, sent=before, signed=after)
        found.append(finding)
    return found


def _of_step(step: Step, *, certain: bool) -> Finding:
    return Finding.of(step.code, step.detail, certain=certain, path=step.path)


def _not_an_envelope(refused: NotAnEnvelope, text: bytes) -> Finding:
    is_cut = any(words in refused.sentence for words in _CUT_WORDS)
    if refused.fault is Fault.NOT_JSON and is_cut:
        return Finding.of(Code.BODY_CUT, "It is JSON up to where it ends.")
    if refused.fault is Fault.NOT_JSON:
        # Whatever names a message may have held one before it was copied from where it stood.
        words = _stop(text.decode("utf-8", "replace"))
        return Finding.of(Code.NOT_AN_ENVELOPE, words, certain=not _NAMES.search(text))
    code = _FAULTS.get(refused.fault, Code.NOT_AN_ENVELOPE)
    path = refused.path if code is Code.DUPLICATE_MEMBER else ""
    return Finding.of(code, "" if path else refused.fault.value, path=path)


def _stop(text: str) -> str:
    """Say where a text stops being JSON, and whether it looks folded there."""
    try:
        json.loads(text)
    except json.JSONDecodeError as fault:
        where = f"It stops being JSON at line {fault.lineno}, column {fault.colno}"
        if text[fault.pos : fault.pos + 1] in {"\n", "\r"} and "control" in fault.msg:
            return f"{where}, inside a string: it looks wrapped; hand in the file itself."
        return f"{where}."
    except (ValueError, RecursionError):
        pass
    return f"{Fault.NOT_JSON.value}."


_FIRST: Final = frozenset({Code.PRIVATE_KEY.name})


def _ranked(found: list[Finding]) -> list[Finding]:
    """Return the findings, each once, private keys first."""
    return sorted(dict.fromkeys(found), key=lambda finding: finding.code not in _FIRST)


def _finished(finding: Finding, raw: bytes, *, show_values: bool) -> Finding:
    """Return a finding as it is shown, with what usually does it.

    Of a text that holds no message at all nobody can say which line of a program made it.
    """
    path = finding.path if show_values else known_path(finding.path)
    is_elsewhere = finding.code == Code.NOT_AN_ENVELOPE.name and not _NAMES.search(raw)
    remedies = () if is_elsewhere else remedies_of(finding.code)
    return msgspec.structs.replace(finding, path=path, remedies=remedies)
