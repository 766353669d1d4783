"""A process's line to the database: the engine's Store and Reader, with faults along the way.

A transaction takes virtual time, so that processes get between each other's steps. What must hold:
every place at which a real process can die is a place at which this one can; a commit whose answer
is lost either happened or did not, and the engine is told neither.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, TypeVar, final

from tillgate.engine.ports import Change, CommitUnknown, Lookup, Select, Transaction
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.record import Key, Record
from tillgate.simulation.database import Database, Written
from tillgate.simulation.faults import Fault, Faults
from tillgate.simulation.life import Life

R = TypeVar("R", bound=Record)
STEP_S: Final = (0.0005, 0.004)
"""What a statement takes."""
READ_PAUSE: Final = 0.2
"""How many of the reads take time, so that others get in between; each costs a run real time."""
SLOW_S: Final = (1.0, 15.0)
READER_SLOW_S: Final = (0.5, 6.0)


class _TakenBack(Exception):
    """Rolls the inner transaction back."""


@final
class Line:
    """Implements `engine.ports.Store` and `engine.ports.Reader` for one process."""

    def __init__(self, database: Database, life: Life, faults: Faults) -> None:
        """Connect."""
        self.database = database
        self.life = life
        self.faults = faults

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a unit of work."""
        await self.life.go_on()
        if self.faults.strikes(Fault.STORE_UNAVAILABLE, 40, who=self.life.name):
            raise Unavailable("The store cannot be reached.")
        work = _Work(self)
        try:
            yield work
            await work.commit()
        finally:
            await work.end()

    async def forget(self, record: type[Record], *, before_ms: int, limit: int) -> int:
        """Delete old rows."""
        await self._read()
        return await self.database.rows.forget(record, before_ms=before_ms, limit=limit)

    async def get(self, record: type[R], *parts: str | int) -> R | None:
        """Return a row."""
        await self._read()
        return await self.database.rows.get(record, *parts)

    async def select(self, query: Select) -> Sequence[Any]:
        """Return rows."""
        await self._read()
        return await self.database.rows.select(query)

    async def pick(self, query: Select, *fields: str) -> Sequence[tuple[Any, ...]]:
        """Return fields of rows."""
        await self._read()
        return await self.database.rows.pick(query, *fields)

    async def total(self, account: str, currency: str, *, book: str) -> int:
        """Return a sum."""
        await self._read()
        return await self.database.rows.total(account, currency, book=book)

    async def pause(self) -> None:
        """Take as long as a statement does; a process that died meanwhile goes no further."""
        await asyncio.sleep(self.faults.between(*STEP_S))

    async def _read(self) -> None:
        if self.faults.between(0, 1) < READ_PAUSE:
            await self.pause()
        else:
            await asyncio.sleep(0)
        if self.faults.strikes(Fault.READER_SLOW, 300, who=self.life.name):
            await asyncio.sleep(self.faults.between(*READER_SLOW_S))
        await self.life.go_on()
        if self.faults.strikes(Fault.READER_UNAVAILABLE, 400, who=self.life.name):
            raise Unavailable("The store cannot be read.")


@final
class _Work:
    """One transaction of one process."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._inner: AbstractAsyncContextManager[Transaction] | None = None
        self._written: Sequence[Written] = ()

    async def resolve(self, lookups: Sequence[Lookup]) -> Sequence[Record | None]:
        """Return what each lookup finds, unlocked."""
        if lookups:
            await self._step()
        return [self._line.database.rows.find(lookup) for lookup in lookups]

    async def load(self, keys: Sequence[Key]) -> Mapping[Key, Record | None]:
        """Lock and return rows."""
        await self._step(Fault.CRASH_BEFORE_LOAD)
        if self._line.faults.strikes(Fault.STORE_SLOW, 60, who=self._line.life.name):
            await asyncio.sleep(self._line.faults.between(*SLOW_S))
        found = {key: await self._line.database.lock(key, self) for key in keys}
        await self._step(Fault.CRASH_BEFORE_FLUSH)
        return found

    async def flush(self, changes: Sequence[Change]) -> Sequence[Key]:
        """Write, unseen until the commit."""
        database, faults = self._line.database, self._line.faults
        one_in = 2 if faults.slow_writers else 30
        if faults.strikes(Fault.STORE_SLOW_COMMIT, one_in, who=self._line.life.name):
            # Decided and not to be seen yet: other rows' writers go on, these rows' wait.
            await asyncio.sleep(faults.between(*SLOW_S))
            await self._step()
        self._inner = database.rows.transaction()
        transaction = await self._inner.__aenter__()
        self._written = [Written(database.rows.row(one.row.key), one.row) for one in changes]
        lost = await transaction.flush(changes)
        for key in lost:
            self._line.faults.struck(Fault.INSERT_LOST, who=self._line.life.name, what=str(key))
        return lost

    async def commit(self) -> None:
        """Make it so, unless a fault has it otherwise."""
        if self._inner is None:
            return
        line = self._line
        await self._step(Fault.CRASH_BEFORE_COMMIT)
        if line.faults.strikes(Fault.COMMIT_LOST, 40, who=line.life.name):
            await self.end()
            raise CommitUnknown
        inner, self._inner = self._inner, None
        await inner.__aexit__(None, None, None)
        line.database.tell(line.life.name, self._written)
        await self.end()
        await self._step(Fault.CRASH_AFTER_COMMIT)
        if line.faults.strikes(Fault.COMMIT_UNHEARD, 25, who=line.life.name):
            raise CommitUnknown

    async def end(self) -> None:
        """Roll back what was not committed, and free the locks."""
        inner, self._inner = self._inner, None
        if inner is not None:
            error = _TakenBack()
            with contextlib.suppress(_TakenBack):
                await inner.__aexit__(_TakenBack, error, None)
        self._line.database.release(self)

    async def _step(self, crash: Fault | None = None) -> None:
        """Let time pass; a process that dies here, or died meanwhile, leaves no lock behind."""
        line = self._line
        await line.pause()
        died = crash is not None and line.life.dies(crash, 250)
        if died or not line.life.is_alive:
            await self.end()
            await line.life.go_on()
