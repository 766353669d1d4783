"""The root command: a table of names and modules, and the group that loads them by name.

It knows no command's options. What must hold: every way out has an honest exit code: 0 done, 1
refused, 2 usage, 3 unavailable; a missing library of the server ends with the line to type.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any, Final

import typer
import typer.core

from tillgate import __version__
from tillgate.cli.surface import Exit, complain

COMMANDS: Final[Mapping[str, str]] = {
    "demo": "tillgate.cli.demo",
    "serve": "tillgate.cli.serve",
    "order": "tillgate.cli.order",
    "wallet": "tillgate.cli.wallet",
    "ledger": "tillgate.cli.ledger",
    "client": "tillgate.cli.client",
    "merchant": "tillgate.cli.merchant",
    "payer": "tillgate.cli.payer",
    "notification": "tillgate.cli.notification",
    "agreement": "tillgate.cli.agreement",
    "risk": "tillgate.cli.risk",
    "keys": "tillgate.cli.keys",
    "db": "tillgate.cli.db",
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
        return command


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
