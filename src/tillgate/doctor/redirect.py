"""Why the signature of a redirect's address does not fit: what browsers and frameworks change.

The signature is over a version line and the raw query before it, so whoever decodes and joins the
parameters again has another text. What must hold: as everywhere, what is called certain was proved.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, combinations, islice
from typing import Final
from urllib.parse import parse_qsl, quote, quote_plus, unquote, unquote_plus, urlencode

from tillgate.doctor.findings import Code
from tillgate.doctor.layouts import Candidate
from tillgate.doctor.mending import mended, no_mending
from tillgate.doctor.opening import Opened
from tillgate.doctor.search import Found, by_character
from tillgate.doctor.signature import Judgement, judge
from tillgate.doctor.steps import Step
from tillgate.protocol.keys import PublicKey
from tillgate.protocol.profile import Digest
from tillgate.protocol.redirect import SIGNED_PREFIX
from tillgate.protocol.urls import RESERVED_PARAMETERS

CANDIDATES_MAX: Final = 20_000
BYTES_MAX: Final = 32 * 1024 * 1024
"""How many bytes of queries are tried at most: an address may be as long as the input."""
BRIEF_CANDIDATES_MAX: Final = 20
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_MARK: Final = "signature="
_DROPPED_MAX: Final = 3
_OURS: Final = frozenset(RESERVED_PARAMETERS)


def split(address: str) -> tuple[str, str, tuple[Step, ...]]:
    """Return the query that was signed, the signature as text, and what stands wrongly.

    The signature comes last when the address is as it was sent; whatever follows it was added.
    """
    query = address.partition("#")[0]
    query = query.partition("?")[2] if "?" in query else query
    before, found, after = query.rpartition(f"&{_MARK}")
    if not found:
        before, found, after = query.rpartition(_MARK)
    written, mark, rest = after.partition("&")
    steps: list[Step] = []
    if mark:
        words = "Parameters follow the signature: something was added to the address."
        steps.append(Step(Code.MEMBERS_DIFFER, words))
        before = (
            f"{before}&{rest}"
            if rest and any(f"{n}=" in rest for n in RESERVED_PARAMETERS)
            else before
        )
    text = unquote(written)
    return before, text, tuple(steps)


def judge_address(address: str, keys: Sequence[PublicKey], *, is_brief: bool = False) -> Judgement:
    """Judge a redirect's address; the digest is always SHA-256, whatever the profile."""
    look, mend = (_look_briefly, no_mending) if is_brief else (_look, mended)
    query, signature, steps = split(address)
    sent = SIGNED_PREFIX + query.encode("utf-8", "surrogatepass")
    judged = judge(sent, signature, keys, Digest.RSA2, look=look, mend=mend)
    proved = tuple((step, True) for step in steps)
    return Judgement(
        steps=(*proved, *judged.steps),
        key=judged.key,
        digest=judged.digest,
        text=judged.text,
        tried=judged.tried,
    )


def _look_briefly(sent: bytes, goals: tuple[Opened, ...]) -> Found:
    """Look for the query that was signed among those one mistake away."""
    query = sent.removeprefix(SIGNED_PREFIX).decode("utf-8", "replace")
    others = (((step,), other) for step, other in _singles(query))
    tried = 0
    for steps, text in islice(chain([((), query)], others), BRIEF_CANDIDATES_MAX):
        tried += 1
        signed = SIGNED_PREFIX + text.encode("utf-8", "replace")
        for goal in goals:
            if goal.is_of(signed):
                return Found(steps=steps, text=signed, opened=goal, tried=tried)
    return Found(steps=None, text=b"", opened=goals[0], tried=tried)


def _look(sent: bytes, goals: tuple[Opened, ...]) -> Found:
    query = sent.removeprefix(SIGNED_PREFIX).decode("utf-8", "replace")
    tried = spent = 0
    for steps, text in _candidates(query):
        tried += 1
        spent += len(text)
        for goal in goals:
            if goal.is_of(text):
                return Found(steps=steps, text=text, opened=goal, tried=tried)
        if tried >= CANDIDATES_MAX or spent >= BYTES_MAX:
            break
    for goal in goals:
        for steps, text in by_character(sent, goal):
            return Found(steps=steps, text=text, opened=goal, tried=tried)
    return Found(steps=None, text=b"", opened=goals[0], tried=tried)


