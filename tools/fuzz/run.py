"""`make fuzz MINUTES=…`: every target in turn, each in a process of its own, and the figures.

It splits the time evenly, runs at the lowest priority, and keeps what it found: the corpus in a
folder that the next run goes on from, and each reproducer as a file that `tests/fuzz` tries from
then on. What must hold: it exits with 1 after a crash, and a crash of one target ends that target
alone.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Final, NamedTuple

from tools.fuzz.targets import TARGETS

ROOT: Final = Path(__file__).parents[2]
KEPT: Final = ROOT / "tests" / "fuzz" / "reproducers"
END_S_MAX: Final = 1_800
"""For a busy machine to begin and end a target; one that hangs ends itself (`tools.fuzz.one`)."""
_COVERED: Final = re.compile(r"cov: (\d+)")
_EXECUTED: Final = re.compile(r"stat::number_of_executed_units: (\d+)")
_DONE: Final = re.compile(r"^#(\d+)\s", re.MULTILINE)


class Figures(NamedTuple):
    """What came of one target."""

    target: str
    executions: int
    edges: int
    crashes: int
    seconds: float


def fuzzed(name: str, folder: Path, *options: str, time_s: float) -> Figures:
    """Fuzz one target and return its figures; what crashed is kept as reproducers."""
    began_s, crashes = time.monotonic(), set(_files(folder / "crashes"))
    command = [sys.executable, "-m", "tools.fuzz.one", name, str(folder), *options]
    path = os.pathsep.join((str(ROOT), str(ROOT / "src")))
    log = folder / "log"
    folder.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path, "PYTHONHASHSEED": "0"},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            timeout=time_s + END_S_MAX,
            check=False,
        )
    said = log.read_text(errors="replace")
    found = [each for each in _files(folder / "crashes") if each not in crashes]
    for each in found:
        (KEPT / name).mkdir(parents=True, exist_ok=True)
        (KEPT / name / each.name).write_bytes(each.read_bytes())
    if done.returncode and not found:
        raise RuntimeError(f"{name} ended with {done.returncode}:\n{said[-4_000:]}")
    return Figures(
        target=name,
        executions=_last(_EXECUTED, said) or _last(_DONE, said),
        edges=_last(_COVERED, said),
        crashes=len(found),
        seconds=time.monotonic() - began_s,
    )


def _files(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.exists() else []


def _last(pattern: re.Pattern[str], text: str) -> int:
    found = pattern.findall(text)
    return int(found[-1]) if found else 0


def _written(figures: Figures) -> str:
    return (
        f"{figures.target:<16} {figures.executions:>12,} {figures.edges:>7,} {figures.crashes:>8}"
        f" {figures.seconds:>8.0f}"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--folder", type=Path, default=ROOT / ".fuzz")
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS])
    return parser.parse_args()


def main() -> int:
    """Fuzz, and print a line for each target."""
    said = _arguments()
    os.nice(19)
    names = said.targets or list(TARGETS)
    time_s = max(1.0, said.minutes * 60 / len(names))
    print(f"{'target':<16} {'executions':>12} {'edges':>7} {'crashes':>8} {'seconds':>8}")
    all_figures = []
    for name in names:
        folder = said.folder / name
        figures = fuzzed(name, folder, f"-max_total_time={time_s:.0f}", time_s=time_s)
        all_figures.append(figures)
        print(_written(figures), flush=True)
    print(
        _written(
            Figures(
                "all",
                sum(each.executions for each in all_figures),
                sum(each.edges for each in all_figures),
                sum(each.crashes for each in all_figures),
                sum(each.seconds for each in all_figures),
            )
        )
    )
    (said.folder / "figures.json").write_text(json.dumps([each._asdict() for each in all_figures]))
    return 1 if any(each.crashes for each in all_figures) else 0


if __name__ == "__main__":
    raise SystemExit(main())
