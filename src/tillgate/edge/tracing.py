"""Spans by OpenTelemetry: a request, its decision and commit, the issuer's answer, a notification.

Loaded only when `TILLGATE_TRACES` switches it on, since the library is an extra. A batch serves
many requests at once, so each of them gets its own two spans of it, drawn when the batch has ended.
What must hold: the engine's observer never fails because of where spans go; nothing is exported on
the event loop.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final, final

import structlog
from opentelemetry import context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import Status, StatusCode

from tillgate.engine.commands import Command
from tillgate.engine.lanes import Job, Lane
from tillgate.kernel.errors import TillgateError

NAME: Final = "tillgate"


@final
class Tracing:
    """Draws spans. Implements `edge.traces.Traces` and `engine.observer.Observer`."""

    def __init__(self, processor: SpanProcessor, now_ns: Callable[[], int] = time.time_ns) -> None:
        """Hand every span that ends to this processor."""
        # OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES beat what is said here.
        self._provider = TracerProvider(resource=Resource.create({"service.name": NAME}))
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(NAME)
        self._now_ns = now_ns
        self._began_ns = self._decided_ns = now_ns()

    def close(self) -> None:
        """Export what is left, and end."""
        self._provider.shutdown()

    @contextmanager
    def span(self, name: str, **attributes: str | int) -> Iterator[object]:
        """Draw a span around a block, below the one around it."""
        # The text of an error may hold what a stranger sent.
        payment = structlog.contextvars.get_contextvars().get("payment")
        about = {**attributes, "payment": payment} if payment else attributes
        with self._tracer.start_as_current_span(
            name, attributes=_named(about), record_exception=False
        ) as drawn:
            yield drawn

    def note(self, **attributes: str | int) -> None:
        """Say something of the span that is open here."""
        trace.get_current_span().set_attributes(_named(attributes))

    def began(self, jobs: Sequence[Job], waiting: Mapping[Lane, int]) -> None:  # noqa: ARG002  The port's shape.
        """Take the time."""
        self._began_ns = self._decided_ns = self._now_ns()

    def decided(self, jobs: Sequence[Job]) -> None:  # noqa: ARG002  The port's shape.
        """Take the time."""
        self._decided_ns = self._now_ns()

    def committed(self, jobs: Sequence[Job]) -> None:
        """Draw both spans of the batch for each command in it."""
        self._draw(jobs, Status(StatusCode.OK))

    def failed(self, jobs: Sequence[Job], error: Exception) -> None:
        """Draw them as they are: this try came to nothing."""
        self._draw(jobs, Status(StatusCode.ERROR, type(error).__name__))

    def answered(self, command: Command) -> None:
        """Draw nothing; the request's own span ends with its answer."""

    def refused(self, command: Command, error: TillgateError) -> None:
        """Draw nothing; the request's own span ends with its answer."""

    def _draw(self, jobs: Sequence[Job], status: Status) -> None:
        ended_ns = self._now_ns()
        for job in jobs:
            above = job.context.run(context.get_current)
            about: dict[str, str | int] = {"verb": type(job.command).__name__, "batch": len(jobs)}
            decide = self._tracer.start_span(
                "decide", above, attributes=_named(about), start_time=self._began_ns
            )
            decide.end(self._decided_ns)
            commit = self._tracer.start_span(
                "commit", above, attributes=_named(about), start_time=self._decided_ns
            )
            commit.set_status(status)
            commit.end(ended_ns)


def _named(attributes: Mapping[str, str | int]) -> dict[str, str | int]:
    return {f"{NAME}.{name}": value for name, value in attributes.items()}
