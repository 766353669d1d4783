"""What a merchant with a debt limit is owed is summed over its whole book, so it is asked rarely.

What must hold: a refund that comes to nothing asks for no sum; however many ask at once, one sum of
a merchant runs at a time and nobody is told one that began before they asked; a fault of one sum is
told to whoever waited for it, and the next asks anew.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.stateful.acts import Acts
from tests.stateful.gateway import MERCHANT, Gateway
from tests.support.records import sample
from tillgate.acquiring.debt import Owed
from tillgate.acquiring.merchant import Merchant
from tillgate.edge.owings import Owings
from tillgate.engine.commands import SetMerchant
from tillgate.kernel.errors import Unavailable
from tillgate.storage.memory import MemoryStore

SHOP = sample(Merchant, debt_max=("HKD:1000",))


class Slow:
    """A reader whose sums end when the test says so, each another number."""

    def __init__(self) -> None:
        self.sums: list[asyncio.Future[int]] = []

    async def get(self, *_: Any) -> None:
        return None

    async def total(self, *_: Any, book: str) -> int:
        assert book == SHOP.merchant_id
        self.sums.append(asyncio.get_running_loop().create_future())
        return await self.sums[-1]


class Askers:
    """Those who ask for one merchant's sum at a slow reader."""

    def __init__(self) -> None:
        self.slow, self._owings = Slow(), Owings()

    async def come(self, count: int) -> list["asyncio.Task[Owed | None]"]:
        reader: Any = self.slow
        came = [asyncio.create_task(self._owings.of(reader, SHOP, "HKD")) for _ in range(count)]
        await _settle()
        return came


async def _settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_those_who_ask_at_once_are_told_one_sum() -> None:
    askers = Askers()
    came = await askers.come(6)
    assert len(askers.slow.sums) == 1
    askers.slow.sums[0].set_result(7)

    assert {await each for each in came} == {Owed(owed_minor=7, given_minor=0)}


async def test_who_asks_while_a_sum_runs_is_told_the_next_one() -> None:
    askers = Askers()
    first = await askers.come(1)
    later = await askers.come(3)
    assert len(askers.slow.sums) == 1, "one at a time"
    askers.slow.sums[0].set_result(1)
    await _settle()
    askers.slow.sums[1].set_result(2)

    told = [await each for each in (*first, *later)]
    assert [each.owed_minor for each in told if each is not None] == [1, 2, 2, 2]
    assert len(askers.slow.sums) == 2


async def test_who_gives_up_takes_the_sum_from_nobody_else() -> None:
    askers = Askers()
    gone, stays = await askers.come(2)
    gone.cancel()
    await _settle()
    askers.slow.sums[0].set_result(5)

    assert await stays == Owed(owed_minor=5, given_minor=0)


async def test_a_fault_is_told_to_all_who_waited_and_to_nobody_later() -> None:
    askers = Askers()
    came = await askers.come(2)
    askers.slow.sums[0].set_exception(Unavailable("the database is away"))
    for each in came:
        with pytest.raises(Unavailable):
            await each
    (again,) = await askers.come(1)
    askers.slow.sums[1].set_result(3)

    assert await again == Owed(owed_minor=3, given_minor=0)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    """Open a gateway whose merchant may owe 10.00 HKD."""
    opened = Gateway()
    await opened.open({"ann": ("wallet", 20_000)})
    shop = await opened.store.get(Merchant, MERCHANT)
    assert shop is not None
    limited = shop.replaced(debt_max=("HKD:1000",))
    await opened.do(SetMerchant, operator="ada", merchant=limited)
    yield opened
    await opened.engine.stop()


async def test_a_refund_that_comes_to_nothing_asks_for_no_sum(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    summed: list[str] = []
    total = MemoryStore.total

    async def counted(self: MemoryStore, account: str, currency: str, *, book: str) -> int:
        summed.append(book)
        return await total(self, account, currency, book=book)

    monkeypatch.setattr(MemoryStore, "total", counted)
    acts = Acts(gateway, {})
    for trans in ("T-1", "T-4"):
        opened = acts.trade_pay(trans, 0, call="c", payer="ann", known_page=True)
        assert await opened.send() == "cashier"
        assert await acts.confirm(trans, "c", "ann").send() == "9000"

    async def refunds(name: str, minor: int, trans: str = "T-1") -> Any:
        return await (await acts.refund(name, trans, minor)).send()

    assert await refunds("R-0", 100, "never opened") == "ORDER_NOT_EXIST"
    assert await refunds("R-0", 1_001) == "AMOUNT_EXCEEDS_LIMIT"
    assert await (await acts.cancel("never opened", ours=False)).send() == "SUCCESS"
    assert not summed
    assert await refunds("R-1", 500) == "SUCCESS"
    assert await refunds("R-1", 500) == "SUCCESS"
    assert len(summed) == 1, "the same refund again needs none"
    assert await (await acts.cancel("T-4", ours=True)).send() == "SUCCESS"
    assert await (await acts.cancel("T-4", ours=True)).send() == "SUCCESS"
    assert len(summed) == 2, "nor does the cancel of what is closed"
