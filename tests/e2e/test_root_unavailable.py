"""A store that is away for a moment, as a stranger at a door sees it.

Found by the simulator: a door that could not read was answered for with a plain 500, and that was
logged as a defect of ours. What must hold: whoever may come again is told so, and nothing is
logged as broken.
"""

from collections.abc import MutableMapping
from typing import Any

from structlog.testing import capture_logs

from tests.support.asgi import HOST
from tillgate.edge.asgi import Receive, Scope, Send
from tillgate.edge.root import Mount, Root
from tillgate.kernel.errors import Unavailable


async def test_a_door_that_cannot_read_says_when_to_come_again() -> None:
    sent: list[MutableMapping[str, Any]] = []

    async def away(scope: Scope, receive: Receive, send: Send) -> None:
        raise Unavailable("The store cannot be read.", retry_after_s=3)

    async def ready() -> None:
        raise AssertionError

    async def receive() -> MutableMapping[str, Any]:
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    root = Root((Mount(("/api",), away),), hosts=frozenset({HOST}), ready=ready)
    scope: dict[str, Any] = {
        "type": "http",
        "method": "POST",
        "path": "/api/x.htm",
        "headers": [(b"host", HOST.encode())],
    }
    with capture_logs() as logs:
        await root(scope, receive, send)

    assert sent[0]["status"] == 503
    assert (b"retry-after", b"3") in sent[0]["headers"]
    assert b"SYSTEM_ERROR: The store cannot be read." in sent[1]["body"]
    assert not logs
