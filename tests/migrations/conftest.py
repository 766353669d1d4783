"""The databases whose schemas are compared: of each kind in turn, as yet without tables."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support import postgres
from tillgate.storage import migrate

Another = Callable[[], str]


@pytest.fixture(params=["sqlite", "postgresql"])
def another(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Another]:
    """Return what makes a bare database and returns its URL, of each kind in turn."""
    made: list[str] = []
    with ExitStack() as stack:

        def make() -> str:
            if request.param == "sqlite":
                url = str(migrate.sqlite_url(tmp_path / f"{len(made)}.db"))
            else:
                url = stack.enter_context(postgres.server().bare_database())
            made.append(url)
            return url

        yield make


@pytest.fixture
def url(another: Another) -> str:
    """Return the URL of a bare database of each kind in turn."""
    return another()
