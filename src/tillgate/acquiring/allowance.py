"""Allowances: how much may be paid at once and in a day, and how much of the day is used.

One row an owner and currency, for a payer and for an agreement; it is locked when money is about to
move, so its limits are exact. A day is Hong Kong's. What must hold: a reserved amount counts until
its try was declined; a refund gives the day nothing back.
"""

from typing import ClassVar

from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.money import Money
from tillgate.kernel.record import Key, Record
from tillgate.kernel.results import Result


class Allowance(Record, frozen=True, kw_only=True):
    """What an owner may spend in one currency.

    Attributes:
        owner: `payer:…` or `agreement:…`.
        single_max: the most one payment may be, in minor units, or None.
        daily_max: the most a day's payments may sum to, in minor units, or None.
        day: the day that `spent` and `count` are of, as `2026-01-31`.
        spent: what was paid on that day, in minor units.
        count: how many payments that was.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("owner", "currency")

    owner: str
    currency: str
    single_max: int | None = None
    daily_max: int | None = None
    day: str = ""
    spent: int = 0
    count: int = 0

    def on(self, now_ms: int) -> "Allowance":
        """Return the allowance as of the day of `now_ms`: a new day begins with nothing spent.

        A day never goes back, so that a process whose clock is behind forgets nothing.
        """
        day = day_of(now_ms)
        return self if self.day >= day else self.replaced(day=day, spent=0, count=0)

    def is_loosened(self, *, single_max: int | None, daily_max: int | None) -> bool:
        """Tell whether with these limits one of them would rise or go away."""
        pairs = ((single_max, self.single_max), (daily_max, self.daily_max))
        return any(
            standing is not None and (new is None or new > standing) for new, standing in pairs
        )

    def check_single(self, money: Money, result: Result) -> None:
        """Raise `Refused` with this result when one payment may not be this large."""
        if self.single_max is not None and money.minor > self.single_max:
            raise Refused(result, path="body.order.orderAmount.value")

    def reserved(self, money: Money, *, now_ms: int) -> "Allowance":
        """Return the allowance with this payment counted.

        Raises:
            Refused: AMOUNT_EXCEED_DAILY_LIMIT.
        """
        today = self.on(now_ms)
        spent = today.spent + money.minor
        if self.daily_max is not None and spent > self.daily_max:
            raise Refused(Result.AMOUNT_EXCEED_DAILY_LIMIT, path="body.order.orderAmount.value")
        return today.replaced(spent=spent, count=today.count + 1)

    def released(self, money: Money, *, asked_at_ms: int) -> "Allowance":
        """Return the allowance without a payment that was counted then and declined now."""
        if self.day != day_of(asked_at_ms):
            return self
        return self.replaced(spent=max(0, self.spent - money.minor), count=max(0, self.count - 1))


def day_of(at_ms: int) -> str:
    """Return the day of an instant in Hong Kong, as `2026-01-31`."""
    return rfc3339(at_ms)[:10]


def payer_owner(payer_id: str) -> str:
    """Return how a payer is named as an owner."""
    return f"payer:{payer_id}"


def agreement_owner(merchant_id: str, merchant_agreement_id: str) -> str:
    """Return how an agreement is named as an owner."""
    return f"agreement:{merchant_id}/{merchant_agreement_id}"


def allowance_key(owner: str, currency: str) -> Key:
    """Name the allowance of an owner in a currency."""
    return Key(Allowance, (owner, currency))
