"""The live story over a socket: what a browser says it saw, and how many may follow.

What must hold: no header of a browser breaks the door; who finds no room is told by an end, not
left with a connection on which nothing will ever come.
"""

from collections.abc import Iterator
from contextlib import ExitStack

import httpx2
import pytest

from tests.support.doors import ANSWER_S_MAX
from tests.support.gateway import Gateway, running
from tillgate.edge.story import FOLLOWERS_MAX


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("story") / "gateway") as started:
        yield started


@pytest.mark.parametrize("seen", ["", "x", "-1", "1.5", "9" * 19, "9" * 5_000])
def test_what_is_no_step_counts_as_none_seen(gateway: Gateway, seen: str) -> None:
    headers = {"last-event-id": seen}
    with (
        httpx2.Client(base_url=gateway.origin, timeout=ANSWER_S_MAX, trust_env=False) as client,
        client.stream("GET", "/wallet/story", headers=headers) as story,
    ):
        assert story.status_code == 200
        assert next(story.iter_lines()).startswith(("id: ", ": "))


def test_one_follower_too_many_is_told_so_by_an_end(gateway: Gateway) -> None:
    limits = httpx2.Limits(max_connections=FOLLOWERS_MAX + 1)
    with ExitStack() as opened:
        client = opened.enter_context(
            httpx2.Client(
                base_url=gateway.origin, timeout=ANSWER_S_MAX, trust_env=False, limits=limits
            )
        )
        followers = [
            opened.enter_context(client.stream("GET", "/wallet/story")).iter_lines()
            for _ in range(FOLLOWERS_MAX)
        ]
        assert all(next(lines) for lines in followers)
        with client.stream("GET", "/wallet/story") as story:
            assert story.read() == b""
