"""Orders whose time is over, as doors tell of them that read a row a moment too early.

Found by a reviewer: a query said closed while the commit of a payment that was decided in time was
still under way, and paid afterwards. What must hold: closed is told once it is committed, never by
a clock alone; while it cannot be found out, nothing final is told.
"""

import pytest

from tests.e2e.notify import shops
from tests.e2e.notify.shops import Shop
from tests.e2e.notify.stage import Stage, staged
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.call import Call
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.states import AcquirementState
from tillgate.cashier.view import Place, view
from tillgate.edge.closing import settled
from tillgate.engine.decide.paying import Ask
from tillgate.kernel.clock import SECOND_MS
from tillgate.kernel.errors import Unavailable

LIFE_MS = 180 * SECOND_MS


async def _place(stage: Stage, shop: Shop, order: str) -> Place:
    call = await stage.store.get(Call, shop.merchant_id, order, "page")
    row = await stage.store.get(Acquirement, shop.merchant_id, order)
    merchant = await stage.store.get(Merchant, shop.merchant_id)
    assert call
    assert row
    assert merchant
    return Place(call, row, merchant)


async def _opened(stage: Stage) -> tuple[Shop, Place]:
    shop = Shop("M-1", shops.acknowledges)
    await stage.registers(shop)
    await stage.opens(shop, "A")
    return shop, await _place(stage, shop, "A")


async def test_an_order_that_was_paid_in_time_is_never_told_to_be_closed() -> None:
    async with staged() as [stage]:
        shop, seen_early = await _opened(stage)
        await stage.pays(shop, "A")
        stage.clock.advance(LIFE_MS)

        order = await settled(stage.desk, seen_early.order)
        assert order.state_at(stage.clock.now_ms(), 10**12) is AcquirementState.TRADE_SUCCESS
        shown = await view(stage.desk, seen_early)
        assert (shown["state"], shown["result"]["resultCode"]) == ("DONE", "9000")


async def test_a_call_that_paid_is_not_told_that_another_one_did() -> None:
    async with staged() as [stage]:
        shop, seen_early = await _opened(stage)
        await stage.pays(shop, "A")
        torn = seen_early._replace(order=(await _place(stage, shop, "A")).order)

        assert (await view(stage.desk, torn))["result"]["resultCode"] == "9000"


async def test_closed_is_told_once_it_is_committed() -> None:
    async with staged() as [stage]:
        shop, seen = await _opened(stage)
        stage.clock.advance(LIFE_MS)
        late = stage.clock.now_ms()
        assert seen.order.state_at(late, 10**12) is AcquirementState.WAIT_BUYER_PAY

        shown = await view(stage.desk, seen)
        assert (shown["state"], shown["result"]["resultCode"]) == ("DONE", "4000")
        kept = (await _place(stage, shop, "A")).order
        assert kept.state is AcquirementState.TRADE_CLOSED


async def test_a_payment_that_is_asked_about_is_not_closed_by_whoever_looks() -> None:
    async with staged() as [stage]:
        shop, _ = await _opened(stage)
        await stage.opens(shop, "B", payer="slow")
        waiting = (await _place(stage, shop, "B")).order
        assert isinstance(await stage.pays(shop, "B", payer="slow"), Ask)
        stage.clock.advance(LIFE_MS)

        order = await settled(stage.desk, waiting)
        assert (order.state, order.attempt_open) == (AcquirementState.WAIT_BUYER_PAY, 1)


async def test_what_cannot_be_found_out_is_not_told() -> None:
    async with staged() as [stage]:
        _, seen = await _opened(stage)
        stage.clock.advance(LIFE_MS)
        await stage.engine.stop()

        with pytest.raises(Unavailable):
            await settled(stage.desk, seen.order)
        with pytest.raises(Unavailable):
            await view(stage.desk, seen)
