"""Who listens for notifications from elsewhere, and what lies there for them until they answer.

While a client listens, its notifications lie here and its listener takes them and brings what the
merchant's server answered; the notifier sees a sender like any other. It decides who listens and
how long anybody waits, and it judges no answer. What must hold: a notification goes one way only,
to the listener or to its URL, and to the URL only if no listener had taken it; one listener a
client, the newest; nothing waits longer than an exchange may take, and everything is bounded.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, final

import msgspec

from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import Result
from tillgate.workers.outgoing.port import SendFailure, SendResult

EXCHANGE_S_MAX: Final = 10.0
"""As long as a merchant's own server has (U7)."""
TAKEN_S_MAX: Final = 3.0
"""After which a notification that no listener took goes to its URL after all."""
GONE_S: Final = 6.0
"""After which a listener that asks no more is taken for gone."""
PARCELS_MAX: Final = 64
LINES_MAX: Final = 256
RETIRED_KEPT: Final = 16
PARCEL_BYTES_MAX: Final = 24 * 1024
"""What goes out in one answer; written as JSON text it may double, and an envelope is 64 KiB."""
BROKEN_OFF: Final = "The listener ended before it had answered; it may have been received."


@final
class Parcel(msgspec.Struct, frozen=True, kw_only=True):
    """A notification as it was signed, and the URL that it would have gone to."""

    parcel_id: str
    url: str
    raw: bytes


@final
@dataclass(slots=True, kw_only=True)
class _Waiting:
    parcel: Parcel
    answered: asyncio.Future[SendResult]
    taken_by: str = ""


