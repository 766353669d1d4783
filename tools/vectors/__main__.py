"""`python -m tools.vectors`: writes the published signature vectors; `--check` compares them.

What must hold: the same keys give the same files, to the byte; names are unique.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.vectors import addresses, literals, signing, spelled, spoiled
from tools.vectors.case import COLUMNS, Case

VERSION: Final = 1
PARTS: Final = (spelled, literals, addresses, spoiled)


def main() -> int:
    """Do what the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.vectors", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 if files differ")
    wanted = parser.parse_args()
    signing.make_missing()
    made = files([case for part in PARTS for case in part.cases()])
    if wanted.check:
        differ = [path.name for path, text in made.items() if _read(path) != text]
        print(f"differ: {', '.join(differ)}" if differ else "as they were made")
        return 1 if differ else 0
    for path, text in made.items():
        path.write_text(text, "utf-8")
        print(path)
    return 0


def files(cases: Sequence[Case]) -> Mapping[Path, str]:
    """Return what the files must hold."""
    names = [case.name for case in cases]
    doubles = {name for name in names if names.count(name) > 1}
    if doubles:
        raise SystemExit(f"two vectors have one name: {doubles}")
    told = {
        "version": VERSION,
        "schema": "schema.json",
        "keys": {key: f"keys/{key}.public.pem" for key in signing.BITS},
        "cases": [case.published() for case in cases],
    }
    rows = ["\t".join(COLUMNS), *(case.row() for case in cases)]
    return {
        signing.VECTORS / "vectors.json": json.dumps(told, ensure_ascii=True, indent=1) + "\n",
        signing.VECTORS / "vectors.tsv": "\n".join(rows) + "\n",
    }


def _read(path: Path) -> str:
    return path.read_text("utf-8") if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
