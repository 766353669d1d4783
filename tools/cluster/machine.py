"""One machine of the test: a network, a tree of processes and a disk of its own, on this machine.

It can lose its power, freeze and lose its cable. It knows that etcd and Patroni run on it and not
what they do. What must hold: the programs see the very files that `deploy/cluster/fill.py` wrote,
at the very paths of a real machine; a fault hits all processes of one machine and of no other.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import final

from tools.cluster.network import Cable

INIT = Path(__file__).with_name("init.py")
STOP_S_MAX = 10.0
FOLDERS = {
    "var/lib/postgresql": "postgres",
    "var/lib/etcd": "etcd",
    "run/postgresql": "postgres",
    "etc": "root",
}
"""What a machine has of its own, and to whom it belongs; the rest it shares, and only reads."""


@final
class Machine:
    """A machine that runs etcd and Patroni."""

    def __init__(self, name: str, address: str, disk: Path) -> None:
        """Build the machine, without power yet; `disk` holds its etc already."""
        self.name = name
        self.disk = disk
        self._log = disk.with_name(f"{name}.log")
        for folder, owner in FOLDERS.items():
            path = disk / folder
            path.mkdir(parents=True, exist_ok=True)
            shutil.chown(path, owner, owner)
            path.chmod(0o755 if owner == "root" else 0o700)
        self._holder = subprocess.Popen(
            ["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL
        )
        _wait(lambda: _namespace(self._holder.pid, "net") != _namespace(os.getpid(), "net"))
        self.cable = Cable(self._holder.pid, name, address)
        self._power: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Return the machine's address."""
        return self.cable.address

    def entered(self, *command: str) -> list[str]:
        """Return how a program is run on the machine's network, but not on its power."""
        return ["nsenter", f"--net=/proc/{self._holder.pid}/ns/net", *command]

    def start(self) -> None:
        """Switch the power on."""
        with self._log.open("ab") as log:
            self._power = subprocess.Popen(
                self.entered(
                    *("unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child"),
                    *("--mount-proc", sys.executable, str(INIT), self.name, str(self.disk)),
                ),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """End all processes of the machine with signal 9, at one instant."""
        power, self._power = self._power, None
        if power is not None:
            os.kill(self._init(power), signal.SIGKILL)
            power.wait(STOP_S_MAX)

    def freeze(self) -> None:
        """Stop every process where it stands; the kernel goes on, as under a frozen guest."""
        while still := [pid for pid in self._processes() if _state(pid) not in "TZX"]:
            for pid in still:
                _send(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let every process go on, as if no time had passed."""
        for pid in self._processes():
            _send(pid, signal.SIGCONT)

    def _init(self, power: "subprocess.Popen[bytes]") -> int:
        children = Path(f"/proc/{power.pid}/task/{power.pid}/children")
        _wait(lambda: bool(children.read_text().split()))
        return int(children.read_text().split()[0])

    def _processes(self) -> list[int]:
        if self._power is None:
            return []
        tree = _namespace(self._init(self._power), "pid")
        found = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [pid for pid in found if _namespace(pid, "pid") == tree]


def _namespace(pid: int, kind: str) -> str:
    """Return a name of the namespace a process lives in; nothing when it is gone."""
    try:
        return str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    except OSError:
        return ""


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "X"


def _send(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return


def _wait(is_so: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + STOP_S_MAX
    while not is_so():
        if time.monotonic() > ends_s:
            raise TimeoutError("a machine did not come to be")
        time.sleep(0.01)
