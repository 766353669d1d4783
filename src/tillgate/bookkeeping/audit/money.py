"""Money: every fact that moves money has exactly its entry, and every entry its fact.

Payments, refunds, late approvals and returns are predicted from orders, refunds and attempts, then
compared with what is written, in both directions. What must hold: an entry of a new kind is a fault
until a fact for it is told here.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum, unique
from typing import NamedTuple

import msgspec

from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt, AttemptKind, AttemptPurpose
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.payer import WALLET
from tillgate.acquiring.states import AttemptState, RefundState
from tillgate.bookkeeping.audit.papers import Check, Papers, fault, name_of
from tillgate.kernel.money import Money
from tillgate.ledger.audit import Finding
from tillgate.ledger.chart import Account, AccountKind
from tillgate.ledger.entries import Entry, EntryKind

TOP_UP_ACTION = "payer top-up"
"""What the operators' log calls a top-up."""


@unique
class MoneyFault(StrEnum):
    """What can be wrong between acquiring and the ledger."""

    NOT_BOOKED = "NOT_BOOKED"
    ENTRY_WITHOUT_CAUSE = "ENTRY_WITHOUT_CAUSE"
    ENTRY_DIFFERS = "ENTRY_DIFFERS"
    PAID_BY_NO_ATTEMPT = "PAID_BY_NO_ATTEMPT"
    APPROVAL_WITHOUT_PAYMENT = "APPROVAL_WITHOUT_PAYMENT"
    TOP_UP_NOT_LOGGED = "TOP_UP_NOT_LOGGED"
    TOP_UP_NOT_BOOKED = "TOP_UP_NOT_BOOKED"


class _Cash(msgspec.Struct, frozen=True):
    """What the operators' log keeps of a top-up: who got how much."""

    payer_id: str
    money: Money


class FactName(NamedTuple):
    """What names a fact in the ledger."""

    kind: EntryKind
    book: str
    reference: str


class Movement(NamedTuple):
    """What a fact must have moved, and when."""

    source: str
    destination: str
    money: Money
    at_ms: int | None


def check_entries(papers: Papers) -> Iterator[Finding]:
    """Each fact is booked as it must be, and nothing else is; top-ups are held against the log."""
    expected = dict(_expected(papers))
    for entry in papers.books.entries:
        name = FactName(entry.kind, entry.book, entry.reference)
        if entry.kind is EntryKind.TOP_UP:
            continue
        movement = expected.get(name)
        if movement is None:
            sentence = f"A {entry.kind} entry records {entry.reference}, which did not happen."
            yield fault(MoneyFault.ENTRY_WITHOUT_CAUSE, sentence, f"{entry.book}/{entry.entry_id}")
        elif _written(papers, entry) != [movement]:
            sentence = f"The {entry.kind} entry must move {_said(movement)}."
            yield fault(MoneyFault.ENTRY_DIFFERS, sentence, f"{entry.book}/{entry.entry_id}")
    found = {FactName(row.kind, row.book, row.reference) for row in papers.books.entries}
    for name, movement in expected.items():
        if name not in found:
            sentence = f"No {name.kind} entry moves {_said(movement)}."
            yield fault(MoneyFault.NOT_BOOKED, sentence, f"{name.book}/{name.reference}")


def check_debits(papers: Papers) -> Iterator[Finding]:
    """An order that was paid by an attempt names the approved debit, and no other is approved.

    Every order is that an outside issuer paid; of the built-in wallet's, those that were reviewed.
    """
    approved = {
        (*name_of(attempt), attempt.attempt_no): attempt
        for attempt in papers.attempts
        if attempt.kind is AttemptKind.DEBIT and attempt.state is AttemptState.APPROVED
    }
    for order in papers.acquirements:
        attempt = approved.pop((*name_of(order), order.paid_attempt), None)
        by_attempt = order.was_paid and (order.issuer != WALLET or order.paid_attempt)
        paid = (order.payer_id, order.issuer, order.amount)
        if attempt is not None and not by_attempt:
            approved[*name_of(order), attempt.attempt_no] = attempt
        elif by_attempt and (
            attempt is None or (attempt.payer_id, attempt.issuer, attempt.amount) != paid
        ):
            sentence = f"Attempt {order.paid_attempt} is no approved debit of what was paid."
            yield fault(MoneyFault.PAID_BY_NO_ATTEMPT, sentence, name_of(order))
    for attempt in approved.values():
        sentence = (
            f"The issuer approved attempt {attempt.attempt_no}; its order was not paid by it."
        )
        yield fault(MoneyFault.APPROVAL_WITHOUT_PAYMENT, sentence, name_of(attempt))


