"""Instants and the clocks that read them.

An instant is an `int` of milliseconds since the epoch, UTC; on the wire it is RFC 3339 with an
offset. Only `SystemClock` touches the machine's time; everybody else is handed a `Clock`.
"""

import re
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol, final

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_RFC3339 = re.compile(
    # `fromisoformat` also takes week dates, commas, blanks and offsets with seconds.
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)

HONG_KONG = timezone(timedelta(hours=8), "Asia/Hong_Kong")
"""Hong Kong has kept one offset, without summer time, since 1979."""


class Clock(Protocol):
    """Whatever can tell the time."""

    def now_ms(self) -> int:
        """Return the present instant."""
        ...


@final
class SystemClock:
    """The machine's time plus an offset that only grows (DESIGN 5: `now = wall + offset`)."""

    def __init__(self, offset_ms: int = 0) -> None:
        """Start `offset_ms` ahead of the machine."""
        self._offset_ms = offset_ms

    @property
    def offset_ms(self) -> int:
        """Return how far this clock is ahead of the machine's."""
        return self._offset_ms

    def now_ms(self) -> int:
        """Return the present instant."""
        return time.time_ns() // 1_000_000 + self._offset_ms

    def advance(self, duration_ms: int) -> None:
        """Move ahead; a clock never goes back."""
        if duration_ms < 0:
            message = "a clock only goes forward"
            raise ValueError(message)
        self._offset_ms += duration_ms


@final
class ManualClock:
    """A clock that stands still until it is moved: for tests and for the simulator."""

    def __init__(self, now_ms: int) -> None:
        """Stand at `now_ms`."""
        self._now_ms = now_ms

    def now_ms(self) -> int:
        """Return the instant it stands at."""
        return self._now_ms

    def advance(self, duration_ms: int) -> None:
        """Move ahead; a clock never goes back."""
        if duration_ms < 0:
            message = "a clock only goes forward"
            raise ValueError(message)
        self._now_ms += duration_ms


def rfc3339(instant_ms: int, zone: timezone = HONG_KONG) -> str:
    """Write an instant as RFC 3339 to the second, with the zone's offset."""
    moment = datetime.fromtimestamp(instant_ms // SECOND_MS, tz=zone)
    return moment.isoformat(timespec="seconds")


def rfc3339_ms(instant_ms: int, zone: timezone = HONG_KONG) -> str:
    """Write an instant as RFC 3339 to the millisecond, with the zone's offset."""
    second = datetime.fromtimestamp(instant_ms // SECOND_MS, tz=zone)
    moment = second.replace(microsecond=instant_ms % SECOND_MS * 1_000)
    return moment.isoformat(timespec="milliseconds")


def parse_rfc3339(text: str) -> int:
    """Read RFC 3339 section 5.6 text with an offset as an instant.

    Raises:
        ValueError: the text is no such date, or has no offset.
    """
    if not _RFC3339.fullmatch(text):
        message = f"{text[:40]!r} is not RFC 3339 with an offset, as in 2018-12-04T22:00:53-08:00"
        raise ValueError(message)
    return (datetime.fromisoformat(text.upper()) - _EPOCH) // _MILLISECOND
