"""The front of the server: `/control`, `/metrics`, all else for the root; how it begins and ends.

It stands before the root because those two are reached by address, not by the public host. What
must hold: before the house is open the server is alive and not ready; a server that stops waits for
payments, and for nothing that would go on for ever.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any, final

from tillgate.edge.asgi import App, Receive, Scope, Send, reply_json
from tillgate.edge.readiness import Why
from tillgate.edge.root import Root
from tillgate.gateway.control import PATH as CONTROL
from tillgate.gateway.control import ControlApp
from tillgate.gateway.metrics import PATH as METRICS
from tillgate.gateway.metrics import MetricsDoor


@final
class Front:
    """What the server calls."""

    def __init__(self, root: Root, control: ControlApp, metrics: MetricsDoor) -> None:
        """Put them side by side."""
        self._root = root
        self._by_address: dict[str, App] = {CONTROL: control, METRICS: metrics}
        self._stopping = asyncio.Event()

    def drain(self) -> None:
        """Tell load balancers that this server will stop; it goes on answering until then."""
        self._root.drain()

    def stop(self) -> None:
        """Tell load balancers, and end what would go on for ever: the live story."""
        self._root.drain()
        self._stopping.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        here = self._by_address.get(scope["path"]) if scope["type"] == "http" else None
        await (here or self._answer)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_open = False

        async def sent(message: MutableMapping[str, Any]) -> None:
            nonlocal is_open
            is_open = message["type"] == "http.response.start" or message.get("more_body", False)
            await send(message)

        await self._root(scope, self._ending(receive), sent)
        if is_open and self._stopping.is_set():
            await send({"type": "http.response.body", "body": b""})

    def _ending(self, receive: Receive) -> Receive:
        """Return a `receive` that, once the body is there, also ends when the server stops."""
        is_whole = False

        async def received() -> MutableMapping[str, Any]:
            nonlocal is_whole
            if not is_whole:
                message = await receive()
                is_whole = not message.get("more_body", False)
                return message
            coming = asyncio.ensure_future(receive())
            stopping = asyncio.ensure_future(self._stopping.wait())
            try:
                await asyncio.wait({coming, stopping}, return_when=asyncio.FIRST_COMPLETED)
                return coming.result() if coming.done() else {"type": "http.disconnect"}
            finally:
                coming.cancel()
                stopping.cancel()

        return received


@final
class Doorway:
    """What the server calls from its first moment on; behind it the house opens."""

    def __init__(self) -> None:
        """Begin closed."""
        self._app: App | None = None

    def open(self, app: App) -> None:
        """Let every request through from now on."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or have the house answer it."""
        if self._app is not None:
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            return
        elif scope["path"] == "/healthz":
            await reply_json(send, 200, {"alive": True})
        elif scope["path"] == "/readyz":
            await reply_json(send, 503, {"ready": False, "why": Why.STARTING})
        else:
            memo = "SYSTEM_ERROR: The gateway is starting; nothing was executed, so ask again."
            soon = ((b"retry-after", b"1"),)
            await reply_json(send, 503, {"resultCode": None, "memo": memo}, headers=soon)
