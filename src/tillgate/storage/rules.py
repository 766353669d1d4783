"""Rules that every store enforces on a row, whoever writes it: the second place of each invariant.

In SQL they are CHECK constraints of the same meaning; here they are what the memory store runs.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tillgate.acquiring.acquirement import Acquirement
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance, Posting

RULES: Mapping[type[Record], Callable[[Any], str]] = {
    Balance: lambda row: (
        "" if row.money.minor >= 0 else "an account with a floor never goes below zero"
    ),
    Posting: lambda row: (
        ""
        if row.money.minor > 0 and row.source != row.destination
        else "a posting moves money above zero between two accounts"
    ),
    Acquirement: lambda row: (
        ""
        if 0 <= row.refunded.minor <= row.amount.minor
        else "what is given back is never more than was paid"
    ),
}
"""For each kind of record: returns the broken rule in words, or ""."""
