"""The tables of amounts and of faults as rows, for the command line and for the documentation.

It writes what the tables say and adds nothing. What must hold: both readers get the same words.
"""

from collections.abc import Sequence
from typing import Final

from tillgate.sandbox.chosen.amounts import AMOUNTS
from tillgate.sandbox.chosen.faults import Fault

AMOUNT_NAMES: Final = ("ends in", "decides", "what happens", "what your code should do")
FAULT_NAMES: Final = ("header", "for", "is it executed", "what happens", "what your code should do")


def amount_rows() -> list[tuple[str, ...]]:
    """Return the rows of the amounts' table."""
    return [(f".{row.digits}", row.place.value, row.what, row.merchant) for row in AMOUNTS]


def fault_rows() -> list[tuple[str, ...]]:
    """Return the rows of the faults' table."""
    return [
        (fault.sample, fault.where.value, fault.executed, fault.what, fault.merchant)
        for fault in Fault
    ]


def markdown(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as the documentation has it; the first column is code."""
    lines = [names, ["---"] * len(names), *((f"`{row[0]}`", *row[1:]) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
