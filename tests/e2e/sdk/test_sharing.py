"""One merchant shared by threads or tasks, and closed: connections are few, none is left open."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.sdk.refunding import well
from tests.support.calls import REFUND
from tests.support.small_gateway import settings
from tests.support.sockets import Visit, serving
from tillgate import AsyncMerchant, Connection, Merchant, Refunded


def test_a_merchant_closes_what_it_opened() -> None:
    with serving(well) as server:
        with Merchant(**settings(base_url=server.url)) as merchant:
            assert isinstance(merchant.refund(**REFUND[2]), Refunded)
        with pytest.raises(RuntimeError, match="closed"):
            merchant.refund(**REFUND[2])


async def test_an_async_merchant_closes_what_it_opened() -> None:
    with serving(well) as server:
        async with AsyncMerchant(**settings(base_url=server.url)) as merchant:
            assert isinstance(await merchant.refund(**REFUND[2]), Refunded)
        with pytest.raises(RuntimeError, match="closed"):
            await merchant.refund(**REFUND[2])


def test_threads_share_a_merchant() -> None:
    with serving(well) as server, Merchant(**settings(base_url=server.url)) as merchant:

        def refund(_: int) -> object:
            return merchant.refund(**REFUND[2])

        with ThreadPoolExecutor(8) as threads:
            outcomes = list(threads.map(refund, range(40)))

    assert {type(outcome) for outcome in outcomes} == {Refunded}
    assert len({visit.request["head"]["reqMsgId"] for visit in server.visits}) == 40
    assert server.connections <= 8


async def test_tasks_share_an_async_merchant_up_to_its_connections() -> None:
    few = Connection(connect_s=120, read_s=120, total_s=120, connections_max=4)
    with serving(well) as server:
        async with AsyncMerchant(**settings(base_url=server.url, connection=few)) as merchant:
            calls = [merchant.refund(**REFUND[2]) for _ in range(40)]
            outcomes = await asyncio.gather(*calls)

    assert {type(outcome) for outcome in outcomes} == {Refunded}
    assert server.connections <= 4


async def test_a_cancelled_task_harms_no_later_call() -> None:
    arrived, given_up = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow_at_first(visit: Visit) -> None:
        if len(server.visits) == 1:
            loop.call_soon_threadsafe(arrived.set)
            while not (given_up.wait(0.05) or visit.ended.is_set()):
                continue
        well(visit)

    with serving(slow_at_first) as server:
        async with AsyncMerchant(**settings(base_url=server.url)) as merchant:
            first = asyncio.create_task(merchant.refund(**REFUND[2]))
            await arrived.wait()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            given_up.set()
            assert isinstance(await merchant.refund(**REFUND[2]), Refunded)
