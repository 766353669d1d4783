"""The front of the server: `/control` for this machine, all else for the root; and how it all ends.

It stands before the root because `/control` is reached by address, never by the public host. What
must hold: a server that stops waits for payments, and for nothing that would go on for ever.
"""

import asyncio
from collections.abc import MutableMapping
from typing import Any, final

from tillgate.edge.asgi import Receive, Scope, Send
from tillgate.edge.root import Root
from tillgate.gateway.control import PATH, ControlApp


@final
class Front:
    """What the server calls."""

    def __init__(self, root: Root, control: ControlApp) -> None:
        """Put the two side by side."""
        self._root = root
        self._control = control
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Tell load balancers, and end what would go on for ever: the live story."""
        self._root.stop()
        self._stopping.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"] == PATH:
            await self._control(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

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
