"""Every metric with its name, labels, buckets and the sentence that says what it means.

`docs/operations.md` says of each what to do about it; a test holds the two together. What must
hold: names end in their unit, and no label can take more values than there are words of ours.
"""

from typing import Final, final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

QUICK_S: Final = (0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
SLOW_S: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30)
BATCH: Final = (1, 2, 4, 8, 16, 32, 64)


@final
class Instruments:
    """All of them."""

    def __init__(self, registry: CollectorRegistry | None) -> None:
        """Make them in a registry; with several processes there is none, their folder is read."""
        self._registry = registry
        self._money()
        self._engine()
        self._doors()
        self._outside()
        self._store()

    def _money(self) -> None:
        self.payments = self._counter(
            "payments", "Payments that ended, by callback code and result.", "code", "result"
        )
        self.orders = self._counter(
            "orders", "Orders that came to a state, and why they closed.", "state", "reason"
        )
        self.refunds = self._counter("refunds", "Refunds that came to a state.", "state")
        self.attempts = self._counter(
            "attempts", "Questions to issuers that came to a state.", "kind", "state"
        )
        self.entries = self._counter("ledger_entries", "Ledger entries written.", "kind")
        self.moved = self._counter(
            "ledger_moved_minor_units",
            "Money moved by ledger entries, in minor units of its currency.",
            "kind",
            "currency",
        )
        self.callbacks = self._counter(
            "callbacks", "Pages that were called back, refusals included.", "code", "result"
        )

    def _engine(self) -> None:
        self.commands = self._counter(
            "commands", "Commands by verb and what their caller got.", "verb", "outcome"
        )
        self.batches = self._counter("batches", "Tries of batches by how they ended.", "outcome")
        self.batch_commands = self._histogram(
            "batch_commands", "Commands in a try of a batch.", buckets=BATCH
        )
        self.decide_seconds = self._histogram(
            "decide_seconds", "Reading, locking and deciding a batch.", buckets=QUICK_S
        )
        self.commit_seconds = self._histogram(
            "commit_seconds", "Writing and committing a batch.", buckets=QUICK_S
        )
        self.queue_depth = self._gauge(
            "queue_depth", "Commands that waited when the last batch began.", "lane", mode="livesum"
        )
        self.refused_for_traffic = self._counter(
            "refused_for_traffic", "Refused because too much came at once; not executed.", "where"
        )

    def _doors(self) -> None:
        self.requests = self._counter(
            "http_requests", "HTTP requests answered, by door and status.", "door", "status"
        )
        self.request_seconds = self._histogram(
            "http_request_seconds", "Time to answer an HTTP request.", "door", buckets=QUICK_S
        )
        self.functions = self._counter(
            "functions", "Functions that merchants' servers called.", "function", "result"
        )
        self.pin_wait_seconds = self._histogram(
            "pin_wait_seconds", "Time a PIN waited for its check to begin.", buckets=QUICK_S
        )
        self.info = self._gauge(
            "info", "1; the labels say what runs.", "version", "mode", mode="mostrecent"
        )
        self.processes = self._gauge("processes", "Processes that answer.", mode="livesum")

    def _outside(self) -> None:
        self.issuer_seconds = self._histogram(
            "issuer_seconds",
            "Time an issuer took to answer, by what it answered.",
            "issuer",
            "kind",
            "answer",
            buckets=SLOW_S,
        )
        self.notifications = self._counter(
            "notifications", "Notifications that came to a state.", "state"
        )
        self.sends = self._counter(
            "notification_sends", "Notifications sent, by what came back.", "verdict"
        )
        self.send_seconds = self._histogram(
            "notification_send_seconds", "Time a merchant's server took to answer.", buckets=SLOW_S
        )

    def _store(self) -> None:
        self.outbox_due = self._gauge("outbox_due", "Notifications due and not sent.")
        self.outbox_due_age = self._gauge(
            "outbox_due_age_seconds", "How long the oldest of them is due."
        )
        self.outbox_pending = self._gauge("outbox_pending", "Notifications not acknowledged yet.")
        self.unknown = self._gauge("attempts_unknown", "Attempts with neither yes nor no.")
        self.unknown_age = self._gauge(
            "attempts_unknown_age_seconds", "How long ago the oldest of them was first asked."
        )
        self.review = self._gauge("payments_in_review", "Payments that wait for an operator.")
        self.review_age = self._gauge(
            "payments_in_review_age_seconds", "How long the oldest of them waits."
        )
        self.looked_at = self._gauge(
            "store_looked_at_timestamp_seconds", "When the seven above were last read."
        )
        self.clock_held = self._gauge(
            "clock_held_seconds",
            "How far our clock is ahead of the one it follows, which was set back.",
            mode="livemax",  # Each process has a clock of its own.
        )
        self.audits = self._counter("audits", "Audits of the books by how they ended.", "outcome")
        self.audit_faults = self._gauge("audit_faults", "Faults in the books, by the last audit.")
        self.audit_notes = self._gauge("audit_notes", "Notes of the last audit for an operator.")
        self.audit_at = self._gauge("audit_timestamp_seconds", "When the last audit ended.")
        self.audit_took = self._gauge("audit_seconds", "How long the last audit took.")

    def _counter(self, name: str, sentence: str, *labels: str) -> Counter:
        return Counter(f"tillgate_{name}", sentence, labels, registry=self._registry)

    def _histogram(
        self, name: str, sentence: str, *labels: str, buckets: tuple[float, ...]
    ) -> Histogram:
        return Histogram(
            f"tillgate_{name}", sentence, labels, buckets=buckets, registry=self._registry
        )

    def _gauge(self, name: str, sentence: str, *labels: str, mode: str = "mostrecent") -> Gauge:
        # Of what lies in the one database, the process that looked last is right.
        return Gauge(
            f"tillgate_{name}",
            sentence,
            labels,
            registry=self._registry,
            multiprocess_mode=mode,  # type: ignore[arg-type]  # One of the library's literals.
        )
