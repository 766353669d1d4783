"""The memory store and the SQL stores, given the same writes, say and keep the same.

Hypothesis makes the writes: inserts and updates of a few orders' attempts and of balances, good and
bad, several to a flush. What must hold: whatever the simulator sees in memory happens on a disk.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.records import sample
from tests.support.stores import STORES, AnyStore, memory
from tillgate.acquiring.attempt import Attempt, AttemptKind
from tillgate.acquiring.states import AttemptState
from tillgate.engine.ports import Change, Select, StoreRefused
from tillgate.kernel.money import Money
from tillgate.kernel.record import Key, Record
from tillgate.ledger.entries import Balance, Entry

ROWS: Final = st.one_of(
    st.builds(
        lambda number, kind, state: sample(Attempt, attempt_no=number, kind=kind, state=state),
        st.integers(1, 3),
        st.sampled_from(AttemptKind),
        st.sampled_from(AttemptState),
    ),
    st.builds(
        lambda account, minor: sample(Balance, account=account, money=Money.of(minor, "HKD")),
        st.sampled_from(("payer:a", "payer:b")),
        st.integers(-1, 3),
    ),
    st.builds(
        lambda name, reference: sample(Entry, entry_id=name, reference=reference),
        st.sampled_from(("e1", "e2", "e3")),
        st.sampled_from(("r1", "r2")),
    ),
)
FLUSH: Final = st.lists(
    st.builds(Change, ROWS, st.booleans()), min_size=1, max_size=5, unique_by=lambda c: c.row.key
)


async def written(store: AnyStore, changes: Sequence[Change]) -> set[Key] | str:
    """Return what lost, or that the store refused; a loss is rolled back as the engine would."""
    try:
        async with store.transaction() as transaction:
            lost = set(await transaction.flush(changes))
            if lost:
                raise LookupError
    except LookupError:
        return lost
    except StoreRefused:
        return "refused"
    return lost


async def kept(store: AnyStore) -> dict[type[Record], Sequence[Any]]:
    """Return everything that the store keeps."""
    return {kind: await store.select(Select(record=kind)) for kind in (Attempt, Balance, Entry)}


@pytest.mark.parametrize("other", sorted(STORES.keys() - {"memory"}))
@settings(max_examples=60, deadline=None)
@given(flushes=st.lists(FLUSH, min_size=1, max_size=6))
async def test_stores_agree(other: str, flushes: list[list[Change]]) -> None:
    with (
        TemporaryDirectory() as folder,
        memory(Path(folder)) as first,
        STORES[other](Path(folder)) as second,
    ):
        for changes in flushes:
            assert await written(second, changes) == await written(first, changes)
            assert await kept(second) == await kept(first)
