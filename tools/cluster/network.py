"""A switch and cables between machines that are network namespaces, and how a cable fails.

It knows addresses and no program that uses them. What must hold: whoever is cut off is told
nothing: packets vanish, as they do when a switch dies; and nothing outside the namespace this runs
in is touched.
"""

import subprocess
from typing import final

SWITCH = "switch"
HERE = "10.77.0.1"
NETWORK = "10.77.0.0/24"
NOBODY = "02:00:00:00:00:01"
"""An address of the link layer that no machine has."""


def run(*command: str) -> str:
    """Run a program to its end and return what it said."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    if done.returncode:
        message = f"{' '.join(command)}: {done.stderr.strip()}"
        raise RuntimeError(message)
    return done.stdout


def make_switch() -> None:
    """Connect this namespace, where the gateways run, to a new switch."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", SWITCH, "type", "bridge")
    run("ip", "address", "add", f"{HERE}/24", "dev", SWITCH)
    run("ip", "link", "set", SWITCH, "up")


@final
class Cable:
    """One machine's cable to the switch."""

    def __init__(self, holder: int, name: str, address: str) -> None:
        """Plug the namespace of a process in; the cable is known here by the machine's name."""
        self._holder = str(holder)
        self._port = f"to-{name}"
        self.address = address
        run(
            *("ip", "link", "add", self._port, "type", "veth"),
            *("peer", "name", "eth0", "netns", self._holder),
        )
        run("ip", "link", "set", self._port, "master", SWITCH, "up")
        self.inside("ip", "link", "set", "lo", "up")
        self.inside("ip", "address", "add", f"{address}/24", "dev", "eth0")
        self.inside("ip", "link", "set", "eth0", "up")

    def inside(self, *command: str) -> str:
        """Run a program on the machine's network."""
        return run("nsenter", f"--net=/proc/{self._holder}/ns/net", *command)

    def pull(self) -> None:
        """Cut the machine off from everybody."""
        run("ip", "link", "set", self._port, "down")

    def plug(self) -> None:
        """End what `pull` began."""
        run("ip", "link", "set", self._port, "up")

    def lose(self, other: "Cable") -> None:
        """Let packets to and from one other machine vanish."""
        for one, two in ((self, other), (other, self)):
            one.inside(
                *("ip", "neighbour", "replace", two.address, "lladdr", NOBODY),
                *("nud", "permanent", "dev", "eth0"),
            )

    def find(self, other: "Cable") -> None:
        """End what `lose` began."""
        for one, two in ((self, other), (other, self)):
            one.inside("ip", "neighbour", "del", two.address, "dev", "eth0")
