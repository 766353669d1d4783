"""What is done to a machine, how long nothing was acknowledged, and how it comes back.

It knows no payment; whoever is promised something tells the moment. What must hold: a machine that
was broken is mended before the next one is, and the outage is the longest silence around the event,
measured from promise to promise.
"""

import asyncio
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Final, assert_never, final

import msgspec

from tools.cluster.machine import Machine
from tools.cluster.whole import Cluster

CALM_S: Final = 3.0
"""How long things run before and after an event, so that silence shows against promises."""
BACK_S_MAX: Final = 90.0
MARGIN_S: Final = 1.0
ASK_AGAIN_S: Final = 0.1


class Who(StrEnum):
    """Which machine fails."""

    LEADER = "leader"
    """The one that takes writes."""
    STANDBY = "standby"
    """The one whose disk every commit waits for."""


class Kind(StrEnum):
    """How a machine fails."""

    KILLED = "killed"
    """PostgreSQL, Patroni and etcd end with signal 9 at one instant."""
    FROZEN = "frozen"
    """Every process stands still, and later goes on as if no time had passed."""
    CUT_FROM_PEERS = "cut off from the others"
    """The other two machines do not hear it; gateways do."""
    CUT_FROM_ALL = "cut off from everybody"
    """Its cable is pulled."""


PLAN: Final = (
    (Who.LEADER, Kind.KILLED),
    (Who.LEADER, Kind.FROZEN),
    (Who.LEADER, Kind.CUT_FROM_PEERS),
    (Who.STANDBY, Kind.KILLED),
    (Who.LEADER, Kind.CUT_FROM_ALL),
    (Who.LEADER, Kind.KILLED),
    (Who.LEADER, Kind.FROZEN),
    (Who.STANDBY, Kind.FROZEN),
    (Who.LEADER, Kind.CUT_FROM_PEERS),
    (Who.LEADER, Kind.KILLED),
    (Who.LEADER, Kind.FROZEN),
    (Who.LEADER, Kind.KILLED),
)
"""A leader fails ten times: four times killed, three times frozen, three times cut off. A standby
fails twice besides, since commits wait for it."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One machine's failure.

    Attributes:
        machine: who failed.
        leader: who led afterwards.
        began_s: when, by this machine's monotonic clock.
        outage_s: the longest time without a promise around it.
        back_s: from mending to three machines, two of which follow one leader.
    """

    who: Who
    kind: Kind
    machine: str
    leader: str
    began_s: float
    outage_s: float
    back_s: float


@final
class Heartbeat:
    """The moments at which somebody was promised something, in order."""

    def __init__(self) -> None:
        """Nobody was promised anything yet."""
        self.moments_s: list[float] = []

    def beat(self) -> None:
        """Note a promise."""
        self.moments_s.append(time.monotonic())

    def longest_s(self, from_s: float, to_s: float) -> float:
        """Return the longest silence that overlaps a span of time."""
        first = max(0, bisect_left(self.moments_s, from_s) - 1)
        inside = self.moments_s[first : bisect_left(self.moments_s, to_s)]
        return max((two - one for one, two in pairwise([*inside, to_s])), default=0.0)


@final
class Breaker:
    """Breaks one machine after the other."""

    def __init__(self, cluster: Cluster, heart: Heartbeat, say: Callable[[str], None]) -> None:
        """Break machines of this cluster while this heart beats."""
        self._cluster = cluster
        self._heart = heart
        self._say = say

    async def run(self, who: Who, kind: Kind) -> Event:
        """Let a machine fail, wait until promises are given again, and bring it back."""
        roles = await self._cluster.well()
        name = roles.leader if who is Who.LEADER else roles.standby
        await asyncio.sleep(CALM_S)
        machine = self._cluster.machines[name]
        others = [each for each in self._cluster.machines.values() if each is not machine]
        began_s = time.monotonic()
        self._say(f"{name}, the {who.value}, is {kind.value}")
        _break(kind, machine, others)
        try:
            await self._replaced(who, name)
            await self._promised()
            await asyncio.sleep(CALM_S)
        finally:
            mended_s = time.monotonic()
            _mend(kind, machine, others)
        after = await self._cluster.well()
        ended_s = time.monotonic()
        await asyncio.sleep(MARGIN_S)
        event = Event(
            who=who,
            kind=kind,
            machine=name,
            leader=after.leader,
            began_s=began_s,
            outage_s=self._heart.longest_s(began_s - MARGIN_S, ended_s + MARGIN_S),
            back_s=ended_s - mended_s,
        )
        self._say(
            f"{event.leader} leads; nothing was acknowledged for {event.outage_s:.1f} s;"
            f" {name} was back {event.back_s:.1f} s after it was mended"
        )
        return event

    async def _replaced(self, who: Who, name: str) -> None:
        """Wait until another machine has the role."""
        ask = self._cluster.leaders if who is Who.LEADER else self._cluster.standbys
        ends_s = time.monotonic() + BACK_S_MAX
        while not await ask() - {name}:
            await _again(ends_s, f"nobody took over from {name}, the {who.value}")

    async def _promised(self) -> None:
        """Wait until something is promised from now on."""
        count, ends_s = len(self._heart.moments_s), time.monotonic() + BACK_S_MAX
        while len(self._heart.moments_s) == count:
            await _again(ends_s, "nothing was acknowledged after another machine took over")


async def _again(ends_s: float, otherwise: str) -> None:
    """Wait a moment before the next look, or say what never came."""
    if time.monotonic() > ends_s:
        raise TimeoutError(f"{otherwise} in {BACK_S_MAX:.0f} s")
    await asyncio.sleep(ASK_AGAIN_S)


def _break(kind: Kind, machine: Machine, others: Sequence[Machine]) -> None:
    match kind:
        case Kind.KILLED:
            machine.kill()
        case Kind.FROZEN:
            machine.freeze()
        case Kind.CUT_FROM_PEERS:
            for other in others:
                machine.cable.lose(other.cable)
        case Kind.CUT_FROM_ALL:
            machine.cable.pull()
        case _:
            assert_never(kind)


def _mend(kind: Kind, machine: Machine, others: Sequence[Machine]) -> None:
    match kind:
        case Kind.KILLED:
            machine.start()
        case Kind.FROZEN:
            machine.thaw()
        case Kind.CUT_FROM_PEERS:
            for other in others:
                machine.cable.find(other.cable)
        case Kind.CUT_FROM_ALL:
            machine.cable.plug()
        case _:
            assert_never(kind)
