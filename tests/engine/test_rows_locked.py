"""The engine over PostgreSQL while somebody holds one row, as a shell does that was left open.

What must hold: only who needs that row is told Unavailable; whoever was in one batch with it is
answered after one wait for the lock, and comes to no harm.
"""

import asyncpg
import msgspec
import pytest
from structlog.testing import capture_logs

from tests.support import postgres
from tests.support.engines import NOW_MS, facts, keep, notes, op, runner, told
from tests.support.records import sample
from tests.support.small_verbs import Done, Spend
from tests.support.stores import PATIENT, postgresql
from tillgate.engine.ports import RowsLocked
from tillgate.ledger.entries import Balance

HASTY = msgspec.structs.replace(PATIENT, lock_wait_ms_max=300)


@pytest.mark.parametrize("place", [0, 5, 9])
async def test_a_row_that_somebody_holds_ends_who_needs_it_and_nobody_else(place: int) -> None:
    commands = notes(9)
    commands.insert(place, Spend(operation_id=op("spend"), minor=600))
    with postgres.server().database() as url:
        async with postgresql(url, HASTY) as store:
            await keep(store, sample(Balance))
            shell = await asyncpg.connect(url)
            held = shell.transaction()
            await held.start()
            await shell.execute("SELECT * FROM balances FOR UPDATE")
            async with runner(store)() as (engine, faulty):
                with capture_logs() as logged:
                    outcomes = await told(engine, commands)
                assert isinstance(outcomes.pop(place), RowsLocked)
                assert outcomes == [Done(str(n), NOW_MS) for n in range(9)]
                assert faulty.transactions == 11, "all together, then each alone, once"
                assert [line["event"] for line in logged] == ["rows_locked"]
                await held.rollback()
                assert await told(engine, [commands[place]]) == [Done("spent", NOW_MS)]
            await shell.close()
            assert await facts(store) == {"spent": ""} | {f"f{n}": str(n) for n in range(9)}
