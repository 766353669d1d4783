"""The page says what the code says: both tables, and every kind of step."""

import re
from pathlib import Path
from typing import Final

import pytest

from tillgate.sandbox.chosen.shown import (
    AMOUNT_NAMES,
    FAULT_NAMES,
    amount_rows,
    fault_rows,
    markdown,
)
from tillgate.sandbox.scenarios.steps import AnyStep

PAGE: Final = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text()


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("amounts", markdown(AMOUNT_NAMES, amount_rows())),
        ("faults", markdown(FAULT_NAMES, fault_rows())),
    ],
    ids=["amounts", "faults"],
)
def test_a_table_is_the_code_s(name: str, table: str) -> None:
    """Between its two marks the page has exactly the table that the code makes."""
    begin, end = f"<!-- {name}: made from the code -->\n\n", f"\n<!-- end of {name} -->"
    assert PAGE.count(begin) == PAGE.count(end) == 1
    shown = PAGE.partition(begin)[2].partition(end)[0]
    assert shown == table, f"the page should have:\n{table}"


def test_every_kind_of_step_is_described() -> None:
    """Each kind of step has its row, and no row is about none."""
    own = PAGE.partition("## A scenario of your own")[2]
    described = set(re.findall(r"^\| `([a-zA-Z]+)` \|", own, flags=re.MULTILINE))
    assert described == {str(kind.__struct_config__.tag) for kind in AnyStep.__args__}
