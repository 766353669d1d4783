"""The root command: a table of names and modules, and the group that loads them by name.

It knows no command's options. What must hold: every way out has an honest exit code: 0 done, 1
refused, 2 usage, 3 unavailable; a missing library of the server ends with the line to type.
"""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import Annotated, Any, Final

import typer
import typer.core

from tillgate import __version__
from tillgate.cli.given_path import is_no_name, no_name
from tillgate.cli.surface import Exit, complain

COMMANDS: Final[Mapping[str, str]] = {
    "demo": "tillgate.cli.demo",
    "serve": "tillgate.cli.serve",
    "order": "tillgate.cli.order",
    "doctor": "tillgate.cli.doctor",
    "wallet": "tillgate.cli.wallet",
    "ledger": "tillgate.cli.ledger",
    "exam": "tillgate.cli.exam",
    "listen": "tillgate.cli.listen",
    "trigger": "tillgate.cli.trigger",
    "logs": "tillgate.cli.messages",
    "record": "tillgate.cli.record",
    "replay": "tillgate.cli.replay",
    "client": "tillgate.cli.client",
    "merchant": "tillgate.cli.merchant",
    "payer": "tillgate.cli.payer",
    "notification": "tillgate.cli.notification",
    "agreement": "tillgate.cli.agreement",
    "risk": "tillgate.cli.risk",
    "keys": "tillgate.cli.keys",
    "db": "tillgate.cli.db",
    "clock": "tillgate.cli.clock",
    "scenario": "tillgate.cli.scenario",
    "simulate": "tillgate.cli.simulate",
}
"""Each command and its home, in the order in which `--help` tells them."""
SERVER_LIBRARIES: Final = frozenset(
    {"aiohttp", "alembic", "argon2", "asyncpg", "httptools", "jinja2", "prometheus_client"}
    | {"sqlalchemy", "starlette", "structlog", "uvicorn", "uvloop"}
)
PIP_LINE: Final = 'pip install "tillgate[gateway]"'


class LazyGroup(typer.core.TyperGroup):
    """A group whose commands are modules, loaded when they are named."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ANN401, ARG002  The shape of Typer's own method.
        """Name every command."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ANN401, ARG002  The shape of Typer's own method.
        """Load the command of this name."""
        home = COMMANDS.get(cmd_name)
        if home is None:
            return None
        command = typer.main.get_command(import_module(home).app)
        command.name = cmd_name
        _fold_help(command)
        return command

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401  The shape of Typer's own method.
        """Read what stands before the command's name."""
        with _quoting_no_text():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  The shape of Typer's own method.
        """Load the command and run it."""
        with _quoting_no_text():
            return super().invoke(ctx)


def run(arguments: Sequence[str]) -> int:
    """Run a command line and return its exit code."""
    try:
        typer.main.get_command(_app())(args=list(arguments), prog_name="tillgate")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else Exit.USAGE
    except ModuleNotFoundError as missing:
        library = (missing.name or "").partition(".")[0]
        if library not in SERVER_LIBRARIES:
            raise
        sentence = f"This command needs the gateway's libraries ({library} is missing)."
        complain(f"{sentence} Type: {PIP_LINE}", as_json="--json" in arguments)
        return Exit.USAGE
    return Exit.DONE


@contextmanager
def _quoting_no_text() -> Iterator[None]:
    """Keep usage errors from quoting a key or a message that was given for something else."""
    try:
        yield
    except typer.TyperException as error:
        said: Any = error  # A usage error; Typer has no public name for it.
        text = str(getattr(said, "message", ""))
        if any(is_no_name(each.strip("()'\",.:")) for each in (text, *text.split())):
            said.message = no_name(text)
        raise


def _fold_help(command: Any) -> None:  # noqa: ANN401  Typer's own kind of command.
    """Join the lines of each paragraph of a command's help; the terminal's width breaks them."""
    parts = inspect.cleandoc(command.help or "").split("\n\n")
    command.help = "\n\n".join(part if _keeps_lines(part) else _one_line(part) for part in parts)
    for each in getattr(command, "commands", {}).values():
        _fold_help(each)


def _keeps_lines(part: str) -> bool:
    """Return whether a paragraph is an example or a list, whose lines mean something."""
    return part.startswith("Example") or any(
        line.startswith((" ", "- ", "* ")) for line in part.split("\n")
    )


def _one_line(part: str) -> str:
    return " ".join(part.split("\n"))


def _app() -> typer.Typer:
    app = typer.Typer(
        cls=LazyGroup,
        name="tillgate",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    return app


def _version(asked: bool) -> None:  # noqa: FBT001  Typer hands an option's callback its value.
    if asked:
        typer.echo(f"tillgate {__version__}")
        raise typer.Exit


def _root(
    *,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """A complete in-app payment system: gateway, cashier, ledger, wallet, and the merchant's tools.

    Exit codes: 0 done, 1 refused, 2 usage, 3 unavailable.

    Example: tillgate demo
    """
