"""The workers that look for what is due: expiry, attempts, the virtual clock, and the loop itself.

What must hold: what is due is done once, at its own instant; what fails rests and harms nobody; a
loop outlives every fault.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.e2e.notify import shops
from tests.e2e.notify.shops import Shop
from tests.e2e.notify.stage import NOON_MS, QUICK, Stage, sender, staged
from tests.support.engines import keep
from tillgate.acquiring.acquirement import Acquirement, CloseReason
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.notification import Notification
from tillgate.acquiring.replay import MARK_KEPT_MS, MARK_LIFE_MS, RequestMark
from tillgate.acquiring.states import AcquirementState, AttemptState, NotificationState
from tillgate.engine.decide.paying import Ask
from tillgate.engine.issuer import Answer, Approved, Declined, Question, Unknown
from tillgate.engine.ports import Select
from tillgate.kernel.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from tillgate.kernel.errors import Unavailable
from tillgate.kernel.ids import ClientId, ReqMsgId
from tillgate.kernel.record import Key
from tillgate.simulation.loop import VirtualLoop
from tillgate.workers.attempts import Attempts
from tillgate.workers.expiry import Expiry
from tillgate.workers.loop import Loop
from tillgate.workers.notifier import Notifier
from tillgate.workers.run import Workers
from tillgate.workers.under_way import UnderWay

LIFE_MS = 180 * SECOND_MS
PATIENCE_S = 60.0


class Bank:
    """An outside issuer that answers as it is told, one answer after the other."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Question]] = []
        self.at_once_most = 0
        self._at_once = 0

    async def debit(self, question: Question) -> Answer:
        return await self._answer("debit", question)

    async def query(self, question: Question) -> Answer:
        return await self._answer("query", question)

    async def refund(self, question: Question) -> Answer:
        return await self._answer("refund", question)

    async def _answer(self, what: str, question: Question) -> Answer:
        self.asked.append((what, question))
        self._at_once += 1
        self.at_once_most = max(self.at_once_most, self._at_once)
        await asyncio.sleep(0.001)
        self._at_once -= 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


async def order_of(stage: Stage, shop: Shop, order: str) -> Acquirement:
    row = await stage.store.get(Acquirement, shop.merchant_id, order)
    assert row is not None
    return row


async def attempts_of(stage: Stage) -> Sequence[Attempt]:
    rows: Sequence[Attempt] = await stage.store.select(Select(record=Attempt))
    return rows


async def test_orders_are_closed_at_their_own_time_and_paid_ones_are_left_alone() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        for number in range(20):
            await stage.opens(shop, f"A-{number}")
        await stage.pays(shop, "paid")
        expiry = Expiry(stage.desk, msgspec.structs.replace(QUICK, expiry_page=3))
        assert await expiry.next_at_ms() == NOON_MS + LIFE_MS
        stage.clock.advance(LIFE_MS - 1)
        await expiry.tick()
        assert (await order_of(stage, shop, "A-0")).state is AcquirementState.WAIT_BUYER_PAY
        stage.clock.advance(1)
        await expiry.tick()
        for number in range(20):
            row = await order_of(stage, shop, f"A-{number}")
            assert (row.state, row.close_reason) == (
                AcquirementState.TRADE_CLOSED,
                CloseReason.EXPIRED,
            )
        assert (await order_of(stage, shop, "paid")).state is AcquirementState.TRADE_SUCCESS
        assert await expiry.next_at_ms() is None


async def test_an_order_with_an_open_attempt_is_not_closed_by_time() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        assert isinstance(await stage.pays(shop, "A-1", payer="slow"), Ask)
        stage.clock.advance(1_000 * LIFE_MS)
        await Expiry(stage.desk, QUICK).tick()
        assert (await order_of(stage, shop, "A-1")).state is AcquirementState.WAIT_BUYER_PAY


def _mark(number: int, at_ms: int) -> RequestMark:
    return RequestMark(
        client_id=ClientId("C"), req_msg_id=ReqMsgId(f"m{number:02}"), digest="3f", at_ms=at_ms
    )


async def test_marks_are_forgotten_once_they_counted_for_nothing_for_long() -> None:
    async with staged() as [stage]:
        marks = [_mark(number, NOON_MS + number) for number in range(10)]
        await keep(stage.store, *marks)
        expiry = Expiry(stage.desk, msgspec.structs.replace(QUICK, forget_page=4))
        stage.clock.advance(MARK_KEPT_MS)
        await expiry.tick()
        assert await stage.store.select(Select(record=RequestMark)) == marks

        stage.clock.advance(9)
        await expiry.tick()
        assert await stage.store.select(Select(record=RequestMark)) == [marks[9]]
        stage.clock.advance(1)
        await expiry.tick()
        assert await stage.store.select(Select(record=RequestMark)) == []


