"""Debts: how far below zero what a merchant is owed may go, exactly, with no row for its payments.

What a merchant is owed is a sum of postings that a door reads without a lock. The row here counts
what was given back since: it is locked by whatever gives back, and a payment never touches it. What
must hold: `given_minor` never falls, and a door reads it before the sum, so that what is reckoned
is never more than the merchant is owed; whatever else comes to take from a merchant counts here.
"""

from typing import ClassVar

import msgspec

from tillgate.kernel.ids import MerchantId
from tillgate.kernel.money import Money
from tillgate.kernel.record import Key, Record


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant was owed in one currency, as a door read it.

    Attributes:
        owed_minor: the sum of its postings; below zero it is a receivable.
        given_minor: what the debt row said before that sum was read, 0 when there was none.
    """

    owed_minor: int
    given_minor: int


class Debt(Record, frozen=True, kw_only=True):
    """What a merchant with a limit has given back in one currency since the row began.

    It begins with the first refund or cancel under a limit and goes on when the limit is lifted:
    only the difference between two readings means anything.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("merchant_id", "currency")

    merchant_id: MerchantId
    currency: str
    given_minor: int = 0

    def is_within(self, debt_max: int, money: Money, seen: Owed) -> bool:
        """Tell whether this much may still go back.

        Payments and refunds that an issuer declined since `seen` was read are not in it, so it may
        be refused a moment early and never a moment late.
        """
        owed_minor = seen.owed_minor - (self.given_minor - seen.given_minor)
        return owed_minor - money.minor >= -debt_max

    def with_given(self, money: Money) -> "Debt":
        """Return the row with this much more given back."""
        return self.replaced(given_minor=self.given_minor + money.minor)


def debt_key(merchant_id: str, currency: str) -> Key:
    """Name the row of a merchant in a currency."""
    return Key(Debt, (merchant_id, currency))
