"""What a rule of a table is: a sentence, and the same thing in Python and in SQL.

It knows no table. What must hold: both forms mean the same, nulls included; a CHECK that comes out
as null would let the row pass, so the SQL says what it means of null.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tillgate.kernel.record import Record


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


Rules = Mapping[type[Record], Sequence[Rule]]
