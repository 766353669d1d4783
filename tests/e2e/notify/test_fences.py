"""Two notifiers, dead ones, late answers, full hosts, withdrawals: who sends which number.

What must hold: no two processes send one number; a number under which nothing went out is given
back; an acknowledgement counts however late it comes; what was withdrawn is not sent.
"""

import asyncio
from collections.abc import Callable

from tests.e2e.notify import shops
from tests.e2e.notify.claims import claim
from tests.e2e.notify.shops import Line, Shop
from tests.e2e.notify.stage import PATIENT, QUICK, Stage, sender, staged
from tests.e2e.notify.test_ladder import WAITS_MS
from tests.e2e.outgoing.receivers import http
from tillgate.acquiring.states import NotificationState
from tillgate.edge.story import StepKind
from tillgate.engine.commands import AnswerAttempt, Cancel
from tillgate.engine.decide.paying import Ask
from tillgate.engine.issuer import Approved
from tillgate.kernel.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from tillgate.kernel.ids import ClientId, MerchantId, MerchantTransId
from tillgate.simulation.loop import VirtualLoop
from tillgate.workers.ack import Verdict
from tillgate.workers.notifier import Notifier
from tillgate.workers.outgoing.port import SendFailure, SendResult
from tillgate.workers.outgoing.sender import HttpSender, SendLimits

LEASE_MS = 30 * SECOND_MS


class CountingSender:
    """Answers as a test says, and counts what it was handed."""

    def __init__(self, *answers: Callable[[bytes], SendResult]) -> None:
        self.answers = answers
        self.sent: list[bytes] = []

    def room(self, url: str) -> int:
        return 4

    async def send(self, url: str, body: bytes) -> SendResult:
        self.sent.append(body)
        await asyncio.sleep(0.001)
        return self.answers[min(len(self.sent), len(self.answers)) - 1](body)


def no_answer(failure: SendFailure) -> Callable[[bytes], SendResult]:
    return lambda _: SendResult(
        status=None,
        body=b"",
        elapsed_ms=0,
        connected_address=None,
        failure=failure,
        sentence=failure.sentence,
    )


def acknowledging(shop: Shop) -> Callable[[bytes], SendResult]:
    return lambda body: SendResult(
        status=200,
        body=shop.sdk().acknowledge(shop.event(body)),
        elapsed_ms=0,
        connected_address=None,
        failure=None,
        sentence="",
    )


async def test_two_notifiers_on_one_store_never_send_the_same_number() -> None:
    async with staged(processes=2) as stages:
        shop = Shop("M-1", shops.fails)
        await stages[0].registers(shop)
        async with shop.opened():
            orders = [f"A-{n}" for n in range(40)]
            for order in orders:
                await stages[0].pays(shop, order)
            notifiers = [Notifier(stage.desk, sender(), QUICK) for stage in stages]
            for wait_ms in WAITS_MS:
                stages[0].clock.advance(wait_ms)
                await asyncio.gather(*(notifier.tick() for notifier in notifiers))
            numbers = {
                order: [send.send_no for send in await stages[0].sends(shop, order)]
                for order in orders
            }
            assert numbers == {order: list(range(1, 9)) for order in orders}
            assert len(shop.bodies) == 8 * len(orders)
            told = [len(await stage.told(StepKind.NOTIFICATION_SENT)) for stage in stages]
            assert sum(told) == len(shop.bodies)
            assert min(told) > 0, "both had a part in it"


async def test_a_send_whose_process_died_is_followed_by_the_next_number() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.fails)
        await stage.registers(shop)
        async with shop.opened():
            await stage.pays(shop, "A-1")
            assert await claim(stage, sends=0) == 1
            notifier = Notifier(stage.desk, sender(), QUICK)
            await notifier.tick()
            assert not shop.bodies, "the dead process's lease holds"
            assert await notifier.next_at_ms() == stage.clock.now_ms() + LEASE_MS
            stage.clock.advance(LEASE_MS)
            for wait_ms in (0, *WAITS_MS[2:], 1_000 * HOUR_MS):
                stage.clock.advance(wait_ms)
                await notifier.tick()
            numbers = [send.send_no for send in await stage.sends(shop, "A-1")]
            assert numbers == list(range(2, 9)), (
                "the lost number has no row, the eighth is the last"
            )
            assert (await stage.owed(shop, "A-1")).state is NotificationState.EXHAUSTED


