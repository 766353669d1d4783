"""Many seeds in a row, and what they came to together.

It runs one seed after the other in this process and adds up. What must hold: a seed that found
something is told with the command that shows it again.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from tillgate.simulation.faults import Fault
from tillgate.simulation.keys import make_keys
from tillgate.simulation.plants import planted
from tillgate.simulation.run import STORIES, Report, simulate

KINDS_MIN: Final = 10
"""Fewer kinds of fault than that, and a run has proved too little."""


@dataclass
class Summary:
    """What many runs came to."""

    seeds: int = 0
    acts: int = 0
    commits: int = 0
    elapsed_s: float = 0.0
    kinds_least: int | None = None
    faults: Counter[str] = field(default_factory=Counter)
    failed: list[int] = field(default_factory=list)

    def add(self, report: Report) -> None:
        """Count one more run."""
        self.seeds += 1
        self.acts += report.acts
        self.commits += report.commits
        self.elapsed_s += report.elapsed_s
        kinds = len(report.faults)
        self.kinds_least = kinds if self.kinds_least is None else min(self.kinds_least, kinds)
        self.faults.update(report.faults)
        if not report.is_clean:
            self.failed.append(report.seed)

    def rows(self) -> list[tuple[str, int, str]]:
        """Return each kind of fault with how often it struck, in the order of the table."""
        return [(fault.name, self.faults[fault.name], fault.value) for fault in Fault]

    def plain(self) -> dict[str, Any]:
        """Return the summary as JSON may hold it."""
        return {
            "seeds": self.seeds,
            "answers": self.acts,
            "commits": self.commits,
            "elapsedSeconds": round(self.elapsed_s, 1),
            "fewestKindsOfFaultInASeed": self.kinds_least or 0,
            "faults": {name: count for name, count, _ in self.rows()},
            "failedSeeds": self.failed,
        }


def run_seeds(
    seeds: Iterable[int],
    *,
    stories: int = STORIES,
    plant: str = "",
    each: Callable[[Report], None] = lambda _: None,
) -> Iterator[Report]:
    """Run seeds one after the other; yield each report when it is there."""
    keys = make_keys()
    with planted(plant):
        for seed in seeds:
            report = simulate(seed, keys, stories=stories)
            each(report)
            yield report


def again(seed: int, *, stories: int, plant: str) -> str:
    """Return the command that runs a seed again and shows what happened."""
    parts = [f"tillgate simulate --seed {seed}"]
    if stories != STORIES:
        parts.append(f"--steps {stories}")
    if plant:
        parts.append(f"--plant {plant}")
    return " ".join([*parts, "--trace"])
