"""Pastes that a terminal, a log, a letter or a word processor changed, put back together.

It proposes; whether a proposal is a message is for the reader to say. What must hold: the proposals
are few and fixed, each takes one pass over the text, and each says in words what was done.
"""

import re
from collections.abc import Callable, Iterator
from itertools import takewhile
from typing import Final

_STRING: Final = r'"(?:[^"\\]|\\.)*+\\?+(?:"|\Z)'
"""A string, or what stands to the end if it has none: a search that failed would begin anew."""
_STRINGS: Final = re.compile(_STRING, re.DOTALL)
_COMMAS: Final = re.compile(rf"({_STRING})|,(?=\s*[}}\]])", re.DOTALL)
_CURLY: Final = re.compile("[\u201c\u201d\u201e\u201f\u2033]")
_CURLY_START: Final = re.compile(
    r"\{\s*[\u201c\u201d\u201e\u201f\u2033](?:request|response)[\u201c\u201d\u201e\u201f\u2033]"
)
_START: Final = re.compile(r'\{\s*\\*"(?:request|response)')
_BREAK: Final = re.compile(r"\r\n|\n|\r")
_INDENTED: Final = re.compile(r'\n[ \t]+"')
_CURLY_WORDS: Final = "Its quotation marks are curly, as a word processor writes them."
_COMMA_WORDS: Final = "A comma stands after a last member, which JSON does not take."
_FOLDED_WORDS: Final = "It was folded: line breaks stand inside its strings."

Mending = tuple[str, Callable[[str], str]]


def mended(text: str) -> Iterator[tuple[str, str]]:
    """Yield what a text may have been, each with what was done to it."""
    seen = {text}
    for ways in _ways(text):
        words, changed = list[str](), text
        for said, change in ways:
            before, changed = changed, change(changed)
            words += [said] if changed != before else []
        if changed not in seen:
            seen.add(changed)
            yield " ".join(words), changed


def _ways(text: str) -> Iterator[tuple[Mending, ...]]:
    curly: Mending = (_CURLY_WORDS, _straight)
    commas: Mending = (_COMMA_WORDS, _without_commas)
    folds: list[Mending] = [(_FOLDED_WORDS, _unfolded), (_FOLDED_WORDS, _unfolded_strings)]
    if _INDENTED.search(text):  # Laid out on lines of its own, which are no folds.
        folds.reverse()
    yield (curly,)
    yield (commas,)
    for fold in folds:
        yield (fold,)
    for fold in folds:
        yield curly, fold
        yield curly, fold, commas


def _straight(text: str) -> str:
    return _CURLY.sub('"', text) if _CURLY_START.search(text) else text


def _without_commas(text: str) -> str:
    return _COMMAS.sub(lambda found: found[1] or "", text)


def _unfolded_strings(text: str) -> str:
    """Take the line breaks out of strings, and leave those between them."""
    return _STRINGS.sub(lambda found: _BREAK.sub("", found[0]), text)


def _unfolded(text: str) -> str:
    """Take out every line break from a message's start on, and what each line begins with."""
    start = _START.search(text)
    if start is None:
        return text
    line = max(text.rfind("\n", 0, start.start()), text.rfind("\r", 0, start.start())) + 1
    stamp = _shape(text[line : start.start()])
    first, *rest = _BREAK.split(text[start.start() :])
    common = _common([stamp, *map(_shape, rest)])
    if not common and rest:
        common = _common([stamp, _shape(rest[0])])
    own = takewhile(lambda each: _shape(each).startswith(common), rest)
    return first + "".join(each[len(common) :] for each in own)


def _common(lines: list[str]) -> str:
    """Return what all lines begin with."""
    first, last = min(lines), max(lines)
    alike = takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return "".join(one for one, _ in alike)


def _shape(line: str) -> str:
    """Return a line with all digits alike, for a log's stamps tell the time."""
    return re.sub("[0-9]", "0", line)
