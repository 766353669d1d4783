"""Money is whole minor units of one currency, and its arithmetic loses nothing."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.kernel.money import Money, Rounding, currency, zero

HKD = currency("HKD")
amounts = st.integers(-(10**15), 10**15)


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("10.00 HKD", 1000),
        ("10 HKD", 1000),
        ("10.5 HKD", 1050),
        ("0.01 HKD", 1),
        ("-0.50 HKD", -50),
        ("  7 HKD ", 700),
        ("100 JPY", 100),
        ("0.100 BHD", 100),
        ("1.0001 CLF", 10001),
    ],
)
def test_text_is_read_in_the_currencys_own_digits(text: str, minor: int) -> None:
    assert Money.parse(text).minor == minor


@pytest.mark.parametrize(
    "text",
    [
        *("", "HKD", "10.00", "10.00HKD", "10.001 HKD", "1.0 JPY", "10. HKD", ".5 HKD"),
        *(
            "1e3 HKD",
            "1_000 HKD",
            "\uff11\uff10 HKD",
            "10.\uff10\uff10 HKD",
            "--1 HKD",
            "+1 HKD",
            "1,000.00 HKD",
        ),
        *("10.00 hkd", "10.00 XXX", "10.00 XAU", "10.00 ZZZ", "nan HKD", "1 0 HKD"),
    ],
)
def test_text_in_any_other_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Money.parse(text)


@given(amounts, st.sampled_from(["HKD", "JPY", "BHD", "CLF"]))
def test_what_is_written_is_read_back(minor: int, code: str) -> None:
    money = Money.of(minor, code)

    assert Money.parse(str(money)) == money


@pytest.mark.parametrize("minor", [1.0, True, "1", None, 10.5])
def test_only_whole_numbers_become_money(minor: object) -> None:
    odd: Any = minor

    with pytest.raises(TypeError, match="int of minor units"):
        Money(odd, HKD)


def test_two_currencies_never_mix() -> None:
    dollars, yen = Money.of(1, "HKD"), Money.of(1, "JPY")

    with pytest.raises(ValueError, match="without a rate"):
        dollars + yen
    with pytest.raises(ValueError, match="without a rate"):
        dollars - yen
    with pytest.raises(ValueError, match="without a rate"):
        assert dollars < yen
    assert dollars != yen


def test_money_and_a_bare_number_do_not_mix() -> None:
    bare: Any = 1

    with pytest.raises(TypeError, match="do not mix"):
        Money.of(1, "HKD") + bare


def test_a_number_that_equals_another_amount_is_another_currency() -> None:
    assert Money.of(100, "HKD").major() == "1.00"
    assert Money.of(100, "JPY").major() == "100"
    assert Money.of(100, "BHD").major() == "0.100"
    assert Money.of(-5, "HKD").major() == "-0.05"


@given(amounts, amounts)
def test_adding_and_taking_away_come_back(first: int, second: int) -> None:
    one, other = Money(first, HKD), Money(second, HKD)

    assert one + other - other == one
    assert -one + one == zero("HKD")
    assert (one <= other) == (first <= second)
    assert (one > other) == (first > second)
    assert (one >= other) == (first >= second)


@pytest.mark.parametrize(
    ("minor", "basis_points", "rounding", "result"),
    [
        (1000, 150, Rounding.HALF_EVEN, 15),
        (50, 100, Rounding.HALF_EVEN, 0),
        (150, 100, Rounding.HALF_EVEN, 2),
        (250, 100, Rounding.HALF_EVEN, 2),
        (251, 100, Rounding.HALF_EVEN, 3),
        (-150, 100, Rounding.HALF_EVEN, -2),
        (199, 100, Rounding.DOWN, 1),
        (-199, 100, Rounding.DOWN, -1),
    ],
)
def test_a_rate_rounds_as_named(
    minor: int, basis_points: int, rounding: Rounding, result: int
) -> None:
    assert Money(minor, HKD).at_rate(basis_points, 10_000, rounding=rounding).minor == result


def test_a_rate_needs_a_positive_denominator() -> None:
    with pytest.raises(ValueError, match="positive denominator"):
        zero("HKD").at_rate(1, 0, rounding=Rounding.DOWN)


@given(amounts, st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_a_split_hands_out_every_unit(minor: int, weights: list[int]) -> None:
    parts = Money(minor, HKD).split(weights)

    assert sum(part.minor for part in parts) == minor
    assert len(parts) == len(weights)
    assert all(not part.minor for part, weight in zip(parts, weights, strict=True) if not weight)
    exact = [abs(minor) * weight / sum(weights) for weight in weights]
    assert all(abs(abs(part.minor) - share) <= 1 for part, share in zip(parts, exact, strict=True))


@pytest.mark.parametrize("weights", [[0], [0, 0], [1, -1], [2, -1]])
def test_a_split_needs_weights_that_say_something(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="positive sum"):
        Money(1, HKD).split(weights)


def test_money_is_above_zero_or_not() -> None:
    assert Money(1, HKD).is_positive
    assert not zero("HKD").is_positive
    assert not Money(-1, HKD).is_positive
