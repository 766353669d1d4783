"""Allowances: what a row says was spent on its day, held against the payments of that day.

The row keeps the newest day alone, so only that day can be reckoned; and a payment of the built-in
wallet does not say which of several agreements it was taken by, so those of one payer with one
merchant are reckoned together. What must hold: an exact limit is judged by a true sum.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum, unique
from typing import NamedTuple

from tillgate.acquiring.allowance import Allowance, agreement_owner, day_of, payer_owner
from tillgate.bookkeeping.audit.papers import Check, Papers, fault
from tillgate.bookkeeping.audit.tries import Spent, tries
from tillgate.ledger.audit import CLOCKS_APART_MS, Finding

Group = tuple[str, ...]
"""Whose spending is reckoned together: a payer's, or a payer's by agreements with a merchant."""


@unique
class AllowanceFault(StrEnum):
    """What can be wrong with allowances."""

    ALLOWANCE_DIFFERS = "ALLOWANCE_DIFFERS"
    ALLOWANCE_MISSING = "ALLOWANCE_MISSING"


class Reckoned(NamedTuple):
    """What was spent, in minor units, and in how many payments."""

    minor: int
    payments: int


def check_spent(papers: Papers) -> Iterator[Finding]:
    """What rows say of their newest day is what was paid, or is asked for, on that day."""
    spent = _spent_of(papers)
    for group, rows in _rows_of(papers).items():
        day = max(row.day for row in rows)
        said = _said(rows, day)
        maybe = [each for each in spent.get(group, ()) if day in _days(each)]
        least = _sum([each for each in maybe if _days(each) == {day}])
        most = _sum(maybe)
        fits = (
            least.minor <= said.minor <= most.minor
            and least.payments <= said.payments <= most.payments
        )
        if day and not fits:
            sentence = (
                f"{said.minor} minor units in {said.payments} payments are said spent on {day};"
                f" {most.minor} in {most.payments} were."
            )
            yield fault(AllowanceFault.ALLOWANCE_DIFFERS, sentence, " ".join(group))


def check_rows(papers: Papers) -> Iterator[Finding]:
    """Whoever spent has a row that knows the day, and whoever signed has one to be limited by."""
    rows = _rows_of(papers)
    for group, spent in _spent_of(papers).items():
        day = max(min(_days(each)) for each in spent)
        if max((row.day for row in rows.get(group, ())), default="") < day:
            sentence = f"No row counts what was spent on {day}."
            yield fault(AllowanceFault.ALLOWANCE_MISSING, sentence, " ".join(group))
    owners = {(row.owner, row.currency) for row in papers.allowances}
    for agreement in papers.agreements:
        name = (agreement.merchant_id, agreement.merchant_agreement_id)
        signed = agreement.signed_at_ms is not None
        if signed and (agreement_owner(*name), agreement.currency) not in owners:
            sentence = "The agreement was signed, but no row keeps its limits."
            yield fault(AllowanceFault.ALLOWANCE_MISSING, sentence, name)


CHECKS: Sequence[Check] = (check_spent, check_rows)


def _rows_of(papers: Papers) -> Mapping[Group, Sequence[Allowance]]:
    """Return the rows of each group; an agreement's belongs to its payer and merchant."""
    groups: defaultdict[Group, list[Allowance]] = defaultdict(list)
    agreements = {
        agreement_owner(row.merchant_id, row.merchant_agreement_id): row
        for row in papers.agreements
    }
    for row in papers.allowances:
        agreement = agreements.get(row.owner)
        if agreement is None:
            groups[row.owner, row.currency].append(row)
        elif agreement.payer_id is not None:
            groups[agreement.merchant_id, agreement.payer_id, row.currency].append(row)
    return groups


def _spent_of(papers: Papers) -> Mapping[Group, Sequence[Spent]]:
    """Return what was spent of each group."""
    groups: defaultdict[Group, list[Spent]] = defaultdict(list)
    for each in tries(papers):
        currency = each.money.currency.code
        groups[payer_owner(each.payer_id), currency].append(each)
        if each.is_agreement:
            groups[each.order[0], each.payer_id, currency].append(each)
    return groups


def _said(rows: Sequence[Allowance], day: str) -> Reckoned:
    of_day = [row for row in rows if row.day == day]
    return Reckoned(sum(row.spent for row in of_day), sum(row.count for row in of_day))


def _sum(spent: Sequence[Spent]) -> Reckoned:
    return Reckoned(sum(each.money.minor for each in spent), len(spent))


def _days(each: Spent) -> set[str]:
    """Return the days as which a try may have been counted: near midnight, either."""
    return {day_of(each.at_ms - CLOCKS_APART_MS), day_of(each.at_ms + CLOCKS_APART_MS)}
