"""A whole gateway but for its doors: engine, store, desk, workers and the real sender.

Orders are paid by commands, since how a buyer gets there is another test's affair. What must hold:
the clock stands still but when a test moves it, and messages really leave through sockets.
"""

import asyncio
import random
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.e2e.notify.shops import Shop
from tests.e2e.outgoing.receivers import WordedResolver
from tests.support.evidence import evidence
from tests.support.wire import gateway_key, merchant_key
from tillgate.acquiring.acquirement import Terms
from tillgate.acquiring.call import Final, Form
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.notification import Notification, NotificationSend
from tillgate.acquiring.risk.signals import Signals
from tillgate.edge.desk import Desk, DoorSettings, KeyRing
from tillgate.edge.directory import Directory
from tillgate.edge.secrets import Secret
from tillgate.edge.story import Step, StepKind, Story
from tillgate.engine.batcher import Engine
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    AddPayer,
    Confirm,
    OpenCall,
    SetMerchant,
    TopUp,
)
from tillgate.engine.decide.paying import Ask
from tillgate.engine.issuer import Issuer
from tillgate.engine.ports import Select
from tillgate.engine.settings import DecideSettings, LaneSettings
from tillgate.engine.verbs import VERBS
from tillgate.issuers.pins import ArgonPins
from tillgate.kernel.addresses import SANDBOX
from tillgate.kernel.clock import ManualClock, parse_rfc3339
from tillgate.kernel.ids import (
    CallId,
    ClientId,
    MerchantId,
    MerchantTransId,
    OperationId,
    PayerId,
)
from tillgate.kernel.money import Money
from tillgate.storage.memory import MemoryStore
from tillgate.storage.opening import open_sqlite
from tillgate.storage.sqlite import SqliteStore
from tillgate.workers.outgoing.sender import HttpSender, SendLimits
from tillgate.workers.settings import WorkerSettings

NOON_MS = parse_rfc3339("2026-03-02T12:00:00+08:00")
QUICK = WorkerSettings(
    notify_poll_ms=50, attempts_poll_ms=50, expiry_poll_ms=50, pause_ms=20, drain_ms=200
)
SHORT = SendLimits(exchange_ms_max=300, turn_wait_ms_max=50)
"""For who never answers."""
PATIENT = SendLimits(exchange_ms_max=120_000, turn_wait_ms_max=120_000)
"""For who does answer, on a machine that is busy."""


