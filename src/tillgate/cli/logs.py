"""Where the log of a command goes: standard error, as lines for people or JSON for programs.

Decides how a line looks, for our own lines and for those of libraries alike. What must hold: one
event is one line of JSON, whatever a stranger put into it, and nothing that moves a terminal's
cursor reaches one; a traceback tells where something broke and never what variables held, because
they hold PINs, keys and the messages of merchants.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final, TextIO, cast

import msgspec
import structlog
from structlog.typing import Processor

from tillgate.cli.log_stream import LogStream

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
_LINES: Final = "\n\t"


def set_logging(level: str = "info") -> None:
    """Send the log to standard error: lines for people on a terminal, JSON elsewhere."""
    stream = LogStream(sys.stderr)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _printable,
    ]
    rendered: Processor = structlog.processors.JSONRenderer(serializer=_json)
    if sys.stderr.isatty():
        rendered = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[*shared, rendered],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", stream)),
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared[:1], structlog.stdlib.add_logger_name, *shared[1:-1]],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _printable,
                rendered,
            ],
        )
    )
    # Libraries tell what an operator needs from "warning" on.
    logging.basicConfig(level=max(LEVELS[level], logging.WARNING), handlers=[handler])


def _printable(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> Any:  # noqa: ANN401  A processor's shape.
    """Show characters that are not for reading as what they are, in every text of a line."""
    for name, value in event.items():
        if isinstance(value, str) and not value.isprintable():
            event[name] = "".join(map(_shown, value))
    return event


def _shown(character: str) -> str:
    if character.isprintable() or character in _LINES:
        return character
    return character.encode("unicode_escape", "surrogatepass").decode()


def _json(event: Any, **_: Any) -> str:  # noqa: ANN401  A serializer's shape.
    return msgspec.json.encode(event, enc_hook=str).decode()