async def test_a_lost_eighth_send_is_made_up_for_by_one_more() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.fails)
        await stage.registers(shop)
        async with shop.opened():
            await stage.pays(shop, "A-1")
            notifier = Notifier(stage.desk, sender(), QUICK)
            for wait_ms in WAITS_MS[:7]:
                stage.clock.advance(wait_ms)
                await notifier.tick()
            stage.clock.advance(WAITS_MS[7])
            assert await claim(stage, sends=7) == 8
            for wait_ms in (LEASE_MS, 1_000 * HOUR_MS):
                stage.clock.advance(wait_ms)
                await notifier.tick()
            assert len(shop.bodies) == 8
            assert (await stage.owed(shop, "A-1")).state is NotificationState.EXHAUSTED


async def test_an_acknowledgement_after_the_end_still_counts() -> None:
    async with staged(processes=2) as [first, second]:
        shop = Shop("M-1", shops.fails)
        await first.registers(shop)
        await first.pays(shop, "A-1")
        notifier = Notifier(first.desk, CountingSender(no_answer(SendFailure.TIMEOUT)), QUICK)
        for wait_ms in WAITS_MS[:7]:
            first.clock.advance(wait_ms)
            await notifier.tick()
        first.clock.advance(WAITS_MS[7])
        may_answer = asyncio.Event()
        slow = SlowSender(CountingSender(acknowledging(shop)), may_answer)
        waiting = asyncio.create_task(Notifier(second.desk, slow, QUICK).tick())
        await slow.began.wait()
        first.clock.advance(LEASE_MS)
        await notifier.tick()
        assert (await first.owed(shop, "A-1")).state is NotificationState.EXHAUSTED
        may_answer.set()
        await waiting
        assert (await first.owed(shop, "A-1")).state is NotificationState.ACKNOWLEDGED
        verdicts = [send.verdict for send in await first.sends(shop, "A-1")]
        assert verdicts[7:] == [Verdict.ACKNOWLEDGED.name, SendFailure.TIMEOUT.name]


class SlowSender:
    """Holds a message back until it may answer."""

    def __init__(self, sender: CountingSender, may_answer: asyncio.Event) -> None:
        self.sender, self.may_answer, self.began = sender, may_answer, asyncio.Event()

    def room(self, url: str) -> int:
        return self.sender.room(url)

    async def send(self, url: str, body: bytes) -> SendResult:
        self.began.set()
        await self.may_answer.wait()
        return await self.sender.send(url, body)


def test_a_busy_host_uses_up_no_step_of_the_ladder() -> None:
    """By a clock of its own: a busy machine would let the rest pass by."""
    loop = VirtualLoop()
    loop.run_until_complete(_meets_a_busy_host())
    loop.close()


async def _meets_a_busy_host() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        await stage.pays(shop, "A-1")
        busy = CountingSender(no_answer(SendFailure.BUSY), acknowledging(shop))
        notifier = Notifier(stage.desk, busy, QUICK)
        await notifier.tick()
        row = await stage.owed(shop, "A-1")
        assert (row.sends, row.lease_until_ms) == (0, 0)
        assert row.state is NotificationState.PENDING
        assert len(busy.sent) == 1, "it rests before it is tried again"
        await asyncio.sleep(QUICK.pause_ms / 1_000)
        await notifier.tick()
        [send] = await stage.sends(shop, "A-1")
        assert (send.send_no, send.verdict) == (1, Verdict.ACKNOWLEDGED.name)


async def test_a_full_host_is_not_even_claimed_for() -> None:
    async with staged() as [stage]:
        may_answer = asyncio.Event()

        async def holds_back(shop: Shop, body: bytes, line: Line) -> None:
            await may_answer.wait()
            line.writer.write(http("500 Oops"))

        one, other = Shop("M-1", holds_back), Shop("M-2", shops.acknowledges)
        await stage.registers(one, other)
        async with one.opened():
            for shop in (one, other):  # Two merchants behind one host.
                for number in range(4):
                    await stage.pays(shop, f"A-{number}", url=one.url)
            limits = SendLimits(
                exchange_ms_max=PATIENT.exchange_ms_max, turn_wait_ms_max=1, sends_per_host_max=3
            )
            handed = HandedSender(sender(limits))
            working = asyncio.create_task(Notifier(stage.desk, handed, QUICK).tick())
            while one.answering < 3:
                await asyncio.sleep(0.005)
            may_answer.set()
            await working
            assert handed.at_once_most == one.answering_most == 3
            for shop in (one, other):
                for number in range(4):
                    [send] = await stage.sends(shop, f"A-{number}")
                    assert (send.send_no, send.verdict) == (1, Verdict.WRONG_STATUS.name)


