"""Where the log of a command goes: standard error, as lines for people or JSON for programs.

What must hold: a traceback tells where something broke and never what variables held, because they
hold PINs, keys and the messages of merchants.
"""

import logging
import sys
from typing import Any

import structlog


def set_logging() -> None:
    """Send the log to standard error: lines for people on a terminal, JSON elsewhere."""
    rendered: Any = structlog.processors.JSONRenderer()
    if sys.stderr.isatty():
        rendered = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            rendered,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(message)s"
    )
