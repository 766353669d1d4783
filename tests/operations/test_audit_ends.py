"""The audit's own process: it ends when the gateway that waits for it is killed.

What must hold: nothing that a gateway started goes on reading its database after `kill -9`; and a
machine without memory ends the audit before the gateway.
"""

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

WAIT_S_MAX = 120.0
ENDS_S_MAX = 40.0
"""Less than the minute for which an audit waits for an answer of its database."""
VERSION = b"server_version\x0018.0\0"
WELCOME = b"".join(
    [
        b"R\0\0\0\x08\0\0\0\0",  # Nobody needs a password;
        b"S" + (len(VERSION) + 4).to_bytes(4, "big") + VERSION,  # this is PostgreSQL 18;
        b"Z\0\0\0\x05I",  # the first statement may come.
    ]
)
PARENT = """
import asyncio, sys
from pathlib import Path
from tillgate.bootstrap.auditing import audit
from tillgate.config.database import PostgresUrl
from tillgate.config.settings import Settings

asyncio.run(audit(Settings(data=Path("/nowhere"), database=PostgresUrl(sys.argv[1])), 0))
"""


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_an_audit_ends_with_the_gateway_that_is_killed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # It never answers a statement.
        silent.settimeout(WAIT_S_MAX)
        url = f"postgresql://nobody@127.0.0.1:{silent.getsockname()[1]}/nothing?sslmode=disable"
        parent = subprocess.Popen([sys.executable, "-c", PARENT, url])
        try:
            peer, _ = silent.accept()
            with peer:
                peer.settimeout(WAIT_S_MAX)
                peer.recv(4_096)
                peer.sendall(WELCOME)
                assert peer.recv(1), "it asks nothing"
                (child,) = _children(parent.pid)
                goes_first = Path(f"/proc/{child}/oom_score_adj").read_text()
                assert goes_first.strip() == "1000", "it must go before the gateway"
                parent.send_signal(signal.SIGKILL)
                parent.wait(WAIT_S_MAX)
                ends_s = time.monotonic() + ENDS_S_MAX
                while _runs(child):
                    assert time.monotonic() < ends_s, "it goes on without its parent"
                    time.sleep(0.02)
        finally:
            parent.kill()
            parent.wait(WAIT_S_MAX)


def _runs(pid: int) -> bool:
    """Tell whether a process runs; one that ended and that nobody asked after is a zombie."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
