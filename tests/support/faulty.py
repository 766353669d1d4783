"""A store between the engine and a real one, through which faults are let in on purpose.

Each transaction takes the next fault of a script. What must hold: everything else passes through to
a real store, so that what the engine believes can be compared with what was kept.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from enum import Enum, unique
from typing import final

from tests.support.stores import AnyStore
from tillgate.engine.operation import Operation
from tillgate.engine.ports import Change, CommitUnknown, Lookup, Transaction
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.record import Key, Record


@unique
class Fault(Enum):
    """What goes wrong with a transaction."""

    NONE = "nothing"
    COMMITTED_UNHEARD = "the commit happened, but its answer was lost"
    LOST_UNHEARD = "the commit did not happen, and neither did an answer"
    UNREACHABLE = "the store cannot be reached"
    BLIND = "what it loads was there a moment before another process wrote"
    DEFECT = "the store has a defect"


class Defect(Exception):
    """What a defect of a store looks like from outside."""


class _TakenBack(Exception):
    """Rolls a transaction back."""


@final
class FaultyStore:
    """A store with a script of faults, a gate before each commit, and a record of its batches."""

    def __init__(self, store: AnyStore, faults: Iterable[Fault] = ()) -> None:
        """Stand before `store`; when the script is over nothing goes wrong any more."""
        self._store = store
        self._faults = iter(faults)
        self.gate = asyncio.Event()
        self.gate.set()
        self.batches: list[list[str]] = []
        """The operation ids of each batch that was loaded, in the order of locking."""
        self.transactions = 0
        self.decided = 0
        """How many batches were decided and came to the gate."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a unit of work with the script's next fault in it."""
        fault = next(self._faults, Fault.NONE)
        self.transactions += 1
        if fault is Fault.UNREACHABLE:
            sentence = "The store cannot be reached."
            raise Unavailable(sentence)
        try:
            async with self._store.transaction() as transaction:
                yield _Watched(transaction, self, is_blind=fault is Fault.BLIND)
                self.decided += 1
                await self.gate.wait()
                if fault is Fault.DEFECT:
                    raise Defect
                if fault is Fault.LOST_UNHEARD:
                    raise _TakenBack
        except _TakenBack:
            fault = Fault.COMMITTED_UNHEARD  # From outside the two look the same.
        if fault is Fault.COMMITTED_UNHEARD:
            raise CommitUnknown

    async def forget(self, record: type[Record], *, before_ms: int, limit: int) -> int:
        """Pass through."""
        return await self._store.forget(record, before_ms=before_ms, limit=limit)


@final
class _Watched:
    """A transaction that notes what is loaded, and sees nothing when it is blind."""

    def __init__(self, inner: Transaction, store: FaultyStore, *, is_blind: bool) -> None:
        self._inner = inner
        self._store = store
        self._is_blind = is_blind

    async def resolve(self, lookups: Sequence[Lookup]) -> Sequence[Record | None]:
        """Pass through."""
        return await self._inner.resolve(lookups)

    async def load(self, keys: Sequence[Key]) -> Mapping[Key, Record | None]:
        """Note the batch; when blind, find nothing."""
        named = [key.parts[0] for key in keys if key.record is Operation]
        self._store.batches.append(named)
        found = await self._inner.load(keys)
        return dict.fromkeys(found) if self._is_blind else found

    async def flush(self, changes: Sequence[Change]) -> Sequence[Key]:
        """Pass through."""
        return await self._inner.flush(changes)
