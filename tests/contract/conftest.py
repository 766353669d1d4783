"""What the contract suites are held against: every implementation of a port, by name."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.stores import PLACES, AnyStore, Place, in_postgresql_by_shard

KEPT = {**PLACES, "postgresql by shard": in_postgresql_by_shard}


@pytest.fixture(params=KEPT)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Return an empty place of each kind in turn, where stores can be opened."""
    with KEPT[request.param](tmp_path) as lent:
        yield lent


@pytest.fixture
async def store(place: Place) -> AsyncIterator[AnyStore]:
    """Return an empty store of each kind in turn."""
    async with place() as opened:
        yield opened