class SeededIds:
    """Identifiers from a seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def token(self) -> str:
        return f"{self._random.getrandbits(128):032x}"

    def digits(self, length: int) -> str:
        return "".join(self._random.choice("0123456789") for _ in range(length))


def sender(limits: SendLimits = PATIENT) -> HttpSender:
    """Return the real sender."""
    return HttpSender(
        policy=SANDBOX,
        resolver=WordedResolver([()]),
        tls=ssl.create_default_context(),
        limits=limits,
    )


class Stage:
    """A gateway over one store; a second one over the same store is another process."""

    def __init__(
        self, *, store: MemoryStore | SqliteStore, clock: ManualClock, seed: int, pins: ArgonPins
    ) -> None:
        self.store, self.clock, self.ids = store, clock, SeededIds(seed)
        self.issuers: dict[str, Issuer] = {}
        self.shops: list[Shop] = []
        self.engine = Engine(
            store,
            verbs=VERBS,
            clock=clock,
            ids=self.ids,
            decide=DecideSettings(),
            lanes=LaneSettings(queue_wait_ms_max=600_000),
        )
        key = gateway_key()
        self.desk = Desk(
            engine=self.engine,
            reader=store,
            clock=clock,
            ids=self.ids,
            issuers=self.issuers,
            pins=pins,
            key_ring=KeyRing(private=key, public=(key.public,)),
            secret=Secret(b"s" * 32),
            story=Story(clock, is_told=True),
            directory=Directory(store, clock),
            settings=DoorSettings(
                is_sandbox=True, wallet_origin="", shop_origin="", hosts=frozenset()
            ),
        )

    def operation(self) -> OperationId:
        return OperationId(self.ids.token())

    def by_hand(self) -> dict[str, Any]:
        return {"operation_id": self.operation(), "operator": "ada"}

    async def set_up(self) -> None:
        for name, issuer in (("rich", "wallet"), ("slow", "bank")):
            payer = AddPayer(
                **self.by_hand(), payer_id=PayerId(name), name=name, issuer=issuer, pin_hash="-"
            )
            await self.engine.execute(payer)
        money = Money.parse("1000000.00 HKD")
        await self.engine.execute(TopUp(**self.by_hand(), payer_id=PayerId("rich"), money=money))

    async def registers(self, *shops: Shop) -> None:
        """Register merchants with a client and a key each."""
        for shop in shops:
            self.shops.append(shop)
            merchant_id, client_id = MerchantId(shop.merchant_id), ClientId(shop.client_id)
            merchant = Merchant(merchant_id=merchant_id, name="COD", notify_url=shop.url)
            client = Client(
                client_id=client_id,
                name="COD",
                profile=shop.profile.name,
                merchant_ids=(merchant_id,),
            )
            public = merchant_key().public
            key = ClientKey(
                client_id=client_id,
                fingerprint=public.fingerprint,
                public_pem=public.pem(),
                valid_from_ms=0,
            )
            for command in (
                SetMerchant(**self.by_hand(), merchant=merchant),
                AddClient(**self.by_hand(), client=client),
                AddClientKey(**self.by_hand(), key=key),
            ):
                await self.engine.execute(command)

    async def opens(self, shop: Shop, order: str, *, payer: str = "rich", url: str = "") -> str:
        """Open an order's cashier in a payer's wallet; return the hash of its token."""
        terms = Terms(
            merchant_id=MerchantId(shop.merchant_id),
            merchant_trans_id=MerchantTransId(order),
            client_id=ClientId(shop.client_id),
            version="2.0.0",
            product_code="CASHIER_PAY",
            amount=Money.parse("10.00 HKD"),
            title="Women Summer Dress",
            extend_info='{"productScene":"Prepay"}',
            notify_url=url,
            req_time_ms=self.clock.now_ms(),
        )
        token_hash = f"{shop.merchant_id} {order}"
        await self.engine.execute(
            OpenCall(
                operation_id=self.operation(),
                terms=terms,
                call_id=CallId("page"),
                form=Form.WALLET,
                token_hash=token_hash,
                payer_id=PayerId(payer),
                signals=Signals(),
            )
        )
        return token_hash

    async def pays(
        self, shop: Shop, order: str, *, payer: str = "rich", url: str = ""
    ) -> Final | Ask:
        """Pay an order."""
        token_hash = await self.opens(shop, order, payer=payer, url=url)
        outcome: Final | Ask = await self.engine.execute(
            Confirm(
                operation_id=self.operation(),
                token_hash=token_hash,
                payer_id=PayerId(payer),
                evidence=evidence(self.clock.now_ms()),
            )
        )
        return outcome

    async def owed(self, shop: Shop, order: str, *, end: str = "paid") -> Notification:
        """Return the notification of an order."""
        row = await self.store.get(Notification, shop.merchant_id, f"{order}.{end}")
        assert row is not None
        return row

    async def sends(self, shop: Shop, order: str, *, end: str = "paid") -> list[NotificationSend]:
        """Return what is kept of its sends."""
        where = (("merchant_id", shop.merchant_id), ("notification_id", f"{order}.{end}"))
        query = Select(record=NotificationSend, equals=where)
        rows: Sequence[NotificationSend] = await self.store.select(query)
        return list(rows)

    async def told(self, kind: StepKind | None = None) -> list[Step]:
        """Return the steps of the story so far, or those of one kind."""
        steps: list[Step] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                async for step in self.desk.story.follow():
                    steps.append(step)  # noqa: PERF401  It is cut off, so what came must be kept.
        return [step for step in steps if kind in (None, step.kind)]


@asynccontextmanager
async def staged(*, processes: int = 1, folder: Path | None = None) -> AsyncIterator[list[Stage]]:
    """Set up gateways over one store, in memory or in a folder; they stop with the block."""
    store = open_sqlite(folder / "tillgate.sqlite3") if folder else MemoryStore()
    clock, pins = ManualClock(NOON_MS), ArgonPins(b"p" * 32)
    stages = [Stage(store=store, clock=clock, seed=seed, pins=pins) for seed in range(processes)]
    for stage in stages:
        stage.engine.start()
    await stages[0].set_up()
    try:
        yield stages
    finally:
        for stage in stages:
            await stage.engine.stop()
            for shop in stage.shops:
                shop.door.close()
        pins.close()
        store.close()
