"""The first process of a test's machine: puts its own files in place and runs its two services.

It does what systemd does with Debian's units of etcd and Patroni: their user, their environment
file, their command, and a new start when one fails. What must hold: the folders it puts in place
are seen by this machine alone.
"""

import ctypes
import os
import socket
import sys
import time
from pathlib import Path

BINDS = ("etc/default/etcd", "etc/patroni", "var/lib/postgresql", "var/lib/etcd")
RESTART_S = 1.0
MS_BIND = 4096
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def main(name: str, disk: Path) -> None:
    """Run the machine until its power is cut."""
    socket.sethostname(name)
    for path in BINDS:
        _bind(disk / path, Path("/") / path)
    _bind(disk / "run/postgresql", Path("/run/postgresql"))
    lines = Path("/etc/default/etcd").read_text(encoding="utf-8").splitlines()
    settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    services = {
        "etcd": (["/usr/bin/etcd"], {"PATH": PATH, **settings}),
        "postgres": (
            ["/usr/bin/patroni", "/etc/patroni/config.yml"],
            {"PATH": PATH, "LANG": "C.UTF-8", "HOME": "/var/lib/postgresql"},
        ),
    }
    running = {_started(user, *service): user for user, service in services.items()}
    while True:
        pid, status = os.wait()
        user = running.pop(pid, None)
        if user is not None:
            print(f"{user}'s service ended with {status}; starting it again", flush=True)
            time.sleep(RESTART_S)
            running[_started(user, *services[user])] = user


def _bind(source: Path, target: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(bytes(source), bytes(target), None, MS_BIND, None):
        raise OSError(ctypes.get_errno(), "cannot be put in place", str(target))


def _started(user: str, command: list[str], environment: dict[str, str]) -> int:
    pid = os.fork()
    if not pid:
        os.chdir("/")
        as_user = ["--reuid", user, "--regid", user, "--init-groups", "--"]
        os.execve("/usr/bin/setpriv", ["setpriv", *as_user, *command], environment)  # noqa: S606  Our own words.
    return pid


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
