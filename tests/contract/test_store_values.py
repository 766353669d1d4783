"""What goes into a store comes out of it: every kind of record, every type of field.

Rows are made by hypothesis from the records' own types. What must hold: a row that is written and
read again, by whichever way of reading, is equal to itself and has the same types inside.
"""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.any_records import records
from tests.support.records import SAMPLES, sample
from tests.support.stores import AnyStore
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.client import Client
from tillgate.acquiring.notification import NotificationSend
from tillgate.engine.ports import Change, Select
from tillgate.kernel.record import Record
from tillgate.storage.shape import TABLES

RECORDS = sorted(TABLES, key=lambda record: record.__name__)


class TakenBack(Exception):
    """Ends an example, so that the next one finds an empty store."""

    def __init__(self, found: Record | None) -> None:
        """Carry what was read."""
        self.found = found


@pytest.mark.parametrize("record", RECORDS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)
@given(data=st.data())
async def test_what_is_written_is_read(
    store: AnyStore, record: type[Record], data: st.DataObject
) -> None:
    row = data.draw(records(record))
    with pytest.raises(TakenBack) as ended:
        await _write_and_load(store, row)
    assert ended.value.found == row
    assert _types(ended.value.found) == _types(row)


@pytest.mark.parametrize("row", SAMPLES, ids=lambda row: type(row).__name__)
async def test_every_way_of_reading_gives_the_same(store: AnyStore, row: Record) -> None:
    async with store.transaction() as transaction:
        await transaction.flush([Change(row, is_insert=True)])
    assert await store.get(type(row), *row.key.parts) == row
    assert await store.select(Select(record=type(row))) == [row]


HARD = [
    sample(Acquirement, title="", detail="a\nb\t'\"\\;--", extend_info="x" * 2_000_000),
    sample(
        Acquirement,
        title="\U0001f469\u200d\U0001f467 e\u0301 \u202e\uffff\U0010ffff",
        merchant_trans_id="繁體/中文",
    ),
    sample(Client, merchant_ids=("", '"', "繁", "a,b"), functions=()),
    sample(NotificationSend, request=bytes(range(256)) * 4_000, response=b"\0"),
]


@pytest.mark.parametrize("row", HARD, ids=range(len(HARD)))
async def test_hard_values_survive(store: AnyStore, row: Record) -> None:
    async with store.transaction() as transaction:
        await transaction.flush([Change(row, is_insert=True)])
    assert await store.get(type(row), *row.key.parts) == row


async def _write_and_load(store: AnyStore, row: Record) -> None:
    async with store.transaction() as transaction:
        assert await transaction.flush([Change(row, is_insert=True)]) == []
        raise TakenBack((await transaction.load([row.key]))[row.key])


def _types(row: object) -> list[type]:
    assert isinstance(row, msgspec.Struct)
    return [type(getattr(row, name)) for name in row.__struct_fields__]