def check_top_ups(papers: Papers) -> Iterator[Finding]:
    """No money enters without an operator's name in the log, nor another sum or to another payer.

    It is the only money whose entry no order stands behind, so the log is its one witness.
    """
    logged: dict[str, OperatorAction] = {
        row.operation_id: row for row in papers.actions if row.action == TOP_UP_ACTION
    }
    booked = set[str]()
    for entry in papers.books.entries:
        if entry.kind is not EntryKind.TOP_UP:
            continue
        booked.add(entry.reference)
        action = logged.get(entry.reference)
        if action is None or _written(papers, entry) != _topped_up(action, book=entry.book):
            sentence = f"No operator's log row stands for the top-up {entry.reference} as booked."
            yield fault(MoneyFault.TOP_UP_NOT_LOGGED, sentence, f"{entry.book}/{entry.entry_id}")
    for operation_id, action in logged.items():
        if operation_id not in booked:
            sentence = f"{action.operator} topped up {action.subject}, but no entry says so."
            yield fault(MoneyFault.TOP_UP_NOT_BOOKED, sentence, operation_id)


CHECKS: Sequence[Check] = (
    check_entries,
    check_debits,
    check_top_ups,
)


def _expected(papers: Papers) -> Iterator[tuple[FactName, Movement]]:
    for order in papers.acquirements:
        if order.was_paid:
            name = FactName(EntryKind.PAYMENT, order.merchant_id, order.acquirement_id)
            yield name, Movement(_funds(order), _merchant(order), order.amount, order.paid_at_ms)
        if order.was_paid and order.close_reason is CloseReason.CANCELLED:
            reference = f"cancel:{order.acquirement_id}"
            name = FactName(EntryKind.REFUND, order.merchant_id, reference)
            ours, theirs = _merchant(order), _way_back(order)
            yield name, Movement(ours, theirs, order.amount, order.closed_at_ms)
    for refund in papers.refunds:
        paid = papers.orders.get(name_of(refund))
        if paid is None or not paid.was_paid:
            continue
        reference = f"refund:{refund.acquirement_id}:{refund.merchant_refund_id}"
        ours, theirs = _merchant(paid), _way_back(paid)
        name = FactName(EntryKind.REFUND, refund.merchant_id, reference)
        yield name, Movement(ours, theirs, refund.amount, refund.created_at_ms)
        if refund.state is RefundState.FAILED:
            name = FactName(EntryKind.REFUND_DECLINED, refund.merchant_id, reference)
            yield name, Movement(theirs, ours, refund.amount, refund.ended_at_ms)
    for attempt in papers.attempts:
        issuer = str(Account(AccountKind.ISSUER, attempt.issuer))
        if _is_late_debit(attempt):
            suspense = str(Account(AccountKind.SUSPENSE, attempt.issuer))
            name = FactName(EntryKind.LATE_APPROVAL, attempt.merchant_id, attempt.reference)
            yield name, Movement(issuer, suspense, attempt.amount, attempt.late_approved_at_ms)
        if attempt.kind is AttemptKind.REFUND and _went_back_at(attempt) is not None:
            kind = AccountKind.SUSPENSE if _is_nobodys(attempt) else AccountKind.RETURNING
            held = str(Account(kind, attempt.issuer))
            name = FactName(EntryKind.RETURNED, attempt.merchant_id, attempt.reference)
            yield name, Movement(held, issuer, attempt.amount, _went_back_at(attempt))


def _written(papers: Papers, entry: Entry) -> list[Movement]:
    return [
        Movement(leg.source, leg.destination, leg.money, entry.at_ms) for leg in papers.legs(entry)
    ]


def _topped_up(action: OperatorAction, *, book: str) -> list[Movement]:
    """Return what a top-up must have moved by the operators' log; nothing if that is unreadable."""
    try:
        cash = msgspec.json.decode(action.detail, type=_Cash)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        # Nested without end, or half a character: no less unreadable, and no end of the audit.
        return []
    if (action.subject, cash.payer_id) != (f"Payer({book})", book):
        return []
    source = str(Account(AccountKind.FUNDING, action.operator))
    destination = str(Account(AccountKind.PAYER, book))
    return [Movement(source, destination, cash.money, action.at_ms)]


def _said(movement: Movement) -> str:
    return f"{movement.money} from {movement.source} to {movement.destination}"


def _merchant(order: Acquirement) -> str:
    return str(Account(AccountKind.MERCHANT, order.merchant_id))


def _funds(order: Acquirement) -> str:
    kind = AccountKind.PAYER if order.issuer == WALLET else AccountKind.ISSUER
    return str(Account(kind, (order.payer_id if order.issuer == WALLET else order.issuer) or ""))


def _way_back(order: Acquirement) -> str:
    kind = AccountKind.PAYER if order.issuer == WALLET else AccountKind.RETURNING
    return str(Account(kind, (order.payer_id if order.issuer == WALLET else order.issuer) or ""))


def _is_late_debit(attempt: Attempt) -> bool:
    return attempt.kind is AttemptKind.DEBIT and attempt.late_approved_at_ms is not None


def _is_nobodys(attempt: Attempt) -> bool:
    """Tell whether what an issuer took back was no longer on its way: nobody's, or taken late."""
    declined = attempt.state is AttemptState.DECLINED
    late = attempt.purpose is AttemptPurpose.LATE_APPROVAL
    return late or (attempt.purpose is AttemptPurpose.REFUND and declined)


def _went_back_at(attempt: Attempt) -> int | None:
    approved = attempt.state is AttemptState.APPROVED
    return attempt.answered_at_ms if approved else attempt.late_approved_at_ms
