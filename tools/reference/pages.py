"""The reference's pages, made from what the program itself reads: no fact is typed here.

Result codes and callbacks come from `kernel.results`, messages from the types of `protocol`,
commands from the Typer app. What must hold: the same code gives the same text, on every machine.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import msgspec

from tillgate.gateway.reference.codes import codes_of
from tillgate.gateway.reference.tables import Row, rows
from tillgate.kernel.results import CallbackCode, Result
from tillgate.protocol.function import Function
from tillgate.protocol.functions import ALL_FUNCTIONS
from tillgate.protocol.messages.head import RequestHead, ResponseHead
from tools.reference.commands import commands

FOLDER: Final = Path(__file__).parents[2] / "docs" / "reference"
MADE: Final = (
    "Made from the code by `python -m tools.reference`; a test compares it, so edit the code."
)
LETTERS: Final = "M is mandatory, C conditional, O optional."


def rendered() -> Mapping[str, str]:
    """Return each page's text by its file name."""
    return {
        "result-codes.md": _joined(_codes()),
        "messages.md": _joined(_messages()),
        "cli.md": _joined(commands()),
    }


def _codes() -> Iterator[str]:
    yield f"# Result codes\n\n{MADE}"
    yield (
        "## What an answer's `resultInfo` says\n\nA request with several faults is told the first"
        " in this order. `S` is yes, `F` no, `U` not known: [that is not a no]"
        "(../why/unknown-is-not-no.md)."
    )
    names = ("code", "id", "", "who must act", "same data again?", "what it means")
    declared = list(Result)
    yield _table(
        names,
        [
            (
                *(f"`{each.name}`", f"`{each.id}`", each.status.value, each.actor.value),
                *("yes" if each.repeatable else "no", each.sentence),
            )
            for each in sorted(declared, key=lambda each: (each.check, declared.index(each)))
        ],
    )
    yield (
        "## What a page's callback is told\n\n[Only a hint](../why/the-callback-is-a-hint.md)."
        " 6004 and 99 are read, and never sent by us."
    )
    yield _table(("code", "what it means"), [(f"`{e.code}`", e.sentence) for e in CallbackCode])


def _messages() -> Iterator[str]:
    yield f"# Messages\n\n{MADE} {LETTERS} A running gateway shows signed samples at `/docs`."
    yield "## Heads"
    yield f"Of a request:\n\n{_members(RequestHead)}"
    yield f"Of a response:\n\n{_members(ResponseHead)}"
    for function in ALL_FUNCTIONS:
        yield from _function(function)


def _function(function: Function) -> Iterator[str]:
    way = f"{function.direction.value}, `POST {function.path}`"
    if function.is_order_string:
        way = "a page hands it to `tradePay`"
    yield f"## {function.title}\n\n`{function.name}` ({way}). {function.meaning}"
    if function.aliases:
        yield f"Read as this one, too: {', '.join(f'`{name}`' for name in function.aliases)}."
    yield f"Request:\n\n{_members(function.request)}"
    if function.response is not None:
        yield f"Response:\n\n{_members(function.response)}"
    found = ", ".join(f"`{code.name}`" for code in codes_of(function))
    if found:
        yield f"Codes: {found}."


def _members(message: type[msgspec.Struct]) -> str:
    names = ("member", "", "type", "length", "what it is", "sample")
    return _table(
        names,
        [
            (
                *(f"`{row.path}`", row.letter, row.type_name, row.member.length or ""),
                _said(row),
                f"`{row.sample}`" if row.sample else "",
            )
            for row in rows(message)
            if not row.folded
        ],
    )


def _said(row: Row) -> str:
    words = [row.member.meaning]
    words += [f"required {row.required}"] if row.required else []
    words += [f"must be {row.must_be}"] if row.must_be else []
    return "; ".join(words)


def _table(names: tuple[str, ...], lines: list[tuple[object, ...]]) -> str:
    shown = [names, tuple("---" for _ in names), *lines]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in shown)


def _cell(cell: object) -> str:
    return str(cell).replace("|", "\\|").replace("\n", " ")


def _joined(parts: Iterator[str]) -> str:
    return "\n\n".join(parts) + "\n"
