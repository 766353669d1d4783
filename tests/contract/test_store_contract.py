"""What every store promises the engine: whole transactions, honest inserts, rules, one at a time.

The memory store and the SQL stores pass the same suite, so that what holds in the simulator holds
on a disk. What must hold: no test here knows which store it talks to.
"""

import asyncio

import pytest

from tests.support.records import HKD_10, SAMPLES, sample
from tests.support.stores import AnyStore
from tests.support.writing import insert, load, update, write
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.attempt import Attempt, AttemptKind
from tillgate.acquiring.call import Call
from tillgate.acquiring.notification import Notification, NotificationKind
from tillgate.acquiring.operator import Fact
from tillgate.acquiring.states import AttemptState
from tillgate.engine.ports import Change, Lookup, StoreRefused
from tillgate.kernel.money import Money
from tillgate.kernel.record import Key, Record
from tillgate.ledger.entries import Balance, Entry, EntryKind, Posting


class Mishap(Exception):
    """Something that goes wrong inside a transaction."""


async def write_and_fail(store: AnyStore, *changes: Change) -> None:
    """Write changes in a transaction that then goes wrong."""
    async with store.transaction() as transaction:
        await transaction.flush(changes)
        raise Mishap


# A transaction is whole.


async def test_what_was_committed_is_found_by_the_next_transaction(store: AnyStore) -> None:
    assert await insert(store, *SAMPLES) == []
    found = await load(store, *(row.key for row in SAMPLES))
    assert list(found.values()) == list(SAMPLES)


