"""The auditor's rules about sums: what merchants and payers hold, as they themselves remember it.

At the end everybody asks once more, when nothing is lost any more: a merchant's server knows then
which orders were paid and how much went back, a page whether it was its call that paid. What must
hold: no rule here reads an order's row; only what people were told decides what they should have.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from tillgate.simulation.auditor import Evidence, Rule
from tillgate.simulation.findings import Finding
from tillgate.simulation.people import AGREEMENTS, PEOPLE
from tillgate.simulation.told import Telling

AGREED: Final = {agreed.name: agreed.payer.name for agreed in AGREEMENTS}
WALLET: Final = "wallet"
Orders = Mapping[tuple[str, str], "Known"]


class Known(NamedTuple):
    """What a merchant's server knows of an order in the end."""

    is_paid: bool
    minor: int
    back: int


def merchants_hold_what_they_know(seen: Evidence) -> Iterator[Finding]:
    """A merchant is owed what its own queries say was paid, less what they say went back."""
    expected: Counter[str] = Counter()
    for (merchant, _), known in _orders(seen).items():
        expected[merchant] += known.minor - known.back if known.is_paid else 0
    for shop in seen.shops:
        merchant = shop.seller.merchant_id
        held = seen.books.sums[f"merchant:{merchant}"]
        if held != expected[merchant]:
            sentence = f"It is owed {held}, and by what it was told {expected[merchant]}."
            yield Finding("merchant's sum", merchant, sentence)
    accounts = {f"merchant:{shop.seller.merchant_id}" for shop in seen.shops}
    for account, held in seen.books.sums.items():
        if account.startswith("merchant:") and account not in accounts and held:
            yield Finding(
                "merchant's sum", account, f"Nobody is this merchant, and is owed {held}."
            )


def payers_hold_what_they_know(seen: Evidence) -> Iterator[Finding]:
    """A wallet holds what was brought, less what was told paid, plus what was told back."""
    payers = _payers(seen)
    expected = Counter({person.name: person.cash for person in PEOPLE})
    for order, known in _orders(seen).items():
        left = known.minor - known.back if known.is_paid else 0
        if left and order not in payers:
            yield Finding(
                "nobody paid", "/".join(order), f"{left} is paid, and nobody knows of it."
            )
        elif left:
            expected[payers[order]] -= left
    for person in PEOPLE:
        if person.issuer != WALLET:
            continue
        wanted, held = expected[person.name], seen.books.balances.get(f"payer:{person.name}", 0)
        if held != wanted:
            sentence = f"It holds {held}, and by what was told it should be {wanted}."
            yield Finding("payer's sum", person.name, sentence)
        shown = next(one.shown for one in seen.buyers if one.person == person)
        if shown is not None and shown != wanted:
            sentence = f"The wallet shows {shown}, and by what was told it should be {wanted}."
            yield Finding("payer's sum", person.name, sentence)


def rows_are_what_merchants_know(seen: Evidence) -> Iterator[Finding]:
    """The last query of an order says what its row says."""
    known = _orders(seen)
    for order, row in seen.books.orders.items():
        kept = Known(row.paid_at_ms is not None, row.amount.minor, row.refunded.minor)
        if order not in known or known[order] != kept:
            sentence = f"The last query said {known.get(order)}, the row {kept}."
            yield Finding("last query", "/".join(order), sentence)


def _orders(seen: Evidence) -> Orders:
    """Return what the last query of each order said."""
    last: dict[tuple[str, str], Telling] = {}
    for told in seen.tellings.of("query"):
        key = (told.merchant, told.trans)
        if told.code == "SUCCESS" and (key not in last or told.began_ms >= last[key].began_ms):
            last[key] = told
    return {
        key: Known(
            bool(told.said.get("paymentTime")),
            _minor(told, "orderAmount"),
            _minor(told, "refundedAmount"),
        )
        for key, told in last.items()
    }


def _payers(seen: Evidence) -> Mapping[tuple[str, str], str]:
    """Return who knows of having paid: by a page's yes, or by an agreement that was debited."""
    payers = {
        (told.merchant, told.trans): told.payer
        for told in seen.tellings.of("pay", "confirm", "close")
        if told.code == "9000"
    }
    for shop in seen.shops:
        for trans, name in shop.debits.items():
            payers[shop.seller.merchant_id, trans] = AGREED[name]
    return payers


def _minor(told: Telling, member: str) -> int:
    return int((told.said.get(member) or {"value": "0"})["value"])


REMEMBERED: tuple[Rule, ...] = (
    merchants_hold_what_they_know,
    payers_hold_what_they_know,
    rows_are_what_merchants_know,
)
