"""Money: an integer of minor units and a currency that knows its exponent (PROTOCOL 2.5, U18).

This is the only home of arithmetic on amounts. What must hold: no float and no bool ever becomes
money, two currencies never mix, and every division hands out each unit or names its rounding.
The currencies are ISO 4217's, from the `iso4217` library's data.
"""

from collections.abc import Sequence
from enum import Enum, unique
from functools import cache
from typing import Self, final

import iso4217
import msgspec

MINOR_DIGITS_MAX = 12
"""Digits of the largest amount on the wire (U18: `[1-9][0-9]{0,11}`)."""


@final
class Currency(msgspec.Struct, frozen=True, order=True):
    """An ISO 4217 currency: its three letters and how many decimal digits its minor unit has."""

    code: str
    exponent: int

    def __str__(self) -> str:
        """Return the three letters."""
        return self.code


@cache
def currency(code: str) -> Currency:
    """Return the currency with this ISO 4217 code.

    Raises:
        ValueError: the code is unknown, or names something without minor units (gold, a test code).
    """
    try:
        data = iso4217.Currency(code)
    except ValueError:
        message = f"currency {code!r} is not an ISO 4217 code; use three capital letters, as in HKD"
        raise ValueError(message) from None
    if data.exponent is None:
        message = f"currency {code} has no minor unit, so nothing can be paid in it"
        raise ValueError(message)
    return Currency(code=data.code, exponent=data.exponent)


@unique
class Rounding(Enum):
    """How a fraction of a minor unit is resolved; named wherever a rate is applied."""

    HALF_EVEN = "half to even"
    DOWN = "towards zero"


@final
class Money(msgspec.Struct, frozen=True, order=False):
    """An amount: `minor` units (an int, may be negative inside the ledger) of one currency."""

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        """Refuse floats, bools and anything else that is not exactly an int."""
        if type(self.minor) is not int:
            message = f"money is an int of minor units, not {type(self.minor).__name__}"
            raise TypeError(message)

    @classmethod
    def of(cls, minor: int, code: str) -> Self:
        """Return `minor` units of the currency named by its ISO 4217 code."""
        return cls(minor, currency(code))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `"10.00 HKD"`: major units with at most the currency's digits, a blank, the code.

        Raises:
            TypeError: it is no text; a float least of all.
            ValueError: the text has another form; the message names the rule.
        """
        number, _, code = _text(text).strip().partition(" ")
        if not code:
            message = f"amount {text!r} names no currency; an amount is text as in '10.00 HKD'"
            raise ValueError(message)
        unit = currency(code.strip())
        whole, point, fraction = number.partition(".")
        plain = whole.removeprefix("-")
        if not (plain.isascii() and plain.isdigit()) or (point and not fraction):
            message = f"amount {text!r} is not a number and a currency, as in '10.00 HKD'"
            raise ValueError(message)
        if fraction and not (fraction.isascii() and fraction.isdigit()):
            message = f"amount {text!r} is not a number and a currency, as in '10.00 HKD'"
            raise ValueError(message)
        if len(fraction) > unit.exponent:
            message = f"{unit.code} has {unit.exponent} decimal digits; {number!r} has more"
            raise ValueError(message)
        units = int(plain + fraction.ljust(unit.exponent, "0"))
        return cls(-units if whole.startswith("-") else units, unit)

    def major(self) -> str:
        """Return the amount in major units with all of the currency's digits: `"10.00"`."""
        digits = str(abs(self.minor)).rjust(self.currency.exponent + 1, "0")
        sign = "-" if self.minor < 0 else ""
        if not self.currency.exponent:
            return sign + digits
        cut = -self.currency.exponent
        return f"{sign}{digits[:cut]}.{digits[cut:]}"

    def __str__(self) -> str:
        """Return what `parse` reads: `"10.00 HKD"`."""
        return f"{self.major()} {self.currency.code}"

    def __add__(self, other: "Money") -> "Money":
        """Add money of the same currency."""
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        """Subtract money of the same currency."""
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        """Return the opposite amount."""
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        """Compare with money of the same currency."""
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        """Compare with money of the same currency."""
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        """Compare with money of the same currency."""
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        """Compare with money of the same currency."""
        return self.minor >= self._same(other)

    def at_rate(self, numerator: int, denominator: int, *, rounding: Rounding) -> "Money":
        """Return this amount times `numerator / denominator`, rounded as named."""
        if denominator <= 0:
            message = "a rate needs a positive denominator"
            raise ValueError(message)
        product = self.minor * numerator
        whole, rest = divmod(abs(product), denominator)
        if rounding is Rounding.HALF_EVEN:
            twice = 2 * rest
            whole += twice > denominator or (twice == denominator and whole % 2 == 1)
        return Money(-whole if product < 0 else whole, self.currency)

    def split(self, weights: Sequence[int]) -> "tuple[Money, ...]":
        """Share this amount by `weights`; odd units go one each to the first parts.

        The parts always sum to the whole. Weights are not negative and their sum is positive.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            message = "a split needs weights of at least 0 with a positive sum"
            raise ValueError(message)
        sign = -1 if self.minor < 0 else 1
        parts = [abs(self.minor) * weight // total for weight in weights]
        odd = abs(self.minor) - sum(parts)
        for index, weight in enumerate(weights):
            if odd and weight:
                parts[index] += 1
                odd -= 1
        return tuple(Money(sign * part, self.currency) for part in parts)

    @property
    def is_positive(self) -> bool:
        """Tell whether the amount is above zero."""
        return self.minor > 0

    def _same(self, other: object) -> int:
        if not isinstance(other, Money):
            message = f"money and {type(other).__name__} do not mix"
            raise TypeError(message)
        if other.currency != self.currency:
            message = f"{self.currency} and {other.currency} do not mix without a rate"
            raise ValueError(message)
        return other.minor


def _text(given: object) -> str:
    """Return what is text; of a number nobody knows whether it is cents."""
    if not isinstance(given, str):
        message = f"an amount is text as in '10.00 HKD', not {type(given).__name__}"
        raise TypeError(message)
    return given


def zero(code: str) -> Money:
    """Return no money in the currency with this code."""
    return Money.of(0, code)
