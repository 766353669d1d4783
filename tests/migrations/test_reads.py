"""What doors and workers read while somebody waits, against the indexes.

The reads are caught on their way to a store, as the doors themselves make them. What must hold:
none walks a table, and none that may be long sorts before it is cut.
"""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, final

import pytest

from tests.support.plans import plan_of
from tests.support.records import HKD_10, M, sample
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement, Grant, GrantKind
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.refund import Refund
from tillgate.acquiring.risk.records import RiskDecision
from tillgate.acquiring.risk.settings import ApproximateLimits
from tillgate.acquiring.risk.signals import Signals
from tillgate.acquiring.states import AgreementState, AttemptState
from tillgate.edge.day_totals import DayTotals
from tillgate.edge.evidence import gather
from tillgate.engine import queries
from tillgate.engine.ports import Reader, Select
from tillgate.kernel.ids import PayerId
from tillgate.storage import migrate, statements
from tillgate.storage.memory import MemoryStore

NOW_MS: Final = 1_700_000_000_000
RICH: Final = PayerId("rich")
LIMITS: Final = ApproximateLimits(merchant_day_count=9, device_day_count=9)
PLACED: Final = (("merchant_id", "M"), ("merchant_trans_id", "t1"))


@final
class Noting:
    """An empty store that notes what is read of it."""

    def __init__(self) -> None:
        """Begin with nothing noted."""
        self._store = MemoryStore()
        self.queries: list[Select] = []

    async def get(self, record: Any, *parts: str | int) -> Any:
        """Find nothing."""
        return await self._store.get(record, *parts)

    async def select(self, query: Select) -> Sequence[Any]:
        """Note the query and find nothing."""
        self.queries.append(query)
        return await self._store.select(query)

    async def pick(self, query: Select, *fields: str) -> Sequence[Any]:
        """Note the query and find nothing."""
        self.queries.append(query)
        return await self._store.pick(query, *fields)

    async def total(self, account: str, currency: str, *, book: str) -> int:
        """Find nothing."""
        return await self._store.total(account, currency, book=book)


async def gathered(reader: Reader) -> None:
    """Gather all evidence of risk there is."""
    await gather(
        reader,
        payer=sample(Payer),
        merchant_id=M,
        amount=HKD_10,
        signals=Signals(is_present=True, device="d1"),
        now_ms=NOW_MS,
        is_agreement=True,
        totals=DayTotals(reader, LIMITS),
    )


def asks(**named: Any) -> Callable[[Reader], Awaitable[object]]:
    """Return a read that a door makes in one piece with other work, in its words."""
    return lambda reader: reader.select(Select(**named))


READS: Sequence[tuple[str, Callable[[Reader], Awaitable[object]], list[str]]] = [
    # what is read, how, the index of each of its queries
    (
        "the evidence of risk",
        gathered,
        [
            "acquirements_by_payer_id_and_paid_at_ms",
            "PRIMARY KEY (payer_id=?)",
            "devices_seen_by_device",
            "acquirements_by_merchant_id_and_paid_at_ms",
            "risk_decisions_by_device_and_outcome_and_at_ms",
        ],
    ),
    (
        "a payer's history from its beginning",
        lambda reader: queries.payments_of_payer(reader, RICH, until_ms=None, limit=9),
        ["acquirements_by_payer_id_and_paid_at_ms"],
    ),
    (
        "a payer's history from a page's end",
        lambda reader: queries.payments_of_payer(reader, RICH, until_ms=NOW_MS, limit=9),
        ["acquirements_by_payer_id_and_paid_at_ms"],
    ),
    (
        "a signing page",
        lambda reader: queries.agreement_of_token(reader, "1f" * 32),
        ["agreements_alone_in_token_hash"],
    ),
    (
        "the limits of agreements",
        lambda reader: queries.allowances_of(reader, ["agreement:M/g1", "agreement:M/g2"]),
        ["PRIMARY KEY (owner=?)"],
    ),
    (
        "an agreement that stands",
        asks(
            record=Agreement,
            equals=(
                ("payer_id", "rich"),
                ("merchant_id", "M"),
                ("state", AgreementState.ACTIVE),
                ("currency", "HKD"),
            ),
            order_by=("-signed_at_ms",),
            limit=1,
        ),
        ["agreements_by_payer_id_and_merchant_id_and_signed_at_ms"],
    ),
    (
        "the newest token of an agreement",
        asks(
            record=Grant,
            equals=(
                ("merchant_id", "M"),
                ("merchant_agreement_id", "g1"),
                ("kind", GrantKind.ACCESS),
            ),
            order_by=("-generation",),
            limit=1,
        ),
        ["grants_by_merchant_id_and_merchant_agreement_id_and_generation"],
    ),
    (
        "the refunds of an order",
        asks(record=Refund, equals=PLACED, order_by=("-created_at_ms",), limit=9),
        ["refunds_by_merchant_id_and_merchant_trans_id_and_created_at_ms"],
    ),
    (
        "an order by our number",
        asks(record=Acquirement, equals=(("merchant_id", "M"), ("acquirement_id", "1"))),
        ["acquirements_alone_in_acquirement_id"],
    ),
    (
        "what waits for an operator",
        asks(
            record=Attempt,
            equals=(("state", AttemptState.REVIEW),),
            order_by=("next_ask_at_ms",),
        ),
        ["attempts_by_state_and_next_ask_at_ms"],
    ),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with empty tables."""
    migrate.upgrade(migrate.sqlite_url(tmp_path / "fresh.db"))
    return tmp_path / "fresh.db"


@pytest.mark.parametrize(("read", "indexes"), [case[1:] for case in READS],
                         ids=[case[0] for case in READS])  # fmt: skip
async def test_a_read_is_found_by_its_index(
    file: Path, read: Callable[[Reader], Awaitable[object]], indexes: list[str]
) -> None:
    noting = Noting()
    await read(noting)
    assert len(noting.queries) == len(indexes)
    for query, index in zip(noting.queries, indexes, strict=True):
        [step] = plan_of(file, statements.selected(query).text)
        assert step.startswith("SEARCH")
        assert index in step


@pytest.mark.parametrize(
    "read",
    [
        lambda reader: queries.agreements_of_payer(reader, RICH),
        lambda reader: queries.refunds_of_orders(reader, [sample(Acquirement)]),
    ],
)
async def test_what_is_few_may_be_sorted_but_no_table_is_walked(
    file: Path, read: Callable[[Reader], Awaitable[object]]
) -> None:
    noting = Noting()
    await read(noting)
    assert noting.queries
    for query in noting.queries:
        steps = plan_of(file, statements.selected(query).text)
        assert [step for step in steps if "SCAN" in step] == []
        assert [step for step in steps if "SEARCH" in step]


async def test_a_device_that_is_not_known_is_asked_for_without_its_index(file: Path) -> None:
    """Orders without a device are not in it; a query for them must still find them."""
    found = asks(record=RiskDecision, equals=(("device", ""),))
    noting = Noting()
    await found(noting)
    [step] = plan_of(file, statements.selected(noting.queries[0]).text)
    assert "risk_decisions_by_device" not in step