class HandedSender:
    """Counts how many messages a sender was handed at once, whether they went out or waited."""

    def __init__(self, sender: HttpSender) -> None:
        self.sender, self.at_once, self.at_once_most = sender, 0, 0

    def room(self, url: str) -> int:
        return self.sender.room(url)

    async def send(self, url: str, body: bytes) -> SendResult:
        self.at_once += 1
        self.at_once_most = max(self.at_once_most, self.at_once)
        try:
            return await self.sender.send(url, body)
        finally:
            self.at_once -= 1


async def test_what_a_cancel_withdrew_is_never_sent() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        async with shop.opened():
            await stage.pays(shop, "A-1")
            await stage.engine.execute(_cancel(stage))
            notifier = Notifier(stage.desk, sender(), QUICK)
            for wait_ms in WAITS_MS:
                stage.clock.advance(wait_ms)
                await notifier.tick()
            assert not shop.bodies
            assert (await stage.owed(shop, "A-1")).state is NotificationState.WITHDRAWN


async def test_a_withdrawal_while_it_is_on_the_way_ends_the_ladder() -> None:
    async with staged() as [stage]:
        shop, may_end = Shop("M-1", shops.fails), asyncio.Event()
        await stage.registers(shop)
        await stage.pays(shop, "A-1")
        lost = CountingSender(no_answer(SendFailure.TIMEOUT))
        slow = SlowSender(lost, may_end)
        notifier = Notifier(stage.desk, slow, QUICK)
        sending = asyncio.create_task(notifier.tick())
        await slow.began.wait()
        await stage.engine.execute(_cancel(stage))
        may_end.set()
        await sending
        stage.clock.advance(2 * MINUTE_MS)
        await notifier.tick()
        assert len(lost.sent) == 1
        assert len(await stage.sends(shop, "A-1")) == 1, "what went out is kept all the same"


async def test_an_order_that_closed_after_a_try_is_told_as_closed() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.acknowledges)
        await stage.registers(shop)
        async with shop.opened():
            ask = await stage.pays(shop, "A-1", payer="slow")
            assert isinstance(ask, Ask)
            await stage.engine.execute(_cancel(stage))
            await stage.engine.execute(
                AnswerAttempt(
                    operation_id=stage.operation(),
                    merchant_id=ask.merchant_id,
                    merchant_trans_id=ask.merchant_trans_id,
                    attempt_no=ask.attempt_no,
                    answer=Approved(),
                )
            )
            await Notifier(stage.desk, sender(), QUICK).tick()
            [event] = [shop.event(body) for body in shop.bodies]
            assert (event.paid, event.result.result_code) == (False, "ORDER_IS_CLOSED")
            assert b'"resultStatus":"F"' in shop.bodies[0]
            assert b'"payStatus":"TRADE_CLOSED"' in shop.bodies[0]


async def test_a_stop_waits_for_what_is_under_way_but_not_for_ever() -> None:
    async with staged() as [stage]:
        shop = Shop("M-1", shops.hangs)
        await stage.registers(shop)
        async with shop.opened():
            await stage.pays(shop, "A-1")
            notifier = Notifier(stage.desk, sender(), QUICK)
            notifier.start()
            while not shop.bodies:
                await asyncio.sleep(0.005)
            async with asyncio.timeout(PATIENT.exchange_ms_max / 2_000):
                await notifier.stop()
            assert not await stage.sends(shop, "A-1")
            shop.good_from = 2
            stage.clock.advance(LEASE_MS)
            await Notifier(stage.desk, sender(), QUICK).tick()
            assert (await stage.owed(shop, "A-1")).state is NotificationState.ACKNOWLEDGED


def _cancel(stage: Stage) -> Cancel:
    return Cancel(
        operation_id=stage.operation(),
        client_id=ClientId("CM-1"),
        merchant_id=MerchantId("M-1"),
        merchant_trans_id=MerchantTransId("A-1"),
    )