@final
@dataclass(slots=True, kw_only=True)
class _Line:
    """What one client's listener needs."""

    listener: str
    seen_s: float
    asking: int = 0
    asked: int = 0
    waiting: dict[str, _Waiting] = field(default_factory=dict)
    retired: deque[str] = field(default_factory=lambda: deque(maxlen=RETIRED_KEPT))
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@final
class Switchboard:
    """Connects clients that listen with the notifications that are theirs."""

    def __init__(self, run: str) -> None:
        """Begin with nobody; `run` is another one in each gateway, and after each start."""
        self._lines: dict[str, _Line] = {}
        self._run = run
        self._count = 0

    def listens(self, client_id: str) -> bool:
        """Tell whether a client's listener is there."""
        return self._line(client_id) is not None

    def here(self, client_id: str, listener: str) -> None:
        """Hear that a listener is there; it takes over from an older one.

        Raises:
            Refused: a newer one has taken over, or there are too many.
        """
        self._taken_over(client_id, listener)

    async def carry(self, client_id: str, url: str, raw: bytes) -> SendResult | None:
        """Have a client's listener deliver; None when none took it, so that it goes to its URL."""
        line = self._line(client_id)
        if line is None or len(raw) > PARCEL_BYTES_MAX:
            return None
        if len(line.waiting) >= PARCELS_MAX:
            return _failed(SendFailure.BUSY, elapsed_s=0)
        loop, self._count = asyncio.get_running_loop(), self._count + 1
        # An answer to a parcel of an earlier run must never meet one of this run.
        parcel_id = f"{self._run}-{self._count}"
        began_s, parcel = loop.time(), Parcel(parcel_id=parcel_id, url=url, raw=raw)
        mine = _Waiting(parcel=parcel, answered=loop.create_future())
        line.waiting[parcel.parcel_id] = mine
        line.changed.set()
        try:
            await asyncio.wait({mine.answered}, timeout=TAKEN_S_MAX)
            if not mine.taken_by:
                return None
            rest_s = EXCHANGE_S_MAX - (loop.time() - began_s)
            await asyncio.wait({mine.answered}, timeout=max(0.0, rest_s))
            if mine.answered.done():
                return mine.answered.result()
            return _failed(SendFailure.TIMEOUT, elapsed_s=loop.time() - began_s)
        finally:
            line.waiting.pop(parcel.parcel_id, None)

    async def asked(
        self,
        client_id: str,
        listener: str,
        *,
        holding: Collection[str],
        take: int,
        wait_s: float,
    ) -> Sequence[Parcel]:
        """Return what lies there for a listener and is not with it yet, once there is something.

        Raises:
            Refused: a newer listener of this client has taken over.
        """
        line = self._taken_over(client_id, listener)
        async with self._asking(line) as turn:
            loop = asyncio.get_running_loop()
            ends_s = loop.time() + wait_s
            while True:
                line.changed.clear()
                found = _fitting(line, listener, holding, take)
                rest_s = ends_s - loop.time()
                if found or rest_s <= 0 or turn != line.asked or line.listener != listener:
                    break
                try:
                    async with asyncio.timeout(rest_s):
                        await line.changed.wait()
                except TimeoutError:
                    continue
        for each in found:
            each.taken_by = listener
        return [each.parcel for each in found]

    def answered(
        self, client_id: str, listener: str, parcel_id: str, result: SendResult
    ) -> Parcel | None:
        """Take what the merchant's server answered; None when nobody waits for it any more.

        Whoever took a parcel may answer it, even if a newer listener has taken over since.
        """
        line = self._lines.get(client_id)
        waiting = line.waiting.get(parcel_id) if line is not None else None
        if waiting is None or waiting.answered.done() or waiting.taken_by != listener:
            return None
        waiting.answered.set_result(result)
        return waiting.parcel

    def ended(self, client_id: str, listener: str) -> None:
        """Let a listener go: what it had not taken goes to its URL at once."""
        line = self._lines.get(client_id)
        if line is None or line.listener != listener:
            return
        del self._lines[client_id]
        for waiting in line.waiting.values():
            if not waiting.answered.done():
                waiting.answered.set_result(
                    SendResult(
                        status=None,
                        body=b"",
                        elapsed_ms=0,
                        connected_address=None,
                        failure=SendFailure.BROKEN_OFF,
                        sentence=BROKEN_OFF,
                    )
                )
        line.changed.set()

    @asynccontextmanager
    async def _asking(self, line: _Line) -> AsyncIterator[int]:
        """Count who asks; whoever asked before of the same line is sent home empty-handed."""
        line.asked += 1
        line.asking += 1
        line.changed.set()
        try:
            yield line.asked
        finally:
            line.asking -= 1
            line.seen_s = asyncio.get_running_loop().time()

    def _line(self, client_id: str) -> _Line | None:
        """Return the line of a client whose listener is there."""
        line = self._lines.get(client_id)
        if line is None:
            return None
        now_s = asyncio.get_running_loop().time()
        return line if line.asking or now_s - line.seen_s < GONE_S else None

    def _taken_over(self, client_id: str, listener: str) -> _Line:
        """Return a client's line, held by this listener from now on.

        Raises:
            Refused: a newer one holds it, or there are too many.
        """
        now_s = asyncio.get_running_loop().time()
        line = self._lines.get(client_id)
        if line is None:
            self._forget()
            if len(self._lines) >= LINES_MAX:
                raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
            line = self._lines[client_id] = _Line(listener=listener, seen_s=now_s)
        if listener in line.retired:
            sentence = "Another `tillgate listen` of this client has taken over; end one of them."
            raise Refused(Result.ACCESS_DENIED, sentence)
        if listener != line.listener:
            line.retired.append(line.listener)
            line.listener = listener
            line.changed.set()
        line.seen_s = now_s
        return line

    def _forget(self) -> None:
        for client_id in [each for each in self._lines if self._line(each) is None]:
            if not self._lines[client_id].waiting:
                del self._lines[client_id]


def _fitting(line: _Line, listener: str, holding: Collection[str], take: int) -> list[_Waiting]:
    """Return what no listener holds yet, as much as goes into one answer."""
    found: list[_Waiting] = []
    size = 0
    for parcel_id, waiting in line.waiting.items():
        is_others = waiting.taken_by not in ("", listener)
        if is_others or parcel_id in holding or waiting.answered.done():
            continue
        size += len(waiting.parcel.raw)
        if len(found) >= take or (found and size > PARCEL_BYTES_MAX):
            break
        found.append(waiting)
    return found


def _failed(failure: SendFailure, *, elapsed_s: float) -> SendResult:
    return SendResult(
        status=None,
        body=b"",
        elapsed_ms=round(elapsed_s * SECOND_MS),
        connected_address=None,
        failure=failure,
        sentence=failure.sentence,
    )
