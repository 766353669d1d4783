"""What batches buy: payments through the engine over SQLite, one command a commit and 64 a commit.

Run it with `python benchmarks/batch.py`. Both ways run in turn in one process
and only their ratio is worth anything: the figures themselves are this machine's. What must hold:
every payment is really paid, which is counted afterwards.
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
from tillgate.storage.opening import open_sqlite

PAYERS: Final = 100
ROUNDS: Final = 5
BATCHES: Final = (1, 64)
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


def opened(number: int, clock: SystemClock) -> OpenCall:
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


async def prepare(engine: Engine) -> None:
    """Register a merchant and payers with more money than they will spend."""
    by = "bench"
    merchant = Merchant(merchant_id=MerchantId("M"), name="COD")
    await engine.execute(SetMerchant(operation_id=op(), operator=by, merchant=merchant))
    for number in range(PAYERS):
        payer = PayerId(f"p{number}")
        new = AddPayer(
            operation_id=op(), operator=by, payer_id=payer, name="P", issuer="wallet", pin_hash="-"
        )
        await engine.execute(new)
        money = Money.of(10**11, "HKD")
        await engine.execute(TopUp(operation_id=op(), operator=by, payer_id=payer, money=money))


async def timed(engine: Engine, commands: Sequence[Command]) -> float:
    """Return the seconds that these commands take when 256 callers send them."""
    waiting = iter(commands)

    async def caller() -> None:
        for command in waiting:
            await engine.execute(command)

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(256)))
    return time.perf_counter() - started


async def measure(file: Path, batch: int, payments: int) -> float:
    """Return the microseconds that a payment takes: an order opened and confirmed."""
    store, clock = open_sqlite(file), SystemClock()
    lanes = LaneSettings(batch_max=batch, background_min=0, background_max=0)
    engine = Engine(
        store, verbs=VERBS, clock=clock, ids=Ids(), decide=DecideSettings(), lanes=lanes
    )
    engine.start()
    try:
        await prepare(engine)
        opens = [opened(number, clock) for number in range(payments)]
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
        store.close()


def main() -> None:
    """Measure both ways in turn, and print the medians and their ratio."""
    arguments = argparse.ArgumentParser(description=main.__doc__)
    arguments.add_argument("--payments", type=int, default=1_000)
    arguments.add_argument("--folder", help="where the files are made, to try another disk")
    chosen = arguments.parse_args()
    taken: dict[int, list[float]] = {batch: [] for batch in BATCHES}
    with tempfile.TemporaryDirectory(dir=chosen.folder) as place:
        for number in range(ROUNDS):
            for batch in BATCHES:
                file = Path(place) / f"{number}-{batch}.db"
                taken[batch].append(asyncio.run(measure(file, batch, chosen.payments)))
    medians = {batch: statistics.median(all_us) for batch, all_us in taken.items()}
    for batch, median_us in medians.items():
        spread = f"{min(taken[batch]):.0f} to {max(taken[batch]):.0f}"
        print(f"{batch:3} commands a commit: {median_us:6.0f} µs a payment ({spread})")
    one, many = (medians[batch] for batch in BATCHES)
    print(f"ratio: {one / many:.1f}")


if __name__ == "__main__":
    main()
