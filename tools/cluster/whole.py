"""The whole cluster of `deploy/cluster` on one machine: three machines, and this one for gateways.

It fills the shipped templates with addresses of its own, switches three machines on, runs HAProxy
here, and tells who leads. What must hold: nothing of the shipped configuration is changed but
names, addresses and passwords.
"""

import asyncio
import importlib.util
import json
import secrets
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple, final

from tools.cluster.machine import Machine
from tools.cluster.network import NETWORK, make_switch, run

DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "cluster"
MACHINES = {"db1": "10.77.0.11", "db2": "10.77.0.12", "db3": "10.77.0.13"}
PORT = 5000
"""Where HAProxy listens for gateways, as the shipped configuration says."""
POSTGRESQL_PORT = 5432
BALANCER = "db1/etc/haproxy/haproxy.cfg"
"""HAProxy's configuration is the same for all machines."""
ASK_S_MAX = 1.5
ASK_AGAIN_S = 0.3
WELL_S_MAX = 120.0
LAG_MAX = 1 << 20
RUNNING = ("running", "streaming")


class Roles(NamedTuple):
    """Who leads, and whose disk every commit waits for."""

    leader: str
    standby: str


NOBODY = Roles("", "")


def filler() -> ModuleType:
    """Return `deploy/cluster/fill.py`, which ships as a program of its own."""
    spec = importlib.util.spec_from_file_location("fill", DEPLOY / "fill.py")
    if spec is None or spec.loader is None:
        raise ImportError(str(DEPLOY))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@final
class Cluster:
    """Three machines under Patroni, and HAProxy in front of them."""

    def __init__(self, folder: Path) -> None:
        """Name the folder, which is empty; nothing runs yet."""
        self._folder = folder
        fill = filler()
        self._passwords = {name: secrets.token_urlsafe(18) for name in fill.PASSWORDS}
        settings = {
            "scope": "tillgate",
            "gateways": NETWORK,
            "machines": MACHINES,
            "passwords": self._passwords,
        }
        for name in MACHINES:
            fill.write(fill.filled(fill.values_of(settings, name)), folder / name, owned=True)
        make_switch()
        self.machines = {
            name: Machine(name, address, folder / name) for name, address in MACHINES.items()
        }

    @property
    def url(self) -> str:
        """Return the database's URL as a gateway is given it: whoever leads, through HAProxy."""
        return f"postgresql://tillgate:{self._passwords['tillgate']}@127.0.0.1:{PORT}/tillgate"

    def url_on(self, name: str) -> str:
        """Return the database's URL on one machine, whatever that is at the time."""
        place = f"{self.machines[name].address}:{POSTGRESQL_PORT}"
        return f"postgresql://tillgate:{self._passwords['tillgate']}@{place}/tillgate"

    async def start(self) -> Roles:
        """Switch everything on, wait until it is well, and make the database."""
        for machine in self.machines.values():
            machine.start()
        self._start_balancer()
        roles = await self.well()
        self._make_database(roles.leader)
        return roles

    async def well(self) -> Roles:
        """Wait until all three say the same: two follow one leader, one of them synchronously."""
        ends_s = time.monotonic() + WELL_S_MAX
        while True:
            views = await asyncio.gather(*map(_members, self.machines.values()))
            found = {_roles(members) for members in views}
            if len(found) == 1 and NOBODY not in found:
                return found.pop()
            if time.monotonic() > ends_s:
                raise TimeoutError(f"the cluster is not well after {WELL_S_MAX:.0f} s: {views}")
            await asyncio.sleep(ASK_AGAIN_S)

    async def leaders(self) -> set[str]:
        """Return which machines say to HAProxy's question that they lead."""
        return await self._saying_yes("/primary")

    async def standbys(self) -> set[str]:
        """Return which machines say that commits wait for them."""
        return await self._saying_yes("/sync")

    async def _saying_yes(self, path: str) -> set[str]:
        answers = await asyncio.gather(*(_asked(each, path) for each in self.machines.values()))
        return {name for name, answer in zip(self.machines, answers, strict=True) if answer}

    def _start_balancer(self) -> None:
        with (self._folder / "haproxy.log").open("ab") as log:
            subprocess.Popen(
                ["/usr/sbin/haproxy", "-W", "-f", str(self._folder / BALANCER)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _make_database(self, leader: str) -> None:
        """Do on the leader what the README tells the operator, as the user postgres."""
        disk = self._folder / leader
        run(
            *("setpriv", "--reuid", "postgres", "--regid", "postgres", "--init-groups", "psql"),
            *("--host", str(disk / "run/postgresql"), "--no-psqlrc", "--quiet"),
            *("--set", "ON_ERROR_STOP=1", "--dbname", "postgres"),
            *("--file", str(disk / "etc/patroni/database.sql")),
        )


async def _members(machine: Machine) -> list[dict[str, Any]]:
    """Return what one machine says of all of them."""
    answer = await _asked(machine, "/cluster")
    members: list[dict[str, Any]] = answer.get("members", [])
    return members


async def _asked(machine: Machine, path: str) -> Mapping[str, Any]:
    """Return what a machine's Patroni answers; nothing when it does not, or says no."""

    def ask() -> Mapping[str, Any]:
        try:
            url = f"http://{machine.address}:8008{path}"
            with urllib.request.urlopen(url, timeout=ASK_S_MAX) as answer:
                found: Mapping[str, Any] = json.load(answer)
        except (OSError, HTTPException, ValueError):
            return {}
        return found

    return await asyncio.to_thread(ask)


def _roles(members: Sequence[Mapping[str, Any]]) -> Roles:
    """Return who has which role, if all run on one timeline and follow closely."""
    roles = {str(each["role"]): str(each["name"]) for each in members}
    is_well = (
        sorted(roles) == ["leader", "replica", "sync_standby"]
        and len({each.get("timeline") for each in members}) == 1
        and all(each["state"] in RUNNING for each in members)
        and all(isinstance(lag := each.get("lag", 0), int) and lag < LAG_MAX for each in members)
    )
    return Roles(roles["leader"], roles["sync_standby"]) if is_well else NOBODY
