"""Four probers as processes: one on each machine's own network, and one through HAProxy.

What must hold: a prober is on the far side of every cut of its machine, but outlives the machine's
programs; one that ended by itself is a fault, since it would promise nothing that could be lost.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

import msgspec

from tools.cluster import prober, verdict
from tools.cluster.whole import Cluster

BALANCED: Final = "through HAProxy"


@final
class Probes:
    """All probers, and what they were promised."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        """Start nothing yet."""
        self._cluster = cluster
        self._folder = folder
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    async def start(self) -> None:
        """Make the tables and start."""
        await prober.prepare(self._cluster.url, [*self._cluster.machines, BALANCED])
        for name, machine in self._cluster.machines.items():
            self._start(name, self._cluster.url_on(name), machine.entered())
        self._start(BALANCED, self._cluster.url, [])

    def stop(self) -> list[str]:
        """End them; return those that had ended by themselves."""
        ended = [name for name, process in self._processes.items() if process.poll() is not None]
        for process in self._processes.values():
            process.kill()
            process.wait()
        return [f"the prober {name} ended by itself" for name in ended]

    def balanced(self) -> list[float]:
        """Return when something was promised through HAProxy."""
        return [each.told_s for each in prober.promises(self._notes(BALANCED))]

    def promises(self) -> list[prober.Promise]:
        """Return everything that was promised."""
        return [each for name in self._processes for each in prober.promises(self._notes(name))]

    async def findings(self) -> list[str]:
        """Hold what was promised against every machine."""
        promised = self.promises()
        found = verdict.two_leaders(promised, self._cluster.machines)
        for name in self._cluster.machines:
            written, sums = await prober.written(self._cluster.url_on(name))
            wrong = [*verdict.lost(promised, written), *verdict.twice(written, sums)]
            found += [f"on {name}: {finding}" for finding in wrong]
        return found

    def _notes(self, writer: str) -> Path:
        return self._folder / f"promised {writer}"

    def _start(self, writer: str, url: str, entered: Sequence[str]) -> None:
        notes = self._notes(writer)
        notes.touch()
        order = msgspec.json.encode(prober.Order(url=url, writer=writer, notes=str(notes)))
        command = [sys.executable, "-m", "tools.cluster.prober", order.decode()]
        self._processes[writer] = subprocess.Popen([*entered, *command], stdin=subprocess.DEVNULL)