async def test_an_exception_rolls_everything_back(store: AnyStore) -> None:
    await insert(store, sample(Balance))
    spent = Change(sample(Balance, money=Money.of(1, "HKD")), is_insert=False)
    with pytest.raises(Mishap):
        await write_and_fail(store, spent, Change(sample(Fact), is_insert=True))
    assert await load(store, sample(Fact).key, sample(Balance).key) == {
        sample(Fact).key: None,
        sample(Balance).key: sample(Balance),
    }


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(store: AnyStore) -> None:
    inside = asyncio.Event()

    async def hang() -> None:
        async with store.transaction() as transaction:
            await transaction.flush([Change(sample(Fact), is_insert=True)])
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.ensure_future(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await insert(store, sample(Fact, value="production")) == []
    assert await store.get(Fact, "mode") == sample(Fact, value="production")


async def test_a_transaction_sees_what_it_wrote(store: AnyStore) -> None:
    async with store.transaction() as transaction:
        await transaction.flush([Change(sample(Fact), is_insert=True)])
        assert await transaction.load([sample(Fact).key]) == {sample(Fact).key: sample(Fact)}


async def test_a_transaction_without_a_call_does_nothing(store: AnyStore) -> None:
    async with store.transaction():
        pass
    async with store.transaction() as transaction:
        assert await transaction.resolve([]) == []
        assert await transaction.load([]) == {}
        assert await transaction.flush([]) == []
    assert await insert(store, sample(Fact)) == []


# Rows are found.


async def test_what_is_absent_is_said_to_be_absent(store: AnyStore) -> None:
    key = Key(Acquirement, ("M", "nothing"))
    assert await load(store, key) == {key: None}


async def test_rows_are_loaded_in_the_order_asked_and_once_each(store: AnyStore) -> None:
    await insert(store, *(sample(Attempt, merchant_trans_id=f"t{n}") for n in range(3)))
    keys = [Key(Attempt, ("M", f"t{n}", "1")) for n in (2, 0, 9, 1)]
    found = await load(store, *keys, keys[0])
    assert list(found) == keys
    assert [row is None for row in found.values()] == [False, False, True, False]


async def test_a_number_in_a_key_is_a_number(store: AnyStore) -> None:
    await insert(store, *(sample(Posting, leg_no=n) for n in (2, 10)))
    found = await load(store, Key(Posting, ("M", "PAYMENT-1", "10")))
    assert [row == sample(Posting, leg_no=10) for row in found.values()] == [True]


async def test_a_lookup_finds_by_a_key_and_by_any_fixed_field(store: AnyStore) -> None:
    await insert(store, sample(Call), sample(Call, call_id="c2", token_hash="22"))
    async with store.transaction() as transaction:
        found = await transaction.resolve(
            [
                Lookup(Call, (("token_hash", "22"),)),
                Lookup(Call, (("token_hash", "nobody's"),)),
                Lookup(
                    Call, (("merchant_id", "M"), ("merchant_trans_id", "t1"), ("call_id", "c1"))
                ),
                Lookup(Call, (("token_hash", "22"),)),
            ]
        )
    second = sample(Call, call_id="c2", token_hash="22")
    assert list(found) == [second, None, sample(Call), second]


async def test_a_lookup_finds_a_row_in_its_present_state(store: AnyStore) -> None:
    wanted = Lookup(Call, (("token_hash", sample(Call).token_hash),))
    await insert(store, sample(Call))
    async with store.transaction() as transaction:
        await transaction.resolve([wanted])
    await update(store, sample(Call, result_code="9000"))
    async with store.transaction() as transaction:
        assert await transaction.resolve([wanted]) == [sample(Call, result_code="9000")]


async def test_of_several_rows_a_lookup_finds_the_first_by_key(store: AnyStore) -> None:
    await insert(store, sample(Call, call_id="c2"), sample(Call, call_id="c1"))
    async with store.transaction() as transaction:
        found = await transaction.resolve([Lookup(Call, (("token_hash", "0f" * 32),))])
    assert found == [sample(Call, call_id="c1")]


# An insert never overwrites.


async def test_an_insert_loses_against_its_key(store: AnyStore) -> None:
    await insert(store, sample(Fact))
    rows = [sample(Fact, name="other"), sample(Fact, value="production"), sample(Fact, name="last")]
    assert await insert(store, *rows) == [sample(Fact).key]
    assert await store.get(Fact, "mode") == sample(Fact)


async def test_an_insert_loses_against_the_same_row(store: AnyStore) -> None:
    await insert(store, sample(Fact))
    assert await insert(store, sample(Fact)) == [sample(Fact).key]


async def test_an_insert_loses_against_a_unique_set(store: AnyStore) -> None:
    await insert(store, sample(Entry), sample(Notification))
    again = [
        sample(Entry, entry_id="another"),
        sample(Entry, entry_id="of another kind", kind=EntryKind.REFUND),
        sample(Notification, notification_id="another"),
    ]
    assert await insert(store, *again) == [again[0].key, again[2].key]
    assert await store.get(Entry, "M", "another") is None


@pytest.mark.parametrize("row", SAMPLES, ids=lambda row: type(row).__name__)
async def test_every_kind_of_row_loses_against_its_like(store: AnyStore, row: Record) -> None:
    assert await insert(store, row) == []
    assert await insert(store, row, sample(Fact, name="with it")) == [row.key]


async def test_a_page_to_sign_at_belongs_to_one_agreement(store: AnyStore) -> None:
    await insert(store, sample(Agreement))
    same = sample(Agreement, merchant_id="N", merchant_agreement_id="g2")
    other = sample(Agreement, merchant_agreement_id="g2", token_hash="2e" * 32)
    assert await insert(store, same, other) == [same.key]


async def test_ends_of_agreements_are_no_ends_of_one_order(store: AnyStore) -> None:
    ended = {
        "kind": NotificationKind.AGREEMENT_CANCELLED,
        "merchant_trans_id": "",
        "acquirement_id": "",
        "paid_at_ms": None,
        "happened_at_ms": 1,
    }
    rows = [
        sample(Notification, notification_id=f"{n}.agreement", merchant_agreement_id=n, **ended)
        for n in ("g1", "g2")
    ]
    assert await insert(store, sample(Notification), *rows) == []
    again = sample(Notification, notification_id="t1.paid again")
    assert await insert(store, again) == [again.key]


async def test_a_notification_that_becomes_one_of_an_order_takes_its_place(store: AnyStore) -> None:
    other = sample(Notification, notification_id="t2.paid", merchant_trans_id="t2")
    await insert(store, sample(Notification), other)
    with pytest.raises(StoreRefused):
        await update(store, sample(Notification, notification_id="t2.paid"))


async def test_the_second_of_two_inserts_loses_against_the_first(store: AnyStore) -> None:
    first, second = sample(Entry), sample(Entry, entry_id="another")
    assert await insert(store, first, second) == [second.key]


async def test_a_lost_insert_rolls_back_with_its_transaction(store: AnyStore) -> None:
    await insert(store, sample(Fact))
    rows = [sample(Balance), sample(Fact, value="production")]
    with pytest.raises(Mishap):
        await write_and_fail(store, *(Change(row, is_insert=True) for row in rows))
    assert await store.get(Balance, "payer:rich", "HKD") is None


# At most one debit that is not declined.

DEBITS = [
    # first attempt's state, second attempt's kind and state, does the second lose
    (AttemptState.ASKED, AttemptKind.DEBIT, AttemptState.ASKED, True),
    (AttemptState.UNKNOWN, AttemptKind.DEBIT, AttemptState.ASKED, True),
    (AttemptState.REVIEW, AttemptKind.DEBIT, AttemptState.REVIEW, True),
    (AttemptState.APPROVED, AttemptKind.DEBIT, AttemptState.ASKED, True),
    (AttemptState.DECLINED, AttemptKind.DEBIT, AttemptState.ASKED, False),
    (AttemptState.APPROVED, AttemptKind.DEBIT, AttemptState.DECLINED, False),
    (AttemptState.APPROVED, AttemptKind.REFUND, AttemptState.ASKED, False),
]


@pytest.mark.parametrize("case", DEBITS)
async def test_a_second_debit_loses_unless_the_first_is_declined(
    store: AnyStore, case: tuple[AttemptState, AttemptKind, AttemptState, bool]
) -> None:
    before, kind, state, loses = case
    second = sample(Attempt, attempt_no=2, kind=kind, state=state)
    await insert(store, sample(Attempt, state=before))
    assert await insert(store, second) == ([second.key] if loses else [])


async def test_an_update_frees_what_an_insert_takes_in_the_same_flush(store: AnyStore) -> None:
    await insert(store, sample(Attempt))
    declined = Change(sample(Attempt, state=AttemptState.DECLINED), is_insert=False)
    second = Change(sample(Attempt, attempt_no=2), is_insert=True)
    assert await write(store, second, declined) == []
    third = sample(Attempt, attempt_no=3)
    assert await insert(store, third) == [third.key]


async def test_an_update_that_frees_nothing_lets_no_insert_pass(store: AnyStore) -> None:
    await insert(store, sample(Attempt))
    asked_again = Change(sample(Attempt, asks=2), is_insert=False)
    second = Change(sample(Attempt, attempt_no=2), is_insert=True)
    assert await write(store, asked_again, second) == [second.row.key]


async def test_an_update_into_a_unique_set_is_refused(store: AnyStore) -> None:
    await insert(store, sample(Attempt), sample(Attempt, attempt_no=2, state=AttemptState.DECLINED))
    with pytest.raises(StoreRefused):
        await update(store, sample(Attempt, attempt_no=2, state=AttemptState.APPROVED))
    found = await store.get(Attempt, "M", "t1", 2)
    assert found is not None
    assert found.state is AttemptState.DECLINED


# One at a time.


async def test_a_transaction_waits_for_the_one_before(store: AnyStore) -> None:
    await insert(store, sample(Balance))
    key = sample(Balance).key

    async def take_one() -> None:
        async with store.transaction() as transaction:
            row = (await transaction.load([key]))[key]
            assert isinstance(row, Balance)
            await asyncio.sleep(0)
            less = row.replaced(money=row.money - Money.of(1, "HKD"))
            await transaction.flush([Change(less, is_insert=False)])

    await asyncio.gather(*(take_one() for _ in range(50)))
    assert await store.get(Balance, *key.parts) == sample(
        Balance, money=HKD_10 - Money.of(50, "HKD")
    )


async def test_of_many_that_insert_the_same_one_wins(store: AnyStore) -> None:
    rows = [sample(Fact, value=str(number)) for number in range(20)]
    lost = await asyncio.gather(*(insert(store, row) for row in rows))
    assert sum(not some for some in lost) == 1
