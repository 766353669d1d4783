"""Payments a second, end to end over loopback: trade-pay and confirm of orders signed beforehand.

Run it with `python -m benchmarks.payment`, and with `--database postgresql` for the other store.
Three ways within one run: through HTTP with the PIN
check (argon2id), through HTTP with a check that costs nothing, and the engine alone on the same
file. Only their ratios are worth anything elsewhere. What must hold: the client is a process of its
own, and every payment is answered 9000.
"""

import argparse
import asyncio
import json
import multiprocessing
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import uvicorn
import uvloop

from benchmarks.batch import known
from tests.support import postgres
from tests.support.asgi import HOST, sandbox
from tests.support.gateway import MERCHANT_ID, PIN, merchant_of, order
from tillgate.acquiring.acquirement import Terms
from tillgate.acquiring.call import Final, Form
from tillgate.acquiring.risk.signals import Signals
from tillgate.bootstrap import House
from tillgate.edge.secrets import digest
from tillgate.edge.sessions import issue
from tillgate.engine.commands import AddPayer, Confirm, OpenCall, ReservePinTry, TopUp
from tillgate.kernel.clock import SystemClock
from tillgate.kernel.ids import CallId, ClientId, MerchantId, MerchantTransId, PayerId
from tillgate.kernel.money import Money


class Way(NamedTuple):
    """How fast one way was."""

    name: str
    payments: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def a_second(self) -> float:
        """Return payments a second."""
        return self.payments / self.seconds


class Prepared(NamedTuple):
    """A payment that is signed and whose payer is signed in."""

    order_str: str
    call_id: str
    token: str


def payer(number: int) -> PayerId:
    """Return one of the payers; each has one payment at a time."""
    return PayerId(f"bench-{number}")


async def add_payers(house: House, at_once: int) -> None:
    """Register payers who can pay for ever."""
    books = house.books
    pin_hash = await books.pins.hashed(PIN)
    for number in range(at_once):
        add = AddPayer(
            operation_id=books.operation(),
            operator="bench",
            payer_id=payer(number),
            name=f"Bench {number}",
            issuer="wallet",
            pin_hash=pin_hash,
        )
        top_up = TopUp(
            operation_id=books.operation(),
            operator="bench",
            payer_id=payer(number),
            money=Money.parse("1000000.00 HKD"),
        )
        await books.engine.execute(add)
        await books.engine.execute(top_up)


