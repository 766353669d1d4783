"""What watches a gateway: metrics, spans, log lines, the audit; chosen once, before it comes up.

Decides which of them there are; none of them decides anything. What must hold: a library that is
not installed is named with the line to type, and nothing of it is loaded while it is switched off.
"""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import version
from typing import NamedTuple, final

from tillgate.config.folder import FileTaken, Folder, read_private, write_once
from tillgate.config.settings import Settings, Traces
from tillgate.config.values import refused
from tillgate.edge import metrics_shared
from tillgate.edge.metrics import Metrics
from tillgate.edge.traces import UNTRACED
from tillgate.edge.traces import Traces as TracesPort
from tillgate.engine.commands import Command
from tillgate.engine.lanes import Job, Lane
from tillgate.engine.observer import Observer
from tillgate.kernel.errors import TillgateError


@final
class Watching(NamedTuple):
    """What is told of a gateway's work."""

    metrics: Metrics
    traces: TracesPort
    observer: Observer


@contextmanager
def watching(settings: Settings) -> Iterator[Watching]:
    """Make what watches, and end it behind the block.

    Raises:
        SettingRefused: spans are asked for, and their library is missing.
    """
    shared = metrics_shared.told_folder()
    metrics = Metrics(version=version("tillgate"), mode=settings.mode, shared=shared)
    if settings.traces is Traces.OFF:
        yield Watching(metrics, UNTRACED, metrics)
        return
    try:
        from tillgate.bootstrap.spans import spans  # noqa: PLC0415  Its library is an extra.
    except ModuleNotFoundError as missing:
        step = 'type: pip install "tillgate[gateway,otel]"'
        reason = f"spans need a library that is missing ({missing.name})"
        raise refused("traces", reason, step) from missing
    with spans(settings.traces) as tracing:
        yield Watching(metrics, tracing, Both(metrics, tracing))


def metrics_token(folder: Folder) -> str:
    """Return what opens `/metrics`: the content of a file that its first start makes.

    Raises:
        FolderRefused: others can read the file.
    """
    path = folder.path / "metrics.token"
    if not path.exists():
        with suppress(FileTaken):  # Another process made it in this moment.
            write_once(path, secrets.token_urlsafe(32).encode())
    return read_private(path).decode().strip()


@final
class Both:
    """Two observers of one engine."""

    def __init__(self, *observers: Observer) -> None:
        """Tell each of them, in this order."""
        self._observers = observers

    def began(self, jobs: Sequence[Job], waiting: Mapping[Lane, int]) -> None:
        """Pass on."""
        for each in self._observers:
            each.began(jobs, waiting)

    def decided(self, jobs: Sequence[Job]) -> None:
        """Pass on."""
        for each in self._observers:
            each.decided(jobs)

    def committed(self, jobs: Sequence[Job]) -> None:
        """Pass on."""
        for each in self._observers:
            each.committed(jobs)

    def failed(self, jobs: Sequence[Job], error: Exception) -> None:
        """Pass on."""
        for each in self._observers:
            each.failed(jobs, error)

    def answered(self, command: Command) -> None:
        """Pass on."""
        for each in self._observers:
            each.answered(command)

    def refused(self, command: Command, error: TillgateError) -> None:
        """Pass on."""
        for each in self._observers:
            each.refused(command, error)
