"""A newcomer's machine: a Python with nothing installed, and our wheel in place of the index's.

It decides how the wheel is built and how a page's own `pip install` finds it; everything else pip
takes from the machine's index. What must hold: nothing of this checkout or its environment is on
the newcomer's path.
"""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT

INDEX: Final = {"PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_CERT", "PIP_PROXY"}
"""Where this machine's packages come from."""


def wheel(folder: Path) -> Path:
    """Build the wheel, as a release does, and return it."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT],
        check=True,
        timeout=500,
    )
    [made] = folder.glob("tillgate-*.whl")
    return made


def newcomer(wheel: Path) -> Mapping[str, str]:
    """Return the variables under which a page installs this wheel."""
    constraint = wheel.with_name("constraint.txt")
    constraint.write_text(f"tillgate=={wheel.name.split('-')[1]}\n")
    links = [str(wheel.parent), *os.environ.get("PIP_FIND_LINKS", "").split()]
    ours = str(Path(sys.prefix))
    base = Path(sys.base_prefix) / "bin"
    path = [each for each in os.environ["PATH"].split(os.pathsep) if not each.startswith(ours)]
    return {
        "PATH": os.pathsep.join([str(base), *path]),
        "PIP_NO_INDEX": "",
        "PIP_CONSTRAINT": str(constraint),
        "PIP_FIND_LINKS": " ".join(links),
        **{name: text for name, text in os.environ.items() if name in INDEX},
    }
