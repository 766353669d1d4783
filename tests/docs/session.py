"""The page's bash and the page's Python, each one process that is handed one block after the other.

They decide how a block is run and how its end is told; they know no page. What must hold: what a
block sets is there for the next one; a block reads nothing from standard input; each block's output
lies in a file of its own, in the order in which it was written; `end` leaves no process behind.
"""

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Final, NamedTuple, final

ENDS_S_MAX: Final = 10.0
HEARS_S_MAX: Final = 120.0
RUNS: Final = """
import os, sys, traceback
def _blocks(orders, tells):
    os.set_inheritable(orders, False); os.set_inheritable(tells, False)
    for line in os.fdopen(orders):
        page, first, code, out, cwd = line.rstrip("\\n").split("\\t")
        sys.stdout.flush(); sys.stderr.flush()
        made = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(made, 1); os.dup2(made, 2); os.close(made); os.chdir(cwd)
        try:
            with open(code) as block:
                exec(compile("\\n" * int(first) + block.read(), page, "exec"), globals())
            ended = 0
        except BaseException:
            traceback.print_exc()
            ended = 1
        sys.stdout.flush(); sys.stderr.flush()
        os.write(tells, f"{ended}\\n".encode())
_blocks(int(sys.argv.pop(1)), int(sys.argv.pop(1)))
"""
"""A block's first line is its line on the page, so that a traceback shows the page's own lines."""


class Ended(NamedTuple):
    """How a block ended: the exit code (None: bash ended with it), and the last job's number."""

    code: int | None
    job: int | None


@final
class Bash:
    """One bash with everything that it starts, in a process group of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start it in a folder."""
        self.folder = folder
        self._told, tells = os.pipe()
        self._given = f"</dev/null >'{{out}}' 2>&1 {tells}>&-"
        self._tells = f"""printf '%s\\t%s\\t%s\\n' "$code" "$job" "$PWD" >&{tells}\n"""
        self._process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-s"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=[tells],
            start_new_session=True,
        )
        os.close(tells)
        self._type("set -eu -o pipefail\n")

    def run(self, file: Path, out: Path, *, may_fail: bool, wait_s_max: float) -> Ended:
        """Run a file in this very shell; where a failure is no wonder, its code is told."""
        runs = f"{{ . '{file}'; }} {self._given.format(out=out)}\n"
        guarded = f"set +e\n{runs}code=$?\nset -e\n" if may_fail else f"{runs}code=0\n"
        return self._hear(guarded + "job=${!-}\n", wait_s_max)

    def start(self, file: Path, out: Path) -> Ended:
        """Start a file as a job of this shell, which ends when what it waits for does."""
        runs = f"{{ trap : TERM; . '{file}'; }} {self._given.format(out=out)} &\n"
        return self._hear(f"{runs}code=0 job=$!\n", HEARS_S_MAX)

    def is_running(self, job: int) -> bool:
        """Tell whether a job has not ended."""
        asks = f"code=0 job=\nkill -0 {job} 2>/dev/null || code=1\n"
        return self._hear(asks, HEARS_S_MAX).code == 0

    def end(self) -> None:
        """End it with everything that it started."""
        with suppress(BrokenPipeError):
            self._type("trap : TERM\nset +e\nkill -TERM 0\nwait\nexit 0\n")
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDS_S_MAX)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(ENDS_S_MAX)
        with suppress(BrokenPipeError):
            _input(self._process).close()
        os.close(self._told)

    def _type(self, text: str) -> None:
        _input(self._process).write(text.encode())
        _input(self._process).flush()

    def _hear(self, typed: str, wait_s_max: float) -> Ended:
        try:
            self._type(typed + self._tells)
        except BrokenPipeError:
            return Ended(None, None)
        line = _line(self._told, wait_s_max)
        if not line:
            return Ended(None, None)
        code, job, cwd = line.rstrip("\n").split("\t")
        self.folder = Path(cwd)
        return Ended(int(code), int(job) if job else None)


@final
class Python:
    """One Python that keeps its names from block to block."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Start it."""
        orders, self._orders = os.pipe()
        self._told, tells = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", RUNS, str(orders), str(tells)],
            env=environment,
            stdin=subprocess.DEVNULL,
            pass_fds=[orders, tells],
            start_new_session=True,
        )
        os.close(orders)
        os.close(tells)

    def run(self, file: Path, out: Path, *, at: tuple[Path, int, Path], wait_s_max: float) -> Ended:
        """Run a file that stands on a page at a line, in a folder."""
        page, line, folder = at
        os.write(self._orders, f"{page}\t{line}\t{file}\t{out}\t{folder}\n".encode())
        told = _line(self._told, wait_s_max)
        return Ended(int(told) if told else None, None)

    def end(self) -> None:
        """End it with everything that it started."""
        os.close(self._orders)
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDS_S_MAX)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(ENDS_S_MAX)
        os.close(self._told)


def _line(source: int, wait_s_max: float) -> str:
    """Return the next line, or "" when the other side is gone or takes too long."""
    ends_s, said = time.monotonic() + wait_s_max, b""
    while not said.endswith(b"\n"):
        ready, _, _ = select.select([source], [], [], max(0.0, ends_s - time.monotonic()))
        part = os.read(source, 4096) if ready else b""
        if not part:
            return ""
        said += part
    return said.decode()


def _input(process: "subprocess.Popen[bytes]") -> IO[bytes]:
    """Return where what is typed goes."""
    assert process.stdin is not None
    return process.stdin
