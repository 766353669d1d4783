"""`docs/sdk.md` pleases the type checker, which finds the `case` that somebody forgets.

That its blocks do what they say is held with every page's (`tests/docs`).
"""

import subprocess
import sys
from pathlib import Path

from tests.docs.pages import ROOT, blocks


def _script() -> str:
    """Return the page's Python as one program."""
    return "\n".join(block.text for block in blocks("docs/sdk.md") if block.language == "python")


def _checked(program: str, tmp_path: Path) -> str:
    path = tmp_path / "page.py"
    path.write_text(program)
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "types"), path],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout


def test_the_type_checker_finds_a_case_that_is_forgotten(tmp_path: Path) -> None:
    assert "Success" in _checked(_script(), tmp_path)

    forgetful = _script().replace("        case Waiting():", "        case Waiting() if False:")
    found = _checked(forgetful, tmp_path)

    assert forgetful != _script()
    assert "Missing return statement" in found
