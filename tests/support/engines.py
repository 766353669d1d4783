"""An engine over a real store with faults between them, for tests of batches and queues.

What must hold: the engine is stopped behind every test, and whatever waits at a gate is let go.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, final

from tests.support.faulty import Fault, FaultyStore
from tests.support.small_verbs import SMALL_VERBS, Note
from tests.support.stores import AnyStore
from tillgate.acquiring.operator import Fact
from tillgate.engine.batcher import Engine
from tillgate.engine.commands import Command
from tillgate.engine.observer import UNOBSERVED, Observer
from tillgate.engine.ports import Change, Select, Store
from tillgate.engine.settings import DecideSettings, LaneSettings
from tillgate.kernel.clock import Clock, ManualClock
from tillgate.kernel.ids import OperationId
from tillgate.kernel.record import Record

NOW_MS: Final = 1_700_000_000_000
PATIENT: Final = LaneSettings(queue_wait_ms_max=120_000)
"""A slow disk is not what most of these tests are about."""
Running = Callable[..., AbstractAsyncContextManager[tuple[Engine, FaultyStore]]]


@final
class NoIds:
    """An id factory that nobody may ask."""

    def token(self) -> str:
        """Refuse."""
        raise AssertionError

    def digits(self, length: int) -> str:
        """Refuse."""
        raise AssertionError


@final
class WanderingClock:
    """A clock that shows what it is told, even if that is earlier."""

    def __init__(self, *instants_ms: int) -> None:
        """Show these instants in turn."""
        self._instants_ms = iter(instants_ms)

    def now_ms(self) -> int:
        """Return the next instant."""
        return next(self._instants_ms)


def runner(store: AnyStore) -> Running:
    """Return what runs an engine over the store with a script of faults between them."""

    @asynccontextmanager
    async def run(
        *faults: Fault,
        clock: Clock | None = None,
        lanes: LaneSettings | None = None,
        observer: Observer = UNOBSERVED,
    ) -> AsyncIterator[tuple[Engine, FaultyStore]]:
        faulty = FaultyStore(store, faults)
        engine = Engine(
            faulty,
            verbs=SMALL_VERBS,
            clock=clock or ManualClock(NOW_MS),
            ids=NoIds(),
            decide=DecideSettings(),
            lanes=lanes or PATIENT,
            observer=observer,
        )
        engine.start()
        try:
            yield engine, faulty
        finally:
            faulty.gate.set()
            await engine.stop()

    return run


def op(name: object) -> OperationId:
    """Return an operation id that says what it is for."""
    return OperationId(f"op-{name}")


def notes(count: int) -> list[Command]:
    """Return commands that write a fact each: f0, f1 and so on."""
    return [Note(operation_id=op(n), name=f"f{n}", value=str(n)) for n in range(count)]


async def told(engine: Engine, commands: Sequence[Command]) -> list[Any]:
    """Execute commands that all wait at the same time; return outcomes and errors."""
    calls = (engine.execute(command) for command in commands)
    return await asyncio.gather(*calls, return_exceptions=True)


async def facts(store: AnyStore) -> dict[str, str]:
    """Return all facts that were kept."""
    return {row.name: row.value for row in await store.select(Select(record=Fact))}


async def keep(store: Store, *rows: Record) -> None:
    """Write rows past the engine, as another process would."""
    async with store.transaction() as transaction:
        assert not await transaction.flush([Change(row, is_insert=True) for row in rows])


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(120):
        while not condition():
            await asyncio.sleep(0.001)
