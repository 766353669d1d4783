"""The page of commands, from the Typer app: what `--help` says, for a reader without a shell.

What must hold: every command is there with all its options, in the order in which `--help` tells
them.
"""

import inspect
import re
from collections.abc import Iterator
from typing import Any, Final

import typer

from tillgate.cli.root import COMMANDS, _app

MARKUP: Final = re.compile(r"\[/?[a-z ]+\]")
INTRODUCTION: Final = """# Commands

Made from the code by `python -m tools.reference`; a test compares it, so edit the code.

Every command tells its options with `--help`. Exit codes: 0 done, 1 refused, 2 usage,
3 unavailable. With `--json` standard output is one JSON value, and an error is `{"error": …}`."""


def commands() -> Iterator[str]:
    """Yield the page, part by part."""
    yield INTRODUCTION
    root: Any = typer.main.get_command(_app())
    for name in COMMANDS:
        yield from _command(root.get_command(None, name), ("tillgate", name))


def _command(command: Any, path: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401  Typer's own kind of command.
    level = "#" * len(path)
    yield f"{level} {' '.join(path)}"
    if hasattr(command, "commands"):
        yield _plain(command.help)
        for name, each in command.commands.items():
            yield from _command(each, (*path, name))
        return
    yield _usage(command, path)
    yield _plain(command.help)
    if command.epilog:
        yield _plain(command.epilog)
    options = [_option(each) for each in command.params if not each.hidden]
    if options:
        yield "\n".join(options)


def _usage(command: Any, path: tuple[str, ...]) -> str:  # noqa: ANN401  As above.
    named = [_argument(each) for each in command.params if each.param_type_name == "argument"]
    return f"`{' '.join([*path, *named, '…'])}`"


def _argument(parameter: Any) -> str:  # noqa: ANN401  As above.
    name = str(parameter.metavar or parameter.name).strip("{}[]").upper()
    return name if parameter.required else f"[{name}]"


def _option(parameter: Any) -> str:  # noqa: ANN401  As above.
    if parameter.param_type_name == "argument":
        return f"- `{_argument(parameter)}`: {_plain(getattr(parameter, 'help', '') or '')}"
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    facts = [_plain(parameter.help or "")]
    if parameter.required:
        facts.append("Required.")
    if parameter.envvar:
        facts.append(f"Or in `{parameter.envvar}`.")
    if parameter.show_default and not parameter.is_flag and parameter.default not in (None, "", ()):
        facts.append(f"Default `{_default(parameter.default)}`.")
    return f"- {names}: {' '.join(filter(None, facts))}"


def _default(value: object) -> str:
    return str(getattr(value, "value", value))


def _plain(text: str) -> str:
    """Return help without markup and with its paragraphs; examples become code."""
    text = inspect.cleandoc(MARKUP.sub("", text or "")).replace("\f", "")
    parts = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(_example(part) for part in parts)


def _example(part: str) -> str:
    said, example, line = part.partition("Example: ")
    return f"{said}Example: `{line}`" if example and not said.strip() else part
