"""The blanks and line ends that writers of JSON put between its parts.

Each spacing is one that a library really writes, or people do by hand. What must hold: the list is
fixed, the likeliest first, and a spacing changes nothing but what stands between the parts.
"""

from collections.abc import Iterator
from functools import cache
from typing import Final, final

import msgspec

from tillgate.doctor.tree import Mark, Template, parse, template


@final
class _Table(dict[Mark, str]):
    """What each mark is written as, worked out when it is first met."""

    def __init__(self, spacing: "Spacing") -> None:
        super().__init__()
        self.spacing = spacing

    def __missing__(self, mark: Mark) -> str:
        written = self[mark] = self.spacing.written(mark)
        return written


@final
class Spacing(msgspec.Struct, frozen=True, kw_only=True):
    """How parts are set apart.

    Attributes:
        words: how it looks, read on after "is written".
        comma: what is written for a comma, when there are no lines.
        colon: what is written between a name and its value.
        indent: what each level is indented by, or None when everything stands on one line.
        line_end: what ends a line.
        lists_inline: whether the items of a list stand on one line, as Jackson writes them.
        base: how many levels deep the text begins, as a part cut out of a larger text does.
    """

    words: str
    comma: str = ","
    colon: str = ":"
    indent: str | None = None
    line_end: str = "\n"
    lists_inline: bool = False
    base: int = 0

    def written(self, mark: Mark) -> str:
        """Return what a mark is written as."""
        sign, depth = mark
        if sign == ":":
            return self.colon
        if len(sign) > 1 and sign[0] != ",":
            return "{ }" if self.lists_inline and sign == "{}" else sign
        if self.indent is None:
            return self.comma if sign[0] == "," else sign
        if self.lists_inline and sign[-1] in "[]":
            return {"[": "[ ", "]": " ]"}.get(sign, ", ")
        line = self.line_end + self.indent * (depth + self.base)
        if sign in "}]":
            return line + sign
        return sign[0] + line

    def join(self, parts: Template) -> str:
        """Return the text of a template."""
        table = _table(self)
        return "".join([part if part.__class__ is str else table[part] for part in parts])  # type: ignore[index]  # What is no text is a mark.


@cache
def _table(spacing: Spacing) -> _Table:
    return _Table(spacing)


COMPACT: Final = Spacing(words="on one line without blanks")
_INDENTS: Final = (
    ("    ", "4 blanks"),
    ("  ", "2 blanks"),
    ("\t", "a tab"),
    (" ", "1 blank"),
    ("   ", "3 blanks"),
    ("        ", "8 blanks"),
    ("", "nothing, each part on a line of its own"),
)


def _indented(line_end: str, colon: str, base: int) -> Iterator[Spacing]:
    ends = " and Windows line ends (\\r\\n)" if line_end == "\r\n" else ""
    colons = {": ": "", ":": ", no blank after colons", " : ": ", blanks around colons"}[colon]
    part = ", as a part cut out of a larger text" if base else ""
    for indent, name in _INDENTS:
        yield Spacing(
            words=f"on many lines, indented by {name}{colons}{ends}{part}",
            colon=colon,
            indent=indent,
            line_end=line_end,
            base=base,
        )


def _all() -> Iterator[Spacing]:
    yield COMPACT
    yield Spacing(words="on one line with blanks after commas and colons", comma=", ", colon=": ")
    yield from _indented("\n", ": ", 0)
    yield Spacing(words="on one line with blanks after colons", colon=": ")
    yield Spacing(words="on one line with blanks after commas", comma=", ")
    for line_end in ("\n", "\r\n"):
        ends = "" if line_end == "\n" else " and Windows line ends (\\r\\n)"
        for base in (0, 1):
            yield Spacing(
                words=f"on many lines as Jackson's pretty printer does{ends}",
                colon=" : ",
                indent="  ",
                line_end=line_end,
                lists_inline=True,
                base=base,
            )
    yield from _indented("\r\n", ": ", 0)
    yield from _indented("\n", ": ", 1)
    yield from _indented("\n", ":", 0)
    yield from _indented("\r\n", ": ", 1)
    yield from _indented("\n", " : ", 0)
    yield from _indented("\r\n", ":", 0)
    yield Spacing(words="on many lines with empty lines between", indent="", line_end="\n\n")


SPACINGS: Final = tuple(_all())
"""Every spacing, the likeliest first."""
EVERYDAY: Final = SPACINGS[:9]
"""Those that account for nearly everything: one line, Python's blanks, and indents."""


def spacing_of(text: str, parts: Template) -> Spacing | None:
    """Return the spacing a text is written in, or None when it is none of ours."""
    return next((each for each in SPACINGS if each.join(parts) == text), None)


def minified(text: str) -> str:
    """Return JSON text without the blanks between its parts, everything else as it was.

    Raises:
        NotATree: it is not JSON.
    """
    return COMPACT.join(template(parse(text)))
