"""Decisions are numbered: each number once, and none left out."""

from pathlib import Path

FOLDER = Path(__file__).parents[2] / "docs" / "decisions"


def test_each_decision_has_the_next_number() -> None:
    numbers = sorted(path.name.partition("-")[0] for path in FOLDER.glob("[0-9]*.md"))
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]
