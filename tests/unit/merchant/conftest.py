"""Both colours of the SDK: a test that asks for `colour` runs with each of them in turn.

What must hold: whatever was opened is closed, so that a leak is an error of the test that leaked.
"""

from collections.abc import Iterator

import pytest

from tests.support.small_gateway import Async, Colour, Sync


@pytest.fixture(params=[Sync, Async], ids=["sync", "async"])
def colour(request: pytest.FixtureRequest) -> Iterator[Colour]:
    made: Colour = request.param()
    yield made
    made.close()
