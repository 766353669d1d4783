"""What every store forgets, and what it never does.

What must hold: the oldest rows of a kind that is made to be forgotten go, as many as were asked and
none that is young; whatever else there is stays; a row that went can be written again.
"""

import asyncio
from contextlib import suppress

import pytest

from tests.support.records import SAMPLES, sample
from tests.support.stores import AnyStore, Place
from tests.support.writing import insert, load
from tillgate.acquiring.replay import RequestMark
from tillgate.engine.ports import Lookup, Select
from tillgate.kernel.errors import Broken
from tillgate.kernel.record import Record
from tillgate.storage.rules import APPEND_ONLY, FORGOTTEN
from tillgate.storage.searches import SEARCHES
from tillgate.storage.shape import TABLES


def mark(number: int, at_ms: int) -> RequestMark:
    return sample(RequestMark, req_msg_id=f"m{number}", at_ms=at_ms)


async def kept(store: AnyStore) -> list[str]:
    rows = await store.select(Select(record=RequestMark))
    return [str(row.req_msg_id) for row in rows]


async def test_rows_before_an_instant_go_and_no_others(store: AnyStore) -> None:
    await insert(store, mark(1, 100), mark(2, 99), mark(3, 101), mark(4, 5))

    assert await store.forget(RequestMark, before_ms=100, limit=10) == 2
    assert await kept(store) == ["m1", "m3"]
    assert await store.forget(RequestMark, before_ms=100, limit=10) == 0


async def test_the_oldest_go_first_and_no_more_than_asked(store: AnyStore) -> None:
    await insert(store, *(mark(number, 100 - number) for number in range(6)))

    assert await store.forget(RequestMark, before_ms=1_000, limit=4) == 4
    assert await kept(store) == ["m0", "m1"]
    assert await store.forget(RequestMark, before_ms=1_000, limit=4) == 2
    assert await kept(store) == []


async def test_of_equally_old_rows_the_first_by_key_go(store: AnyStore) -> None:
    await insert(store, *(mark(number, 1) for number in (3, 1, 2)))

    assert await store.forget(RequestMark, before_ms=2, limit=2) == 2
    assert await kept(store) == ["m3"]


async def test_every_other_row_stays(store: AnyStore) -> None:
    others = [row for row in SAMPLES if not isinstance(row, RequestMark)]
    await insert(store, *others, mark(1, 0))
    await store.forget(RequestMark, before_ms=10**15, limit=1_000)

    assert await load(store, *(row.key for row in others)) == {row.key: row for row in others}


async def test_what_went_is_absent_everywhere_and_can_be_written_again(store: AnyStore) -> None:
    row, again = mark(1, 100), mark(1, 200)
    found = Lookup(RequestMark, (("req_msg_id", "m1"),))
    await insert(store, row)
    async with store.transaction() as transaction:
        assert await transaction.resolve([found]) == [row]
    await store.forget(RequestMark, before_ms=150, limit=1)

    async with store.transaction() as transaction:
        assert await transaction.resolve([found]) == [None]
    assert await load(store, row.key) == {row.key: None}
    assert await store.get(RequestMark, *row.key.parts) is None
    assert await insert(store, again) == []
    async with store.transaction() as transaction:
        assert await transaction.resolve([found]) == [again]


@pytest.mark.parametrize("record", [record for record in TABLES if record not in FORGOTTEN])
async def test_every_other_kind_is_kept_for_ever(store: AnyStore, record: type[Record]) -> None:
    await insert(store, sample(record))
    with pytest.raises(Broken, match="kept for ever"):
        await store.forget(record, before_ms=10**15, limit=1)

    assert len(await store.select(Select(record=record))) == 1


async def test_it_waits_for_the_transaction_before(store: AnyStore) -> None:
    row = mark(1, 100)
    await insert(store, row)
    async with store.transaction() as transaction:
        await transaction.load([row.key])
        forgetting = asyncio.ensure_future(
            store.forget(RequestMark, before_ms=1_000, limit=1),
        )
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(forgetting), 0.05)
        assert not forgetting.done()
        assert await transaction.load([row.key]) == {row.key: row}

    assert await forgetting == 1


async def test_what_went_stays_away_when_the_store_is_opened_again(place: Place) -> None:
    async with place() as store:
        await insert(store, mark(1, 100), mark(2, 200))
        await store.forget(RequestMark, before_ms=150, limit=10)
    async with place() as store:
        assert await kept(store) == ["m2"]


@pytest.mark.parametrize(("record", "field"), FORGOTTEN.items())
def test_what_is_forgotten_is_found_by_its_age(record: type[Record], field: str) -> None:
    assert (field,) in {search.fields for search in SEARCHES[record]}
    assert record not in APPEND_ONLY
