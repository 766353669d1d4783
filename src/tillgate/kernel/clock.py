"""Instants and the clocks that read them.

An instant is an `int` of milliseconds since the epoch, UTC; on the wire it is RFC 3339 with an
offset. Only `SystemClock` and `SteadyClock` touch the machine's time; everybody else is handed a
`Clock`.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol, final

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
SET_BACK_MS = 2 * SECOND_MS
"""More than what a time service corrects in one step of its own."""
DURATION_MS_MAX = 3_660 * DAY_MS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_RFC3339 = re.compile(
    # `fromisoformat` also takes week dates, commas, blanks and offsets with seconds.
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
_DURATION = re.compile(r"(?:([0-9]{1,6})d)?(?:([0-9]{1,7})h)?(?:([0-9]{1,9})m)?(?:([0-9]{1,10})s)?")

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
class VirtualClock:
    """A sandbox's time: another clock's and an offset that only grows (DESIGN 5).

    Whoever is outside keeps the other clock, so what they say of time is shifted: `heard_ms`.
    """

    def __init__(self, wall: Clock, *, offset_ms: int = 0) -> None:
        """Start `offset_ms` ahead of the other clock."""
        self.wall = wall
        self._offset_ms = offset_ms

    @property
    def offset_ms(self) -> int:
        """Return how far this clock is ahead of the other one."""
        return self._offset_ms

    def now_ms(self) -> int:
        """Return the present instant."""
        return self.wall.now_ms() + self._offset_ms

    def advance(self, duration_ms: int) -> None:
        """Move ahead; a clock never goes back."""
        if duration_ms < 0:
            message = "a clock only goes forward"
            raise ValueError(message)
        self._offset_ms += duration_ms


@final
class SteadyClock:
    """The machine's time as a server reads it: it never goes back.

    When somebody sets the machine's clock back, what is due and until when a lease holds would lie
    in the future of a server that followed it. So it goes on at the pace of the machine's other
    clock, which nobody sets, until the machine's time has caught up; small steps are waited out.
    """

    def __init__(
        self,
        wall_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        pace_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
    ) -> None:
        """Begin with what the machine says."""
        self._wall_ms = wall_ms
        self._pace_ms = pace_ms
        self._said_ms = wall_ms()
        self._paced_ms = pace_ms()

    def now_ms(self) -> int:
        """Return the present instant."""
        wall_ms, paced_ms = self._wall_ms(), self._pace_ms()
        steady_ms = self._said_ms + max(0, paced_ms - self._paced_ms)
        is_set_back = wall_ms < steady_ms - SET_BACK_MS
        self._said_ms = steady_ms if is_set_back else max(wall_ms, self._said_ms)
        self._paced_ms = paced_ms
        return self._said_ms

    def held_ms(self) -> int:
        """Return how far this clock is ahead of the machine's because that was set back, or 0.

        Nobody can tell which of the two is right, so somebody must be told when they differ.
        """
        ahead_ms = self.now_ms() - self._wall_ms()
        return ahead_ms if ahead_ms > SET_BACK_MS else 0


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


def heard_ms(clock: Clock, said_ms: int) -> int:
    """Return when it was by our clock what somebody outside says it was by theirs."""
    return said_ms + clock.offset_ms if isinstance(clock, VirtualClock) else said_ms


def wall_of(clock: Clock) -> Clock:
    """Return the clock that everybody outside has."""
    return clock.wall if isinstance(clock, VirtualClock) else clock


def held_ms(clock: Clock) -> int:
    """Return how far a clock holds to a time that the one it follows no longer says."""
    followed = wall_of(clock)
    return followed.held_ms() if isinstance(followed, SteadyClock) else 0


def duration_ms(text: str) -> int:
    """Read a duration as people spell it: `90s`, `15m`, `25h`, `2d`, or `1d12h`.

    Raises:
        ValueError: it is none, or longer than ten years.
        TypeError: it is no text; a bare number has no unit.
    """
    found = _DURATION.fullmatch(_text(text).strip())
    parts = [int(number or 0) for number in found.groups()] if found else []
    units = (DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS)
    total_ms = sum(number * unit for number, unit in zip(parts, units, strict=False))
    if not text.strip() or found is None or total_ms > DURATION_MS_MAX:
        message = f"{text[:40]!r} is not a duration of at most ten years, such as 90s, 15m, 25h, 2d"
        raise ValueError(message)
    return total_ms


def _text(given: object) -> str:
    if not isinstance(given, str):
        message = f"a duration is text with its unit, such as '90s' or '25h', not {given!r}"
        raise TypeError(message)
    return given


def duration_text(length_ms: int) -> str:
    """Write a duration to the second, as `duration_ms` reads it."""
    rest, parts = length_ms // SECOND_MS, []
    for unit_s, letter in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        number, rest = divmod(rest, unit_s)
        parts.append(f"{number}{letter}" if number else "")
    return "".join(parts) or "0s"


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
