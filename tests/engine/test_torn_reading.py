"""Rows are read table after table, so another process may commit between two tables.

Found by the simulator: a retry that met its own first try in another process was told "unknown",
and an operator was paged for a defect that was none. What must hold: rows that contradict each
other are read anew before that counts as a defect.
"""

import pytest

from tests.support.engines import NOW_MS, Running, keep, op, told
from tests.support.faulty import Fault
from tests.support.records import sample
from tests.support.small_verbs import Done, Note, Spend
from tests.support.stores import AnyStore
from tillgate.kernel.errors import Broken
from tillgate.kernel.money import Money
from tillgate.ledger.entries import Balance


async def test_a_row_that_was_not_seen_at_first_is_looked_for_again(
    store: AnyStore, running: Running
) -> None:
    await keep(store, sample(Balance, money=Money.of(500, "HKD")))
    spend = Spend(operation_id=op("spend"), minor=200)
    async with running(Fault.BLIND) as (engine, _):
        assert await engine.execute(spend) == Done("spent", NOW_MS)

    balance = await store.get(Balance, *sample(Balance).key.parts)
    assert balance is not None
    assert balance.money == Money.of(300, "HKD")


@pytest.mark.parametrize("beside", [0, 5])
async def test_a_row_that_is_really_missing_breaks_its_own_command_alone(
    running: Running, beside: int
) -> None:
    others = [Note(operation_id=op(n), name=f"f{n}", value=str(n)) for n in range(beside)]
    async with running() as (engine, _):
        *outcomes, error = await told(engine, [*others, Spend(operation_id=op("spend"), minor=1)])

    assert outcomes == [Done(str(n), NOW_MS) for n in range(beside)]
    assert isinstance(error, Broken)
