"""Rules that every store enforces on a row, whoever writes it: the second place of each invariant.

Each rule is said once for people, once in Python for the memory store and once in SQL as a CHECK
constraint. What must hold: the two forms mean the same, which the contract suite tries on rows that
keep a rule and rows that break it.
"""

from collections.abc import Mapping
from typing import Final

from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.replay import RequestMark
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.engine.operation import Operation
from tillgate.engine.ports import StoreRefused
from tillgate.kernel.errors import Broken
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Entry, Posting
from tillgate.storage.rules.books import BOOKS
from tillgate.storage.rules.orders import ORDERS
from tillgate.storage.rules.payers import PAYERS
from tillgate.storage.rules.rule import Rule, Rules

__all__ = ["APPEND_ONLY", "FORGOTTEN", "RULES", "Rule", "Rules", "age_field", "check_rules"]

RULES: Final[Rules] = {**ORDERS, **PAYERS, **BOOKS}
"""The rules of each kind of record that has any."""

APPEND_ONLY: Final[Mapping[type[Record], str]] = {
    Entry: "An entry is never changed; a mistake is answered by an entry.",
    Posting: "A posting is never changed; a mistake is answered by an entry.",
    OperatorAction: "What an operator did is never changed.",
    RiskDecision: "A judgement of risk is never changed; what an operator decides is another row.",
}
"""Kinds of record whose rows are written once; in SQL, triggers refuse to change or delete them."""

FORGOTTEN: Final[Mapping[type[Record], str]] = {Operation: "at_ms", RequestMark: "at_ms"}
"""Kinds of record whose rows may go once they are old, and the field that says since when they are.

A row may be forgotten only if its absence is decided upon as its old age is.
"""


def age_field(record: type[Record]) -> str:
    """Return the field by which rows of a kind are forgotten; raise `Broken` for any other kind."""
    if record not in FORGOTTEN:
        message = f"rows of {record.__name__} are kept for ever"
        raise Broken(message)
    return FORGOTTEN[record]


def check_rules(row: Record, *, is_insert: bool) -> None:
    """Raise `StoreRefused` with the first rule that writing this row breaks."""
    if not is_insert and type(row) in APPEND_ONLY:
        message = f"{row.key}: {APPEND_ONLY[type(row)]}"
        raise StoreRefused(message)
    for rule in RULES.get(type(row), ()):
        if not rule.holds(row):
            message = f"{row.key}: {rule.sentence}"
            raise StoreRefused(message)
