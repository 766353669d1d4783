"""The Debian packages a cluster is made of: which are missing, and how they get here.

It knows apt and nothing of a cluster. What must hold: nothing that is installed for a test starts
by itself, and no empty PostgreSQL is left behind by Debian's kindness.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROGRAMS = {
    "postgresql-15": Path("/usr/lib/postgresql/15/bin/postgres"),
    "patroni": Path("/usr/bin/patroni"),
    "etcd-server": Path("/usr/bin/etcd"),
    "haproxy": Path("/usr/sbin/haproxy"),
    "iproute2": Path("/usr/sbin/ip"),
    "util-linux": Path("/usr/bin/unshare"),
}
"""What has to be there, and by what each package is known."""
POLICY = Path("/usr/sbin/policy-rc.d")
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/tillgate-test.conf")


class Missing(Exception):
    """The machine lacks something that is not ours to bring."""


def missing() -> list[str]:
    """Return the packages that are not installed."""
    return [name for name, program in PROGRAMS.items() if not program.exists()]


def install() -> None:
    """Install what is missing, as root on Debian.

    Raises:
        Missing: we are not root, or there is no apt; says what to do.
    """
    if os.geteuid() != 0:
        raise Missing("Machines are made of network namespaces, which root alone may make.")
    names = missing()
    if not names:
        return
    if shutil.which("apt-get") is None:
        raise Missing(f"Install these Debian 12 packages: {' '.join(names)}")
    print(f"Installing with apt-get: {' '.join(names)}", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with _nothing_starts():
        for arguments in (
            ["update", "-qq"],
            ["install", "-y", "-qq", "--no-install-recommends", *names],
        ):
            subprocess.run(
                ["apt-get", *arguments], check=True, env=environment, stdout=subprocess.DEVNULL
            )


@contextmanager
def _nothing_starts() -> Iterator[None]:
    """Forbid, for as long as the block lasts, that an installed service starts."""
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n")
        POLICY.chmod(0o755)
    NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
    NO_CLUSTER.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        NO_CLUSTER.unlink()
        if ours:
            POLICY.unlink()