def _candidates(query: str) -> Iterator[Candidate]:
    yield (), SIGNED_PREFIX + query.encode("utf-8", "replace")
    for step, other in _singles(query):
        yield (step,), SIGNED_PREFIX + other.encode("utf-8", "replace")
    prefix = Step(Code.PART_SIGNED, "The version line tillgate-return-v1 was not signed.")
    yield (prefix,), query.encode("utf-8", "replace")
    for first, other in _singles(query):  # Made anew, for all of them at once may be too many.
        for second, twice in _singles(other):
            yield (first, second), SIGNED_PREFIX + twice.encode("utf-8", "replace")


def _singles(query: str) -> Iterator[tuple[Step, str]]:
    pairs = [part.partition("=")[::2] for part in query.split("&")]
    yield from _encoded_again(query, pairs)
    yield from _ordered(pairs)
    yield from _dropped(pairs)


def _encoded_again(query: str, pairs: list[tuple[str, str]]) -> Iterator[tuple[Step, str]]:
    code = Code.VALUES_RESPELLED
    decoded = "The parameters were decoded on the way and joined without encoding them again."
    other = "The parameters were decoded and encoded again in another way."
    ways: tuple[tuple[str, Callable[[str], str]], ...] = (
        (decoded, lambda value: quote(value, safe="")),
        (other, lambda value: quote(unquote(value), safe="")),
        (other, lambda value: quote(unquote_plus(value), safe="")),
        (other, lambda value: quote_plus(unquote(value))),
    )
    for words, encode in ways:
        # The merchant's own parameters stay as the merchant wrote them, whatever that was.
        yield (
            Step(code, words),
            _joined([(name, encode(value) if name in _OURS else value) for name, value in pairs]),
        )
        yield Step(code, words), _joined([(name, encode(value)) for name, value in pairs])
    yield Step(code, other), urlencode(parse_qsl(query, keep_blank_values=True))
    yield Step(code, "The whole query was percent-encoded once more on the way."), unquote(query)
    spelled = "The digits of percent escapes changed between capitals and small letters."
    yield Step(code, spelled), _PERCENT.sub(lambda found: found[0].upper(), query)
    yield Step(code, spelled), _PERCENT.sub(lambda found: found[0].lower(), query)
    yield Step(code, "A blank was written as + on the way."), query.replace("+", "%20")
    yield Step(code, "A blank was written as %20 on the way."), query.replace("%20", "+")
    html = Step(Code.HTML_ESCAPED, "The address is escaped for HTML: & is written &amp;.")
    yield html, query.replace("&amp;", "&")
    yield Step(Code.TRAILING_NEWLINE, "Blanks stand around the query."), query.strip()


def _ordered(pairs: list[tuple[str, str]]) -> Iterator[tuple[Step, str]]:
    code, words = Code.KEYS_REORDERED, "The parameters were put in another order on the way."
    places = {name: place for place, name in enumerate(RESERVED_PARAMETERS)}
    own = [pair for pair in pairs if pair[0] not in places]
    ours = sorted((pair for pair in pairs if pair[0] in places), key=lambda pair: places[pair[0]])
    yield Step(code, words), _joined([*own, *ours])
    yield Step(code, words), _joined(sorted(pairs))


def _dropped(pairs: list[tuple[str, str]]) -> Iterator[tuple[Step, str]]:
    words = "Parameters were added to the address after it was signed."
    added = [place for place, (name, _) in enumerate(pairs) if name not in RESERVED_PARAMETERS]
    for count in range(1, min(_DROPPED_MAX, len(added)) + 1):
        for left_out in combinations(added, count):
            kept = [pair for place, pair in enumerate(pairs) if place not in left_out]
            yield Step(Code.MEMBERS_DIFFER, words), _joined(kept)
    for place in range(len(pairs)):
        if place not in added:
            kept = [*pairs[:place], *pairs[place + 1 :]]
            yield Step(Code.MEMBERS_DIFFER, words), _joined(kept)


def _joined(pairs: Sequence[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs)
