"""The whole test, inside namespaces of its own: raise the cluster, break leaders, judge, report.

It is the first process there; when it ends, however it ends, the kernel ends everything it started.
What must hold: whatever is wrong becomes a finding beside the figures, never instead of them.
"""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Final

import msgspec

from tools.cluster.breaking import PLAN, Breaker, Event, Heartbeat
from tools.cluster.load import Load, paying
from tools.cluster.probes import Probes
from tools.cluster.whole import Cluster

CALM_S: Final = 5.0
OUTAGE_S_MAX: Final = 60.0
"""Longer than this is a fault of the configuration, however loaded the machine is."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        folder: where everything is kept; empty at first.
        events: how many failures.
        gateways: whether real gateways make the load, or a prober does.
    """

    folder: str
    events: int
    gateways: bool


class Report(msgspec.Struct, kw_only=True):
    """What happened, and what is wrong with it.

    Attributes:
        payments: how many were promised.
        probes: how many writes of probers were promised.
        put_off: answers of gateways that were lost or said to come again.
    """

    events: list[Event] = msgspec.field(default_factory=list)
    payments: int = 0
    probes: int = 0
    put_off: int = 0
    findings: list[str] = msgspec.field(default_factory=list)


async def main(plan: Plan) -> Report:
    """Run the plan."""
    folder, report, heart = Path(plan.folder), Report(), Heartbeat()
    cluster = Cluster(folder)
    roles = await cluster.start()
    _say(f"three machines are up; {roles.leader} leads")
    probes = Probes(cluster, folder)
    await probes.start()
    async with AsyncExitStack() as stack:
        load: Load | None = None
        if plan.gateways:
            load = await stack.enter_async_context(paying(folder, cluster.url, heart))
            _say("gateways are up, and payers pay")
        follows = asyncio.ensure_future(_follow(probes, heart, load))
        await asyncio.sleep(CALM_S)
        breaker = Breaker(cluster, heart, _say)
        with _noting(report):
            for number in range(plan.events):
                report.events.append(await breaker.run(*PLAN[number % len(PLAN)]))
        follows.cancel()
        with _noting(report):
            await _judge(cluster, probes, load, report)
    return report


@contextmanager
def _noting(report: Report) -> Iterator[None]:
    """Write down what never came, so that the figures up to then are reported, too."""
    try:
        yield
    except TimeoutError as error:
        report.findings.append(str(error))


async def _follow(probes: Probes, heart: Heartbeat, load: Load | None) -> None:
    """Without gateways, let the prober through HAProxy tell when something was promised."""
    while load is None:
        heart.moments_s[:] = probes.balanced()
        await asyncio.sleep(0.1)


async def _judge(cluster: Cluster, probes: Probes, load: Load | None, report: Report) -> None:
    """Hold what was promised against every machine."""
    if load is not None:
        await load.stop()
    report.findings += probes.stop()
    await cluster.well()
    await asyncio.sleep(CALM_S)  # So that both that follow have the last write as well.
    report.probes = len(probes.promises())
    report.findings += await probes.findings()
    report.findings += [
        f"nothing was acknowledged for {event.outage_s:.1f} s when {event.machine} was {event.kind}"
        for event in report.events
        if event.outage_s > OUTAGE_S_MAX
    ]
    if load is not None:
        report.payments = len(load.payments)
        report.put_off = sum(each.lost for each in load.payments)
        urls = [cluster.url_on(name) for name in cluster.machines]
        outages = [(event.began_s, event.outage_s) for event in report.events]
        report.findings += await load.findings(urls, outages)


def _say(line: str) -> None:
    print(f"  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    asked = msgspec.json.decode(sys.argv[1], type=Plan)
    Path(asked.folder, "report.json").write_bytes(msgspec.json.encode(asyncio.run(main(asked))))
