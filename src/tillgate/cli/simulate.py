"""`tillgate simulate`: the whole system in one process from one seed, with faults, and an auditor.

It runs seeds and tells what was found; it decides no rule. What must hold: exit 0 only when every
seed was clean and saw ten kinds of fault; a finding is told with its seed and the command that
shows it again.
"""

import itertools
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tillgate.cli.surface import (
    AsJson,
    Exit,
    UsageError,
    command,
    print_json,
    print_rows,
    say,
)

if TYPE_CHECKING:
    from tillgate.simulation.many import Summary
    from tillgate.simulation.run import Report

app = typer.Typer(add_completion=False, help="Simulate the whole system from one seed.")
LINES_SHOWN_MAX = 60


@app.command()
@command
def simulate(
    *,
    seed: Annotated[int, typer.Option(help="The first seed.", min=0)] = 1,
    seeds: Annotated[int, typer.Option(help="How many; 0 goes on until Ctrl-C.", min=0)] = 1,
    steps: Annotated[int, typer.Option(help="Stories in a seed, of 3 to 8 acts.", min=1)] = 12,
    trace: Annotated[bool, typer.Option("--trace", help="Print every event.")] = False,
    plant: Annotated[str, typer.Option(hidden=True)] = "",
    as_json: AsJson = False,
) -> None:
    """Run seeds with faults and audit each. Exit 0 clean, 1 when something was found.

    Example: tillgate simulate --seed 42 --seeds 100
    """
    from tillgate.simulation.many import KINDS_MIN, Summary, again, run_seeds
    from tillgate.simulation.plants import PLANTS

    if plant and plant not in PLANTS:
        raise UsageError(f"There is no defect {plant} to plant; there are: {', '.join(PLANTS)}.")
    wanted: Iterable[int] = range(seed, seed + seeds) if seeds else itertools.count(seed)
    summary, digest = Summary(), ""
    found: list[dict[str, Any]] = []
    with _progress(seeds, is_quiet=as_json or trace) as step:
        try:
            for report in run_seeds(wanted, stories=steps, plant=plant):
                summary.add(report)
                digest = report.digest
                command_line = again(report.seed, stories=steps, plant=plant)
                if trace and not as_json:
                    typer.echo("\n".join(report.lines))
                if not report.is_clean or len(report.faults) < KINDS_MIN:
                    found.append(_found(report, command_line))
                    _tell(report, command_line, as_json=as_json)
                step(summary)
        except KeyboardInterrupt:
            say("Stopped.")
    _conclude(summary, found, as_json=as_json, digest=digest if seeds == 1 else "")
    if found:
        raise typer.Exit(Exit.REFUSED)


def _found(report: "Report", command_line: str) -> dict[str, Any]:
    findings = [finding._asdict() for finding in report.findings]
    kinds = len(report.faults)
    return {"seed": report.seed, "findings": findings, "kinds": kinds, "again": command_line}


def _tell(report: "Report", command_line: str, *, as_json: bool) -> None:
    """Tell people what a seed found, with the lines of its trace that explain the first finding."""
    if as_json:
        return
    typer.secho(f"Seed {report.seed}: {len(report.findings)} findings", fg="red")
    for finding in report.findings:
        typer.echo(f"  {finding.rule}: {finding.subject}: {finding.sentence}")
    if report.findings:
        for line in report.about(report.findings[0])[-LINES_SHOWN_MAX:]:
            typer.echo(f"    {line}")
    else:
        typer.echo("  It saw too few kinds of fault.")
    typer.echo(f"  Again: {command_line}")


def _conclude(
    summary: "Summary", found: list[dict[str, Any]], *, as_json: bool, digest: str
) -> None:
    if as_json:
        print_json({"clean": not found, **summary.plain(), "digest": digest, "found": found})
        return
    print_rows("Faults injected", ("fault", "times", "what it is"), summary.rows())
    verdict = "clean" if not found else f"{len(found)} with findings"
    faults, kinds = sum(summary.faults.values()), summary.kinds_least or 0
    typer.echo(
        f"{summary.seeds} seeds, {verdict}; {summary.acts} answers, {summary.commits} commits,"
        f" {faults} faults, at least {kinds} kinds in each, {summary.elapsed_s:.1f} s."
    )
    if digest:
        typer.echo(f"Digest of the run: {digest}")


@contextmanager
def _progress(seeds: int, *, is_quiet: bool) -> Iterator[Any]:
    """Show on a terminal how far it is; say nothing elsewhere."""
    if is_quiet or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        bar = progress.add_task("seeds", total=seeds or None)

        def step(summary: "Summary") -> None:
            faults, failed = sum(summary.faults.values()), len(summary.failed)
            text = f"seeds, {faults} faults, {failed} failed"
            progress.update(bar, completed=summary.seeds, description=text)

        yield step
