"""One message in every layout, and what other mistakes make of each.

A layout is a spacing, a spelling of strings and an order of members; a library's writer changes
several of them in one call, so such calls count as one. What must hold: the plainest explanation
comes first; every list is fixed or bounded by the message.
"""

from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Final, final

import msgspec

from tillgate.doctor.contents import edits
from tillgate.doctor.disguises import Disguise, disguises
from tillgate.doctor.findings import Code
from tillgate.doctor.ordering import Ordering, as_declared, orderings
from tillgate.doctor.preimages import preimages
from tillgate.doctor.spacing import COMPACT, EVERYDAY, SPACINGS, Spacing, spacing_of
from tillgate.doctor.spelling import SPELLINGS, Spelling, code_of, respelled
from tillgate.doctor.steps import Edit, Step
from tillgate.doctor.tree import Node, Template, template
from tillgate.doctor.wraps import wraps

EDITED_BYTES_MAX: Final = 16 * 1024 * 1024
"""How long the other contents of one message may be in all."""
Steps = tuple[Step, ...]
Candidate = tuple[Steps, bytes]
_Text = tuple[Steps, str]
_SPACED, _TWO, _FOUR, _TAB = SPACINGS[1], SPACINGS[3], SPACINGS[2], SPACINGS[4]
_PLAIN, _ASCII = SPELLINGS[0], SPELLINGS[1]
_SLASHES, _PHP = SPELLINGS[3], SPELLINGS[4]
_GO, _GSON = SPELLINGS[9], SPELLINGS[18]
_DOTNET = SPELLINGS[27]
_WRITERS: Final[tuple[tuple[Spacing, Spelling], ...]] = (
    # What one call of a library writes.
    (COMPACT, _PLAIN),
    (_SPACED, _ASCII),
    (COMPACT, _ASCII),
    (COMPACT, _PHP),
    (COMPACT, _SLASHES),
    (COMPACT, _GO),
    (_SPACED, _PLAIN),
    (_TWO, _PLAIN),
    (_FOUR, _PLAIN),
    (_FOUR, _ASCII),
    (_TWO, _ASCII),
    (_FOUR, _PHP),
    (COMPACT, _GSON),
    (_TWO, _GO),
    (_TAB, _PLAIN),
    (COMPACT, _DOTNET),
)
_FIRST_WRITERS: Final = 6
_WRAPS_PAIRED: Final = 5