async def test_a_tick_forgets_so_many_pages_and_leaves_the_rest_to_the_next() -> None:
    async with staged() as [stage]:
        await keep(stage.store, *(_mark(number, NOON_MS + number) for number in range(10)))
        settings = msgspec.structs.replace(QUICK, forget_page=2, forget_pages_max=3)
        expiry = Expiry(stage.desk, settings)
        stage.clock.advance(2 * MARK_KEPT_MS)
        for left in (4, 0, 0):
            await expiry.tick()
            assert len(await stage.store.select(Select(record=RequestMark))) == left


def test_a_mark_is_kept_far_longer_than_it_counts() -> None:
    assert MARK_KEPT_MS >= 2 * MARK_LIFE_MS


@pytest.mark.parametrize(
    ("answers", "ends", "order"),
    [
        ([Approved()], AttemptState.APPROVED, AcquirementState.TRADE_SUCCESS),
        ([Declined()], AttemptState.DECLINED, AcquirementState.TRADE_CLOSED),
        ([Unknown(), Approved()], AttemptState.APPROVED, AcquirementState.TRADE_SUCCESS),
        (
            [RuntimeError("the bank's library"), Approved()],
            AttemptState.APPROVED,
            AcquirementState.TRADE_SUCCESS,
        ),
        ([Unknown()], AttemptState.UNKNOWN, AcquirementState.WAIT_BUYER_PAY),
    ],
)
async def test_an_issuer_is_asked_until_it_says_yes_or_no(
    answers: list[Answer | Exception], ends: AttemptState, order: AcquirementState
) -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        stage.issuers["bank"] = bank = Bank(*answers)
        await stage.pays(shop, "A-1", payer="slow")
        attempts = Attempts(stage.desk, QUICK)
        await attempts.tick()
        assert not bank.asked, "the door that asked first still has its time"
        for _ in range(4):
            stage.clock.advance(4 * MINUTE_MS)
            await attempts.tick()
        [attempt] = await attempts_of(stage)
        assert attempt.state is ends
        assert (await order_of(stage, shop, "A-1")).state is order
        assert {what for what, _ in bank.asked} == {"query"}
        assert {question.reference for _, question in bank.asked} == {"M-1/A-1/1"}
        assert len(bank.asked) == (4 if ends is AttemptState.UNKNOWN else len(answers))


async def test_issuers_answers_are_waited_for_so_many_at_a_time_and_none_twice() -> None:
    async with staged(processes=2) as stages:
        shop = Shop("M-1", shops.acknowledges)
        await stages[0].registers(shop)
        bank = Bank(Approved())
        for stage in stages:
            stage.issuers["bank"] = bank
        for number in range(30):
            await stages[0].pays(shop, f"A-{number}", payer="slow")
        stages[0].clock.advance(MINUTE_MS)
        settings = msgspec.structs.replace(QUICK, attempts_max=4)
        await asyncio.gather(*(Attempts(stage.desk, settings).tick() for stage in stages))
        assert len(bank.asked) == 30
        assert len({question.reference for _, question in bank.asked}) == 30
        assert bank.at_once_most <= 8, "four for each of two processes"
        states = {attempt.state for attempt in await attempts_of(stages[0])}
        assert states == {AttemptState.APPROVED}


async def test_a_clock_that_is_advanced_does_every_due_thing_at_its_own_instant() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.fails, good_from=8)
        await stage.registers(shop)
        stage.issuers["bank"] = Bank(Unknown(), Approved())
        async with shop.opened():
            workers = Workers(stage.desk, sender(), QUICK)
            await stage.pays(shop, "A-1")
            await stage.opens(shop, "B-1")
            await stage.pays(shop, "C-1", payer="slow")
            await workers.advance(stage.clock, 25 * 60 * MINUTE_MS)
            assert stage.clock.now_ms() == NOON_MS + 25 * 60 * MINUTE_MS
            instants = [send.sent_at_ms - NOON_MS for send in await stage.sends(shop, "A-1")]
            assert instants[:3] == [0, 2 * MINUTE_MS, 12 * MINUTE_MS]
            closed = await order_of(stage, shop, "B-1")
            assert closed.closed_at_ms == NOON_MS + LIFE_MS
            paid = await order_of(stage, shop, "C-1")
            assert paid.state is AcquirementState.TRADE_SUCCESS
            assert paid.paid_at_ms is not None
            assert paid.paid_at_ms < NOON_MS + MINUTE_MS
            for order in ("A-1", "C-1"):
                assert (await stage.owed(shop, order)).state is NotificationState.ACKNOWLEDGED
            assert await workers.next_at_ms() is None


