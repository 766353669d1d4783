"""Which kind of database the gateways of this run keep their records in.

TILLGATE_TEST_DATABASE says so: sqlite, which is usual, or postgresql. A gateway is told by the
settings file in its data folder, as an operator may tell it, so whatever command is given that
folder finds the same database. What must hold: each data folder has a database of its own.
"""

import os
import shutil
import tomllib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from tests.support import postgres

KIND: Final = os.environ.get("TILLGATE_TEST_DATABASE") or "sqlite"
IS_POSTGRESQL: Final = {"sqlite": False, "postgresql": True}[KIND]


def furnish(data: Path, *, with_tables: bool = True) -> None:
    """Give a data folder, which may be there already, its database; SQLite's needs no telling."""
    file = data / "tillgate.toml"
    if IS_POSTGRESQL and not file.exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        _name(data, postgres.server().lend(with_tables=with_tables))


def url_of(data: Path) -> str:
    """Return the URL of a data folder's database, for who looks behind a gateway's back."""
    if IS_POSTGRESQL:
        return str(tomllib.loads((data / "tillgate.toml").read_text())["database_url"])
    return f"sqlite:///{data / 'tillgate.sqlite'}"


def backup(data: Path) -> Callable[[], None]:
    """Copy a data folder's database, which nobody has open; return what puts the copy there."""
    if IS_POSTGRESQL:
        return partial(_name, data, postgres.server().copy(url_of(data)))
    copy = data.with_name(f"{data.name}.backup")
    shutil.copy(data / "tillgate.sqlite", copy)
    return partial(_put, data, copy)


def _name(data: Path, url: str) -> None:
    (data / "tillgate.toml").write_text(f'database_url = "{url}"\n')


def _put(data: Path, copy: Path) -> None:
    for each in data.glob("tillgate.sqlite*"):
        each.unlink()
    shutil.copy(copy, data / "tillgate.sqlite")
