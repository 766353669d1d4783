"""The server is killed while 200 payments are under way, five times, and the books are right.

Everything is real: a server process on a data folder, customers over HTTP, a merchant's receiver
built on the SDK, `kill -9` at a moment drawn from a printed seed. What must hold after each: the
audit is clean; whoever was told 9000 has paid exactly once; a repeat of the same call is never
told 5000; every paid order is notified. Meanwhile the merchant refunds, cancels and debits: every
request has one answer however often it is repeated, and money goes back or is taken once.
"""

import asyncio
import os
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.customers import UNKNOWN, Payment, Street
from tests.crash.office import Errand, Office
from tests.support.gateway import CLIENT_ID, PIN, Gateway, order, running
from tests.support.receiver import Receiver, receiving
from tillgate.bootstrap import hashed_pin
from tillgate.cli.operate import execute, settings_of
from tillgate.engine.commands import AddPayer, TopUp
from tillgate.kernel.ids import PayerId
from tillgate.kernel.money import Money
from tillgate.merchant import Order

ROUNDS = 5
PAYMENTS = 200
TELL_S_MAX = 400.0
"""How long the last notifications may take: a lease of 30 s, or two minutes after a send that found
a busy machine, and what else there is to do."""
AMOUNTS = ("10.00 HKD", "0.01 HKD", "123.40 HKD")
SHARES = {
    **{f"wallet-{number}": 9 for number in range(20)},
    **{f"outside-{number}": 3 for number in range(4)},
    "slow": 2,
    "unknown-then-paid": 3,
    "unknown-then-failed": 3,
}
"""How many payments each payer makes in a round; `outside-…` has its money elsewhere."""
REFUNDED, CANCELLED, DEBITS = 14, 6, 3
"""How many earlier payments a round gives back in two parts, and cancels; how often it debits."""
DESKS = 8
ALLOWED = ("wallet-0", "wallet-1", "outside-0", "outside-1")
"""Who allowed automatic payments."""
CALM = "velocity_hour=0, velocity_day=0, amount_unusual=0, new_account_large=0"


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    with running(tmp_path / "gateway", risk_weights=CALM) as started:
        yield started


