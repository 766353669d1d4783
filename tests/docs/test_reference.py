"""The pages of `docs/reference` are what the code makes of itself, to the letter."""

import re

import pytest

from tests.docs.commands import known_commands
from tillgate.kernel.results import Result
from tillgate.protocol.functions import ALL_FUNCTIONS
from tools.reference.pages import FOLDER, rendered

PAGES = rendered()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_what_the_code_makes(name: str) -> None:
    written = (FOLDER / name).read_text()
    assert written == PAGES[name], "write it anew: .venv/bin/python -m tools.reference"


def test_the_reference_has_every_command_code_and_function() -> None:
    assert all(f"# tillgate {name}\n" in PAGES["cli.md"] for name in known_commands())
    assert set(re.findall(r"^\| `([A-Z_]+)`", PAGES["result-codes.md"], re.MULTILINE)) == {
        each.name for each in Result
    }
    assert all(f"`{each.name}`" in PAGES["messages.md"] for each in ALL_FUNCTIONS)
