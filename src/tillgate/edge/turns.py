"""Turns: what one payer asks with a PIN is done one after the other.

A PIN try counts from the commit that reserves it until the check gives it back. In another process
a page that sends its confirm again meets its own try, which is open, and asks the database until it
is not; here it simply waits. And a try that is reserved when the pool of checks is full is lost, so
whoever would find it full is turned away before. What must hold: nobody waits for another payer's
turn; who is turned away lost no try; a payer whom nobody waits for leaves nothing behind; that all
turns are taken is told, that one payer has too many is that payer's own affair.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import final

from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import Result

TURNS_OF_A_PAYER_MAX = 16
TURNS_MAX = 64
"""Held or awaited by all payers together: no more than PIN checks may wait (`issuers.pins`)."""


@final
class _Turn:
    """One payer's turn, and how many hold it or wait for it."""

    __slots__ = ("asked", "lock")

    def __init__(self) -> None:
        self.asked = 0
        self.lock = asyncio.Lock()


@final
class Turns:
    """The turns of this process; a try in another process still counts, by its commit."""

    def __init__(self, *, full: Callable[[], None] | None = None) -> None:
        """Begin with nobody; `full` hears of each who was turned away because all are taken."""
        self._full = full
        self._asked = 0
        self._turns: dict[PayerId, _Turn] = {}

    @asynccontextmanager
    async def of(self, payer_id: PayerId) -> AsyncIterator[None]:
        """Wait for this payer's turn and hold it for the block.

        Raises:
            Refused: REQUEST_TRAFFIC_EXCEED_LIMIT, when too many wait; nothing was executed.
        """
        turn = self._turns.get(payer_id) or _Turn()
        if self._asked >= TURNS_MAX:
            if self._full is not None:
                self._full()
            raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
        if turn.asked >= TURNS_OF_A_PAYER_MAX:
            raise Refused(Result.REQUEST_TRAFFIC_EXCEED_LIMIT)
        self._turns[payer_id] = turn
        turn.asked += 1
        self._asked += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.asked -= 1
            self._asked -= 1
            if not turn.asked:
                del self._turns[payer_id]

    def __len__(self) -> int:
        """Return for how many payers somebody holds or awaits a turn."""
        return len(self._turns)
