"""`docs/scaling.md` says of each table what it is sharded by, and names what engines lack of ours.

What must hold: a new table, another key or another exception is not forgotten on the page.
"""

import re
from pathlib import Path

import pytest

from tests.scaling.features import SHARDED_BY
from tests.scaling.missing import EXCEPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "scaling.md").read_text(encoding="utf-8")


def test_the_page_says_what_each_table_is_sharded_by() -> None:
    _, _, after = PAGE.partition("| tables | sharded by |")
    rows = re.findall(r"^\| ([a-z_, ]+) \| ([a-z_]+) \|", after.split("\n\n")[0], re.MULTILINE)
    assert {table: column for tables, column in rows for table in tables.split(", ")} == SHARDED_BY


@pytest.mark.parametrize(("engine", "feature"), EXCEPTIONS, ids=": ".join)
def test_the_page_names_what_an_engine_lacks(engine: str, feature: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| {engine} |")]
    assert any(feature in row for row in rows)
