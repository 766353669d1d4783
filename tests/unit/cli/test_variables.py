"""Variables with our prefix: each one that we read anywhere stops no command that reads settings.

A misspelt setting is refused, so a variable that is none must be known as such. What must hold: no
list of them is kept here; they are found in the sources.
"""

import re
from pathlib import Path

from tillgate.config import read_settings
from tillgate.config.settings import KNOWN

ROOT = Path(__file__).parents[3]
READ = re.compile(r"TILLGATE_[A-Z_]*[A-Z]")


def test_a_variable_that_is_no_setting_is_let_pass() -> None:
    sources = [
        *(ROOT / "src/tillgate/cli").glob("*.py"),
        *(ROOT / "src/tillgate/sandbox").rglob("*.py"),
        *(ROOT / "tests").rglob("*.py"),
        ROOT / "Makefile",
    ]
    named = {name for file in sources for name in READ.findall(file.read_text())}
    settings = {f"TILLGATE_{name.upper()}" for name in (*KNOWN, "config")}
    others = sorted(name for name in named - settings if f'"{name}' in _read_by_us(sources))

    assert "TILLGATE_TEST_JAVA" in others
    assert "TILLGATE_CHROMIUM" in others
    read_settings({}, dict.fromkeys(others, "x"), home=Path("/home/alice"))


def _read_by_us(sources: list[Path]) -> str:
    """Return the lines that read or export a variable."""
    words = ("environ", "envvar", "export ", "VARIABLE", "CONTROL_TOKEN")
    lines = [line for file in sources for line in file.read_text().splitlines()]
    said = "\n".join(line for line in lines if any(word in line for word in words))
    return said.replace("export TILLGATE", '"TILLGATE')
