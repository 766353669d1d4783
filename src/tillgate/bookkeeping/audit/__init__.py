"""The audit of payments: what acquiring says happened, held against what the ledger says.

It decides whether the two agree, from the rows alone, and it calls nothing of the code that
posts: what an entry must look like is said here a second time, on purpose. What must hold: clean
books give no fault; every code can be produced by a planted one; a note is no fault.
"""

from collections.abc import Iterable, Sequence

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.operator import OperatorAction
from tillgate.bookkeeping.audit import money, notes, orders, told
from tillgate.bookkeeping.audit.papers import Check, Papers
from tillgate.ledger.audit import Books, Finding, audit

CHECKS: Sequence[Check] = (*money.CHECKS, *orders.CHECKS, *told.CHECKS, *notes.CHECKS)


def audit_books(
    books: Books,
    *,
    acquirements: Iterable[Acquirement],
    attempts: Iterable[Attempt],
    calls: Iterable[Call],
    notifications: Iterable[Notification],
    actions: Iterable[OperatorAction],
    now_ms: int,
) -> Sequence[Finding]:
    """Return every fault and every note, the ledger's own first; nothing when all is well."""
    papers = Papers(
        books=books,
        acquirements=tuple(acquirements),
        attempts=tuple(attempts),
        calls=tuple(calls),
        notifications=tuple(notifications),
        actions=tuple(actions),
        now_ms=now_ms,
    )
    return [*audit(books), *(finding for check in CHECKS for finding in check(papers))]