async def timed(
    name: str, payments: int, at_once: int, pay: Callable[[int, int], Awaitable[None]]
) -> Way:
    """Make payments, so many at once; `pay` is given the payer's number and the payment's."""
    took_ms: list[float] = []

    async def customer(who: int) -> None:
        for number in range(who, payments, at_once):
            began_s = time.perf_counter()
            await pay(who, number)
            took_ms.append((time.perf_counter() - began_s) * 1_000)

    began_s = time.perf_counter()
    await asyncio.gather(*(customer(who) for who in range(at_once)))
    seconds = time.perf_counter() - began_s
    took_ms.sort()
    p99_ms = took_ms[min(len(took_ms) - 1, len(took_ms) * 99 // 100)]
    return Way(name, payments, seconds, took_ms[len(took_ms) // 2], p99_ms)


async def over_http(name: str, prepared: Sequence[Prepared], *, at_once: int, port: int) -> Way:
    """Pay through the doors; run in the client's process."""
    lines = [await asyncio.open_connection("127.0.0.1", port) for _ in range(at_once)]

    async def post(who: int, path: str, body: object, token: str) -> dict[str, Any]:
        reader, writer = lines[who]
        content = json.dumps(body).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nhost: {HOST}\r\n"
            f"authorization: Bearer {token}\r\ncontent-length: {len(content)}\r\n\r\n"
        )
        writer.write(head.encode() + content)
        answer = await reader.readuntil(b"\r\n\r\n")
        named = dict(line.split(b": ", 1) for line in answer.split(b"\r\n")[1:] if b": " in line)
        told: dict[str, Any] = json.loads(await reader.readexactly(int(named[b"content-length"])))
        return told

    async def pay(who: int, number: int) -> None:
        text, call_id, token = prepared[number]
        call = {"orderStr": text, "version": "2.0.0", "callId": call_id}
        answer = await post(who, "/cashier/trade-pay", call, token)
        path = urlsplit(answer["cashierUrl"]).path
        told = await post(who, f"{path}/confirm", {"pin": PIN}, token)
        if told["resultCode"] != "9000":
            raise AssertionError(told)

    way = await timed(name, len(prepared), at_once, pay)
    for _, writer in lines:
        writer.close()
    return way


def client(name: str, prepared: Sequence[Prepared], *, at_once: int, port: int, to: Any) -> None:  # noqa: ANN401  A pipe's end; its type is private.
    """Run the client's process."""
    to.send(uvloop.run(over_http(name, prepared, at_once=at_once, port=port)))


async def through_doors(name: str, prepared: Sequence[Prepared], *, at_once: int, port: int) -> Way:
    """Let a client's process pay through the doors."""
    fresh = multiprocessing.get_context("spawn")
    near, far = fresh.Pipe()
    named = {"at_once": at_once, "port": port, "to": far}
    process = fresh.Process(target=client, args=(name, prepared), kwargs=named)
    process.start()
    far.close()
    way: Way = await asyncio.to_thread(near.recv)
    await asyncio.to_thread(process.join)
    return way


def prepare(
    house: House, data: Path, prefix: str, payments: int, *, at_once: int
) -> list[Prepared]:
    """Sign orders; without a notifyUrl, so that only the payment is measured."""
    merchant = merchant_of(data)
    return [
        Prepared(
            merchant.order_str(order(f"{prefix}-{number}")),
            f"{prefix}-call-{number}",
            issue(house.desk, payer(number % at_once)),
        )
        for number in range(payments)
    ]


async def engine_alone(house: House, payments: int, at_once: int) -> Way:
    """Pay with the very commands the doors send, and no HTTP, signature or PIN."""
    desk, clock = house.desk, SystemClock()

    async def pay(who: int, number: int) -> None:
        who_pays, token_hash = payer(who), digest(f"engine-{number}")
        terms = Terms(
            merchant_id=MerchantId(MERCHANT_ID),
            merchant_trans_id=MerchantTransId(f"engine-{number}"),
            client_id=ClientId("4Q5XSH6SSG02T006"),
            version="2.0.0",
            product_code="CASHIER_PAY",
            amount=Money.parse("10.00 HKD"),
            title="Dress",
            req_time_ms=clock.now_ms(),
        )
        await desk.engine.execute(
            OpenCall(
                operation_id=desk.operation(),
                terms=terms,
                call_id=CallId(f"engine-{number}"),
                form=Form.WALLET,
                token_hash=token_hash,
                payer_id=who_pays,
                signals=Signals(),
            )
        )
        await desk.engine.execute(ReservePinTry(operation_id=desk.operation(), payer_id=who_pays))
        confirm = Confirm(
            operation_id=desk.operation(),
            token_hash=token_hash,
            payer_id=who_pays,
            evidence=known(clock),
        )
        told: Final = await desk.engine.execute(confirm)
        if told.result_code != "9000":
            raise AssertionError(told)

    return await timed("engine alone", payments, at_once, pay)


@contextmanager
def furnished(kind: str) -> Iterator[Path]:
    """Lend a data folder that names the database which is measured."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as held:
        data = Path(folder) / "gateway"
        if kind == "postgresql":
            url = held.enter_context(postgres.server().bare_database())
            data.mkdir(mode=0o700)
            (data / "tillgate.toml").write_text(f'database_url = "{url}"\n')
        yield data


async def measure(kind: str, payments: int, at_once: int) -> Sequence[Way]:
    """Measure all three ways in one sandbox."""
    with furnished(kind) as data:
        async with sandbox(data) as house:
            await add_payers(house, at_once)
            listening = socket.create_server(("127.0.0.1", 0))
            port = listening.getsockname()[1]
            config = uvicorn.Config(
                house.app, http="httptools", loop="none", lifespan="off", access_log=False,
                log_config=None,
            )  # fmt: skip
            server = uvicorn.Server(config)
            serving = asyncio.ensure_future(server.serve(sockets=[listening]))
            while not server.started:  # noqa: ASYNC110  uvicorn has a flag and no event.
                await asyncio.sleep(0.01)
            some = max(at_once, payments // 8)  # Each check of a PIN costs 30 ms and more.
            checked = prepare(house, data, "pin", some, at_once=at_once)
            named = {"at_once": at_once, "port": port}
            ways = [await through_doors("HTTP with PIN check", checked, **named)]
            free = prepare(house, data, "free", payments, at_once=at_once)
            house.desk.pins.check = _free  # type: ignore[method-assign]  # What is measured.
            ways.append(await through_doors("HTTP, PIN check free", free, **named))
            ways.append(await engine_alone(house, payments, at_once))
            server.should_exit = True
            await serving
    return ways


async def _free(pin_hash: str, pin: str) -> None:
    """Check nothing."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Payments a second over loopback.")
    parser.add_argument("--payments", type=int, default=4_000)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    ways = uvloop.run(measure(given.database, given.payments, given.at_once))
    postgres.leave()
    if given.json:
        rows = [{**way._asdict(), "paymentsPerSecond": way.a_second} for way in ways]
        print(json.dumps({"python": sys.version.split()[0], "atOnce": given.at_once, "ways": rows}))
        return
    print(f"{given.at_once} payments at once, {given.database}, Python {sys.version.split()[0]}")
    print(f"{'way':<22} {'payments':>8} {'a second':>9} {'p50 ms':>8} {'p99 ms':>8} {'ratio':>6}")
    for way in ways:
        ratio = way.a_second / ways[0].a_second
        print(
            f"{way.name:<22} {way.payments:>8} {way.a_second:>9.0f} {way.p50_ms:>8.1f}"
            f" {way.p99_ms:>8.1f} {ratio:>6.1f}"
        )


if __name__ == "__main__":
    main()
