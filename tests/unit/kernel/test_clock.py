"""Instants are milliseconds; on the wire they are RFC 3339 with an offset, and nothing looser."""

from datetime import UTC, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.kernel.clock import (
    HONG_KONG,
    ManualClock,
    SteadyClock,
    SystemClock,
    VirtualClock,
    duration_ms,
    duration_text,
    heard_ms,
    held_ms,
    parse_rfc3339,
    rfc3339,
    wall_of,
)

SEED_MS = 1_543_989_653_000


def test_the_seeds_sample_is_read() -> None:
    assert parse_rfc3339("2018-12-04T22:00:53-08:00") == SEED_MS


@pytest.mark.parametrize(
    "text",
    [
        "2018-12-05T06:00:53Z",
        "2018-12-05t06:00:53z",
        "2018-12-05T14:00:53+08:00",
        "2018-12-05T06:00:53.0Z",
        "2018-12-05T06:00:53.000000000+00:00",
    ],
)
def test_one_instant_has_many_spellings(text: str) -> None:
    assert parse_rfc3339(text) == SEED_MS


def test_fractions_are_cut_to_the_millisecond() -> None:
    assert parse_rfc3339("2018-12-05T06:00:53.1239Z") == SEED_MS + 123


@pytest.mark.parametrize(
    "text",
    [
        *("", "2018-12-04", "2018-12-04T22:00:53", "2018-12-04 22:00:53-08:00"),
        *("2018-12-04T22:00:53-0800", "2018-12-04T22:00:53-08", "2018-12-04T22:00-08:00"),
        *("2018-13-04T22:00:53Z", "2018-02-29T22:00:53Z", "2018-12-04T24:00:01Z"),
        *("2018-12-04T22:00:60Z", "2018-12-04T22:00:53,5Z", "2018-12-04T22:00:53.Z"),
        *("2018-W49-2T22:00:53Z", "2018-12-04T22:00:53-08:00:30", "2018-12-04T22:00:53Z "),
        *("\uff12018-12-04T22:00:53Z", "2018-12-04T22:00:53+25:00", "0000-01-01T00:00:00Z"),
    ],
)
def test_anything_looser_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_rfc3339(text)


def test_the_ends_of_time_are_read_without_a_fault() -> None:
    assert parse_rfc3339("0001-01-01T00:00:00+23:59") < 0
    assert parse_rfc3339("9999-12-31T23:59:59-23:59") > 0


@given(st.integers(0, 4_102_444_800_000), st.sampled_from([HONG_KONG, UTC]))
def test_what_is_written_is_read_back_to_the_second(instant_ms: int, zone: timezone) -> None:
    assert parse_rfc3339(rfc3339(instant_ms, zone)) == instant_ms // 1000 * 1000


def test_hong_kong_is_written_with_its_offset() -> None:
    assert rfc3339(SEED_MS) == "2018-12-05T14:00:53+08:00"


def test_a_manual_clock_stands_until_it_is_moved() -> None:
    clock = ManualClock(5)

    assert clock.now_ms() == 5
    clock.advance(7)
    assert clock.now_ms() == 12


def test_no_clock_goes_back() -> None:
    for clock in (ManualClock(0), SystemClock()):
        with pytest.raises(ValueError, match="forward"):
            clock.advance(-1)


def test_the_system_clock_is_ahead_by_its_offset() -> None:
    plain, ahead = SystemClock(), SystemClock(offset_ms=1_000_000)
    ahead.advance(500_000)

    assert ahead.offset_ms == 1_500_000
    assert 1_490_000 < ahead.now_ms() - plain.now_ms() < 1_600_000


class Machine:
    """A machine whose wall clock somebody sets."""

    def __init__(self) -> None:
        self.wall_ms, self.paced_ms = SEED_MS, 5_000
        self.clock = SteadyClock(lambda: self.wall_ms, lambda: self.paced_ms)

    def passes(self, duration_ms: int, *, set_by_ms: int = 0) -> int:
        self.paced_ms += duration_ms
        self.wall_ms += duration_ms + set_by_ms
        return self.clock.now_ms() - SEED_MS


def test_a_steady_clock_follows_the_wall() -> None:
    machine = Machine()

    assert machine.passes(0) == 0
    assert machine.passes(1_000) == 1_000
    assert machine.passes(10, set_by_ms=3_600_000) == 3_601_010


def test_a_steady_clock_goes_on_when_the_wall_is_set_back() -> None:
    machine = Machine()

    assert machine.passes(1_000, set_by_ms=-3_600_000) == 1_000
    assert machine.passes(60_000) == 61_000
    assert machine.passes(1_000, set_by_ms=3_600_000) == 62_000
    assert machine.passes(1_000, set_by_ms=5) == 63_005


def test_a_steady_clock_waits_out_a_small_step_back() -> None:
    machine = Machine()

    assert machine.passes(1_000) == 1_000
    assert machine.passes(100, set_by_ms=-1_500) == 1_000
    assert machine.passes(1_000) == 1_000
    assert machine.passes(1_000) == 1_600


def test_a_steady_clock_tells_how_far_it_holds_to_a_time_that_was_set_back() -> None:
    machine = Machine()
    machine.passes(1_000)
    assert held_ms(machine.clock) == 0
    machine.passes(1_000, set_by_ms=-1_500)
    assert held_ms(machine.clock) == 0, "a small step is waited out"
    machine.passes(1_000, set_by_ms=-3_600_000)
    assert held_ms(machine.clock) == held_ms(VirtualClock(machine.clock)) == 3_600_500
    machine.passes(1_000, set_by_ms=3_601_500)
    assert held_ms(machine.clock) == 0


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(-(10**8), 10**8)), max_size=30))
def test_a_steady_clock_never_goes_back(steps: list[tuple[int, int]]) -> None:
    machine = Machine()
    told = [machine.passes(passed, set_by_ms=by) for passed, by in steps]

    assert told == sorted(told)


def test_a_virtual_clock_is_ahead_and_shifts_what_others_say() -> None:
    wall = ManualClock(1_000)
    clock = VirtualClock(wall, offset_ms=5)
    clock.advance(20)
    wall.advance(3)

    assert (clock.now_ms(), clock.offset_ms) == (1_028, 25)
    assert (heard_ms(clock, 1_003), heard_ms(wall, 1_003)) == (1_028, 1_003)
    assert wall_of(clock) is wall_of(wall) is wall
    with pytest.raises(ValueError, match="only goes forward"):
        clock.advance(-1)


def test_a_duration_without_a_unit_is_no_duration() -> None:
    with pytest.raises(TypeError, match="text with its unit, such as '90s' or '25h', not 25"):
        duration_ms(25)  # type: ignore[arg-type]  # What a person types.


@pytest.mark.parametrize(
    ("text", "length_ms"),
    [
        ("90s", 90_000),
        ("15m", 900_000),
        ("25h", 90_000_000),
        ("2d", 172_800_000),
        ("1d12h", 129_600_000),
        (" 0s ", 0),
        ("3660d", 316_224_000_000),
    ],
)
def test_a_duration_is_read_as_people_spell_it(text: str, length_ms: int) -> None:
    assert duration_ms(text) == length_ms
    assert duration_ms(duration_text(length_ms)) == length_ms


@pytest.mark.parametrize(
    "text", ["", " ", "25", "h", "-1h", "1.5h", "1h2d", "25 h", "3661d", "1w", "1٢s", "9" * 5_000]
)
def test_what_is_no_duration_is_told_how_one_looks(text: str) -> None:
    with pytest.raises(ValueError, match="such as 90s, 15m, 25h, 2d"):
        duration_ms(text)
