"""Where OpenTelemetry spans go, by the setting: to a collector over OTLP, or to standard error.

Loaded only when spans are switched on. The collector's address and all else of it are
OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_ENDPOINT` and so on). What must hold: exporting
never waits on the event loop, and what is left is exported before the gateway ends.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter

from tillgate.config.settings import Traces
from tillgate.edge.tracing import Tracing


@contextmanager
def spans(where: Traces) -> Iterator[Tracing]:
    """Draw spans for as long as the block lasts.

    Raises:
        ModuleNotFoundError: the exporter is not installed.
    """
    tracing = Tracing(BatchSpanProcessor(_exporter(where)))
    try:
        yield tracing
    finally:
        tracing.close()


def _exporter(where: Traces) -> SpanExporter:
    if where is Traces.CONSOLE:
        return ConsoleSpanExporter(out=sys.stderr)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  Console needs none.
        OTLPSpanExporter,
    )

    return OTLPSpanExporter()
