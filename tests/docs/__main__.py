"""`python -m tests.docs PAGE …`: walk pages and say what was done with each block.

For who writes a page. What must hold: it ends with 1 at the first block that does not do what its
page says, and tells why.
"""

import sys
import tempfile
from pathlib import Path
from typing import Final

from tests.docs.pages import ROOT, Fault
from tests.docs.trial import newcomer, wheel
from tests.docs.walk import Done, walk
from tests.support import postgres

INSTALLING: Final = {"docs/first-payment.md"}
"""Pages that make an environment of their own, with the wheel that is built for them."""


def _tell(done: Done) -> None:
    sys.stdout.write(f"{done.block.where}  {done.took_s:5.1f} s  {done.how}\n")
    sys.stdout.writelines(f"    | {line}\n" for line in done.printed.splitlines())
    sys.stdout.flush()


def main() -> None:
    """Walk the pages that are named."""
    for name in sys.argv[1:]:
        page = Path(name).resolve().relative_to(ROOT).as_posix()
        with tempfile.TemporaryDirectory(prefix="tillgate-docs-") as folder:
            variables = newcomer(wheel(Path(folder))) if page in INSTALLING else {}
            walk(page, Path(folder) / "walk", tell=_tell, variables=variables)


if __name__ == "__main__":
    try:
        main()
    except Fault as fault:
        sys.exit(str(fault))
    finally:
        postgres.leave()
