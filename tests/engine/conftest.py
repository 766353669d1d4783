"""What tests of the engine stand on: each store in turn, and an engine over it that can be hurt."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.engines import Running, runner
from tests.support.stores import PLACES, AnyStore


@pytest.fixture(params=PLACES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    """Return an empty store of each kind in turn."""
    with PLACES[request.param](tmp_path) as place:
        async with place() as opened:
            yield opened


@pytest.fixture
def running(store: AnyStore) -> Running:
    """Return what runs an engine over the store with a script of faults between them."""
    return runner(store)
