"""A gateway in production mode for each test that asks for one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.security.production import Production, production


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Production]:
    """Run a gateway in production mode."""
    async with production(tmp_path / "gateway") as made:
        yield made
