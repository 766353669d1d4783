"""The memory store and the SQL stores, given the same writes, say and keep the same.

Hypothesis makes the writes: inserts and updates of attempts, balances, entries, agreements and what
is told and given back, good and bad, several to a flush. What must hold: whatever the simulator
sees in memory happens on a disk.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.records import sample
from tests.support.stores import PLACES, AnyStore
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.attempt import Attempt, AttemptKind
from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.states import AttemptState, RefundState
from tillgate.engine.ports import Change, Select, StoreRefused
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Balance, Entry
from tillgate.storage.memory import MemoryStore

TOLD: Final[Mapping[NotificationKind, dict[str, Any]]] = {
    NotificationKind.PAYMENT: {},
    NotificationKind.AGREEMENT_CANCELLED: {
        "kind": NotificationKind.AGREEMENT_CANCELLED,
        "acquirement_id": "",
        "merchant_agreement_id": "g1",
        "happened_at_ms": 1,
        "paid_at_ms": None,
    },
}
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
    st.builds(
        lambda name, page: sample(Agreement, merchant_agreement_id=name, token_hash=page),
        st.sampled_from(("g1", "g2")),
        st.sampled_from(("1f", "2f")),
    ),
    st.builds(
        lambda name, order, kind: sample(
            Notification, notification_id=name, merchant_trans_id=order, **TOLD[kind]
        ),
        st.sampled_from(("n1", "n2", "n3")),
        st.sampled_from(("", "t1", "t2")),
        st.sampled_from(NotificationKind),
    ),
    st.builds(
        lambda name, minor, state: sample(
            Refund,
            merchant_refund_id=name,
            amount=Money.of(minor, "HKD"),
            state=state,
            ended_at_ms=1_700_000_120_000,
        ),
        st.sampled_from(("r1", "r2")),
        st.integers(0, 2),
        st.sampled_from(RefundState),
    ),
    st.builds(
        lambda number, score: sample(RiskDecision, decision_no=number, score=score),
        st.integers(0, 2),
        st.integers(0, 1),
    ),
)
KINDS: Final = (Agreement, Attempt, Balance, Entry, Notification, Refund, RiskDecision)
FLUSH: Final = st.lists(
    st.builds(Change, ROWS, st.booleans()), min_size=1, max_size=5, unique_by=lambda c: c.row.key
)


async def written(store: AnyStore, changes: Sequence[Change]) -> int | str:
    """Return how many lost, or that the store refused; a loss is rolled back as the engine would.

    Which of two inserts of one flush loses against the other is no store's promise.
    """
    try:
        async with store.transaction() as transaction:
            lost = set(await transaction.flush(changes))
            if lost:
                raise LookupError
    except LookupError:
        return len(lost)
    except StoreRefused:
        return "refused"
    return 0


async def kept(store: AnyStore) -> dict[type[Record], Sequence[Any]]:
    """Return everything that the store keeps."""
    return {kind: await store.select(Select(record=kind)) for kind in KINDS}


@pytest.mark.parametrize("other", sorted(PLACES.keys() - {"memory"}))
@settings(max_examples=60, deadline=None)
@given(flushes=st.lists(FLUSH, min_size=1, max_size=6))
async def test_stores_agree(other: str, flushes: list[list[Change]]) -> None:
    first = MemoryStore()
    with TemporaryDirectory() as folder, PLACES[other](Path(folder)) as place:
        async with place() as second:
            for changes in flushes:
                assert await written(second, changes) == await written(first, changes)
                assert await kept(second) == await kept(first)
