"""A sandbox gateway of several processes on a PostgreSQL database of its own, seen from outside.

What must hold: a test learns of processes only what any operator could: their numbers, from the
system.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.support import postgres
from tests.support.gateway import Gateway

WAIT_S_MAX: Final = 180.0


@contextmanager
def several(folder: Path, workers: int = 3, **settings: str) -> Iterator[Gateway]:
    """Run a gateway of so many processes for as long as the block lasts."""
    with postgres.server().database() as url:
        gateway = Gateway(folder / "gw", database_url=url, workers=str(workers), **settings)
        gateway.start()
        try:
            yield gateway
        finally:
            gateway.kill()
            wait_until(lambda: not living(gateway))


def children_of(gateway: Gateway) -> list[int]:
    """Return the numbers of the processes that serve."""
    pid = gateway.pid
    said = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(number) for number in said.split()]


def database_of(gateway: Gateway) -> str:
    """Return the URL of the database that it was told."""
    said = Path(f"/proc/{gateway.pid}/environ").read_bytes().decode().split("\0")
    return dict(each.split("=", 1) for each in said if each)["TILLGATE_DATABASE_URL"]


def living(gateway: Gateway) -> bool:
    """Tell whether any process of this gateway is there, by the folder that it was started with."""
    name = str(gateway.data).encode()
    for found in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if name in found.read_bytes():
                return True
        except OSError:
            continue  # It has just ended.
    return False


def kill(pid: int) -> None:
    """End a process as a power cut would."""
    os.kill(pid, signal.SIGKILL)


def wait_until(holds: Callable[[], object]) -> None:
    """Wait until something holds."""
    ends_s = time.monotonic() + WAIT_S_MAX
    while not holds():
        assert time.monotonic() < ends_s, "it never came to hold"
        time.sleep(0.02)
