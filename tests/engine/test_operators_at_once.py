"""Two operators change one merchant or one payer at once, also in two processes.

What must hold: each changes what it was given and nothing else, so no change is undone by somebody
who looked before it: a merchant that was suspended stays so.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.engine.score import SHOP, Score, merchant, said
from tests.support.stores import PLACES, AnyStore
from tillgate.acquiring.allowance import Allowance, payer_owner
from tillgate.acquiring.merchant import Merchant, MerchantChanges
from tillgate.engine.changes import ChangeMerchant
from tillgate.engine.commands import (
    InitialiseDatabase,
    LimitPayer,
    OperatorCommand,
    SetMerchant,
)
from tillgate.kernel.ids import PayerId
from tillgate.kernel.record import Key

AWAY_S = 0.5
"""In which another process would have committed, if nothing held it up."""


class Slow:
    """A store whose transactions rest behind their reads until somebody lets them go on."""

    def __init__(self, store: AnyStore) -> None:
        self._store = store
        self.has_read, self.goes_on = asyncio.Event(), asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        async with self._store.transaction() as transaction:
            yield Resting(transaction, self)


class Resting:
    """A transaction of it."""

    def __init__(self, transaction: Any, store: Slow) -> None:
        self._transaction, self._slow = transaction, store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    async def load(self, keys: Sequence[Key]) -> Any:
        loaded = await self._transaction.load(keys)
        self._slow.has_read.set()
        await self._slow.goes_on.wait()
        return loaded


def _change(score: Score, **changes: Any) -> ChangeMerchant:
    given = MerchantChanges(**changes)
    return ChangeMerchant(**score.by_hand(), merchant_id=SHOP, changes=given)


def _limit(score: Score, **limits: Any) -> LimitPayer:
    return LimitPayer(**score.by_hand(), payer_id=PayerId("rich"), currency="HKD", **limits)


@pytest.mark.parametrize("kind", ["postgresql"])
async def test_what_two_processes_change_at_once_holds_both(kind: str, tmp_path: Path) -> None:
    with PLACES[kind](tmp_path) as place:
        async with place() as here, place() as there:
            slow = Slow(here)
            first, second = Score(slow), Score(there, seed=8)  # type: ignore[arg-type]  # It stands for the store.
            slow.goes_on.set()
            await first.set_up()
            second.engine.start()
            mode = InitialiseDatabase(
                **first.by_hand(), mode="m", gateway_fingerprint="f", secret_fingerprint="s"
            )
            await first.operates(mode)
            slow.has_read.clear()
            slow.goes_on.clear()
            suspends = asyncio.create_task(first.once(_change(first, active=False)))
            await slow.has_read.wait()
            renames = asyncio.create_task(second.once(_change(second, name="Another")))
            await asyncio.wait([renames], timeout=AWAY_S)
            slow.goes_on.set()

            assert said(await suspends) == said(await renames) == "Registered"
            after = await there.get(Merchant, SHOP)
            assert after is not None
            assert (after.active, after.name) == (False, "Another")
            await first.engine.stop()
            await second.engine.stop()


async def _stage() -> Score:
    score = Score()
    await score.set_up()
    return score


async def test_a_change_leaves_what_it_was_not_given() -> None:
    score = await _stage()
    await score.operates(_change(score, active=False))
    await score.operates(_change(score, notify_url="https://shop.example/n2", hosts=("a.example",)))

    after = await score.store.get(Merchant, SHOP)
    assert after == merchant(
        active=False, notify_url="https://shop.example/n2", hosts=("a.example",)
    )
    assert not (await score.do(_change(score, active=False))).changed
    assert not (await score.do(_change(score))).changed
    await score.engine.stop()


async def test_lives_of_tokens_are_held_against_what_is_there() -> None:
    score = await _stage()
    day_ms = 86_400_000

    assert await score.operates(_change(score, access_life_ms=800 * day_ms)) == (
        "refused PARAM_ILLEGAL merchant.refresh_life_ms"
    )
    await score.operates(_change(score, refresh_life_ms=900 * day_ms))
    assert await score.operates(_change(score, access_life_ms=800 * day_ms)) == "Registered"
    await score.engine.stop()


@pytest.mark.parametrize("shop", [{"merchant_id": "nobody"}, {}])
async def test_a_merchant_is_added_once_and_changed_only_if_it_is_there(
    shop: dict[str, Any],
) -> None:
    score = await _stage()
    added: OperatorCommand = SetMerchant(
        **score.by_hand(), merchant=merchant(name="Mallory", **shop), is_new=True
    )
    changed = ChangeMerchant(
        **score.by_hand(),
        merchant_id=shop.get("merchant_id", SHOP),
        changes=MerchantChanges(name="Mallory"),
    )
    told = [await score.operates(each) for each in ((changed, added) if shop else (added, changed))]

    refusal = "MERCHANT_NOT_REGISTERED" if shop else "REPEAT_REQ_INCONSISTENT"
    assert told == [f"refused {refusal}", "Registered"]
    await score.engine.stop()


async def test_a_limit_that_is_not_given_stays_and_none_lifts_it() -> None:
    score = await _stage()
    for limits in ({"daily_max": 500}, {"single_max": 100}, {"daily_max": None}):
        await score.operates(_limit(score, **limits))

    held = await score.store.get(Allowance, payer_owner(PayerId("rich")), "HKD")
    assert held is not None
    assert (held.single_max, held.daily_max) == (100, None)
    await score.engine.stop()
