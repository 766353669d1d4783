"""Where a gateway logs that runs inside a test: to Python's logging, under `tillgate.gateway`.

A server prints its log; within a test that would be read as the tester's own output. What must
hold: only lines of the gateway's own loggers are led away, whatever the tester does with structlog.
"""

import logging
from collections.abc import Callable
from typing import Any, Final, final

import structlog

_NAMES: Final = "tillgate."
_LOG: Final = logging.getLogger("tillgate.gateway")


@final
class _Led:
    """What structlog writes a gateway's line to."""

    def _to(self, level: int) -> Callable[..., None]:
        def write(*said: Any, **named: Any) -> None:  # noqa: ANN401  Whatever the last processor made.
            _LOG.log(level, "%s", " ".join(map(str, (*said, *named.values()))))

        return write

    def __getattr__(self, name: str) -> Callable[..., None]:
        levels = {**logging.getLevelNamesMapping(), "EXCEPTION": logging.ERROR}
        return self._to(levels.get(name.upper(), logging.INFO))


@final
class _Factory:
    """Gives the gateway's loggers another end than all others."""

    def __init__(self, others: Callable[..., Any]) -> None:
        self.others = others
        self._led = _Led()

    def __call__(self, *names: Any) -> Any:  # noqa: ANN401  structlog's own shape.
        is_ours = bool(names) and isinstance(names[0], str) and names[0].startswith(_NAMES)
        return self._led if is_ours else self.others(*names)


def lead_away() -> None:
    """Lead the gateway's lines away, if they are not yet."""
    if not _LOG.handlers:  # Who has set no logging up is told nothing.
        _LOG.addHandler(logging.NullHandler())
    factory = structlog.get_config()["logger_factory"]
    if not isinstance(factory, _Factory):
        structlog.configure(logger_factory=_Factory(factory))


def lead_back() -> None:
    """Leave structlog as it was found."""
    factory = structlog.get_config()["logger_factory"]
    if isinstance(factory, _Factory):
        structlog.configure(logger_factory=factory.others)
