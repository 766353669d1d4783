"""Why a signature does not fit: found by recovering the digest that the key's owner really signed.

An RSASSA-PKCS1-v1_5 signature gives its digest back to whoever holds the public key, so the texts
that people sign by mistake can be tried one by one. What must hold: a judgement that fits means the
very bytes were signed by the key that is wanted, with the digest that is wanted, and written so
that a receiver reads it; anything else has at least one finding.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, final

import msgspec

from tillgate.doctor import written
from tillgate.doctor.findings import Code
from tillgate.doctor.mending import mended
from tillgate.doctor.opening import HASH_OF, Opened, Scheme, open_signature
from tillgate.doctor.search import Found, search
from tillgate.doctor.steps import Step
from tillgate.protocol.keys import KEY_BITS, PublicKey
from tillgate.protocol.profile import Digest

KEYS_MAX: Final = 8
"""How many keys are tried."""
Search = Callable[[bytes, tuple[Opened, ...]], Found]
Mend = Callable[[str, PublicKey], Iterable[tuple[str, bytes]]]
_ORDINALS: Final = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_DIGEST_WORDS: Final = {Digest.RSA2: "RSA2 (SHA-256)", Digest.RSA: "RSA (SHA-1)"}


@final
class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a signature.

    Attributes:
        steps: what is wrong, the likeliest first, each with whether it is proved.
        key: which of the keys made it, or None when none of them did.
        digest: the digest that was signed, in words, or "".
        text: the text that was signed, where it was found; b"" otherwise.
        tried: how many texts were tried.
    """

    steps: tuple[tuple[Step, bool], ...]
    key: PublicKey | None = None
    digest: str = ""
    text: bytes = b""
    tried: int = 0


class _Opening(NamedTuple):
    """A way in which one key opens the signature."""

    place: int
    key: PublicKey
    steps: tuple[Step, ...]
    goals: tuple[Opened, ...]

    @property
    def is_sure(self) -> bool:
        return any(goal.is_sure for goal in self.goals)


def judge(
    sent: bytes,
    signature: str,
    keys: Sequence[PublicKey],
    digest: Digest,
    *,
    look: Search = search,
    mend: Mend = mended,
) -> Judgement:
    """Judge a signature over the text that was sent; the first key is the one that should fit.

    Args:
        sent: the text.
        signature: what stands in the message for it.
        keys: the public keys to try.
        digest: the digest that the client's profile names.
        look: how the text that was signed is looked for.
        mend: how a damaged signature is mended.
    """
    if not signature.strip():
        return Judgement(steps=((Step(Code.UNSIGNED, ""), True),))
    tried = 0
    openings = _openings(signature, keys, mend)
    for opening in openings:
        found = look(sent, opening.goals)
        tried += found.tried
        if opening.is_sure or found.steps is not None:
            return _judged(opening, found, digest, tried)
    unopened = tuple(_unopened(signature, keys))
    if openings:
        unopened = (*_unsure(openings[0]), *((step, False) for step, _ in unopened))
    return Judgement(steps=unopened, tried=tried)


def _openings(signature: str, keys: Sequence[PublicKey], mend: Mend) -> list[_Opening]:
    """Return the ways in which the keys open it, the plainest and surest first."""
    found = [
        _Opening(place, key, (*reading.steps, *turned), goals)
        for place, key in enumerate(keys[:KEYS_MAX])
        for reading in written.read(signature, length=key.signature_bytes)
        for raw, turned in ((reading.raw, ()), (reading.raw[::-1], (_REVERSED,)))
        if (goals := open_signature(raw, key))
    ]
    found += [] if found else list(_mended(signature, keys, mend))
    return sorted(found, key=lambda each: (not each.is_sure, len(each.steps), each.place))


_REVERSED: Final = Step(Code.SIGNATURE_REVERSED, "Read from its end, the key opens it.")


def _mended(signature: str, keys: Sequence[PublicKey], mend: Mend) -> Iterator[_Opening]:
    for place, key in enumerate(keys[:1]):
        for words, raw in mend(signature, key):
            yield _Opening(
                place, key, (Step(Code.SIGNATURE_DAMAGED, words),), open_signature(raw, key)
            )


def _judged(opening: _Opening, found: Found, digest: Digest, tried: int) -> Judgement:
    steps = [
        *_key_steps(opening),
        *((step, True) for step in opening.steps),
        *_scheme_steps(found.opened),
        *_text_steps(found),
        *_digest_steps(found.opened, digest),
    ]
    return Judgement(
        steps=tuple(steps),
        key=opening.key,
        digest=found.opened.hash_words,
        text=found.text,
        tried=tried,
    )


def _unsure(opening: _Opening) -> Iterator[tuple[Step, bool]]:
    """Tell what a signature looks like whose padding is no proof and whose text was not found."""
    steps = (
        *_key_steps(opening),
        *((step, True) for step in opening.steps),
        *_scheme_steps(opening.goals[0]),
    )
    yield from ((step, False) for step, _ in steps)
    yield Step(Code.CHANGED, "Neither the key nor the text is proved: PSS hides both."), False


def _key_steps(opening: _Opening) -> Iterator[tuple[Step, bool]]:
    if opening.place:
        words = f"It fits the {_ORDINALS[opening.place]} key given, {opening.key.fingerprint}."
        yield Step(Code.OTHER_SIDES_KEY, words), True


def _scheme_steps(opened: Opened) -> Iterator[tuple[Step, bool]]:
    match opened.scheme:
        case Scheme.PSS:
            words = f"Its digest is {opened.hash_words}, its salt {len(opened.salt)} bytes long."
            yield Step(Code.PSS_PADDING, words), True
        case Scheme.ENCRYPTED | Scheme.BARE:
            words = f"What the key encrypted has {len(opened.digest)} bytes."
            yield Step(Code.NO_DIGEST_INFO, words), True
        case Scheme.PKCS1:
            return


def _text_steps(found: Found) -> Iterator[tuple[Step, bool]]:
    if found.steps is None:
        words = "That it signed another text is proved; in what they differ is not."
        yield Step(Code.CHANGED, words), False
        return
    yield from ((step, True) for step in found.steps)


def _digest_steps(opened: Opened, digest: Digest) -> Iterator[tuple[Step, bool]]:
    if opened.hash_name and opened.hash_name != HASH_OF[digest]:
        words = f"It was signed with {opened.hash_words}, and {_DIGEST_WORDS[digest]} is wanted."
        yield Step(Code.OTHER_DIGEST, words), True


def _unopened(signature: str, keys: Sequence[PublicKey]) -> Iterator[tuple[Step, bool]]:
    """Tell why no key opens it: no signature at all, one of another length, or another key's."""
    readable = [key for key in keys if written.read(signature, length=key.signature_bytes)]
    if readable:
        given = " and ".join(key.fingerprint for key in keys[:KEYS_MAX])
        yield from (
            (step, True)
            for step in written.read(signature, length=readable[0].signature_bytes)[0].steps
        )
        many = "The keys given are" if len(keys) > 1 else "The key given is"
        yield Step(Code.WRONG_KEY, f"{many} {given}."), True
        return
    sizes = {bits // 8 for bits in KEY_BITS} & written.lengths(signature)
    wanted = keys[0].signature_bytes
    if sizes:
        words = f"It has {min(sizes)} bytes, and one by the key given has {wanted}."
        yield Step(Code.WRONG_KEY, words), True
        return
    found = written.lengths(signature)
    words = f"It decodes to {max(found)} bytes, not to {wanted}." if found else "It is no base64."
    yield Step(Code.SIGNATURE_UNREADABLE, words), True
