"""What all commands share: exit codes, how an answer is printed, how an error is told.

Decides the surface only: a table and colour for people on a terminal, one JSON value for programs.
What must hold: with `--json` standard output holds JSON and nothing else; people's words go to
standard error; an error names the next step and never a secret.
"""

import errno
import functools
import getpass
import inspect
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum, unique
from typing import Annotated, Any, Final, ParamSpec, TypeVar

import msgspec
import typer

from tillgate.cli.given_path import no_name, without_keys
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Refused, TillgateError, Unavailable
from tillgate.kernel.money import Money

P = ParamSpec("P")
R = TypeVar("R")


@unique
class Exit(IntEnum):
    """How a command ended."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    UNAVAILABLE = 3


class UsageError(TillgateError):
    """The command was not given what it needs; the text names the next step."""


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Data = Annotated[
    str,
    typer.Option("--data", metavar="DIR", help="The data folder. Default: the user's own."),
]
Operator = Annotated[
    str,
    typer.Option(
        "--operator",
        envvar="TILLGATE_OPERATOR",
        metavar="NAME",
        help="Who is written into the log. Default: your login name.",
    ),
]
_USAGE_NAMES: Final = frozenset(
    {"UsageError", "SettingRefused", "FolderRefused", "KeyRefused", "CopyRefused", "OtherTools"}
    | {"OtherDatabase"}
)
"""Errors that the person at the keyboard mends before anything was asked of a gateway."""


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Turn the errors of a command into a sentence and an exit code."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TillgateError as error:
            complain_of(error, as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(exit_code(error)) from None
        except OSError as error:
            if error.errno != errno.ENAMETOOLONG:
                raise
            # A folder's name, which nobody opened as a file.
            complain(no_name(str(error.filename)), as_json=bool(kwargs.get("as_json")))
            raise typer.Exit(Exit.USAGE) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    wrapped.__signature__ = inspect.signature(function)  # type: ignore[attr-defined]  # Typer reads it.
    return wrapped


def exit_code(error: TillgateError) -> Exit:
    """Return the exit code of an error."""
    if isinstance(error, Refused) or type(error).__name__ == "ModeRefused":
        return Exit.REFUSED
    if isinstance(error, Unavailable):
        return Exit.UNAVAILABLE
    # By name: some of these live beside libraries that this command may not need.
    return Exit.USAGE if type(error).__name__ in _USAGE_NAMES else Exit.UNAVAILABLE


def complain_of(error: TillgateError, *, as_json: bool) -> None:
    """Tell an error."""
    if isinstance(error, Refused):
        extra = {"result": error.result.name, "path": error.path}
        complain(f"{error.result.name}: {error.message}", as_json=as_json, extra=extra)
    else:
        complain(str(error), as_json=as_json)


def complain(sentence: str, *, as_json: bool, extra: Mapping[str, str] | None = None) -> None:
    """Tell what is wrong: JSON for programs, else a sentence on standard error."""
    told = without_keys(sentence)
    if as_json:
        print_json({"error": told, **(extra or {})})
    else:
        typer.secho(_plain_lines(told), fg="red", err=True)


def print_json(value: object) -> None:
    """Print one JSON value on one line."""
    typer.echo(msgspec.json.encode(value, enc_hook=str).decode())


def say(sentence: str) -> None:
    """Tell a person something that is not the answer."""
    typer.echo(_plain_lines(sentence), err=True)


def print_rows(
    title: str, names: Sequence[str], rows: Iterable[Sequence[object]], *, style: str = ""
) -> None:
    """Print a table: ruled and coloured on a terminal, tab-separated elsewhere."""
    if not sys.stdout.isatty():
        for row in rows:
            typer.echo("\t".join(plain(str(cell)) for cell in row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    named = Text(title, style=style)
    table = Table(
        title=named, title_justify="left", border_style=style or None, show_header=any(names)
    )
    console = Console()
    shown = [[plain(str(cell)) for cell in row] for row in rows]
    for name, is_whole in zip(names, _kept_whole(names, shown, console.width), strict=True):
        table.add_column(name, overflow="fold", no_wrap=is_whole)
    for row in shown:
        table.add_row(*map(Text, row))
    console.print(table)


def _kept_whole(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Iterator[bool]:
    """Yield of each column whether no line of it is broken: of names, which are typed again."""
    left = width // 2
    for at, name in enumerate(names):
        cells = [name, *(row[at] for row in rows)]
        longest = max(map(len, cells))
        is_whole = longest <= left and all(len(cell.split()) <= 1 for cell in cells[1:])
        left -= longest if is_whole else 0
        yield is_whole


def print_facts(title: str, facts: Mapping[str, object], *, style: str = "") -> None:
    """Print names and values of one thing."""
    print_rows(title, ("", ""), [(name, value) for name, value in facts.items()], style=style)


@contextmanager
def progress(sentence: str) -> Iterator[None]:
    """Show on a terminal that something takes a while; say nothing elsewhere."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(sentence):
        yield


def plain(text: str) -> str:
    """Return text without characters that would move the cursor or colour a terminal."""
    return "".join(each if each.isprintable() else "\ufffd" for each in text)


def counted_of(number: int, noun: str) -> str:
    """Return how many there are, in words: `1 case`, `2 cases`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _plain_lines(text: str) -> str:
    """Return text of several lines, each of them plain; what others said may be among it."""
    return "\n".join(plain(line) for line in text.split("\n"))


def operator_name(given: str) -> str:
    """Return who acts: as given, or the login name."""
    if given:
        return given
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return f"uid-{os.getuid()}"


def read_pin(given: str, *, prompt: str = "PIN") -> str:
    """Return the PIN: as given, from the terminal unseen, or the first line of standard input.

    Raises:
        UsageError: it is not 6 digits.
    """
    pin = given
    if not pin:
        pin = getpass.getpass(f"{prompt}: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    check_pin(pin)
    return pin


def check_pin(pin: str) -> None:
    """Raise `UsageError` unless the PIN is 6 digits."""
    if not (pin.isascii() and pin.isdigit() and len(pin) == PIN_DIGITS):
        step = "Give it with --pin, in TILLGATE_PIN, or as the first line of standard input"
        raise UsageError(f"A PIN is {PIN_DIGITS} digits. {step}.")


PIN_DIGITS: Final = 6


def money_of(text: str) -> Money:
    """Return an amount that was given as text.

    Raises:
        UsageError: it is none.
    """
    try:
        return Money.parse(text)
    except ValueError as error:
        raise UsageError(f"{error}.") from None


def tell_change(
    outcome: Mapping[str, Any],
    subject: str,
    *,
    as_json: bool,
    unchanged: str = "nothing to change",
) -> None:
    """Tell what an operator's command changed."""
    if as_json:
        print_json(outcome)
    else:
        say(f"{subject}: {'done' if outcome['changed'] else unchanged}.")


def instant(at_ms: int | None) -> str:
    """Return an instant for people and programs alike: RFC 3339, or "" when there is none."""
    return "" if at_ms is None else rfc3339(at_ms)
