"""Entries and postings: a balanced journal record and its directed legs.

A posting moves money from a source to a destination, so every entry balances by construction. What
must hold: entries are never changed; amounts are above zero; a mistake is answered by an entry.
"""

from collections.abc import Sequence
from enum import StrEnum, unique
from typing import ClassVar, NamedTuple

from tillgate.kernel.ids import EntryId
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record, Unique
from tillgate.ledger.chart import Account


@unique
class EntryKind(StrEnum):
    """What an entry records."""

    TOP_UP = "TOP_UP"
    PAYMENT = "PAYMENT"
    REFUND = "REFUND"
    LATE_APPROVAL = "LATE_APPROVAL"
    RETURNED = "RETURNED"
    REFUND_DECLINED = "REFUND_DECLINED"


class Leg(NamedTuple):
    """A movement before it is written: from where, to where, how much."""

    source: Account
    destination: Account
    money: Money


class Entry(Record, frozen=True, kw_only=True):
    """A journal record.

    Attributes:
        book: what the entry is sharded by: a merchant's or payer's id.
        reference: what it records; one entry of a kind per reference.
        legs: how many postings belong to it.
    """

    key_fields: ClassVar[tuple[str, ...]] = ("book", "entry_id")
    unique: ClassVar[tuple[Unique, ...]] = (Unique(("book", "kind", "reference")),)

    book: str
    entry_id: EntryId
    kind: EntryKind
    reference: str
    at_ms: int
    legs: int


class Posting(Record, frozen=True, kw_only=True):
    """One leg of an entry, as it is stored."""

    key_fields: ClassVar[tuple[str, ...]] = ("book", "entry_id", "leg_no")

    book: str
    entry_id: EntryId
    leg_no: int
    source: str
    destination: str
    money: Money


class Balance(Record, frozen=True, kw_only=True):
    """The balance row of an account with a floor; equals the sum of its postings."""

    key_fields: ClassVar[tuple[str, ...]] = ("account", "currency")

    account: str
    currency: str
    money: Money


class Journal(NamedTuple):
    """An entry with its postings: what one fact becomes."""

    entry: Entry
    postings: tuple[Posting, ...]


def journal(
    kind: EntryKind, legs: Sequence[Leg], *, book: str, reference: str, at_ms: int
) -> Journal:
    """Return the entry of `kind` that makes these movements.

    Raises:
        ValueError: there is no movement, or one that is not above zero or goes nowhere.
    """
    if not legs:
        message = f"an entry needs a posting; {kind} of {reference} has none"
        raise ValueError(message)
    for leg in legs:
        if not leg.money.is_positive or leg.source == leg.destination:
            message = f"a posting moves money above zero between two accounts, not {leg}"
            raise ValueError(message)
    entry_id = EntryId(f"{kind}-{reference}")
    postings = tuple(
        Posting(
            book=book,
            entry_id=entry_id,
            leg_no=number,
            source=str(leg.source),
            destination=str(leg.destination),
            money=leg.money,
        )
        for number, leg in enumerate(legs, start=1)
    )
    entry = Entry(
        book=book, entry_id=entry_id, kind=kind, reference=reference, at_ms=at_ms, legs=len(legs)
    )
    return Journal(entry, postings)
