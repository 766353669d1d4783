"""`tillgate scenario run | list | show | amounts | faults | schema`: situations to play with.

It decides which scenarios are played and with which gateway; what they are and how they are played
is `sandbox.scenarios`'. What must hold: exit 0 when all passed, 1 when one failed, 2 when a name or
file is bad, 3 when no gateway is there; nothing is played at a gateway that is no sandbox.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from tillgate.cli.report_file import check_writable, write_report
from tillgate.cli.surface import (
    AsJson,
    Data,
    Exit,
    UsageError,
    command,
    counted_of,
    print_json,
    print_rows,
)
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.results import Result

if TYPE_CHECKING:
    from tillgate.sandbox.scenarios.files import Named
    from tillgate.sandbox.scenarios.link import Link

CLOCK: Final = "/sandbox/clock"
_OK: Final = 200

app = typer.Typer(add_completion=False, no_args_is_help=True)
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="NAME", help="Names from the list, or files that end in .json."),
]
Junit = Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")]
Tag = Annotated[str, typer.Option(metavar="TAG", help="Only those about this, such as refund.")]
Url = Annotated[
    str, typer.Option(metavar="URL", help="A sandbox of this machine that runs already.")
]


@app.callback()
def _group() -> None:
    """Play situations that a merchant's developer meets, against a whole gateway.

    Example: tillgate scenario run paid refund-partial-to-the-cent
    """


@app.command()
@command
def run(
    names: Names = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="All that come with Tillgate.")] = False,
    tag: Tag = "",
    url: Url = "",
    data: Data = "",
    junit: Junit = None,
    as_json: AsJson = False,
) -> None:
    """Play scenarios; without --url and --data in a gateway of their own, gone afterwards.

    Some move the clock by days or a year: with a sandbox of yours, take one that you can spare.
    Exit 0 all passed, 1 some failed, 2 usage, 3 no gateway.

    Example: tillgate scenario run --all
    """
    from tillgate.cli.scenario_shown import played_with_progress, tell
    from tillgate.sandbox.scenarios.files import BadScenario
    from tillgate.sandbox.scenarios.junit import as_junit
    from tillgate.sandbox.scenarios.stage import Cast

    try:
        chosen = _chosen(names or [], is_all=every or bool(tag), tag=tag)
    except BadScenario as error:
        raise UsageError(str(error)) from None
    check_writable(junit, option="--junit")
    with _gateway(url, data) as link, Cast(link) as cast:
        played = played_with_progress(chosen, cast, is_quiet=as_json)
    write_report(junit, as_junit(played), option="--junit")
    tell(played, chosen, as_json=as_json)
    if not all(each.passed for each in played):
        raise typer.Exit(Exit.REFUSED)


@app.command("list")
@command
def list_(*, tag: Tag = "", as_json: AsJson = False) -> None:
    """List the scenarios that come with Tillgate.

    Example: tillgate scenario list --tag refund
    """
    found = _chosen([], is_all=True, tag=tag)
    if as_json:
        members = ("title", "why", "merchant", "tags")
        print_json([{"name": n} | {each: getattr(s, each) for each in members} for n, s in found])
        return
    rows = [(name, scenario.title, " ".join(scenario.tags)) for name, scenario in found]
    print_rows(counted_of(len(rows), "scenario"), ("name", "what happens", "tags"), rows)


@app.command()
@command
def show(
    name: Annotated[str, typer.Argument(help="A name from the list, or a file.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Tell a scenario in words, or with --json print its file, to begin one of your own.

    Example: tillgate scenario show paid --json > my-case.json
    """
    from tillgate.cli.scenario_shown import in_words
    from tillgate.sandbox.scenarios.files import BadScenario, find

    try:
        found = find(name)
    except BadScenario as error:
        raise UsageError(str(error)) from None
    if as_json:
        _print_file(found.scenario)
    else:
        in_words(found)


