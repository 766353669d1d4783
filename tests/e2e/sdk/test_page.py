"""`docs/sdk.md` is true: its blocks, in their order, run against a gateway, and please the checker.

The page is the test's only script. What must hold: a newcomer who types what the page says gets
what it says, and the type checker finds the `case` that somebody forgets.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.gateway import running

PAGE = Path(__file__).parents[3] / "docs" / "sdk.md"
BLOCK = re.compile(r"^```(python|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPED = """
import subprocess
subprocess.run({text!r}, shell=True, check=True)
"""


def script() -> str:
    """Return the page as one program; what is typed into a shell is handed to one."""
    return "\n".join(
        text if language == "python" else TYPED.format(text=text)
        for language, text in BLOCK.findall(PAGE.read_text())
    )


@pytest.mark.timeout(90)
def test_the_page_runs_from_top_to_bottom(tmp_path: Path) -> None:
    home = tmp_path / "home"
    data = home / ".local/share/tillgate/demo"
    data.parent.mkdir(parents=True)
    with running(data) as gateway:
        done = subprocess.run(
            [sys.executable, "-c", script().replace("http://127.0.0.1:8080", gateway.origin)],
            cwd=tmp_path,
            env={
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(home),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    assert done.returncode == 0, done.stderr
    assert '"resultCode":"9000"' in done.stdout
    assert "A-1001 is paid: 10.00 HKD of which went back: None" in done.stdout
    assert "access_token=Secret('…')" in done.stdout
    assert "Waiting(merchant_trans_id='A-1003'" in done.stdout


def _checked(program: str, tmp_path: Path) -> str:
    path = tmp_path / "page.py"
    path.write_text(program)
    return subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "types"), path],
        cwd=PAGE.parents[1],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    ).stdout


@pytest.mark.timeout(120)
def test_the_type_checker_finds_a_case_that_is_forgotten(tmp_path: Path) -> None:
    assert "Success" in _checked(script(), tmp_path)

    forgetful = script().replace("        case Waiting():", "        case Waiting() if False:")
    found = _checked(forgetful, tmp_path)

    assert forgetful != script()
    assert "Missing return statement" in found
