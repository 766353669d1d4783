"""Series that stand at 0 before anything is counted, for a first time must be seen as a rise.

Prometheus takes a series that is born at 1 for one that was always 1: `increase` of it is 0, and an
alert that waits for the first fault of its kind stays silent. What must hold: each series that an
alert (deploy/prometheus) leans on is there from the start, under the very labels it is counted by.
"""

from typing import Final

from tillgate.acquiring.states import NotificationState
from tillgate.edge.metrics_table import Instruments
from tillgate.engine.ports import CommitUnknown, RowsLocked, StoreRefused
from tillgate.engine.verb import ResolutionStale
from tillgate.engine.verbs import VERBS
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.results import CallbackCode, Result, Status

COMMITTED: Final = "committed"
ENTRIES: Final = ("TOP_UP", "PAYMENT", "REFUND", "LATE_APPROVAL", "RETURNED", "REFUND_DECLINED")
"""Kinds of ledger entries, which is a room that doors may not enter; a test holds them."""
FAILURES: Final = (Unavailable, CommitUnknown, RowsLocked, StoreRefused, ResolutionStale)
AUDITS: Final = ("clean", "faults", "failed")
BROKEN: Final = "BROKEN"


def begin(instruments: Instruments) -> None:
    """Put them at 0."""
    for command in VERBS:
        instruments.commands.labels(command.__name__, BROKEN)
    for ended in (COMMITTED, *(error.__name__ for error in FAILURES)):
        instruments.batches.labels(ended)
    for kind in ENTRIES:
        instruments.entries.labels(kind)
    for state in NotificationState:
        instruments.notifications.labels(state.value)
    for outcome in AUDITS:
        instruments.audits.labels(outcome)
    for where in ("engine", "api", "pins"):
        instruments.refused_for_traffic.labels(where)
    instruments.payments.labels(CallbackCode.PAID.code, Result.SUCCESS.name)
    for result in Result:
        if result.status is Status.FAILURE:
            instruments.payments.labels(CallbackCode.FAILED.code, result.name)
