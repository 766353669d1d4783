"""Rules of the books: entries, postings and the balance rows of accounts with a floor."""

from typing import Final

from tillgate.ledger.entries import Balance, Entry, Posting
from tillgate.storage.rules.rule import Rule, Rules

BOOKS: Final[Rules] = {
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
