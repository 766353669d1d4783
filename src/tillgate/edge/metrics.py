"""Prometheus metrics: is it healthy, is it losing money, who is slow.

It is told by the engine (`engine.observer`), by commits (`Engine.watch`), by doors and workers
(`edge.meters`), and decides what is counted under which labels. What must hold: a label's value
comes from a closed set of ours; money that moved is counted from the commit that moved it, once.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar, final

from prometheus_client import (
    CollectorRegistry,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.refund import Refund
from tillgate.edge import metrics_begun, metrics_shared
from tillgate.edge.meters import Audited, Owed
from tillgate.edge.metrics_table import Instruments
from tillgate.engine.commands import Command
from tillgate.engine.committed import Committed
from tillgate.engine.lanes import Job, Lane
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Broken, Refused, TillgateError, Unavailable
from tillgate.kernel.results import CallbackCode, Result

S = TypeVar("S", Acquirement, Attempt, Refund, Notification)
OTHER: Final = "OTHER"
_RESULTS: Final = frozenset(Result.__members__) | frozenset(CallbackCode.__members__)


@final
class Metrics:
    """Counts what it is told. Implements `engine.observer.Observer` and `edge.meters.Meters`."""

    def __init__(
        self,
        *,
        version: str = "",
        mode: str = "",
        shared: Path | None = None,
        now_s: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Begin at zero; `shared` is the folder where several processes keep theirs together."""
        if shared is not None:
            metrics_shared.count_in_files(shared)
        disable_created_metrics()  # type: ignore[no-untyped-call]  # A third series beside each, which says when it began.
        self._registry = CollectorRegistry(auto_describe=True)
        self._shared = shared
        if shared is None:
            ProcessCollector(registry=self._registry)
        self._of = Instruments(self._registry if shared is None else None)
        metrics_begun.begin(self._of)
        self._now_s = now_s
        self._began_s = self._decided_s = now_s()
        self._of.info.labels(version, mode).set(1)
        self._of.processes.set(1)

    def page(self) -> bytes:
        """Return every metric in Prometheus's text format; with several processes, of all."""
        if self._shared is None:
            return generate_latest(self._registry)
        metrics_shared.forget_dead(self._shared)
        registry = CollectorRegistry()
        MultiProcessCollector(registry, str(self._shared))  # type: ignore[no-untyped-call]  # The library's.
        return generate_latest(registry)

    # What the engine tells (engine.observer).

    def began(self, jobs: Sequence[Job], waiting: Mapping[Lane, int]) -> None:
        """Take the time, and how many wait."""
        self._began_s = self._decided_s = self._now_s()
        self._of.batch_commands.observe(len(jobs))
        for lane, count in waiting.items():
            self._of.queue_depth.labels(lane.name).set(count)

    def decided(self, jobs: Sequence[Job]) -> None:  # noqa: ARG002  The port's shape.
        """Time what came before: reading, locking and deciding."""
        self._decided_s = self._now_s()
        self._of.decide_seconds.observe(self._decided_s - self._began_s)

    def committed(self, jobs: Sequence[Job]) -> None:  # noqa: ARG002  The port's shape.
        """Time the writing and the commit."""
        self._of.commit_seconds.observe(self._now_s() - self._decided_s)
        self._of.batches.labels(metrics_begun.COMMITTED).inc()

    def failed(self, jobs: Sequence[Job], error: Exception) -> None:  # noqa: ARG002  The port's shape.
        """Count the try by what went wrong; types of errors are ours and few."""
        self._of.batches.labels(type(error).__name__.lstrip("_")).inc()

    def answered(self, command: Command) -> None:
        """Count a command that was decided."""
        self._of.commands.labels(type(command).__name__, "DONE").inc()

    def refused(self, command: Command, error: TillgateError) -> None:
        """Count a command by why its caller got no outcome."""
        self._of.commands.labels(type(command).__name__, _outcome(error)).inc()
        if isinstance(error, Refused) and error.result is Result.REQUEST_TRAFFIC_EXCEED_LIMIT:
            self._of.refused_for_traffic.labels("engine").inc()

    # What commits wrote (Engine.watch).

    def watch(self, written: Committed) -> None:
        """Count what one commit changed."""
        for call, last in written.of(Call):
            if call.result_code and not (last and last.result_code):
                result = call.result_memo.partition(":")[0]
                self._of.payments.labels(call.result_code, _known(result)).inc()
        for order in _new_state(written.of(Acquirement)):
            reason = order.close_reason.value if order.close_reason else ""
            self._of.orders.labels(order.state.value, reason).inc()
        for attempt in _new_state(written.of(Attempt)):
            self._of.attempts.labels(attempt.kind.value, attempt.state.value).inc()
        for refund in _new_state(written.of(Refund)):
            self._of.refunds.labels(refund.state.value).inc()
        for row in _new_state(written.of(Notification)):
            self._of.notifications.labels(row.state.value).inc()
        for entry, postings in written.journals():
            self._of.entries.labels(entry.kind.value).inc()
            for leg in postings:
                money = leg.money
                self._of.moved.labels(entry.kind.value, money.currency.code).inc(money.minor)

    # What doors and workers tell (edge.meters).

    def requested(self, door: str, status: int, elapsed_s: float) -> None:
        """Count and time a request."""
        self._of.requests.labels(door, str(status)).inc()
        self._of.request_seconds.labels(door).observe(elapsed_s)

    def called(self, function: str, result: str) -> None:
        """Count a function that a merchant's server called."""
        self._of.functions.labels(function, _known(result)).inc()
        if result == Result.REQUEST_TRAFFIC_EXCEED_LIMIT.name:
            self._of.refused_for_traffic.labels("api").inc()

    def told(self, code: str, result: str) -> None:
        """Count a page that was called back."""
        self._of.callbacks.labels(code, _known(result)).inc()

    def asked(self, issuer: str, kind: str, *, answer: str, elapsed_s: float) -> None:
        """Count and time a question to an issuer."""
        self._of.issuer_seconds.labels(issuer, kind, answer).observe(elapsed_s)

    def sent(self, verdict: str, elapsed_s: float) -> None:
        """Count and time a notification that was sent."""
        self._of.sends.labels(verdict).inc()
        self._of.send_seconds.observe(elapsed_s)

    def pins_full(self) -> None:
        """Count a PIN that found no room to wait for its check."""
        self._of.refused_for_traffic.labels("pins").inc()

    def pin_waited(self, elapsed_s: float) -> None:
        """Time how long a PIN waited for its check to begin."""
        self._of.pin_wait_seconds.observe(elapsed_s)

    def owing(self, owed: Owed) -> None:
        """Show what waits in the store."""
        self._of.outbox_due.set(owed.due)
        self._of.outbox_due_age.set(owed.due_age_s)
        self._of.outbox_pending.set(owed.pending)
        self._of.unknown.set(owed.unknown)
        self._of.unknown_age.set(owed.unknown_age_s)
        self._of.review.set(owed.review)
        self._of.review_age.set(owed.review_age_s)
        self._of.clock_held.set(owed.clock_held_s)
        self._of.looked_at.set_to_current_time()

    def audited(self, audited: Audited | None) -> None:
        """Show what an audit found; one that could not be made leaves the last result and time."""
        if audited is None:
            self._of.audits.labels("failed").inc()
            return
        self._of.audits.labels("faults" if audited.faults else "clean").inc()
        self._of.audit_faults.set(audited.faults)
        self._of.audit_notes.set(audited.notes)
        self._of.audit_at.set(audited.ended_at_ms / SECOND_MS)
        self._of.audit_took.set(audited.took_s)


def _new_state(rows: Sequence[tuple[S, S | None]]) -> list[S]:
    """Return the rows that came to another state than the one before."""
    return [row for row, before in rows if before is None or before.state is not row.state]


def _known(result: str) -> str:
    return result if result in _RESULTS else OTHER


def _outcome(error: TillgateError) -> str:
    if isinstance(error, Refused):
        return error.result.name
    if isinstance(error, Unavailable):
        return "UNAVAILABLE"
    return metrics_begun.BROKEN if isinstance(error, Broken) else OTHER
