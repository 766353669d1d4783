"""`make crash`: processes of a gateway are killed every second while thousands pay; then the books.

Four processes on PostgreSQL, then one on SQLite. What must hold: the figures are printed whatever
they say, and the exit code is 1 when anything was lost, doubled or not told.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.table import Table

from tools.crash.load import Figures, Load, paying
from tools.crash.victims import on_postgresql, on_sqlite

DATABASES: Final = {"postgresql": on_postgresql, "sqlite": on_sqlite}
SHOWN_MAX: Final = 20


def main() -> int:
    """Run what the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(prog="make crash", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, action="append")
    parser.add_argument("--payments", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--json", action="store_true")
    said = parser.parse_args()
    found: dict[str, Figures] = {}
    for name in said.database or DATABASES:
        figures = Figures(seed=said.seed)
        asyncio.run(_run(name, figures, payments=said.payments, seconds=said.seconds))
        found[name] = figures
    if said.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(found)).decode() + "\n")
    else:
        _show(found)
    return int(any(figures.findings for figures in found.values()))


async def _run(name: str, figures: Figures, *, payments: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="tillgate-crash-") as folder:
        async with DATABASES[name](Path(folder)) as victim, paying(victim) as load:
            told = asyncio.ensure_future(_tell(name, load, figures))
            try:
                await load.run(payments=payments, seconds=seconds, figures=figures)
                await load.judge(figures)
            finally:
                told.cancel()


async def _tell(name: str, load: Load, figures: Figures) -> None:
    """Say on the terminal how far it is."""
    console = Console(stderr=True)
    with console.status(f"{name}: …") as status:
        while True:
            status.update(f"{name}: {load.promised} paid, {figures.killed} processes killed")
            await asyncio.sleep(0.5)


def _show(found: dict[str, Figures]) -> None:
    table = Table("figure", *found)
    for field in Figures.__struct_fields__:
        values = [getattr(figures, field) for figures in found.values()]
        texts = [f"{value:.1f}" if isinstance(value, float) else str(value) for value in values]
        if field == "findings":
            texts = [str(len(value)) for value in values]
        table.add_row(field.replace("_", " "), *texts)
    console = Console()
    console.print(table)
    for name, figures in found.items():
        for finding in figures.findings[:SHOWN_MAX]:
            console.print(f"{name}: {finding}", markup=False)


if __name__ == "__main__":
    sys.exit(main())
