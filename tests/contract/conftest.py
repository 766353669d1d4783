"""What the contract suites are held against: every implementation of a port, by name."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.stores import STORES, AnyStore


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """Return an empty store of each kind in turn."""
    with STORES[request.param](tmp_path) as opened:
        yield opened
