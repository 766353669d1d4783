"""Rules that every store enforces on a row, whoever writes it: the second place of each invariant.

Each rule is said once for people, once in Python for the memory store and once in SQL as a CHECK
constraint. What must hold: the two forms mean the same, which the contract suite tries on rows that
keep a rule and rows that break it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.operator import OperatorAction
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.states import AcquirementState
from tillgate.engine.ports import StoreRefused
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance, Entry, Posting


class Rule(NamedTuple):
    """What must hold for every row of a table.

    Attributes:
        name: of the CHECK constraint.
        sentence: the rule in plain words.
        holds: the rule in Python.
        sql: the rule in SQL.
    """

    name: str
    sentence: str
    holds: Callable[[Any], bool]
    sql: str


RULES: Final[Mapping[type[Record], Sequence[Rule]]] = {
    Acquirement: (
        Rule(
            "acquirement_has_a_price",
            "An order that can be paid asks for money above zero.",
            lambda row: (
                row.amount.minor > 0
                or (row.amount.minor == 0 and row.state is AcquirementState.TRADE_CLOSED)
            ),
            "amount_minor > 0 OR (amount_minor = 0 AND state = 'TRADE_CLOSED')",
        ),
        Rule(
            "acquirement_gives_back_no_more_than_it_took",
            "What is given back is never below zero and never more than was paid.",
            lambda row: 0 <= row.refunded.minor <= row.amount.minor,
            "refunded_minor >= 0 AND refunded_minor <= amount_minor",
        ),
        Rule(
            "acquirement_gives_back_what_it_took",
            "What is given back is money of the currency that was paid.",
            lambda row: row.refunded.currency == row.amount.currency,
            "refunded_currency = amount_currency",
        ),
    ),
    Balance: (
        Rule(
            "balance_has_a_floor",
            "An account with a floor never goes below zero.",
            lambda row: row.money.minor >= 0,
            "money_minor >= 0",
        ),
        Rule(
            "balance_holds_its_currency",
            "A balance row holds money of the currency that its key names.",
            lambda row: row.money.currency.code == row.currency,
            "money_currency = currency",
        ),
    ),
    Entry: (
        Rule(
            "entry_has_legs",
            "An entry has at least one posting.",
            lambda row: row.legs > 0,
            "legs > 0",
        ),
    ),
    Payer: (
        Rule(
            "payer_tries_are_counted_up",
            "A payer has used no PIN try or some, never fewer than none.",
            lambda row: row.pin_tries_used >= 0,
            "pin_tries_used >= 0",
        ),
    ),
    Posting: (
        Rule(
            "posting_moves_money",
            "A posting moves money above zero.",
            lambda row: row.money.minor > 0,
            "money_minor > 0",
        ),
        Rule(
            "posting_goes_somewhere",
            "A posting moves money between two different accounts.",
            lambda row: row.source != row.destination,
            "source <> destination",
        ),
    ),
}
"""The rules of each kind of record that has any."""

APPEND_ONLY: Final[Mapping[type[Record], str]] = {
    Entry: "An entry is never changed; a mistake is answered by an entry.",
    Posting: "A posting is never changed; a mistake is answered by an entry.",
    OperatorAction: "What an operator did is never changed.",
}
"""Kinds of record whose rows are written once; in SQL, triggers refuse to change or delete them."""


def check_rules(row: Record, *, is_insert: bool) -> None:
    """Raise `StoreRefused` with the first rule that writing this row breaks."""
    if not is_insert and type(row) in APPEND_ONLY:
        message = f"{row.key}: {APPEND_ONLY[type(row)]}"
        raise StoreRefused(message)
    for rule in RULES.get(type(row), ()):
        if not rule.holds(row):
            message = f"{row.key}: {rule.sentence}"
            raise StoreRefused(message)
