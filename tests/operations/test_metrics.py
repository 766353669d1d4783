"""`/metrics`: who may read it, and what it counts while people pay.

What must hold: in production the token alone opens it; what is counted is what happened, once; no
id and no text of a merchant or payer is ever a label, however many of them come.
"""

from asyncio import FIRST_COMPLETED, TaskGroup, wait
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.asgi import ask, bearer, sandbox, signed_in
from tests.support.gateway import merchant_of, order
from tests.support.reading import Page
from tillgate.bootstrap import House
from tillgate.edge.turns import TURNS_MAX, TURNS_OF_A_PAYER_MAX
from tillgate.gateway.metrics import MetricsDoor
from tillgate.kernel.ids import PayerId

TOKEN = "the-token"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with sandbox(tmp_path / "data") as house:
        yield house


async def test_a_payment_is_counted_at_each_place_it_passes(house: House) -> None:
    await _buy(house, "m-1", "rich")
    await _buy(house, "m-2", "poor")
    page = await _page(house)

    assert page.value("payments_total", code="9000", result="SUCCESS") == 1
    assert page.value("payments_total", code="4000", result="USER_BALANCE_NOT_ENOUGH") == 1
    assert page.value("payments_total") == 2
    assert page.value("callbacks_total", code="9000") == 1
    assert page.value("orders_total", state="WAIT_BUYER_PAY") == 2
    assert page.value("orders_total", state="TRADE_SUCCESS", reason="") == 1
    assert page.value("ledger_entries_total", kind="PAYMENT") == 1
    assert page.value("ledger_moved_minor_units_total", kind="PAYMENT", currency="HKD") >= 1_000
    assert page.value("commands_total", verb="Confirm", outcome="DONE") == 2
    assert page.value("batches_total", outcome="committed") == page.value("commit_seconds_count")
    assert page.value("pin_wait_seconds_count") == 4
    assert page.value("http_requests_total", door="cashier", status="200") == 4
    assert page.value("http_request_seconds_count", door="cashier") == 4
    assert page.value("processes") == 1
    assert page.value("info", mode="sandbox") == 1


async def test_a_pin_that_finds_all_turns_taken_is_counted_as_refused_for_traffic(
    house: House,
) -> None:
    """PINs are the narrow place, so this is how too much comes; one payer's own crowd is not."""
    turns = house.desk.turns
    rich = {"payer": "rich", "pin": "123456"}
    async with AsyncExitStack() as held:
        for number in range(TURNS_MAX - 1):
            await held.enter_async_context(turns.of(PayerId(f"payer-{number}")))
        assert (await ask(house, "POST", "/wallet/session", rich)).status == 200
        await held.enter_async_context(turns.of(PayerId("the last")))
        assert (await ask(house, "POST", "/wallet/session", rich)).status == 429
    assert (await _page(house)).value("refused_for_traffic_total", where="pins") == 1

    async with AsyncExitStack() as held, TaskGroup() as waiting:
        await held.enter_async_context(turns.of(PayerId("rich")))
        asked = [
            waiting.create_task(ask(house, "POST", "/wallet/session", rich))
            for _ in range(TURNS_OF_A_PAYER_MAX)
        ]
        await wait(asked, return_when=FIRST_COMPLETED)
        assert [task.result().status for task in asked if task.done()] == [429]
        await held.aclose()
    assert (await _page(house)).value("refused_for_traffic_total", where="pins") == 1


async def test_a_repeat_of_a_call_is_no_second_payment(house: House) -> None:
    for _ in range(3):
        await _buy(house, "again-1", "rich")
    page = await _page(house)

    assert page.value("payments_total") == 1
    assert page.value("orders_total", state="TRADE_SUCCESS") == 1
    assert page.value("callbacks_total", code="9000") == 3


async def test_an_issuer_and_what_it_answered_is_counted(house: House) -> None:
    await _buy(house, "i-1", "unknown-then-paid")
    page = await _page(house)

    assert page.value("attempts_total", kind="DEBIT", state="ASKED") == 1
    assert page.value("attempts_total", kind="DEBIT", state="UNKNOWN") == 1
    assert page.value("issuer_seconds_count", issuer="sandbox", kind="DEBIT", answer="Unknown") == 1
    assert page.value("payments_total") == 0, "unknown has not ended"
    assert page.value("callbacks_total", code="8000") == 1


