"""Fifty clients at once over HTTP give the same payment back: exactly one full amount goes back.

Each has a connection of its own and waits for the others before it asks. What must hold: whatever
order the gateway takes them in, refunds and cancels never come to more than was paid, every answer
says what the books say, and the audit finds nothing.
"""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest

from tests.e2e.api.posting import (
    CANCEL,
    QUERY,
    REFUND,
    WAP_PAY,
    Server,
    Told,
    at_home,
    operate,
    path_of,
    pays,
    rows,
)
from tests.support.gateway import Gateway, running
from tillgate.ledger.entries import Entry, Posting

CLIENTS = 50
PAID = 1_000
NUMBERS = count(1)
WALLET, OUTSIDE = "walter", "oscar"
Wish = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("races") / "gateway") as started:
        operate(started, "payer", "add", WALLET)
        operate(started, "payer", "top-up", WALLET, "1000.00 HKD")
        operate(started, "payer", "add", OUTSIDE, "--issuer", "sandbox")
        yield started
        found = started.audit()
    assert found["clean"], found


@pytest.fixture(params=[WALLET, OUTSIDE])
def payer(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def paid(gateway: Gateway, payer: str) -> tuple[str, str]:
    """Return our number and the merchant's own of an order that this payer has paid."""
    me, number = Server(gateway), f"RACE-{next(NUMBERS)}"
    assert pays(gateway, me.sealed(WAP_PAY, me.order(number, PAID)), payer) == "9000"
    found = me.ask(QUERY, me.named(merchantTransId=number)).body["acquirementId"]
    return found, number


def at_once(gateway: Gateway, wishes: Sequence[Wish]) -> list[Told]:
    """Let as many clients ask at the same moment; return what each was told."""
    start, me = threading.Barrier(len(wishes)), Server(gateway)

    def one(path: str, raw: bytes) -> Told:
        with me.connected() as http:
            http.get("/healthz")
            start.wait(240)
            return me.told(http.post(path, content=raw), raw)

    paths = [path_of(function) for function, _ in wishes]
    raws = [me.sealed(*wish) for wish in wishes]
    with ThreadPoolExecutor(len(wishes)) as pool:
        return list(pool.map(one, paths, raws))


def codes(told: Sequence[Told]) -> Counter[str]:
    assert all(each.is_signed for each in told)
    return Counter(each.code for each in told)


async def gone_back(gateway: Gateway, acquirement_id: str) -> int:
    """Return what was booked from the merchant back to the payer of an order, in minor units."""
    found = await rows(gateway, Entry, Posting)
    merchant = f"merchant:{Server(gateway).merchant_id}"
    mine = {entry.entry_id for entry in found[Entry] if acquirement_id in entry.reference}
    legs = [leg for leg in found[Posting] if leg.entry_id in mine]
    back = sum(leg.money.minor for leg in legs if leg.source == merchant)
    again = sum(leg.money.minor for leg in legs if leg.destination == merchant)
    return int(back - again + PAID)


def balance(gateway: Gateway) -> int:
    """Return what the wallet's payer holds, in minor units."""
    with at_home(gateway, WALLET) as (browser, session):
        me = browser.http.get("/wallet/me", headers=session).json()
    return int(me["balance"]["value"])


async def test_cancels_and_full_refunds_give_one_full_amount_back(
    gateway: Gateway, paid: tuple[str, str], payer: str
) -> None:
    ours, theirs = paid
    me, held = Server(gateway), balance(gateway)
    wishes: list[Wish] = []
    for number in range(CLIENTS // 2):
        by = {"acquirementId": ours} if number % 2 else {"merchantTransId": theirs}
        wishes.append((CANCEL, me.named(**by)))
        wishes.append((REFUND, me.refund(ours, f"{theirs}-{number}", PAID)))

    told = at_once(gateway, wishes)

    refunds, cancels = codes(told[1::2]), codes(told[0::2])
    assert await gone_back(gateway, ours) == PAID
    assert balance(gateway) - held == (PAID if payer == WALLET else 0)
    if refunds["SUCCESS"]:
        assert refunds == {"SUCCESS": 1, "AMOUNT_EXCEEDS_LIMIT": CLIENTS // 2 - 1}
        assert cancels == {"REFUND_TRANSACTION_EXIST": CLIENTS // 2}
    else:
        assert cancels == {"SUCCESS": CLIENTS // 2}
        assert refunds == {"ORDER_IS_CLOSED": CLIENTS // 2}
    after = me.ask(QUERY, me.named(acquirementId=ours)).body
    assert (after["payStatus"], after["refundedAmount"]["value"]) == ("TRADE_CLOSED", str(PAID))


@pytest.mark.parametrize("part", [333, 300])
async def test_parts_that_do_not_divide_the_amount_never_come_to_more(
    gateway: Gateway, paid: tuple[str, str], payer: str, part: int
) -> None:
    ours, theirs = paid
    me, held = Server(gateway), balance(gateway)
    wishes: list[Wish] = [
        (REFUND, me.refund(ours, f"{theirs}-{number}", part)) for number in range(CLIENTS)
    ]

    said = codes(at_once(gateway, wishes))

    done = min(CLIENTS, PAID // part)
    expected = {"SUCCESS": done, "AMOUNT_EXCEEDS_LIMIT": CLIENTS - done}
    assert said == {code: times for code, times in expected.items() if times}
    assert await gone_back(gateway, ours) == done * part
    assert balance(gateway) - held == (done * part if payer == WALLET else 0)
    after = me.ask(QUERY, me.named(acquirementId=ours)).body
    assert after["refundedAmount"]["value"] == str(done * part)


async def test_the_same_refund_fifty_times_is_one_refund(
    gateway: Gateway, paid: tuple[str, str], payer: str
) -> None:
    ours, theirs = paid
    me, held = Server(gateway), balance(gateway)

    told = at_once(gateway, [(REFUND, me.refund(ours, f"{theirs}-R", 400))] * CLIENTS)

    said = codes(told)
    assert said["SUCCESS"] >= 1
    assert set(said) <= {"SUCCESS", "REFUND_IN_PROCESS"}
    times = {each.body["refundTime"] for each in told if each.code == "SUCCESS"}
    assert len(times) == 1
    assert me.ask(REFUND, me.refund(ours, f"{theirs}-R", 400)).code == "SUCCESS"
    assert await gone_back(gateway, ours) == 400
    assert balance(gateway) - held == (400 if payer == WALLET else 0)


async def test_refunds_of_all_kinds_and_cancels_at_once_agree_with_the_books(
    gateway: Gateway, paid: tuple[str, str], payer: str
) -> None:
    """Several numbers, each asked with two amounts, and cancels between them."""
    ours, theirs = paid
    me, held = Server(gateway), balance(gateway)
    wishes: list[Wish] = []
    for number in range(CLIENTS - 5):
        refund_id, minor = f"{theirs}-{number % 9}", (333, 250)[number % 2]
        wishes.append((REFUND, me.refund(ours, refund_id, minor)))
    wishes[5:5] = [(CANCEL, me.named(merchantTransId=theirs))] * 5

    told = at_once(gateway, wishes)

    done = {
        (wish[1]["merchantRefundId"], int(each.body["refundAmount"]["value"]))
        for wish, each in zip(wishes, told, strict=True)
        if wish[0] == REFUND and each.code in {"SUCCESS", "REFUND_IN_PROCESS"}
    }
    assert len({refund_id for refund_id, _ in done}) == len(done), "a number has one amount"
    cancelled = codes([told[at] for at in range(5, 10)])
    after = me.ask(QUERY, me.named(acquirementId=ours)).body
    went_back = await gone_back(gateway, ours)
    assert went_back == int(after["refundedAmount"]["value"]) <= PAID
    assert balance(gateway) - held == (went_back if payer == WALLET else 0)
    if cancelled["SUCCESS"]:
        assert (cancelled, done, went_back) == ({"SUCCESS": 5}, set(), PAID)
    else:
        assert cancelled == {"REFUND_TRANSACTION_EXIST": 5}
        assert went_back == sum(minor for _, minor in done)
        assert {each["merchantRefundId"] for each in after["refunds"]} == {one for one, _ in done}
