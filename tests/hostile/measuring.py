"""What a server process costs, read from the system: memory, files, and whether it answers."""

import json
import time
from pathlib import Path
from typing import Final

import httpx2

from tests.support.gateway import Gateway

PATIENCE_S: Final = 60.0
"""How long an answer is waited for: none of these tests asks how fast a machine is."""


def pid_of(gateway: Gateway) -> int:
    """Return the process that answers."""
    return int(json.loads((gateway.data / "server.json").read_bytes())["pid"])


def memory_kib(pid: int) -> int:
    """Return how much memory a process holds that lies in no file."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:"))


def files(pid: int) -> int:
    """Return how many files and sockets a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def status(gateway: Gateway, path: str) -> int:
    """Return the status of a page, asked for on a connection of its own; 0 when none came."""
    try:
        return httpx2.get(
            f"{gateway.origin}{path}", timeout=PATIENCE_S, trust_env=False
        ).status_code
    except httpx2.TransportError:
        return 0


def becomes(gateway: Gateway, wanted: int, *, path: str = "/readyz") -> float:
    """Return after how many seconds a page has the status that is waited for."""
    began_s = time.monotonic()
    while (found := status(gateway, path)) != wanted:
        assert time.monotonic() - began_s < 2 * PATIENCE_S, (path, found)
        time.sleep(0.1)
    return time.monotonic() - began_s
