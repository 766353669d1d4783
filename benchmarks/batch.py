"""What batches buy: payments through the engine over a store, from one command a commit to 64.

Run it with `python -m benchmarks.batch`, and with `--database postgresql` for the other store. All
ways run in turn in one process and only their ratio is worth anything: the figures themselves are
this machine's. What must hold: every payment is really paid, which is counted afterwards.
"""

import argparse
import asyncio
import secrets
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, final

from benchmarks.stores import add_choice, opened
from tests.support import postgres
from tillgate.acquiring.acquirement import Acquirement, Terms
from tillgate.acquiring.call import Form
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.risk.evidence import Day, Evidence
from tillgate.acquiring.risk.signals import Signals
from tillgate.acquiring.states import AcquirementState
from tillgate.engine.batcher import Engine
from tillgate.engine.commands import AddPayer, Command, Confirm, OpenCall, SetMerchant, TopUp
from tillgate.engine.ports import Select
from tillgate.engine.settings import DecideSettings, LaneSettings
from tillgate.engine.verbs import VERBS
from tillgate.kernel.clock import SystemClock
from tillgate.kernel.ids import CallId, ClientId, MerchantId, MerchantTransId, OperationId, PayerId
from tillgate.kernel.money import Money
from tillgate.storage.postgres.store import PostgresStore
from tillgate.storage.sqlite import SqliteStore

PAYERS: Final = 100
PRICE: Final = Money.of(1_000, "HKD")


@final
class Ids:
    """Identifiers drawn from the system."""

    def token(self) -> str:
        """Return 32 hexadecimal digits."""
        return secrets.token_hex(16)

    def digits(self, length: int) -> str:
        """Return decimal digits."""
        return f"{secrets.randbelow(10**length):0{length}}"


def op() -> OperationId:
    """Return a new operation id."""
    return OperationId(secrets.token_hex(8))


def opening(number: int, clock: SystemClock) -> OpenCall:
    """Return the command that opens a cashier for a new order."""
    terms = Terms(
        merchant_id=MerchantId("M"),
        merchant_trans_id=MerchantTransId(f"{secrets.token_hex(6)}-{number}"),
        client_id=ClientId("C"),
        version="2.0.0",
        product_code="CASHIER_PAY",
        amount=PRICE,
        title="Dress",
        notify_url="https://shop.example/notify",
        req_time_ms=clock.now_ms(),
    )
    return OpenCall(
        operation_id=op(),
        terms=terms,
        call_id=CallId("c"),
        form=Form.WALLET,
        token_hash=secrets.token_hex(32),
        payer_id=PayerId(f"p{number % PAYERS}"),
        signals=Signals(),
    )


def known(clock: SystemClock) -> Evidence:
    """Return what a door knows of a payer with no history, whose merchant sent no riskInfo."""
    now_ms = clock.now_ms()
    return Evidence(
        signals=Signals(),
        at_ms=now_ms,
        is_agreement=False,
        payer_since_ms=now_ms,
        hour_count=0,
        day=Day(count=0, spent=PRICE - PRICE),
    )


async def prepare(store: SqliteStore | PostgresStore) -> None:
    """Register a merchant and payers with more money than they will spend."""
    engine = Engine(
        store,
        verbs=VERBS,
        clock=SystemClock(),
        ids=Ids(),
        decide=DecideSettings(),
        lanes=LaneSettings(queue_wait_ms_max=10**7),
    )
    engine.start()
    by = "bench"
    merchant = Merchant(merchant_id=MerchantId("M"), name="COD")
    await engine.execute(SetMerchant(operation_id=op(), operator=by, merchant=merchant))

    async def one(payer: PayerId) -> None:
        new = AddPayer(
            operation_id=op(), operator=by, payer_id=payer, name="P", issuer="wallet", pin_hash="-"
        )
        await engine.execute(new)
        money = Money.of(10**11, "HKD")
        await engine.execute(TopUp(operation_id=op(), operator=by, payer_id=payer, money=money))

    await asyncio.gather(*(one(PayerId(f"p{number}")) for number in range(PAYERS)))
    await engine.stop()


async def timed(engine: Engine, commands: Sequence[Command]) -> float:
    """Return the seconds that these commands take when 256 callers send them."""
    waiting = iter(commands)

    async def caller() -> None:
        for command in waiting:
            await engine.execute(command)

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(256)))
    return time.perf_counter() - started


async def measure(kind: str, file: Path, batch: int, payments: int) -> float:
    """Return the microseconds that a payment takes: an order opened and confirmed."""
    async with opened(kind, file) as (store, _):
        return await paid(store, batch, payments)


async def paid(store: SqliteStore | PostgresStore, batch: int, payments: int) -> float:
    """Make payments and count them."""
    clock = SystemClock()
    lanes = LaneSettings(
        batch_max=batch, background_min=0, background_max=0, queue_wait_ms_max=10**7
    )
    engine = Engine(
        store, verbs=VERBS, clock=clock, ids=Ids(), decide=DecideSettings(), lanes=lanes
    )
    await prepare(store)
    engine.start()
    try:
        opens = [opening(number, clock) for number in range(payments)]
        confirms = [
            Confirm(
                operation_id=op(),
                token_hash=one.token_hash,
                payer_id=one.payer_id or PayerId(""),
                evidence=known(clock),
            )
            for one in opens
        ]
        taken_s = await timed(engine, opens) + await timed(engine, confirms)
        paid = Select(
            record=Acquirement,
            equals=(("state", AcquirementState.TRADE_SUCCESS),),
            limit=payments + 1,
        )
        if len(await store.select(paid)) != payments:
            message = "not every payment was paid"
            raise RuntimeError(message)
        return taken_s / payments * 1_000_000
    finally:
        await engine.stop()


def main() -> None:
    """Measure all ways in turn, and print the medians and their ratio."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("--payments", type=int, default=1_000)
    arguments.add_argument("--folder", help="where the files are made, to try another disk")
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--batches", type=int, nargs="+", default=[1, 64])
    add_choice(arguments)
    chosen = arguments.parse_args()
    taken: dict[int, list[float]] = {batch: [] for batch in chosen.batches}
    with tempfile.TemporaryDirectory(dir=chosen.folder) as place:
        for number in range(chosen.rounds):
            for batch in chosen.batches:
                file = Path(place) / f"{number}-{batch}.db"
                run = measure(chosen.database, file, batch, chosen.payments)
                taken[batch].append(asyncio.run(run))
    postgres.leave()
    medians = {batch: statistics.median(all_us) for batch, all_us in taken.items()}
    for batch, median_us in medians.items():
        spread = f"{min(taken[batch]):.0f} to {max(taken[batch]):.0f}"
        print(f"{batch:3} commands a commit: {median_us:6.0f} µs a payment ({spread})")
    all_of_them = list(medians.values())
    print(f"ratio: {all_of_them[0] / all_of_them[-1]:.1f}")


if __name__ == "__main__":
    main()
