"""The root of the server: which door answers a path, for which Host, and the health of it all.

What must hold: an unknown Host is told 421 before any door sees the request; a defect in a door is
answered with a plain 500 and logged without the request's content.
"""

from collections.abc import MutableMapping, Sequence
from typing import Any, NamedTuple, final

import structlog

from tillgate.edge.asgi import App, Headers, Incoming, Receive, Scope, Send, reply, reply_json
from tillgate.edge.readiness import Check, Readiness
from tillgate.kernel.errors import Unavailable


class Mount(NamedTuple):
    """A door: the start of its paths, and the hosts it answers for; empty means all."""

    prefixes: tuple[str, ...]
    app: App
    hosts: frozenset[str] = frozenset()


@final
class Root:
    """Routes requests to doors."""

    def __init__(
        self,
        mounts: Sequence[Mount],
        *,
        hosts: frozenset[str],
        ready: Check,
        home: str = "",
        always: Headers = (),
    ) -> None:
        """Serve these doors; `ready` raises when the store does not answer.

        Args:
            mounts: the doors.
            hosts: the Host headers that are answered.
            ready: raises when the store does not answer.
            home: where "/" leads, or "".
            always: headers of every answer.
        """
        self._home = home
        self._always = tuple(always)
        self._mounts = mounts
        self._hosts = hosts
        self._readiness = Readiness(ready)
        self._log = structlog.get_logger("tillgate.doors")

    def drain(self) -> None:
        """Tell load balancers that no more requests are wanted; whoever comes is answered."""
        self._readiness.drain()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        send = self._telling(send)
        incoming = Incoming(scope, receive)
        if sum(name == b"host" for name, _ in scope["headers"]) != 1:
            await reply_json(send, 400, {"memo": "A request names one Host."})
            return
        host = incoming.headers.get("host", "").lower()
        if host not in self._hosts:
            memo = "This server does not answer for the host you asked for."
            await reply_json(send, 421, {"memo": memo})
            return
        app = self._find(incoming.path, host)
        try:
            if app is not None:
                await app(scope, receive, send)
            else:
                await self._own(incoming, send)
        except Unavailable as error:
            retry = (b"retry-after", str(error.retry_after_s).encode())
            memo = f"SYSTEM_ERROR: {error.sentence}"
            await reply_json(send, 503, {"resultCode": None, "memo": memo}, headers=(retry,))
        except Exception:  # noqa: BLE001  The last door: whatever fails here must not reach a stranger.
            self._log.exception("door_broken", method=incoming.method)
            memo = "SYSTEM_ERROR: The result is not known; ask again."
            await reply_json(send, 500, {"resultCode": None, "memo": memo})

    def _telling(self, send: Send) -> Send:
        """Return a `send` that adds what every answer carries."""
        if not self._always:
            return send

        async def sent(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._always]
            await send(message)

        return sent

    def _find(self, path: str, host: str) -> App | None:
        # Functions are found in any case (C17); the other doors are as exact as they want to be.
        path = path.lower()
        for mount in self._mounts:
            if mount.hosts and host not in mount.hosts:
                continue
            if any(path == prefix or path.startswith(f"{prefix}/") for prefix in mount.prefixes):
                return mount.app
        return None

    async def _own(self, incoming: Incoming, send: Send) -> None:
        if incoming.path == "/healthz":
            await reply_json(send, 200, {"alive": True})
        elif incoming.path == "/readyz":
            await self._tell_readiness(send)
        elif incoming.path == "/" and self._home:
            to = (b"location", self._home.encode())
            await reply(send, 302, b"", kind=b"text/plain", headers=(to,))
        else:
            await reply_json(send, 404, {"memo": "There is nothing at this address."})

    async def _tell_readiness(self, send: Send) -> None:
        why = await self._readiness.why_not()
        if why is None:
            await reply_json(send, 200, {"ready": True})
        else:
            await reply_json(send, 503, {"ready": False, "why": why})
