"""`/metrics`: what Prometheus reads, for who knows the token of `DIR/metrics.token`.

In production nothing but the token opens it, whoever asks and from wherever: a proxy on the same
machine looks like this machine. In a sandbox this machine itself needs none. It stands before the
root, because a scraper names the server as it likes. What must hold: the token is compared in
constant time, and who has none learns nothing.
"""

import asyncio
import hmac
from collections.abc import Callable
from typing import Final, final

from tillgate.edge.asgi import Receive, Scope, Send, reply, reply_json
from tillgate.gateway.control import is_local

PATH: Final = "/metrics"
KIND: Final = b"text/plain; version=0.0.4; charset=utf-8"


@final
class MetricsDoor:
    """The door."""

    def __init__(self, page: Callable[[], bytes], token: str, *, is_open_here: bool) -> None:
        """Show `page` to who knows the token; `is_open_here` to this machine as well."""
        self._page = page
        self._authorization = f"Bearer {token}".encode()
        self._is_open_here = is_open_here

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  The shape of an application.
        """Answer one request."""
        if not self._is_allowed(scope):
            memo = "The token in DIR/metrics.token opens this door."
            challenge = ((b"www-authenticate", b"Bearer"),)
            await reply_json(send, 401, {"memo": memo}, headers=challenge)
        elif scope["method"] not in {"GET", "HEAD"}:
            allow = ((b"allow", b"GET, HEAD"),)
            await reply_json(send, 405, {"memo": "Metrics are read with GET."}, headers=allow)
        else:
            await reply(send, 200, await asyncio.to_thread(self._page), kind=KIND)

    def _is_allowed(self, scope: Scope) -> bool:
        given = b""
        for name, value in scope["headers"]:
            if name == b"authorization":
                given = value
        is_known = hmac.compare_digest(given, self._authorization)
        return is_known or (self._is_open_here and is_local(scope))
