"""What people do in a simulated town: buying, paying twice, giving back, changing their minds.

A story is a few acts in a row; many stories go on at once. What must hold: a story chooses by its
own stream of chance, so that one more story changes no other.
"""

import asyncio
import random
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import nullcontext
from typing import Final, NamedTuple, final

from tillgate.simulation.buyer import WRONG_PIN, Buyer, Page
from tillgate.simulation.faults import Fault, Faults
from tillgate.simulation.people import PEOPLE, Agreed
from tillgate.simulation.shop import Shop
from tillgate.simulation.told import Telling

PRODUCTS: Final = ("AGREEMENT_OR_CASHIER_PAY", "CASHIER_PAY")
AMOUNTS: Final = (100, 333, 700, 1_000, 1_001, 2_500, 4_999)
LIFE_S: Final = 180.0
"""How long an order waits for its buyer at most."""
LAST_S: Final = (0.3, 6.0)
"""How much of that is left when those come to a decision who take their time."""
ASKS_AROUND: Final = 9
WEIGHTS: Final = {"ann": 4, "bob": 2, "cid": 5, "dan": 4, "eve": 1, "fay": 2}


class Cast(NamedTuple):
    """Who can play."""

    shops: Sequence[Shop]
    buyers: Mapping[str, Buyer]
    tokens: Mapping[str, tuple[Agreed, str]]
    faults: Faults