async def test_labels_are_words_of_ours_whatever_comes(house: House) -> None:
    await _buy(house, "strange-number-1", "rich")
    before = await _page(house)
    for n in range(20):
        await _buy(house, f"strange-number-{n}", "rich")
        await ask(house, "POST", f"/api/strange-{n}.htm", {"request": f"strange-{n}"})
        await ask(house, "GET", f"/cashier/strange-{n}")
        await ask(house, f"STRANGE{n}", "/wallet")
    after = await _page(house)

    assert not [label for label in after.labels() if "strange" in label.lower()]
    assert not after.labels() & {"rich", "2160400000002012", "4Q5XSH6SSG02T006"}
    # A few new words (a door that was not asked before, a status), not twenty of each.
    assert after.series() - before.series() < 60


@pytest.mark.parametrize(
    ("peer", "headers", "is_sandbox", "status"),
    [
        ("127.0.0.1", [(b"host", b"127.0.0.1:8080")], True, 200),
        ("127.0.0.1", [(b"host", b"127.0.0.1:8080")], False, 401),
        ("127.0.0.1", [(b"host", b"pay.example.com")], True, 401),
        ("127.0.0.1", [(b"host", b"localhost:1"), (b"x-forwarded-for", b"1.2.3.4")], True, 401),
        ("127.0.0.1", [(b"host", b"localhost:1"), (b"via", b"1.1 proxy")], True, 401),
        ("203.0.113.9", [(b"host", b"127.0.0.1:8080")], True, 401),
        ("10.0.0.7", [(b"host", b"pay"), (b"authorization", b"Bearer the-token")], False, 200),
        ("10.0.0.7", [(b"host", b"pay"), (b"authorization", b"Bearer the-token2")], False, 401),
        ("10.0.0.7", [(b"host", b"pay"), (b"authorization", b"the-token")], False, 401),
        ("10.0.0.7", [(b"host", b"pay"), (b"authorization", b"")], False, 401),
    ],
)
async def test_who_may_read(
    peer: str, headers: list[tuple[bytes, bytes]], *, is_sandbox: bool, status: int
) -> None:
    door = MetricsDoor(lambda: b"counted 1\n", TOKEN, is_open_here=is_sandbox)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError

    scope = {"type": "http", "method": "GET", "client": (peer, 5_000), "headers": headers}
    await door(scope, receive, send)

    assert sent[0]["status"] == status
    assert (b"counted" in sent[1]["body"]) == (status == 200)


async def test_a_restart_keeps_the_token_and_no_one_else_reads_it(tmp_path: Path) -> None:
    async with sandbox(tmp_path / "data") as house:
        token = (house.folder.path / "metrics.token").read_text()
    async with sandbox(tmp_path / "data") as house:
        path = house.folder.path / "metrics.token"
        assert path.read_text() == token
        assert path.stat().st_mode & 0o077 == 0
        known = (b"authorization", f"Bearer {token}".encode())
        reply = await ask(house, "GET", "/metrics", host="10.1.1.1:9", headers=[known])
        assert reply.status == 200
        assert reply.headers["content-type"].startswith("text/plain; version=0.0.4")


async def test_metrics_are_only_read(house: House) -> None:
    assert (await ask(house, "POST", "/metrics")).status == 405


async def _buy(house: House, number: str, payer: str) -> None:
    """Let a payer buy; the outcome is whatever it is."""
    text = merchant_of(house.folder.path).order_str(order(number))
    me = [bearer(await signed_in(house, payer))]
    call = {"orderStr": text, "callId": f"call-{number}"}
    reply = await ask(house, "POST", "/cashier/trade-pay", call, headers=me)
    url = reply.json().get("cashierUrl")
    if url:
        path = url.partition("8080")[2]
        await ask(house, "POST", f"{path}/confirm", {"pin": "123456"}, headers=me)


async def _page(house: House) -> Page:
    reply = await ask(house, "GET", "/metrics")
    assert reply.status == 200, reply
    return Page(reply.body.decode())
