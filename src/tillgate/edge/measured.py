"""A door that is counted, timed and traced: each request by its status, from head to first byte.

It knows nothing of the door. What must hold: an answer that is streamed for minutes counts as
answered when it begins; a door that fails before it answers counts as 500, as its caller is told.
"""

import time
from collections.abc import MutableMapping
from typing import Any, final

from tillgate.edge.asgi import App, Receive, Scope, Send
from tillgate.edge.meters import Meters
from tillgate.edge.traces import Traces


@final
class Measured:
    """Stands before a door."""

    def __init__(self, name: str, app: App, *, meters: Meters, traces: Traces) -> None:
        """Count the door under this name."""
        self._name = name
        self._app = app
        self._meters = meters
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the door answer one request."""
        began_s, is_answered = time.perf_counter(), False

        def told(status: int) -> None:
            nonlocal is_answered
            is_answered = True
            self._traces.note(status=status)
            self._meters.requested(self._name, status, time.perf_counter() - began_s)

        async def counted(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                told(message["status"])
            await send(message)

        with self._traces.span("request", door=self._name):
            try:
                await self._app(scope, receive, counted)
            except Exception:
                if not is_answered:
                    told(500)
                raise
