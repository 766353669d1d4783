"""On Citus each statement that locks or changes works in one shard; elsewhere a table takes one.

What must hold: a database that has the extension is seen to have it; the rows of two shards are
locked by two statements, those of one by one; nobody pays for it who has no shards.
"""

from collections.abc import Iterator

import pytest

from tests.scaling.sent import recording
from tests.support import postgres
from tests.support.records import sample
from tests.support.stores import postgresql
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.refund import Refund
from tillgate.engine.ports import Change, Lookup
from tillgate.storage.postgres import statements

CLAIMED = (
    "SET allow_system_table_mods = on; INSERT INTO pg_extension SELECT 4242, 'citus', extowner,"
    " extnamespace, extrelocatable, '1', NULL, NULL FROM pg_extension LIMIT 1"
)
"""Citus is nowhere to be had here; what says that a database has it is a row of the catalogue."""


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.server().bare_database() as lent:
        yield lent


PAYERS = [sample(Payer, payer_id=name) for name in ("a", "b", "c")]
REFUNDS = [sample(Refund, merchant_id="M", merchant_refund_id=name) for name in ("r1", "r2")]


async def _sent(url: str) -> list[str]:
    """Return what is sent when rows of four shards are found, locked and changed."""
    rows = [*PAYERS, *REFUNDS]
    async with recording() as recorded, postgresql(url) as store:
        async with store.transaction() as work:
            await work.flush([Change(row, is_insert=True) for row in rows])
        recorded.taken()
        async with store.transaction() as work:
            assert await work.resolve([Lookup(Payer, (("payer_id", "b"),))]) == [PAYERS[1]]
            assert list((await work.load([row.key for row in rows])).values()) == rows
            assert not await work.flush([Change(row, is_insert=False) for row in rows])
        return recorded.taken()


async def test_without_shards_a_table_takes_one_statement(url: str) -> None:
    assert await _sent(url) == [
        "BEGIN",
        statements.resolve(Payer, ("payer_id",)),
        statements.load(Payer, by_shard=False),
        statements.load(Refund, by_shard=False),
        statements.update(Payer, by_shard=False),
        statements.update(Refund, by_shard=False),
        "COMMIT",
    ]


async def test_on_citus_a_shard_takes_one_statement(url: str) -> None:
    async with postgresql(url):
        postgres.run(url, CLAIMED)
    assert await _sent(url) == [
        "BEGIN",
        statements.resolve_one(Payer, ("payer_id",)),
        *[statements.load(Payer, by_shard=True)] * len(PAYERS),
        statements.load(Refund, by_shard=True),
        *[statements.update(Payer, by_shard=True)] * len(PAYERS),
        statements.update(Refund, by_shard=True),
        "COMMIT",
    ]
