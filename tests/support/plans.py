"""How SQLite would answer a statement: its own plan, as it explains it.

What must hold: the plan is made over the tables of a real file; values do not matter to it.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

PARAMETERS_MAX: Final = 40


def plan_of(file: Path, text: str) -> list[str]:
    """Return the steps by which SQLite would answer."""
    with closing(sqlite3.connect(file)) as connection:
        values = [None] * text.count("?") or {f"p{n}": None for n in range(PARAMETERS_MAX)}
        return [row[-1] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
