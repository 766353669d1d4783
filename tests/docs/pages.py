"""Pages and their code blocks, as a parser of Markdown reads them.

It decides which files are pages, what a block says of itself (its language, the words after it) and
which block shows what another prints. It runs nothing. What must hold: every code block of a page
is found, in lists and quotes too; a block whose words mean nothing is a fault, not a comment.
"""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("docs", "deploy", "examples", "vectors")
PARAGRAPH: Final = ("paragraph_open", "inline", "paragraph_close")


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One code block: where it stands, what it says of itself, and its text."""

    page: str
    line: int
    language: str
    text: str
    title: str = ""
    exit_code: int = 0
    in_background: bool = False
    prints: str = ""

    @property
    def where(self) -> str:
        """Return where an editor finds it."""
        return f"{self.page}:{self.line}"

    @property
    def starts_a_job(self) -> bool:
        """Tell whether something is left running after it."""
        return self.in_background or self.text.rstrip().endswith("&")


class Fault(AssertionError):
    """A page is wrong: the text says where, and what to write instead."""


def pages() -> list[str]:
    """Return every page, by its path from the root."""
    found = [*ROOT.glob("*.md")]
    for folder in FOLDERS:
        found += (ROOT / folder).rglob("*.md")
    named = (path.relative_to(ROOT).as_posix() for path in found)
    return sorted(page for page in named if "node_modules" not in page)


def blocks(page: str) -> list[Block]:
    """Return the code blocks of a page, in their order.

    Raises:
        Fault: a block has no language, or says of itself what nobody understands.
    """
    tokens = _tokens(page)
    return [
        _block(page, token, _shown_after(tokens, at))
        for at, token in enumerate(tokens)
        if token.type in ("fence", "code_block")
    ]


def inline_codes(page: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the text of each code in the running text."""
    for token in _tokens(page):
        for child in token.children or ():
            if child.type == "code_inline":
                yield (token.map or [0])[0] + 1, child.content


def _tokens(page: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text())


def _shown_after(tokens: Sequence[Token], at: int) -> str:
    """Return what the next block shows, if it is text and at most a paragraph stands between."""
    rest = tokens[at + 1 : at + 5]
    if tuple(token.type for token in rest[:3]) == PARAGRAPH:
        rest = rest[3:]
    if rest and rest[0].type == "fence" and rest[0].info.split()[:1] == ["text"]:
        return rest[0].content
    return ""


def _block(page: str, token: Token, prints: str) -> Block:
    line = (token.map or [0])[0] + 1
    words = shlex.split(token.info)
    if not words:
        raise Fault(f"{page}:{line}: the block names no language; `text` is for what is not code.")
    block = Block(page=page, line=line, language=words[0], text=token.content, prints=prints)
    for word in words[1:]:
        name, _, value = word.partition("=")
        if name == "title" and value:
            block = msgspec.structs.replace(block, title=value)
        elif name == "exit" and value.isdigit():
            block = msgspec.structs.replace(block, exit_code=int(value))
        elif word == "background":
            block = msgspec.structs.replace(block, in_background=True)
        else:
            raise Fault(f"{block.where}: {word!r} means nothing; see tests/docs/README.md.")
    return block
