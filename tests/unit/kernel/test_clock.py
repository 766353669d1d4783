"""Instants are milliseconds; on the wire they are RFC 3339 with an offset, and nothing looser."""

from datetime import UTC, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.kernel.clock import (
    HONG_KONG,
    ManualClock,
    SystemClock,
    parse_rfc3339,
    rfc3339,
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
