"""How scenarios that are played are shown: a bar while they run, and a trace of each that failed.

It decides the looks alone. What must hold: of a failed scenario each step is told, and of the last
one what was expected and what came; with --json standard output holds JSON and nothing else.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec
import typer

from tillgate.cli.surface import counted_of, plain, print_facts, print_json, print_rows, say

if TYPE_CHECKING:
    from tillgate.sandbox.scenarios.files import Named
    from tillgate.sandbox.scenarios.runner import Played
    from tillgate.sandbox.scenarios.stage import Cast


_TOLD_APART: Final[Mapping[str, Any]] = {"do": "", "note": "", "expect": {}}


class _Tells(Protocol):
    """Whatever hears how far the play is."""

    def __call__(self, name: str, *, passed: bool | None) -> None:
        """Hear that a scenario begins (None), passed, or failed."""
        ...


def played_with_progress(
    chosen: "Sequence[Named]", cast: "Cast", *, is_quiet: bool
) -> "list[Played]":
    """Play the scenarios one after the other, and show how far it is.

    Raises:
        Unavailable: the gateway is not there.
    """
    from tillgate.sandbox.scenarios.runner import play

    played = []
    with _progress(len(chosen), is_quiet=is_quiet) as tell:
        for name, scenario in chosen:
            tell(name, passed=None)
            done = play(scenario, name, cast)
            tell(name, passed=done.passed)
            played.append(done)
    return played


def tell(played: "Sequence[Played]", chosen: "Sequence[Named]", *, as_json: bool) -> None:
    """Tell what became of the scenarios."""
    failed = [each for each in played if not each.passed]
    if as_json:
        print_json({"passed": not failed, "scenarios": played})
        return
    advice = dict(chosen)
    for each in failed:
        _trace(each, why=advice[each.name].why, merchant=advice[each.name].merchant)
    took_s = sum(each.took_ms for each in played) / 1_000
    verdict = f"{len(failed)} failed" if failed else "all passed"
    typer.echo(f"{counted_of(len(played), 'scenario')} in {took_s:.1f} s: {verdict}.")


def in_words(named: "Named") -> None:
    """Tell what a scenario is about, and its steps."""
    scenario = named.scenario
    facts = {
        "what happens": scenario.title,
        "why it matters": scenario.why,
        "what to do": scenario.merchant,
        "tags": " ".join(scenario.tags),
    }
    print_facts(named.name, facts)
    rows = []
    for number, step in enumerate(scenario.steps, 1):
        said = msgspec.to_builtins(step)
        told = {name: said.pop(name, default) for name, default in _TOLD_APART.items()}
        rows.append((number, told["do"], _short(said), _short(told["expect"]), told["note"]))
    print_rows("Steps", ("", "do", "with", "expects", "note"), rows)


def _short(value: object) -> str:
    return msgspec.json.encode(value).decode().replace('"', "").strip("{}") if value else ""


def _trace(each: "Played", *, why: str, merchant: str) -> None:
    rows = [
        (step.number, step.do, step.note, "ok" if step.passed else "FAILED", f"{step.took_ms} ms")
        for step in each.steps
    ]
    title = f"{each.name}: {each.title}"
    if not sys.stdout.isatty():
        typer.echo(title)  # A table has its title on a terminal alone.
    print_rows(title, ("step", "do", "note", "", "took"), rows, style="red")
    last = each.steps[-1]
    if last.error:
        typer.echo(f"  {plain(last.error)}")
    if last.differences:
        found = [(one.path, one.expected, one.got) for one in last.differences]
        print_rows("", ("member", "expected", "got"), found, style="red")
    if last.result:
        text = msgspec.json.format(msgspec.json.encode(last.result, enc_hook=str), indent=2)
        typer.echo(f"  What step {last.number} came to:\n{text.decode()}")
    typer.echo(f"  Why it matters: {why}\n  What to do: {merchant}\n")


@contextmanager
def _progress(count: int, *, is_quiet: bool) -> "Iterator[_Tells]":
    if is_quiet or not sys.stderr.isatty():
        yield _silent if is_quiet else _line
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=count)

        def told(name: str, *, passed: bool | None) -> None:
            bar.update(task, description=name, advance=0 if passed is None else 1)
            if passed is False:
                console.print(f"[red]failed[/red] {name}")

        yield told


def _silent(name: str, *, passed: bool | None) -> None:
    """Say nothing."""


def _line(name: str, *, passed: bool | None) -> None:
    if passed is not None:
        say(f"{'passed' if passed else 'FAILED'}  {name}")
