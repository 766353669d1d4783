"""Every `tillgate …` that a page tells somebody to type, held against the program itself.

It finds them in blocks of shell and in code within sentences, and has the program's own parser read
the names and options; nothing is run. What must hold: a command or an option that is not there, or
an option without its value, is told with its place. What follows `…` is not looked at.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import typer

from tests.docs.pages import blocks, inline_codes
from tillgate.cli.root import COMMANDS, _app

NAME: Final = "tillgate"
ENDS: Final = re.compile(r"^[|&;()<>]+$|^…$|^\.\.\.$")
FOLLOWS: Final = {"exec", "sudo", "env", "time", "nohup", "then", "do", "else", "!", "--"}
"""What may stand before a command on its line."""
HERE_DOCUMENT: Final = re.compile(
    r"<<-?\s*(['\"]?)(\w+)\1(.*?)\n.*?\n\s*\2[ \t]*$", re.MULTILINE | re.DOTALL
)


class Line(NamedTuple):
    """A command line as a page shows it."""

    where: str
    words: list[str]


def command_lines(page: str) -> Iterator[Line]:
    """Yield every command line of ours on a page."""
    for block in blocks(page):
        if block.language in ("sh", "yaml", "dockerfile"):
            for words in in_shell(block.text):
                yield Line(block.where, words)
    for line, text in inline_codes(page):
        if text.startswith(f"{NAME} "):
            for words in in_shell(text):
                yield Line(f"{page}:{line}", words)


def in_shell(text: str) -> Iterator[list[str]]:
    """Yield the words after `tillgate` of each command line in a text for a shell."""
    text = HERE_DOCUMENT.sub(r"\3", text).replace("\\\n", " ").replace("$(", " ; ")
    for line in text.splitlines():
        words = _words(line.replace("`", " "))
        for at, word in enumerate(words):
            before = words[at - 1] if at else ";"
            starts = ENDS.match(before) or before in FOLLOWS or "=" in before or before == "run:"
            if word.rpartition("/")[2] == NAME and starts and at + 1 < len(words):
                rest = words[at + 1 :]
                ends = (n for n, each in enumerate(rest) if ENDS.match(each))
                yield rest[: next(ends, len(rest))]


def fault(words: list[str]) -> str:
    """Return what is wrong with a command line of ours, or ""."""
    command: Any = typer.main.get_command(_app())
    rest, path = list(words), [NAME]
    while rest and hasattr(command, "list_commands"):
        if rest[0].startswith("-"):
            break
        name, path = rest[0], [*path, rest[0]]
        found = command.get_command(None, name)
        if found is None:
            known = ", ".join(command.list_commands(None))
            return f"there is no `{' '.join(path)}`; there is {known}"
        command, rest = found, rest[1:]
    if hasattr(command, "list_commands") and rest and rest[0].isidentifier():
        return f"`{' '.join(path)}` takes no {rest[0]!r}"
    context = command.context_class(command, info_name=path[-1])
    parser = command.make_parser(context)
    try:
        _, left, _ = parser.parse_args(rest)
    except Exception as refused:  # noqa: BLE001  Whatever the parser says is what is wrong.
        return f"`{' '.join(path)}`: {getattr(refused, 'message', refused)}"
    left = [word for word in left if not word.startswith("$")]  # May stand for options.
    if left and not hasattr(command, "list_commands"):
        return f"`{' '.join(path)}` takes no {' '.join(left)!r}"
    return ""


def known_commands() -> Iterator[str]:
    """Yield every command there is, as one types it."""
    root: Any = typer.main.get_command(_app())
    for name in COMMANDS:
        command = root.get_command(None, name)
        if hasattr(command, "list_commands"):
            yield from (f"{name} {each}" for each in command.list_commands(None))
        else:
            yield name


def _words(line: str) -> list[str]:
    """Return the words of a line; one that a shell would go on reading is cut where it can be."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=True)
    reader.whitespace_split = True
    reader.commenters = "#"
    words: list[str] = []
    try:
        words.extend(reader)
    except ValueError:  # A quotation that goes on in the next line.
        return words
    return words
