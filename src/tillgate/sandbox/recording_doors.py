"""What listens at a sandbox's doors, and `GET /sandbox/logs`, where it is read.

It stands before every door and looks at two kinds of requests: a function that a merchant's server
calls, and an orderStr that a page hands over. It changes neither request nor answer. What must
hold: an answer is on its way before anything is written down; whatever else passes (PINs, sessions,
cashiers) is not looked at; what cannot be written down fails no request.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, final

import structlog

from tillgate.edge.asgi import App, Receive, Scope, Send
from tillgate.edge.desk import Desk
from tillgate.kernel.clock import SECOND_MS
from tillgate.protocol.recording import ExchangeKind
from tillgate.sandbox.control import Asked, Route
from tillgate.sandbox.recording import Page, Seen, Tape

PATH: Final = "/sandbox/logs"
WAIT_S_MAX: Final = 30
SEQ_MAX: Final = 10**15
HEARD_BYTES_MAX: Final = 256 * 1024
_FUNCTIONS: Final = "/api/"
_ORDERS: Final = "/cashier/trade-pay"


@final
class Ear:
    """Stands before a door."""

    def __init__(self, desk: Desk, tape: Tape, door: App) -> None:
        """Hear what is said at this door."""
        self._desk = desk
        self._tape = tape
        self._door = door
        self._log = structlog.get_logger("tillgate.sandbox")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the door answer one request, and write it down if it is one of ours."""
        kind = _kind(scope)
        if kind is None:
            await self._door(scope, receive, send)
            return
        loop, at_ms = asyncio.get_running_loop(), self._desk.clock.now_ms()
        began_s, asked, said = loop.time(), _Heard(), _Heard()
        await self._door(scope, asked.receiving(receive), said.sending(send))
        seen = Seen(
            kind=kind,
            at_ms=at_ms,
            elapsed_ms=round((loop.time() - began_s) * SECOND_MS),
            request=bytes(asked.body),
            answer=bytes(said.body),
            status=said.status,
        )
        try:
            await self._tape.hear(seen)
        except Exception:  # noqa: BLE001  What cannot be written down fails no request.
            self._log.exception("not_written_down")


@final
class _Heard:
    """One direction of an exchange, as it passes."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.status = 0

    def receiving(self, receive: Receive) -> Receive:
        """Return a `receive` that is heard."""

        async def received() -> Scope:
            message = await receive()
            self._take(message)
            return message

        return received

    def sending(self, send: Send) -> Send:
        """Return a `send` that is heard."""

        async def sent(message: Scope) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]
            self._take(message)
            await send(message)

        return sent

    def _take(self, message: Scope) -> None:
        self.body += message.get("body", b"")[: HEARD_BYTES_MAX - len(self.body)]


@final
class LogsDoor:
    """Tells what is on the tape."""

    def __init__(self, tape: Tape) -> None:
        """Read from this tape."""
        self._tape = tape

    def routes(self) -> Sequence[Route]:
        """Return the door."""
        return (Route("GET", PATH, self.read, may_wait=True),)

    async def read(self, asked: Asked) -> Page:
        """Return what came after a number; without one, from the newest on."""
        after = asked.whole("after", self._tape.newest, most=SEQ_MAX)
        wait_s = asked.whole("waitS", 0, most=WAIT_S_MAX)
        return await self._tape.page(run=asked.query.get("run", ""), after=after, wait_s=wait_s)


def _kind(scope: Scope) -> ExchangeKind | None:
    if scope["type"] != "http" or scope["method"] != "POST":
        return None
    path: str = scope["path"].lower()
    if path.startswith(_FUNCTIONS):
        return ExchangeKind.FUNCTION
    return ExchangeKind.ORDER if path == _ORDERS else None