async def test_started_workers_do_what_falls_due_and_stop() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        stage.issuers["bank"] = Bank(Approved())
        async with shop.opened():
            workers = Workers(stage.desk, sender(), QUICK)
            workers.start()
            await stage.pays(shop, "A-1")
            await stage.pays(shop, "B-1", payer="slow")
            await stage.opens(shop, "C-1")
            stage.clock.advance(LIFE_MS)
            async with asyncio.timeout(PATIENCE_S):
                while len(shop.bodies) < 2 or (await order_of(stage, shop, "C-1")).waits:
                    await asyncio.sleep(0.005)
            await workers.stop()
            await stage.pays(shop, "D-1")
            await asyncio.sleep(0.1)
            assert len(shop.bodies) == 2, "nothing is sent after the stop"


class Noting:
    """A reader that notes in which order notifications are asked for."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader
        self.orders = set[tuple[str, ...]]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reader, name)

    async def select(self, query: Select) -> Any:
        if query.record is Notification:
            self.orders.add(query.order_by)
        return await self._reader.select(query)


async def test_what_little_is_due_is_found_by_when_it_is_due_and_by_nothing_else() -> None:
    """In the order of merchants PostgreSQL walked over all there ever was, to find a page of it."""
    async with staged() as [stage]:
        some = [Shop(f"M-{number}", shops.fails) for number in range(3)]
        await stage.registers(*some)
        for shop in some:
            await stage.pays(shop, "A-1")
        reader = Noting(stage.desk.reader)
        desk = msgspec.structs.replace(stage.desk, reader=reader)
        notifier = Notifier(desk, sender(), QUICK)
        await notifier.tick()
        stage.clock.advance(HOUR_MS)
        await notifier.tick()

        assert [len(await stage.sends(shop, "A-1")) for shop in some] == [2, 2, 2]
        assert reader.orders == {("due_at_ms",)}


async def test_a_loop_outlives_faults_and_pauses_after_each() -> None:
    looks: list[float] = []
    enough = asyncio.Event()

    async def look() -> None:
        looks.append(asyncio.get_running_loop().time())
        if len(looks) == 4:
            enough.set()
        raise ValueError("a defect")

    loop = Loop("test", look, poll_ms=60_000, pause_ms=20)
    loop.start()
    async with asyncio.timeout(PATIENCE_S):
        await enough.wait()
    await loop.stop()
    assert looks[3] - looks[0] >= 0.055


async def test_a_loop_that_is_woken_while_it_looks_looks_once_more() -> None:
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            loop.wake()

    loop = Loop("test", look, poll_ms=60_000, pause_ms=1)
    loop.start()
    async with asyncio.timeout(PATIENCE_S):
        while looks < 2:
            await asyncio.sleep(0.001)
    await asyncio.sleep(0.02)
    await loop.stop()
    assert looks == 2


def test_work_that_fails_rests_and_then_may_start_again() -> None:
    """By a clock of its own: a busy machine would let the rest pass by."""
    loop = VirtualLoop()
    loop.run_until_complete(_fails_and_rests())
    loop.close()


async def _fails_and_rests() -> None:
    ended = 0

    def done() -> None:
        nonlocal ended
        ended += 1

    async def fail(error: Exception) -> None:
        raise error

    under_way = UnderWay(pause_ms=500, done=done)
    keys = [Key(Acquirement, ("M-1", name)) for name in "ab"]
    errors: list[Any] = [ValueError("a defect"), Unavailable("The store is away.")]
    for key, error in zip(keys, errors, strict=True):
        under_way.start(key, fail(error))
        assert not under_way.may_start(key), "it is under way"
    while under_way.count:
        await under_way.one_ended()
    assert (ended, under_way.resting) == (2, 2)
    assert not any(under_way.may_start(key) for key in keys)
    await asyncio.sleep(0.6)
    assert all(under_way.may_start(key) for key in keys)
    assert under_way.resting == 0
