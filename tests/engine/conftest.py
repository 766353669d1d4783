"""What tests of the engine stand on: each store in turn, and an engine over it that can be hurt."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.engines import Running, runner
from tests.support.stores import STORES, AnyStore


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[AnyStore]:
    """Return an empty store of each kind in turn."""
    with STORES[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
def running(store: AnyStore) -> Running:
    """Return what runs an engine over the store with a script of faults between them."""
    return runner(store)
