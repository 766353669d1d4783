"""Bare ASGI plumbing: a request as a value, an answer as bytes, a limit on both.

It knows no route and no rule. What must hold: a body is never read past its limit; every answer
carries the headers that keep it in its place: nothing runs, frames, embeds or keeps what does not
say itself that it may be.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, final

import msgspec

from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = Iterable[tuple[bytes, bytes]]

SAFE_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"unsafe-none"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"x-xss-protection", b"1; mode=block"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"cache-control", b"no-store"),
)
"""What an answer carries unless it names another value itself.

A cashier's window is opened by a merchant's page, which must learn when it closes, so the opener
stays. An old browser that knows no policy of content shows no page at all where it finds a script
of somebody else's.
"""
_ENCODER = msgspec.json.Encoder()


@final
class Incoming:
    """One HTTP request, as far as doors look at it."""

    __slots__ = ("_receive", "headers", "method", "path", "peer", "query")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        """Take the parts of an ASGI scope that matter."""
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: str = scope.get("query_string", b"").decode("latin-1")
        self.headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            self.headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        self.peer: str = (scope.get("client") or ("",))[0]
        self._receive = receive

    async def body(self, bytes_max: int) -> bytes:
        """Return the whole body.

        Raises:
            Refused: REQUEST_TOO_LARGE, or the caller went away before its end.
        """
        stated = self.headers.get("content-length", "0")
        if stated.isascii() and stated.isdigit() and int(stated) > bytes_max:
            raise Refused(Result.REQUEST_TOO_LARGE)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Refused(Result.MSG_PARSE_ERROR, "The message ended before its end.")
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > bytes_max:
                raise Refused(Result.REQUEST_TOO_LARGE)
            if not message.get("more_body"):
                return b"".join(parts)


async def reply(
    send: Send,
    status: int,
    body: bytes,
    *,
    kind: bytes = b"application/json",
    headers: Headers = (),
) -> None:
    """Send one answer."""
    named = [(b"content-type", kind), (b"content-length", str(len(body)).encode())]
    start = {
        "type": "http.response.start",
        "status": status,
        "headers": [*named, *safely(headers)],
    }
    await send(start)
    await send({"type": "http.response.body", "body": body})


def safely(headers: Headers) -> list[tuple[bytes, bytes]]:
    """Return these headers and, of the safe ones, those that they do not name."""
    said = list(headers)
    names = {name for name, _ in said}
    return [*(each for each in SAFE_HEADERS if each[0] not in names), *said]


async def reply_json(send: Send, status: int, value: object, *, headers: Headers = ()) -> None:
    """Send one answer as JSON."""
    await reply(send, status, _ENCODER.encode(value), headers=headers)
