"""One exchange with a door, held in the hand: the request read beforehand, the answer kept back.

It knows no door and no message. What must hold: the door sees the very request that came, also one
that is too large or breaks off; an answer is passed on whole or not at all.
"""

import asyncio
import contextlib
from collections.abc import MutableMapping, Sequence
from typing import Any, Final, final

import msgspec

from tillgate.edge.asgi import App, Receive, Scope, Send
from tillgate.kernel.clock import SECOND_MS
from tillgate.protocol.tradepay import TRADE_PAY_BYTES_MAX

BODY_BYTES_MAX: Final = TRADE_PAY_BYTES_MAX
"""As much as the largest door reads; what is larger is refused by that door itself."""
Message = MutableMapping[str, Any]
DROP: Final = "tillgate.drop"
"""The server's extension that closes the connection of a request."""


@final
class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was not sent yet."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    async def send(self, send: Send) -> None:
        """Send it now, with the length it has now."""
        named = [pair for pair in self.headers if pair[0].lower() != b"content-length"]
        headers = [*named, (b"content-length", str(len(self.body)).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    def saying(self, body: bytes, *, status: int | None = None) -> "Kept":
        """Return the answer with another body, and another status if one is given."""
        return Kept(status=status or self.status, headers=self.headers, body=body)


@final
class Exchange:
    """A request to a door, and the door's answer once it is asked for."""

    def __init__(
        self, app: App, scope: Scope, receive: Receive, *, read: Sequence[Message]
    ) -> None:
        """Hold a request of which these messages were read."""
        self._app = app
        self._scope = scope
        self._receive = receive
        self._read = read

    @property
    def is_whole(self) -> bool:
        """Tell whether all of it was read; else it is too large, or its sender left."""
        last = self._read[-1]
        return last["type"] == "http.request" and not last.get("more_body", False)

    @property
    def body(self) -> bytes:
        """Return what was read of the body."""
        return b"".join(each.get("body", b"") for each in self._read)

    async def answer(self) -> Kept:
        """Let the door answer, and keep what it says."""
        status, parts = 0, list[bytes]()
        headers: tuple[tuple[bytes, bytes], ...] = ()

        async def kept(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status, headers = message["status"], tuple(message["headers"])
            else:
                parts.append(message.get("body", b""))

        await self._app(self._scope, self._replayed(), kept)
        return Kept(status=status, headers=headers, body=b"".join(parts))

    async def pass_on(self, send: Send) -> None:
        """Let the door answer as it does."""
        await self._app(self._scope, self._replayed(), send)

    async def drop(self) -> None:
        """Close the connection without an answer, and return when it is closed."""
        self._scope["extensions"][DROP]["close"]()
        await self._left()

    async def linger(self, length_ms: int) -> None:
        """Return so much later, or when the caller left or the server stops."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(length_ms / SECOND_MS):
                await self._left()

    async def _left(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue

    def at(self, path: str, body: bytes) -> "Exchange":
        """Return the request as if it had been sent to another path with another body."""
        length = (b"content-length", str(len(body)).encode())
        named = [pair for pair in self._scope["headers"] if pair[0].lower() != length[0]]
        scope = {**self._scope, "path": path, "raw_path": path.encode()}
        scope["headers"] = [*named, length]
        read = ({"type": "http.request", "body": body, "more_body": False},)
        return Exchange(self._app, scope, self._receive, read=read)

    def _replayed(self) -> Receive:
        left = list(reversed(self._read))

        async def received() -> Message:
            return left.pop() if left else await self._receive()

        return received


async def exchange(app: App, scope: Scope, receive: Receive) -> Exchange:
    """Read a request to its end, or until it is larger than any door reads."""
    read, size, is_more = list[Message](), 0, True
    while is_more and size <= BODY_BYTES_MAX:
        message = await receive()
        read.append(message)
        size += len(message.get("body", b""))
        is_more = message["type"] == "http.request" and message.get("more_body", False)
    return Exchange(app, scope, receive, read=read)
