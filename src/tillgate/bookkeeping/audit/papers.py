"""What the auditor is handed: every record of the books and of acquiring, indexed once.

It decides nothing; it only finds what belongs together. What must hold: a record that belongs to
nothing stays visible, so that the checks can say so.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TypeVar

import msgspec

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.operator import OperatorAction
from tillgate.ledger.audit import Books, Finding
from tillgate.ledger.entries import Entry, Posting

R = TypeVar("R")
OrderName = tuple[str, str]
"""A merchant's id and its merchantTransId."""


class Papers(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything there is, in any order, and the instant it is judged at."""

    books: Books
    acquirements: Sequence[Acquirement]
    attempts: Sequence[Attempt]
    calls: Sequence[Call]
    notifications: Sequence[Notification]
    actions: Sequence[OperatorAction]
    now_ms: int

    @cached_property
    def orders(self) -> Mapping[OrderName, Acquirement]:
        """Return the orders by name."""
        return {name_of(order): order for order in self.acquirements}

    @cached_property
    def postings_of(self) -> Mapping[tuple[str, str], Sequence[Posting]]:
        """Return the postings of each entry, by its book and id."""
        return _grouped(self.books.postings, lambda row: (row.book, row.entry_id))

    @cached_property
    def attempts_of(self) -> Mapping[OrderName, Sequence[Attempt]]:
        """Return the attempts of each order."""
        return _grouped(self.attempts, name_of)

    @cached_property
    def calls_of(self) -> Mapping[OrderName, Sequence[Call]]:
        """Return the calls of each order."""
        return _grouped(self.calls, name_of)

    @cached_property
    def notifications_of(self) -> Mapping[OrderName, Sequence[Notification]]:
        """Return the notifications of each order."""
        return _grouped(self.notifications, name_of)

    def legs(self, entry: Entry) -> Sequence[Posting]:
        """Return the postings of an entry."""
        return self.postings_of.get((entry.book, entry.entry_id), ())


Check = Callable[[Papers], Iterable[Finding]]


def name_of(row: Acquirement | Attempt | Call | Notification) -> OrderName:
    """Return the name of the order that a record belongs to."""
    return row.merchant_id, row.merchant_trans_id


def fault(code: str, sentence: str, subject: OrderName | str) -> Finding:
    """Return a finding that is a fault."""
    return Finding(code=code, sentence=sentence, subject=_text(subject))


def note(code: str, sentence: str, subject: OrderName | str) -> Finding:
    """Return a finding that is only worth a look."""
    return Finding(code=code, sentence=sentence, subject=_text(subject), is_fault=False)


def _text(subject: OrderName | str) -> str:
    return subject if isinstance(subject, str) else "/".join(subject)


def _grouped(
    rows: Iterable[R], name: Callable[[R], tuple[str, str]]
) -> Mapping[tuple[str, str], Sequence[R]]:
    groups: defaultdict[tuple[str, str], list[R]] = defaultdict(list)
    for row in rows:
        groups[name(row)].append(row)
    return dict(groups)
