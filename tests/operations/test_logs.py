"""How a line of the log looks: one JSON object a line for programs, harmless text for people.

What must hold: whatever a value holds, it neither begins a line nor moves a terminal's cursor;
lines of libraries look like ours; the level that was chosen holds.
"""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import structlog

from tillgate.cli.logs import set_logging

BAD = "a\nb\r\x1b[2Jc\x9bd\u2028e\u202ef\ud800g\x00"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Return what sets logging up, for a terminal or not, runs something and returns the log."""
    root = logging.getLogger()
    kept, root_level = root.handlers[:], root.level

    def run(act: Callable[[], object], *, level: str = "info", is_terminal: bool = False) -> str:
        written = StringIO()
        monkeypatch.setattr(written, "isatty", lambda: is_terminal)
        monkeypatch.setattr(sys, "stderr", written)
        root.handlers.clear()
        set_logging(level)
        act()
        return written.getvalue()

    yield run
    root.handlers[:] = kept
    root.setLevel(root_level)


def test_a_value_cannot_begin_a_line_or_break_the_json(logged: Callable[..., str]) -> None:
    log = logged(lambda: structlog.get_logger("x").warning("event", said=BAD))

    assert log.count("\n") == 1
    assert json.loads(log)["said"].startswith("a\nb\\r\\x1b[2Jc\\x9bd\\u2028e\\u202ef\\ud800g")
    assert log.isascii() or log.strip().isprintable()


def test_a_terminal_is_not_moved_by_a_value(logged: Callable[..., str]) -> None:
    def act() -> None:
        structlog.get_logger("x").warning("event", said=BAD)
        try:
            raise ValueError(BAD)
        except ValueError:
            structlog.get_logger("x").exception("failed")

    log = logged(act, is_terminal=True)

    assert "\x1b[2J" not in log
    assert not set("\r\x9b\u2028\u202e\x00") & set(log)
    assert "ValueError" in log


def test_a_library_logs_as_we_do(logged: Callable[..., str]) -> None:
    def act() -> None:
        logging.getLogger("aiohttp.client").warning("Invalid %s", BAD)
        logging.getLogger("aiohttp.client").info("not this")

    (line,) = logged(act).splitlines()
    told: dict[str, Any] = json.loads(line)

    assert told["logger"] == "aiohttp.client"
    assert told["level"] == "warning"
    assert told["event"].startswith("Invalid a\nb")


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["d", "i", "w", "e"]),
        ("info", ["i", "w", "e"]),
        ("warning", ["w", "e"]),
        ("error", ["e"]),
    ],
)
def test_a_level_holds(logged: Callable[..., str], level: str, events: list[str]) -> None:
    def act() -> None:
        log = structlog.get_logger("x")
        log.debug("d")
        log.info("i")
        log.warning("w")
        log.error("e")

    assert [json.loads(line)["event"] for line in logged(act, level=level).splitlines()] == events


def test_a_traceback_tells_where_and_never_what_variables_held(logged: Callable[..., str]) -> None:
    def act() -> None:
        pin = "902107"
        try:
            raise RuntimeError(len(pin))
        except RuntimeError:
            structlog.get_logger("x").exception("failed")

    log = logged(act)

    assert "RuntimeError: 6" in json.loads(log)["exception"]
    assert "902107'" not in log