@final
class Story:
    """One story."""

    def __init__(self, cast: Cast, chance: random.Random, number: int) -> None:
        """Prepare story `number`."""
        self._cast = cast
        self._chance = chance
        self._number = number
        self.orders: list[tuple[Shop, str]] = []
        self.pages: list[tuple[Buyer, Page]] = []
        self._lingers = False
        """Whether its buyers take almost as long as an order waits."""
        self._asking: list[asyncio.Future[None]] = []

    async def play(self) -> None:
        """Let it happen."""
        tokens = self._cast.tokens
        if tokens and self._chance.random() < 1 / 3:
            await self._debit(*self._chance.choice([tokens[name] for name in sorted(tokens)]))
        else:
            await self._buy()

    async def _buy(self) -> None:
        shop = self._chance.choice(self._cast.shops)
        trans, amount = f"T-{self._number}", self._chance.choice(AMOUNTS)
        self.orders.append((shop, trans))
        self._lingers = self._happens(3)
        acts: list[Awaitable[object]] = [self._pay(shop, trans, amount, page_no=1)]
        if self._happens(4):
            acts.append(self._pay(shop, trans, amount, page_no=2))
        if self._happens(7):
            acts.append(self._pay(shop, trans, amount + 1, page_no=3))
        if self._happens(6):
            acts.append(self._cancel(shop, trans))
        await asyncio.gather(*acts)
        await asyncio.gather(*self._asking)
        await self._afterwards(shop, trans, amount)

    async def _pay(self, shop: Shop, trans: str, amount: int, *, page_no: int) -> None:
        """Pay from one page; the first page comes first, mostly."""
        await asyncio.sleep(self._chance.choice((0.0, 0.0, 0.01, 2.0, 10.0)) * (page_no - 1))
        buyer = self._buyer()
        product = self._chance.choice(PRODUCTS) if trans not in shop.amounts else PRODUCTS[0]
        shop.products.setdefault(trans, product)
        order_str = shop.order_str(trans, amount, product=shop.products[trans])
        page = Page(shop, trans, amount, f"page-{trans}-{page_no}-000000", order_str)
        if page.is_twisted:
            self._cast.faults.struck(Fault.OTHER_CONTENT, who=shop.seller.host, what=trans)
        if not await buyer.sign_in():
            return
        self.pages.append((buyer, page))
        cashier = await buyer.trade_pay(page)
        if not cashier:
            return
        await self._dwell(buyer, page, cashier)
        if self._happens(10):
            await buyer.close(page, cashier)
            return
        if self._happens(12):
            await buyer.confirm(page, cashier, pin=WRONG_PIN)
        is_slow = self._lingers and self._happens(2)
        with self._cast.faults.slow_writes() if is_slow else nullcontext():
            is_told = await buyer.confirm(page, cashier)
        if not is_told and self._happens(2):
            await buyer.trade_pay(page)

    async def _dwell(self, buyer: Buyer, page: Page, cashier: str) -> None:
        """Stay at the cashier for a while, or until the order's time is almost over."""
        if not self._lingers:
            await asyncio.sleep(self._chance.uniform(0, 3))
            return
        left_s = min(await buyer.look(page, cashier), LIFE_S)
        asking = self._ask_around_the_end(page.shop, page.trans, left_s)
        self._asking.append(asyncio.ensure_future(asking))
        await asyncio.sleep(max(0, left_s - self._chance.uniform(*LAST_S)))
        if self._happens(3):
            await buyer.look(page, cashier)

    async def _ask_around_the_end(self, shop: Shop, trans: str, left_s: float) -> None:
        """Ask again and again while an order's time runs out."""
        await asyncio.sleep(max(0, left_s - self._chance.uniform(0, 2)))
        for _ in range(ASKS_AROUND):
            await shop.query(trans)
            await asyncio.sleep(self._chance.uniform(0.2, 2))

    async def _debit(self, agreed: Agreed, token: str) -> None:
        shop = next(one for one in self._cast.shops if one.seller == agreed.seller)
        trans, amount = f"D-{self._number}", self._chance.choice(AMOUNTS)
        self.orders.append((shop, trans))
        acts: list[Awaitable[object]] = [shop.debit(trans, amount, agreed, token)]
        if self._happens(3):
            acts.append(shop.debit(trans, amount, agreed, token))
        if self._happens(7):
            self._cast.faults.struck(Fault.OTHER_CONTENT, who=shop.seller.host, what=trans)
            acts.append(shop.debit(trans, amount + 1, agreed, token))
        if self._happens(8):
            acts.append(self._cancel(shop, trans))
        await asyncio.gather(*acts)
        await self._afterwards(shop, trans, amount)

    async def _afterwards(self, shop: Shop, trans: str, amount: int) -> None:
        """Ask, give back, cancel; some of it at once."""
        await asyncio.sleep(self._chance.uniform(0, 30))
        asked = await shop.query(trans)
        if asked is not None and not asked.said.get("paymentTime") and not self._happens(5):
            return
        acts: list[Awaitable[object]] = []
        for number in range(self._chance.choice((0, 0, 1, 2, 3))):
            part = self._chance.choice((max(1, amount // 3), max(1, amount // 2), amount))
            acts.append(self._refund(shop, trans, f"R-{trans}-{number}", part))
        if self._happens(7):
            acts.append(self._cancel(shop, trans))
        await asyncio.gather(*acts)
        if self._happens(3):
            await shop.query(trans)

    async def _refund(self, shop: Shop, trans: str, number: str, amount: int) -> None:
        await asyncio.sleep(self._chance.choice((0.0, 0.0, 5.0)))
        await shop.refund(trans, number, amount)
        if self._happens(4):
            await shop.refund(trans, number, amount)
        if self._happens(10):
            self._cast.faults.struck(Fault.OTHER_CONTENT, who=shop.seller.host, what=number)
            await shop.refund(trans, number, amount + 1)

    async def _cancel(self, shop: Shop, trans: str) -> Telling | None:
        await asyncio.sleep(self._chance.choice((0.0, 0.5, 4.0, 12.0)))
        return await shop.cancel(trans)

    def _buyer(self) -> Buyer:
        names = [person.name for person in PEOPLE]
        name = self._chance.choices(names, weights=[WEIGHTS[name] for name in names])[0]
        return self._cast.buyers[name]

    def _happens(self, one_in: int) -> bool:
        return self._chance.randrange(one_in) == 0