@pytest.mark.timeout(1_800)
async def test_whoever_was_told_9000_has_paid_once_and_is_notified_however_often_the_server_dies(
    gateway: Gateway, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = int(os.environ.get("CRASH_SEED", time.time_ns() % 1_000_000))
    dice = random.Random(seed)
    await asyncio.to_thread(_add_payers, gateway)
    office = Office(gateway)
    tokens = {payer: await asyncio.to_thread(office.agree, payer) for payer in ALLOWED}
    orders: dict[str, Order] = {}
    payments: list[Payment] = []
    errands: list[Errand] = []
    began_s = time.monotonic()
    lines = [f"seed {seed}"]
    with receiving(gateway.merchant(), orders) as receiver:
        for number in range(ROUNDS):
            made = _payments(number, receiver.url, dice)
            orders |= {each.order.merchant_trans_id: each.order for each in made}
            todo = _after(gateway, office, payments, errands)
            for payer, token in tokens.items():
                for at in range(DEBITS):
                    debited = order(f"debit-{number}-{payer}-{at}", "7.00 HKD")
                    orders[debited.merchant_trans_id] = debited
                    of = (payer, debited.merchant_trans_id, token)
                    todo.append(office.debit(*of, minor=700, url=receiver.url))
            dice.shuffle(todo)
            payments += made
            errands += todo
            line = await _round(gateway, made, dice, office=(office, todo))
            found = await asyncio.to_thread(gateway.audit)
            assert found["clean"], (seed, found)
            lines.append(f"round {number + 1}: {line}")
        await _settle(gateway, payments)
        await office.settle(errands)
        waited_s = await _all_told(gateway, receiver)
        cancelled = {each.about for each in errands if each.kind == "payCancel"}
        _check(gateway, payments, receiver, cancelled=cancelled)
        _check_errands(gateway, errands)
        _check_balances(gateway, payments, errands)
        found = await asyncio.to_thread(gateway.audit)
        assert found["clean"], (seed, found)
    last = Counter(each.told[-1] for each in payments)
    lines.append(f"answers {dict(last)}, orders {found['read']['orders']}")
    lines.append(f"notifications {receiver.arrivals.total()} for {len(receiver.arrivals)} orders")
    took_s = time.monotonic() - began_s
    lines.append(f"{took_s:.1f} s, {waited_s:.1f} s of them for the last notification")
    with capsys.disabled():
        print("\n  " + "\n  ".join(lines))  # noqa: T201  The figures are wanted in every run.


def _payments(round_number: int, notify_url: str, dice: random.Random) -> list[Payment]:
    made = []
    for payer, share in SHARES.items():
        for number in range(share):
            of = order(
                f"{round_number}-{payer}-{number}",
                dice.choice(AMOUNTS),
                notify_url=notify_url,
                return_url="http://localhost/back?from=tillgate",
            )
            made.append(Payment(order=of, payer=payer, call_id=f"call-{of.merchant_trans_id}"))
    assert len(made) == PAYMENTS
    return made


def _after(
    gateway: Gateway, office: Office, payments: list[Payment], errands: list[Errand]
) -> list[Errand]:
    """Return what becomes of payments of earlier rounds, each of which is touched once."""
    touched = {each.about for each in errands}
    found = _rows(gateway, "SELECT merchant_trans_id, acquirement_id FROM acquirements")
    ours = {row[0]: str(row[1]) for row in found}
    paid = [
        each
        for each in payments
        if each.told[-1] == "9000"
        and each.payer.startswith(("wallet-", "outside-"))
        and each.order.merchant_trans_id not in touched
    ]
    # From both ends: those of wallets, and those of outside issuers.
    chosen = [paid[at // 2 if at % 2 else -1 - at // 2] for at in range(len(paid))]
    made = []
    for at, each in enumerate(chosen[: REFUNDED + CANCELLED]):
        of, minor = (each.payer, each.order.merchant_trans_id), each.order.money.minor
        if at >= REFUNDED:
            made.append(office.cancel(*of, minor=minor))
            continue
        parts = [minor // 2, minor - minor // 2] if minor > 1 else [minor]
        made += [office.refund(*of, ours[of[1]], minor=part) for part in parts]
    return made


async def _round(
    gateway: Gateway,
    made: list[Payment],
    dice: random.Random,
    *,
    office: tuple[Office, list[Errand]],
) -> str:
    """Let all pay, kill the server meanwhile, start it again, and let all come to an end."""
    kill_after, kill_wait_s = dice.randrange(10, PAYMENTS - 40), dice.uniform(0, 0.08)
    answers = 0
    is_time = asyncio.Event()

    def answered() -> None:
        nonlocal answers
        answers += 1
        if answers == kill_after:
            is_time.set()

    street = Street(gateway.merchant(), gateway.origin, answered)
    street.is_up.set()
    walks = [
        asyncio.ensure_future(
            street.walk(payer, [each for each in made if each.payer == payer], random.Random(payer))
        )
        for payer in SHARES
    ]
    at_office, errands = office

    async def hurry(some: list[Errand]) -> None:
        await is_time.wait()  # All errands at once, just before the server dies.
        await at_office.run(some, street.is_up)

    walks += [asyncio.ensure_future(hurry(errands[desk::DESKS])) for desk in range(DESKS)]
    everybody = asyncio.gather(*walks)
    waited = asyncio.ensure_future(is_time.wait())
    await asyncio.wait((waited, everybody), return_when=asyncio.FIRST_COMPLETED)
    await asyncio.sleep(kill_wait_s)
    assert not everybody.done(), "everybody had paid before the server was killed"
    gateway.kill()
    street.is_up.clear()
    before = answers
    found = await asyncio.to_thread(gateway.audit)  # The books as the dead server left them.
    assert found["clean"], found
    await asyncio.to_thread(gateway.start)
    street.is_up.set()
    await everybody
    await street.close()
    lost = sum(each.lost > 0 for each in made)
    late = sum(each.lost > 0 for each in errands)
    return f"killed after {before} answers, {lost} payments and {late} errands were repeated"


async def _settle(gateway: Gateway, payments: list[Payment]) -> None:
    """Repeat every call that was told 8000 until it is told more."""
    street = Street(gateway.merchant(), gateway.origin, lambda: None)
    street.is_up.set()
    unknown: dict[str, list[Payment]] = {}
    for each in payments:
        if each.told[-1] == UNKNOWN:
            unknown.setdefault(each.payer, []).append(each)
    await asyncio.gather(*(street.settle(payer, some) for payer, some in unknown.items()))
    await street.close()


async def _all_told(gateway: Gateway, receiver: Receiver) -> float:
    """Wait until the merchant was told of every order; return how long it took."""
    began_s = time.monotonic()
    while _rows(gateway, "SELECT count(*) FROM notifications WHERE state = 'PENDING'") != [(0,)]:
        assert time.monotonic() - began_s < TELL_S_MAX, "notifications are still pending"
        await asyncio.sleep(0.2)
    assert receiver.faults == []
    return time.monotonic() - began_s


def _check(
    gateway: Gateway, payments: list[Payment], receiver: Receiver, *, cancelled: set[str]
) -> None:
    """Hold what customers were told against the rows, read without any code of ours."""
    entries = Counter(
        trans_id
        for (trans_id,) in _rows(
            gateway,
            "SELECT merchant_trans_id FROM acquirements JOIN entries"
            " ON book = merchant_id AND reference = acquirement_id AND kind = 'PAYMENT'",
        )
    )
    assert max(entries.values()) == 1
    assert _rows(gateway, "SELECT count(*) FROM entries WHERE kind = 'PAYMENT'") == [
        (len(entries),)
    ]
    untold = _rows(
        gateway, "SELECT merchant_trans_id FROM notifications WHERE state <> 'ACKNOWLEDGED'"
    )
    assert {str(row[0]) for row in untold} <= cancelled
    for each in payments:
        number = each.order.merchant_trans_id
        assert "5000" not in each.told, each
        assert each.told[-1] == ("4000" if each.payer == "unknown-then-failed" else "9000"), each
        assert not set(each.told[:-1]) - {UNKNOWN}, each
        is_paid = each.told[-1] == "9000"
        assert entries[number] == is_paid, each
        assert number in cancelled or (number in receiver.paid) == is_paid, each


def _check_errands(gateway: Gateway, errands: list[Errand]) -> None:
    """Hold what the merchant was told against the rows: one answer, one entry each."""
    found = _rows(gateway, "SELECT reference FROM entries WHERE kind = 'REFUND'")
    booked = Counter(str(row[0]) for row in found)
    assert set(booked.values()) == {1}
    assert booked.total() == sum(each.kind in {"refund", "payCancel"} for each in errands)
    for each in errands:
        final = [told for told in each.told if told["resultInfo"]["resultStatus"] != "U"]
        assert final[-1]["resultInfo"]["resultCode"] == "SUCCESS", each
        assert all(told == final[0] for told in final), each


def _check_balances(gateway: Gateway, payments: list[Payment], errands: list[Errand]) -> None:
    rows = {row[0]: row[1] for row in _rows(gateway, "SELECT account, money_minor FROM balances")}
    for payer in SHARES:
        spent = sum(each.order.money.minor for each in payments if each.payer == payer)
        spent -= sum(each.minor for each in errands if each.payer == payer)
        if payer.startswith("wallet-"):
            assert rows[f"payer:{payer}"] == Money.parse("100000.00 HKD").minor - spent


def _rows(gateway: Gateway, sql: str) -> list[tuple[str | int, ...]]:
    with closing(sqlite3.connect(gateway.data / "tillgate.sqlite")) as connection:
        return connection.execute(sql).fetchall()


def _add_payers(gateway: Gateway) -> None:
    settings = settings_of(str(gateway.data), mode="sandbox")
    pin_hash = asyncio.run(hashed_pin(settings, PIN))
    run: Callable[..., object] = execute
    for payer in SHARES:
        kind = payer.partition("-")[0]
        if kind not in ("wallet", "outside"):
            continue
        issuer = "wallet" if kind == "wallet" else "sandbox"
        payer_id = PayerId(payer)
        run(
            AddPayer,
            settings,
            operator=CLIENT_ID,
            payer_id=payer_id,
            name=payer,
            issuer=issuer,
            pin_hash=pin_hash,
        )
        if kind == "wallet":
            money = Money.parse("100000.00 HKD")
            run(TopUp, settings, operator=CLIENT_ID, payer_id=payer_id, money=money)
