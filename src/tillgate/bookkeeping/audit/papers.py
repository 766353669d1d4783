"""What the auditor is handed: every record of the books and of acquiring, indexed once.

It decides nothing; it only finds what belongs together. What must hold: a record that belongs to
nothing stays visible, so that the checks can say so.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, TypeVar

import msgspec

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement, Grant
from tillgate.acquiring.allowance import Allowance
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.debt import Debt
from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.kernel.record import Record
from tillgate.ledger.audit import CLOCKS_APART_MS, Books, Finding
from tillgate.ledger.entries import Balance, Entry, Posting

R = TypeVar("R")
Name = tuple[str, str]
"""A merchant's id, and its number of an order or of an agreement."""

AUDITED: Final[Sequence[type[Record]]] = (
    *(Entry, Posting, Balance),
    *(Acquirement, Attempt, Call, Refund, RiskDecision),
    *(Agreement, Grant, Allowance, Debt),
    *(Notification, OperatorAction),
)
"""The kinds of rows that the audit reads."""


class Papers(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything there is, in any order, and the instant it is judged at."""

    books: Books
    acquirements: Sequence[Acquirement]
    attempts: Sequence[Attempt]
    calls: Sequence[Call]
    refunds: Sequence[Refund]
    decisions: Sequence[RiskDecision]
    agreements: Sequence[Agreement]
    grants: Sequence[Grant]
    allowances: Sequence[Allowance]
    debts: Sequence[Debt]
    notifications: Sequence[Notification]
    actions: Sequence[OperatorAction]
    now_ms: int

    @cached_property
    def orders(self) -> Mapping[Name, Acquirement]:
        """Return the orders by name."""
        return {name_of(order): order for order in self.acquirements}

    @cached_property
    def postings_of(self) -> Mapping[tuple[str, str], Sequence[Posting]]:
        """Return the postings of each entry, by its book and id."""
        return _grouped(self.books.postings, lambda row: (row.book, row.entry_id))

    @cached_property
    def attempts_of(self) -> Mapping[Name, Sequence[Attempt]]:
        """Return the attempts of each order."""
        return _grouped(self.attempts, name_of)

    @cached_property
    def calls_of(self) -> Mapping[Name, Sequence[Call]]:
        """Return the calls of each order."""
        return _grouped(self.calls, name_of)

    @cached_property
    def refunds_of(self) -> Mapping[Name, Sequence[Refund]]:
        """Return the refunds of each order."""
        return _grouped(self.refunds, name_of)

    @cached_property
    def decisions_of(self) -> Mapping[Name, Sequence[RiskDecision]]:
        """Return the decisions of risk on each order, in the order of their numbers."""
        in_order = sorted(self.decisions, key=lambda row: row.decision_no)
        return _grouped(in_order, name_of)

    @cached_property
    def judged_since_ms(self) -> int:
        """Return when risk first judged a payment: what is older was made before there was risk."""
        return min((row.at_ms for row in self.decisions), default=self.now_ms)

    @cached_property
    def grants_of(self) -> Mapping[Name, Sequence[Grant]]:
        """Return the tokens of each agreement."""
        return _grouped(self.grants, lambda row: (row.merchant_id, row.merchant_agreement_id))

    @cached_property
    def notifications_of(self) -> Mapping[Name, Sequence[Notification]]:
        """Return the notifications of each order."""
        of_orders = [row for row in self.notifications if row.kind is NotificationKind.PAYMENT]
        return _grouped(of_orders, name_of)

    def legs(self, entry: Entry) -> Sequence[Posting]:
        """Return the postings of an entry."""
        return self.postings_of.get((entry.book, entry.entry_id), ())


Check = Callable[[Papers], Iterable[Finding]]


def papers_of(rows: Mapping[type[Record], Iterable[Any]], *, now_ms: int) -> Papers:
    """Return the papers made of these rows, by their kinds."""
    return Papers(
        books=Books(
            entries=tuple(rows[Entry]),
            postings=tuple(rows[Posting]),
            balances=tuple(rows[Balance]),
        ),
        acquirements=tuple(rows[Acquirement]),
        attempts=tuple(rows[Attempt]),
        calls=tuple(rows[Call]),
        refunds=tuple(rows[Refund]),
        decisions=tuple(rows[RiskDecision]),
        agreements=tuple(rows[Agreement]),
        grants=tuple(rows[Grant]),
        allowances=tuple(rows[Allowance]),
        debts=tuple(rows[Debt]),
        notifications=tuple(rows[Notification]),
        actions=tuple(rows[OperatorAction]),
        now_ms=now_ms,
    )


def name_of(row: Acquirement | Attempt | Call | Refund | RiskDecision | Notification) -> Name:
    """Return the name of the order that a record belongs to."""
    return row.merchant_id, row.merchant_trans_id


def ascend(*instants: int | None) -> bool:
    """Tell whether the instants that are known follow each other, as far as clocks may differ."""
    known = [instant for instant in instants if instant is not None]
    latest = accumulate(known, max)
    return all(
        at_ms + CLOCKS_APART_MS >= since_ms for at_ms, since_ms in zip(known, latest, strict=True)
    )


def fault(code: str, sentence: str, subject: Name | str) -> Finding:
    """Return a finding that is a fault."""
    return Finding(code=code, sentence=sentence, subject=_text(subject))


def note(code: str, sentence: str, subject: Name | str) -> Finding:
    """Return a finding that is only worth a look."""
    return Finding(code=code, sentence=sentence, subject=_text(subject), is_fault=False)


def _text(subject: Name | str) -> str:
    return subject if isinstance(subject, str) else "/".join(subject)


def _grouped(
    rows: Iterable[R], name: Callable[[R], tuple[str, str]]
) -> Mapping[tuple[str, str], Sequence[R]]:
    groups: defaultdict[tuple[str, str], list[R]] = defaultdict(list)
    for row in rows:
        groups[name(row)].append(row)
    return dict(groups)
