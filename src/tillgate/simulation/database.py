"""One database for all processes: rows in memory, and locks on them as PostgreSQL would take them.

READ COMMITTED: a row that exists is locked and read anew when its lock is had; one that is absent
is not locked, so that another process may insert it first. What must hold: nothing is seen before
its commit; the locks of a process that died are free at once.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, final

from tillgate.kernel.record import Key, Record
from tillgate.storage.memory import MemoryStore


class Written(NamedTuple):
    """A row that a commit changed: before, None for a new one, and after."""

    before: Record | None
    after: Record


Watcher = Callable[[str, Sequence[Written]], None]
"""Is told, at each commit, which process made it and what it wrote."""


@final
class Database:
    """Rows and locks."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows = MemoryStore()
        self.watchers: list[Watcher] = []
        self._holders: dict[Key, object] = {}
        self._queues: dict[Key, deque[asyncio.Future[None]]] = {}

    @property
    def locked(self) -> Sequence[Key]:
        """Return what is locked now."""
        return list(self._holders)

    async def lock(self, key: Key, owner: object) -> Record | None:
        """Return the row once its lock is the owner's, or None when there is no such row."""
        if self.rows.row(key) is None:
            return None
        while self._holders.get(key, owner) is not owner:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._queues.setdefault(key, deque()).append(turn)
            await turn
        self._holders[key] = owner
        return self.rows.row(key)

    def release(self, owner: object) -> None:
        """Free everything an owner holds."""
        for key in [key for key, holder in self._holders.items() if holder is owner]:
            del self._holders[key]
            for turn in self._queues.pop(key, ()):
                if not turn.done():
                    turn.set_result(None)

    def tell(self, who: str, written: Sequence[Written]) -> None:
        """Tell the watchers of a commit."""
        for watcher in self.watchers:
            watcher(who, written)
