"""The search for the text that was signed: single mistakes, then pairs of them, within limits.

Each text that may have been signed is held against the digest that really was. What must hold: what
is found is proved; fewer mistakes are tried before more; the number of texts and of bytes is
bounded, so the worst message takes about as long as any other.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final, final

import msgspec

from tillgate.doctor import characters
from tillgate.doctor.findings import Code
from tillgate.doctor.layouts import Candidate, Layouts
from tillgate.doctor.opening import Opened
from tillgate.doctor.steps import Step
from tillgate.doctor.tree import NotATree, leaves, parse

CANDIDATES_MAX: Final = 36_000
"""How many texts are tried at most, besides those that differ in one character."""
BYTES_MAX: Final = 32 * 1024 * 1024
"""How many bytes those texts have in all at most."""


@final
class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What the search came to.

    Attributes:
        steps: how the text that was signed differs from the one that was sent; empty when they are
            the same, None when no text fits.
        text: the text that was signed, or b"".
        opened: the reading of the signature that it fits.
        tried: how many texts were tried.
    """

    steps: tuple[Step, ...] | None
    text: bytes
    opened: Opened
    tried: int


def search(sent: bytes, goals: tuple[Opened, ...]) -> Found:
    """Look for the text that was signed, as far as the limits go."""
    return _first(_stages(sent, goals), goals)


def brief_search(sent: bytes, goals: tuple[Opened, ...]) -> Found:
    """Look for the text that was signed among those one mistake of layout away."""
    return _first(islice(_stages(sent, goals), 2), goals)


def _first(stages: Iterable[Iterable[Candidate]], goals: tuple[Opened, ...]) -> Found:
    tried = spent = 0
    for candidates in stages:
        for steps, text in candidates:
            tried += 1
            spent += len(text)
            for goal in goals:
                if goal.is_of(text):
                    return Found(steps=steps, text=text, opened=goal, tried=tried)
            if tried >= CANDIDATES_MAX or spent >= BYTES_MAX:
                return Found(steps=None, text=b"", opened=goals[0], tried=tried)
    return Found(steps=None, text=b"", opened=goals[0], tried=tried)


def _stages(sent: bytes, goals: tuple[Opened, ...]) -> Iterator[Iterable[Candidate]]:
    """Yield lists of texts that may have been signed, those with the fewest mistakes first."""
    yield [((), sent)]
    try:
        text = sent.decode()
        layouts = Layouts(text, parse(text))
    except (UnicodeDecodeError, NotATree):
        yield ()
        yield (found for goal in goals for found in by_character(sent, goal))
        return
    yield layouts.singles()
    yield layouts.contents()
    yield layouts.everyday_pairs()
    yield (found for goal in goals for found in by_character(sent, goal))
    for step, repaired in _repaired(text):
        yield _after(step, repaired)
    yield layouts.pairs()


def _repaired(text: str) -> Iterator[tuple[Step, str]]:
    """Yield what the text was before it was read in the wrong character set, or escaped."""
    for name, words in (("latin-1", "ISO-8859-1"), ("cp1252", "Windows-1252"), ("gbk", "GBK")):
        try:
            repaired = text.encode(name).decode()
        except UnicodeError:
            continue
        if repaired != text:
            said = f"The text that was sent is UTF-8 read as {words} and written as UTF-8 again."
            yield Step(Code.CHARACTER_SET, said), repaired


def _after(first: Step, repaired: str) -> Iterator[Candidate]:
    try:
        layouts = Layouts(repaired, parse(repaired))
    except NotATree:
        return
    for candidates in (layouts.singles(), layouts.contents(), layouts.everyday_pairs()):
        for steps, text in candidates:
            yield (first, *steps), text


def by_character(sent: bytes, goal: Opened) -> Iterator[Candidate]:
    """Yield the text that was signed if it differs in a time, a character or an amount."""
    time = characters.other_time(sent, goal)
    if time is not None:
        words = "The text was signed with another reqTime: it was taken twice."
        yield (Step(Code.TIME_RESPELLED, words, "head.reqTime"),), time
    for find, words in (
        (characters.one_character, "One character differs."),
        (characters.other_amount, "An amount differs."),
    ):
        text = find(sent, goal)
        if text is not None:
            code = _code_of_characters(sent, text)
            yield (Step(code, words, _changed_path(sent, text)),), text


def _code_of_characters(sent: bytes, signed: bytes) -> Code:
    """Name a difference of one character: a lost plus or a blank has a cause of its own."""
    ends = next((at for at, (a, b) in enumerate(zip(sent, signed, strict=False)) if a != b), None)
    if ends is None:
        return Code.TRAILING_NEWLINE
    pair = {sent[ends : ends + 1], signed[ends : ends + 1]}
    return Code.VALUES_RESPELLED if pair == {b" ", b"+"} else Code.CHANGED


def _changed_path(sent: bytes, signed: bytes) -> str:
    """Return the one member in which two texts differ, or ""."""
    try:
        before = list(leaves(parse(sent.decode())))
        after = list(leaves(parse(signed.decode())))
    except (NotATree, UnicodeDecodeError):
        return ""
    differing = [path for (path, old), (_, new) in zip(before, after, strict=False) if old != new]
    return differing[0] if len(before) == len(after) and len(differing) == 1 else ""
