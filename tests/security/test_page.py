"""`docs/security.md` is true as far as a test can tell: what shows something is there to be run."""

import re
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = (ROOT / "docs" / "security.md").read_text()
NAMED: Final = sorted(set(re.findall(r"`(test_[a-z0-9_]+)`", PAGE)))
DEFINED: Final = frozenset(
    name
    for path in (ROOT / "tests").rglob("test_*.py")
    for name in re.findall(r"^(?:async )?def (test_[a-z0-9_]+)\(", path.read_text(), re.MULTILINE)
)
HONEST: Final = ("not met", "does not apply", "the scanner's")
ROWS: Final = [
    tuple(cell.strip() for cell in line.strip("|").split(" | "))
    for line in PAGE.partition("## OWASP ASVS")[2].partition("\n## ")[0].splitlines()
    if re.match(r"\| [0-9]", line)
]


def test_it_names_many_tests() -> None:
    assert len(NAMED) > 60


@pytest.mark.parametrize("name", NAMED)
def test_every_test_that_the_page_names_exists(name: str) -> None:
    assert name in DEFINED


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:20])
def test_every_requirement_is_shown_or_honestly_not_met(row: tuple[str, ...]) -> None:
    text = " ".join(row)
    assert "`test_" in text or any(word in text for word in HONEST)


def test_the_places_that_the_page_names_are_there() -> None:
    for path in re.findall(r"`((?:tests|tools|docs)/[a-z0-9_/.]+)`", PAGE):
        assert (ROOT / path).exists(), path
    for path in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / path).resolve().exists(), path