@final
class Layouts:
    """The message in every layout."""

    def __init__(self, text: str, tree: Node) -> None:
        """Take the text that was sent, and the same as a tree."""
        self.text = text
        self.tree = tree
        self.parts = template(tree)
        self.spacing = spacing_of(text, self.parts)
        self.known: dict[str, dict[str, str]] = {}
        self.ways = disguises()
        self.common_ways = tuple(way for way in self.ways if way.is_common)
        self.spaced = [(self._spaced(each), each) for each in SPACINGS if each is not self.spacing]
        self.spelled = list(self._spelled())
        self.ordered = list(self._ordered())
        self.wrapped = list(wraps(tree))

    @cached_property
    def others(self) -> list[Edit]:
        """The other contents that may have been signed."""
        # As many as may be tried at all: a message of many members has millions.
        many = EDITED_BYTES_MAX // max(1, len(self.text))
        return [*self.wrapped, *islice(edits(self.tree), many)]

    @cached_property
    def common(self) -> list[Edit]:
        """Those among them that are tried with everything else."""
        return [each for each in self.others if each.is_common]

    def singles(self) -> Iterator[Candidate]:
        """Yield what one mistake of layout makes of the text, or one disguise."""
        yield from _encoded(self._layouts())
        yield from _disguised([((), self.text)], self.ways)
        yield from _encoded(self._edited(self.wrapped))

    def contents(self) -> Iterator[Candidate]:
        """Yield the text with one other content, and what other rules would have signed."""
        yield from _encoded(self._edited(self.others))
        yield from preimages(self.tree, self.text)

    def everyday_pairs(self) -> Iterator[Candidate]:
        """Yield two mistakes of layout, and the threes that a single call of a library makes."""
        yield from _encoded(self._two_layouts())
        yield from _encoded(self._threes(self.spaced[:9], self.ordered[:2]))

    def pairs(self) -> Iterator[Candidate]:
        """Yield two mistakes of any kind, then three of layout."""
        written = list(self._written_by(self.parts, _WRITERS))
        yield from _disguised(written, self.ways)
        yield from _encoded(self._edited_pairs())
        yield from _disguised(self._edited(self.common), self.common_ways)
        yield from _disguised(self._layouts(), self.common_ways)
        yield from _twice(self.text, self.common_ways, self.common_ways)
        yield from _encoded(self._rarely_spaced())
        yield from _encoded(self._two_edits())
        yield from _encoded(self._threes(self.spaced, self.ordered))

    def _layouts(self) -> Iterator[_Text]:
        for step, spacing in self.spaced:
            yield (step,), spacing.join(self.parts)
        for step, parts, _ in self.spelled:
            yield (step,), self._written(parts)
        for step, parts in self.ordered:
            yield (step,), self._written(parts)

    def _edited(self, others: Iterable[Edit]) -> Iterator[_Text]:
        for other in others:
            yield (other.step,), self._written(template(other.tree))

    def _written_by(
        self, parts: Template, writers: Iterable[tuple[Spacing, Spelling]]
    ) -> Iterator[_Text]:
        """Yield a content as libraries write it, where that differs from the layout sent."""
        for spacing, spelling in writers:
            respelt = self._respelled(parts, spelling)
            steps: list[Step] = []
            if spacing is not self.spacing:
                steps.append(self._spaced(spacing))
            if respelt != parts:
                steps.append(_spelling_step(spelling, parts, respelt))
            if steps:
                yield tuple(steps), spacing.join(respelt)

    def _respelled(self, parts: Template, spelling: Spelling) -> Template:
        return respelled(parts, spelling.write, self.known.setdefault(spelling.words, {}))

    def _written(self, parts: Template) -> str:
        return (self.spacing or COMPACT).join(parts)

    def _spaced(self, spacing: Spacing) -> Step:
        now = self.spacing.words if self.spacing else "in another layout"
        detail = f"What was signed is written {spacing.words}; what was sent, {now}."
        same = self.spacing and msgspec.structs.replace(
            spacing, line_end=self.spacing.line_end, words=self.spacing.words
        )
        code = Code.LINE_ENDS if same == self.spacing else Code.RESERIALISED
        return Step(code, detail)

    def _spelled(self) -> Iterator[tuple[Step, Template, Spelling]]:
        for spelling in SPELLINGS:
            parts = self._respelled(self.parts, spelling)
            if parts != self.parts:
                yield _spelling_step(spelling, self.parts, parts), parts, spelling

    def _ordered(self) -> Iterator[tuple[Step, Template]]:
        declared = as_declared(self.tree)
        if declared != self.tree:
            words = "The members of what was signed stand as this library writes them."
            yield Step(Code.KEYS_REORDERED, words), template(declared)
        for ordering in orderings():
            tree = ordering.apply(self.tree)
            if tree != self.tree:
                yield _order_step(ordering), template(tree)

    def _two_layouts(self) -> Iterator[_Text]:
        for first, spacing in self.spaced:
            for second, parts, _ in self.spelled:
                yield (first, second), spacing.join(parts)
            for second, parts in self.ordered:
                yield (first, second), spacing.join(parts)
        for first, parts in self.ordered:
            for second, _, spelling in self.spelled:
                yield (first, second), self._written(self._respelled(parts, spelling))

    def _edited_pairs(self) -> Iterator[_Text]:
        """Yield other contents as libraries write them, and in other orders."""
        line_ends = [pair for pair in self.spaced if pair[0].code is Code.LINE_ENDS]
        for other in self.others:
            parts = template(other.tree)
            writers = _WRITERS if other.is_common else _WRITERS[:_FIRST_WRITERS]
            for steps, text in self._written_by(parts, writers):
                yield (other.step, *steps), text
            for step, spacing in line_ends:
                yield (other.step, step), spacing.join(parts)
            if not other.is_common:
                continue
            for ordering in orderings()[:2]:
                tree = ordering.apply(other.tree)
                if tree != other.tree:
                    yield (other.step, _order_step(ordering)), self._written(template(tree))

    def _rarely_spaced(self) -> Iterator[_Text]:
        """Yield the common contents in the spacings that no everyday writer makes."""
        for other in self.common:
            parts = template(other.tree)
            for step, spacing in self.spaced:
                if spacing not in EVERYDAY:
                    yield (other.step, step), spacing.join(parts)

    def _two_edits(self) -> Iterator[_Text]:
        for other in self.common:
            for second in (*_common_wraps(other.tree), *edits(other.tree, common_only=True)):
                if not other.step.path or second.step.path != other.step.path:
                    yield (other.step, second.step), self._written(template(second.tree))

    def _threes(
        self, spaced: list[tuple[Step, Spacing]], ordered: list[tuple[Step, Template]]
    ) -> Iterator[_Text]:
        for first, parts in ordered:
            for second, _, spelling in self.spelled:
                respelt = self._respelled(parts, spelling)
                for third, spacing in spaced:
                    yield (third, first, second), spacing.join(respelt)


def _common_wraps(tree: Node) -> list[Edit]:
    return [each for each in wraps(tree) if each.is_common][:_WRAPS_PAIRED]


def _order_step(ordering: Ordering) -> Step:
    detail = f"The members of what was signed stand {ordering.words}."
    return Step(Code.KEYS_REORDERED, detail)


def _spelling_step(spelling: Spelling, sent: Template, signed: Template) -> Step:
    detail = f"What was signed has strings written {spelling.words}."
    return Step(code_of(sent, signed), detail)


def _encoded(texts: Iterable[_Text]) -> Iterator[Candidate]:
    for steps, text in texts:
        yield steps, text.encode("utf-8", "replace")


def _disguised(texts: Iterable[_Text], ways: Iterable[Disguise]) -> Iterator[Candidate]:
    ways = tuple(ways)
    for steps, text in texts:
        for way in ways:
            try:
                changed = way.change(text)
            except (UnicodeError, ValueError):
                continue
            if changed != text:
                yield (*steps, way.step), _bytes(changed)


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")


def _twice(text: str, first: Iterable[Disguise], then: Iterable[Disguise]) -> Iterator[Candidate]:
    """Yield the text with two disguises, the first of which leaves text."""
    for way in first:
        try:
            changed = _bytes(way.change(text)).decode()
        except (UnicodeError, ValueError):
            continue
        if changed != text:
            yield from _disguised([((way.step,), changed)], then)
