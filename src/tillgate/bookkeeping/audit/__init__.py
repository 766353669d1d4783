"""The audit of payments: what acquiring says happened, held against what the ledger says.

It decides whether the two agree, from the rows alone, and it calls nothing of the code that
posts: what an entry must look like is said here a second time, on purpose. What must hold: clean
books give no fault; every code can be produced by a planted one; a note is no fault.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tillgate.bookkeeping.audit import (
    agreements,
    allowances,
    money,
    notes,
    orders,
    refunds,
    risk,
    told,
)
from tillgate.bookkeeping.audit.papers import AUDITED, Check, papers_of
from tillgate.kernel.record import Record
from tillgate.ledger.audit import Finding, audit

__all__ = ("AUDITED", "CHECKS", "audit_books")

CHECKS: Sequence[Check] = (
    *money.CHECKS,
    *orders.CHECKS,
    *refunds.CHECKS,
    *agreements.CHECKS,
    *allowances.CHECKS,
    *risk.CHECKS,
    *told.CHECKS,
    *notes.CHECKS,
)


def audit_books(rows: Mapping[type[Record], Iterable[Any]], *, now_ms: int) -> Sequence[Finding]:
    """Return every fault and every note, the ledger's own first; nothing when all is well.

    Args:
        rows: all rows of each kind that `AUDITED` names; other kinds are not looked at.
        now_ms: the instant by which something has waited long.
    """
    papers = papers_of(rows, now_ms=now_ms)
    return [*audit(papers.books), *(finding for check in CHECKS for finding in check(papers))]
