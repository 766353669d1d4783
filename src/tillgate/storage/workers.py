"""Threads that own a database connection each, and the hop from the event loop into them.

A driver that blocks must not block the loop, so its work is handed to a thread and its result
handed back with one wake-up of the loop. It does not know what the work is. What must hold: work is
done in the order it was handed in; a hop whose caller has gone is done all the same.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar, final

from tillgate.kernel.errors import Unavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]


class _Hop(NamedTuple):
    work: Work[Any]
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Any]"


@final
class Workers:
    """A thread for each connection, all taking from one bounded queue."""

    def __init__(
        self, name: str, connections: Sequence[sqlite3.Connection], *, waiting_max: int
    ) -> None:
        """Start a thread for each connection."""
        self._hops: SimpleQueue[_Hop | None] = SimpleQueue()
        self._waiting_max = waiting_max
        self._connections = connections
        self._closed = False
        # A program that ends without closing must not hang; the database survives it.
        self._threads = [
            threading.Thread(target=self._serve, args=(one,), name=name, daemon=True)
            for one in connections
        ]
        for thread in self._threads:
            thread.start()

    async def run(self, work: Work[T]) -> T:
        """Return what `work` returns for a connection, or raise what it raises.

        Raises:
            Unavailable: the workers were closed, or too much waits; the work is not done.
        """
        if self._closed:
            sentence = "The database is closed; nothing was done."
            raise Unavailable(sentence)
        if self._hops.qsize() >= self._waiting_max:
            sentence = "Too many requests wait for the database; nothing was done."
            raise Unavailable(sentence)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._hops.put(_Hop(work, loop, done))
        return await done

    def close(self, last: Work[None] | None = None) -> None:
        """Do what was handed in, then `last`, end the threads and close their connections."""
        if self._closed:
            return
        self._closed = True
        for _ in self._threads:
            self._hops.put(None)
        for thread in self._threads:
            thread.join()
        for connection in self._connections:
            try:
                if last is not None:
                    last(connection)
            finally:
                connection.close()

    def _serve(self, connection: sqlite3.Connection) -> None:
        while (hop := self._hops.get()) is not None:
            _answer(hop, connection)


def _answer(hop: _Hop, connection: sqlite3.Connection) -> None:
    """Do one piece of work and wake its caller once."""
    result, error = None, None
    try:
        result = hop.work(connection)
    except BaseException as raised:  # noqa: BLE001  Whatever it is, its caller is told, not this thread.
        error = raised
    try:
        hop.loop.call_soon_threadsafe(_tell, hop.done, result, error)
    except RuntimeError:
        return  # The loop is closed: its program has ended and nobody waits.


def _tell(done: "asyncio.Future[Any]", result: object, error: BaseException | None) -> None:
    if done.done():
        return  # The caller gave up.
    if error is None:
        done.set_result(result)
    else:
        done.set_exception(error)
