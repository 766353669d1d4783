"""What tests of whole commands share: a shell on a folder of their own, with and without books.

The suite runs twice, on SQLite and on PostgreSQL. What must hold: what the second run leaves out is
named here with its reason, so that whatever is new runs on both.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.support import databases
from tests.support.shell import books, tillgate

__all__ = ["books", "tillgate"]

HERE: Final = Path(__file__).parent
ONCE: Final = (
    "api/test_codes.py",  # Over the memory store.
    "notify",  # Over stores that it opens itself: what it sends does not depend on them.
    "outgoing",  # Sockets, names and certificates alone.
    "sdk/test_carriers.py",  # Against small servers that keep nothing.
    "sdk/test_page.py",  # The type checker alone.
    "sdk/test_sharing.py",
    "test_cli_serve.py",  # The folder, the lock and the signals of a server.
    "test_directory.py",  # Over the memory store.
    "test_root_unavailable.py",  # No database is there at all.
)
"""Files and folders that would do the very same on any database."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out on PostgreSQL what runs once."""
    alike = [HERE / name for name in ONCE]
    assert [path for path in alike if not path.exists()] == []
    if databases.IS_POSTGRESQL:
        left = [item for item in items if any(item.path.is_relative_to(path) for path in alike)]
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]