@app.command()
@command
def schema(
    *,
    as_json: Annotated[  # noqa: ARG001  Taken for the sake of scripts that give it to every command.
        bool, typer.Option("--json", help="It prints one JSON value in any case.")
    ] = False,
) -> None:
    """Print the JSON schema of a scenario's file.

    Example: tillgate scenario schema > scenario.schema.json
    """
    from tillgate.sandbox.scenarios.files import schema as made

    _print_file(made())


def _print_file(value: object) -> None:
    """Print a JSON value as a file has it."""
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())


@app.command()
@command
def amounts(*, as_json: AsJson = False) -> None:
    """Print which last two digits of an amount choose which outcome, in a sandbox.

    Example: tillgate scenario amounts
    """
    from tillgate.sandbox.chosen.amounts import AMOUNTS
    from tillgate.sandbox.chosen.shown import AMOUNT_NAMES, amount_rows

    if not as_json:
        print_rows("Amounts that choose an outcome", AMOUNT_NAMES, amount_rows())
        return
    print_json(
        [
            {
                "digits": row.digits,
                "sample": row.sample,
                "decides": row.place.value,
                "what": row.what,
                "merchant": row.merchant,
            }
            for row in AMOUNTS
        ]
    )


@app.command()
@command
def faults(*, as_json: AsJson = False) -> None:
    """Print what the header X-Tillgate-Fault asks for, in a sandbox.

    Example: tillgate scenario faults
    """
    from tillgate.sandbox.chosen.shown import FAULT_NAMES, fault_rows

    if not as_json:
        print_rows("X-Tillgate-Fault", FAULT_NAMES, fault_rows())
        return
    names = ("header", "for", "executed", "what", "merchant")
    print_json([dict(zip(names, row, strict=True)) for row in fault_rows()])


def _chosen(given: list[str], *, is_all: bool, tag: str) -> "list[Named]":
    """Return the scenarios to be played; every file is read before the first is played."""
    from tillgate.sandbox.scenarios.files import find, names, own

    if given and is_all:
        raise UsageError("Name scenarios, or give --all or --tag; not both.")
    if not given and not is_all:
        raise UsageError("Name a scenario, or give --all. See them: tillgate scenario list")
    found = [find(each) for each in given] if given else [own(name) for name in names()]
    if tag:
        found = [each for each in found if tag in each.scenario.tags]
        if not found:
            raise UsageError(f"No scenario has the tag {tag!r}; see them: tillgate scenario list")
    return found


@contextmanager
def _gateway(url: str, data: str) -> "Iterator[Link]":
    """Yield the way to a gateway: the one that is named, or one of our own for this while."""
    from tillgate.sandbox.scenarios.link import Link

    if url or data:
        link = _running(url, data)
        try:
            yield link
        finally:
            link.close()
        return
    from tillgate.sandbox.testing import Sandbox

    with Sandbox() as gateway:
        link = Link(gateway.origin, gateway.data)
        try:
            yield link
        finally:
            link.close()


def _running(url: str, data: str) -> "Link":
    """Return the way to a sandbox that runs already.

    Raises:
        Refused: what runs there is no sandbox.
        Unavailable: nothing serves the folder.
    """
    from tillgate.cli.operate import settings_of
    from tillgate.config.folder import Folder, read_private
    from tillgate.config.lock import announced
    from tillgate.sandbox.scenarios.link import Link

    folder = Folder(settings_of(data).data)
    if not url:
        said = announced(folder)
        if said is None:
            step = "start it with: tillgate serve --sandbox --data DIR"
            sentence = f"No gateway serves {folder.path}; {step}, or leave --data out."
            raise Unavailable(f"{sentence}{folder.demo_step}")
        url = said.control
    link = Link(url, folder.path)
    if not folder.control_token.exists():
        sentence = f"No gateway serves {folder.path}, so it holds no token for --url"
        raise UsageError(
            f"{sentence}; name the sandbox's folder with --data DIR.{folder.demo_step}"
        )
    token = read_private(folder.control_token).decode()
    if link.send("GET", CLOCK, token=token).status != _OK:
        sentence = f"What answers at {url} is no sandbox of {folder.path}; scenarios need one."
        raise Refused(Result.ACCESS_DENIED, sentence)
    return link
