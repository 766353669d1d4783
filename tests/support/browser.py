"""The Chromium the browser tests drive: which program it is and how it is started.

`tools/browser` decides which, and installs one where it may; `make test` has asked it already and
hands the answer on. What must hold: no browser is an error, never a skipped test.
"""

import os
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

ARGUMENTS = (
    "--no-sandbox",  # Tests may run as root in a container, where Chromium's own sandbox cannot.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""How it is started: quietly, without reaching for anything outside this machine."""

AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
"""The accessibility checker that is loaded into a page."""


@cache
def executable() -> Path:
    """Return the browser's program; where none can be had, fail with the command to type."""
    named = os.environ.get("TILLGATE_TEST_BROWSER")
    if named:
        return Path(named)
    done = subprocess.run(
        [ROOT / "tools" / "browser"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise AssertionError(done.stderr)
    return Path(done.stdout.strip())
