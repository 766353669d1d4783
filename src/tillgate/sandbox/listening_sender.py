"""The sender of a sandbox: to whoever listens, else to the URL, and each exchange is written down.

It stands where the house's own sender stood. What must hold: the notifier sees one sender, with one
result; what is written down never holds up or fails a notification, since judging one may take the
doctor a second; what waits to be written down is bounded.
"""

import asyncio
from collections import deque
from typing import Final, final

import msgspec
import structlog

from tillgate.edge.desk import Desk
from tillgate.protocol.envelope import Kind, cut
from tillgate.sandbox.listening import Switchboard
from tillgate.sandbox.recording import Tape
from tillgate.sandbox.recording_masks import url_of
from tillgate.workers.outgoing.port import Sender, SendResult

LISTENER: Final = "listener"
WAITING_MAX: Final = 128
HANDS: Final = 4
"""So many are judged at once: one of them may be with the doctor, who sees one at a time."""


@final
class ListeningSender:
    """Carries a notification to its client's listener, or hands it on."""

    def __init__(self, desk: Desk, sender: Sender, *, switchboard: Switchboard, tape: Tape) -> None:
        """Stand before this sender."""
        self._desk = desk
        self._sender = sender
        self._switchboard = switchboard
        self._later = _Later(tape)

    def room(self, url: str) -> int:
        """Return how many more messages to the URL's host would go out without waiting."""
        return self._sender.room(url)

    async def send(self, url: str, body: bytes) -> SendResult:
        """Send one message and return what became of it."""
        at_ms, client_id = self._desk.clock.now_ms(), cut(body, Kind.REQUEST).claims.client_id
        result, to = await self._switchboard.carry(client_id, url, body), LISTENER
        if result is None:
            result, to = await self._sender.send(url, body), url
        self._later.put(_Sent(to=to, body=body, result=result, at_ms=at_ms))
        return result


@final
class _Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that was sent, and what came back."""

    to: str
    body: bytes
    result: SendResult
    at_ms: int


@final
class _Later:
    """Writes down what was sent, after the notifier has gone on."""

    def __init__(self, tape: Tape) -> None:
        """Write on this tape."""
        self._tape = tape
        self._waiting: deque[_Sent] = deque()
        self._hands: set[asyncio.Task[None]] = set()
        self._log = structlog.get_logger("tillgate.sandbox")

    def put(self, sent: _Sent) -> None:
        """Have it written down soon; when too much waits, the oldest is noted as missing."""
        if len(self._waiting) >= WAITING_MAX:
            self._miss(self._waiting.popleft())
        self._waiting.append(sent)
        if len(self._hands) < HANDS:
            hand = asyncio.get_running_loop().create_task(self._write())
            self._hands.add(hand)
            hand.add_done_callback(self._hands.discard)

    async def _write(self) -> None:
        while self._waiting:
            sent = self._waiting.popleft()
            try:
                await self._tape.hear_notification(
                    sent.to, sent.body, sent.result, at_ms=sent.at_ms
                )
            except Exception:  # noqa: BLE001  A line that cannot be written ends no other.
                self._log.exception("not_written_down")

    def _miss(self, sent: _Sent) -> None:
        self._tape.miss()
        self._log.warning("not_written_down", why="too much was sent at once", to=url_of(sent.to))
