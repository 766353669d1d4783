"""Notifications: claimed under a fenced lease, sent by the ladder of PROTOCOL 6.1, resent by hand.

What must hold: no two workers have the same send; the eight sends lie exactly on the ladder; an
acknowledgement counts however late it comes, unless a cancel withdrew the success.
"""

import asyncio
from itertools import accumulate

import pytest

from tests.engine.score import NOON_MS, SHOP, Score, merchant, stage
from tillgate.acquiring.notification import Notification, NotificationSend
from tillgate.acquiring.operator import OperatorAction
from tillgate.engine.commands import (
    ClaimNotification,
    RecordSend,
    ReleaseNotification,
    ResendNotification,
    SetMerchant,
)
from tillgate.kernel.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from tillgate.kernel.ids import NotificationId

PAID_ID = NotificationId("A-1.paid")
LEASE_MS = 30 * SECOND_MS
GAPS_MINUTES = (0, 2, 10, 10, 60, 120, 360, 900)
LADDER_MS = [gap * MINUTE_MS for gap in GAPS_MINUTES]


async def _owe(score: Score) -> None:
    await score.calls("A")
    await score.confirms("A")


async def _row(score: Score, notification_id: str = PAID_ID) -> Notification:
    row = await score.store.get(Notification, SHOP, notification_id)
    assert row is not None
    return row


async def _claim(score: Score, *, sends: int | None = None) -> int:
    seen = (await _row(score)).sends if sends is None else sends
    claim = await score.do(
        ClaimNotification(
            operation_id=score.operation(),
            merchant_id=SHOP,
            notification_id=PAID_ID,
            sends=seen,
        )
    )
    return int(claim.send_no)


async def _record(score: Score, send_no: int, *, acknowledged: bool = False) -> str:
    outcome = await score.do(
        RecordSend(
            operation_id=score.operation(),
            merchant_id=SHOP,
            notification_id=PAID_ID,
            send_no=send_no,
            sent_at_ms=score.clock.now_ms(),
            elapsed_ms=12,
            request=b"{}",
            status=200 if acknowledged else 500,
            response=b"",
            acknowledged=acknowledged,
            verdict="ACKNOWLEDGED" if acknowledged else "STATUS",
            sentence="",
        )
    )
    return str(outcome.state)


async def _resend(score: Score) -> str:
    command = ResendNotification(**score.by_hand(), merchant_id=SHOP, notification_id=PAID_ID)
    return await score.operates(command)


async def _until_due(score: Score) -> None:
    score.waits(max(0, (await _row(score)).due_at_ms - score.clock.now_ms()))


async def _fail_all(score: Score) -> list[int]:
    """Fail every send of the ladder and return when each was sent, from the first."""
    sent_at_ms: list[int] = []
    for _ in range(20):
        if (await _row(score)).state != "PENDING":
            return sent_at_ms
        await _until_due(score)
        sent_at_ms.append(score.clock.now_ms() - NOON_MS)
        await _record(score, await _claim(score))
    raise AssertionError("the ladder never ends")


async def test_eight_sends_lie_on_the_ladder_and_then_it_is_over() -> None:
    async with stage() as score:
        await _owe(score)

        assert await _fail_all(score) == list(accumulate(LADDER_MS))
        assert sum(LADDER_MS) == 24 * HOUR_MS + 22 * MINUTE_MS
        assert await score.told() == ("SUCCESS EXHAUSTED",)
        assert await _claim(score) == 0
        assert len(await score.rows(NotificationSend)) == 8


@pytest.mark.parametrize("send_no", range(1, 9))
async def test_an_acknowledgement_ends_it_at_any_send(send_no: int) -> None:
    async with stage() as score:
        await _owe(score)
        for number in range(1, send_no + 1):
            score.waits(max(0, (await _row(score)).due_at_ms - score.clock.now_ms()))
            await _record(score, await _claim(score), acknowledged=number == send_no)

        assert await score.told() == ("SUCCESS ACKNOWLEDGED",)
        score.waits(100 * HOUR_MS)
        assert await _claim(score) == 0


async def test_nothing_is_sent_before_it_is_due() -> None:
    async with stage() as score:
        await _owe(score)
        await _record(score, await _claim(score))
        score.waits(2 * MINUTE_MS - 1)
        assert await _claim(score) == 0
        score.waits(1)
        assert await _claim(score) == 2


async def test_two_workers_never_have_the_same_send() -> None:
    async with stage() as score:
        await _owe(score)
        claims = await asyncio.gather(
            *(
                score.engine.execute(
                    ClaimNotification(
                        operation_id=score.operation(),
                        merchant_id=SHOP,
                        notification_id=PAID_ID,
                        sends=0,
                    )
                )
                for _ in range(10)
            )
        )

        assert sorted(claim.send_no for claim in claims) == [0] * 9 + [1]


async def test_a_lease_holds_until_it_runs_out() -> None:
    async with stage() as score:
        await _owe(score)
        assert await _claim(score) == 1
        score.waits(LEASE_MS - 1)
        assert await _claim(score) == 0
        score.waits(1)
        assert await _claim(score, sends=0) == 0
        assert await _claim(score) == 2


async def test_a_stale_workers_failure_is_kept_but_decides_nothing() -> None:
    async with stage() as score:
        await _owe(score)
        await _claim(score)
        score.waits(LEASE_MS)
        await _claim(score)
        before = await _row(score)

        assert await _record(score, 1) == "PENDING"
        assert await _row(score) == before
        assert len(await score.rows(NotificationSend)) == 1


async def test_a_stale_workers_acknowledgement_counts() -> None:
    async with stage() as score:
        await _owe(score)
        await _claim(score)
        score.waits(LEASE_MS)
        await _claim(score)

        assert await _record(score, 1, acknowledged=True) == "ACKNOWLEDGED"
        assert await _record(score, 2) == "ACKNOWLEDGED"


async def test_an_acknowledgement_after_the_last_send_still_counts() -> None:
    async with stage() as score:
        await _owe(score)
        await _claim(score)
        score.waits(LEASE_MS)
        await _fail_all(score)
        assert await score.told() == ("SUCCESS EXHAUSTED",)

        assert await _record(score, 1, acknowledged=True) == "ACKNOWLEDGED"


async def test_a_send_is_recorded_once() -> None:
    async with stage() as score:
        await _owe(score)
        await _claim(score)
        await _record(score, 1)
        first = await _row(score)

        assert await _record(score, 1, acknowledged=True) == "PENDING"
        assert await _row(score) == first


async def test_an_operator_sends_again_what_was_given_up_and_leaves_a_name() -> None:
    async with stage() as score:
        await _owe(score)
        await _fail_all(score)

        assert await _resend(score) == "SendRecorded"
        assert await _claim(score) == 9
        assert await _record(score, 9) == "EXHAUSTED"
        log = [row.action for row in await score.rows(OperatorAction)]
        assert log.count("notification resend") == 1


async def test_an_operator_need_not_wait_for_the_ladder() -> None:
    async with stage() as score:
        await _owe(score)
        await _record(score, await _claim(score))
        assert await _claim(score) == 0
        await _resend(score)

        assert await _claim(score) == 2


@pytest.mark.parametrize("send_no", range(1, len(LADDER_MS) + 2))
async def test_a_send_under_way_that_fails_takes_back_no_resend(send_no: int) -> None:
    async with stage() as score:
        await _owe(score)
        for number in range(1, send_no):
            await _until_due(score)
            await _record(score, await _claim(score))
            assert (await _row(score)).sends == number
        if send_no > len(LADDER_MS):
            await _resend(score)
        await _until_due(score)
        assert await _claim(score) == send_no

        assert await _resend(score) == "SendRecorded"
        assert await _claim(score) == 0
        assert await _record(score, send_no) == "PENDING"
        assert await _claim(score) == send_no + 1


async def test_an_operator_waits_for_no_lease_of_a_clock_that_was_ahead() -> None:
    async with stage() as score:
        await _owe(score)
        ahead = Score(score.store, seed=8)
        ahead.engine.start()
        ahead.waits(24 * HOUR_MS)
        assert await _claim(ahead) == 1
        await ahead.engine.stop()  # It dies while it sends.

        assert await _resend(score) == "SendRecorded"
        score.waits(LEASE_MS)
        assert await _claim(score) == 2


async def test_a_send_that_was_not_made_takes_back_no_resend() -> None:
    async with stage() as score:
        await _owe(score)
        send_no = await _claim(score)
        await _resend(score)
        release = ReleaseNotification(
            operation_id=score.operation(),
            merchant_id=SHOP,
            notification_id=PAID_ID,
            send_no=send_no,
        )
        await score.do(release)

        assert await _claim(score) == send_no


async def test_a_withdrawn_success_is_not_sent_by_anybody() -> None:
    async with stage() as score:
        await _owe(score)
        await _claim(score)
        await score.merchant_cancels()

        assert await score.told() == ("SUCCESS WITHDRAWN",)
        assert await _record(score, 1, acknowledged=True) == "WITHDRAWN"
        score.waits(LEASE_MS)
        assert await _claim(score) == 0
        assert await _resend(score) == "refused ORDER_STATUS_INVALID"


async def test_an_acknowledged_success_is_not_withdrawn() -> None:
    async with stage() as score:
        await _owe(score)
        await _record(score, await _claim(score), acknowledged=True)
        await score.merchant_cancels()

        assert await score.told() == ("SUCCESS ACKNOWLEDGED",)
        assert await _resend(score) == "refused ORDER_STATUS_INVALID"


async def test_what_is_not_there_is_not_resent() -> None:
    async with stage() as score:
        assert await _resend(score) == "refused ORDER_NOT_EXIST"


@pytest.mark.parametrize(
    ("in_order", "registered", "url"),
    [
        ("https://a.example/n", "https://b.example/n", "https://a.example/n"),
        ("", "https://b.example/n", "https://b.example/n"),
        ("", "", None),
    ],
)
async def test_the_orders_address_comes_before_the_registered_one(
    in_order: str, registered: str, url: str | None
) -> None:
    async with stage() as score:
        await score.operates(
            SetMerchant(**score.by_hand(), merchant=merchant(notify_url=registered))
        )
        await score.calls("A", notify_url=in_order)
        await score.confirms("A")

        urls = [row.url for row in await score.rows(Notification)]
        assert urls == ([url] if url else [])


async def test_a_notification_carries_every_fact_of_its_message() -> None:
    async with stage() as score:
        await score.calls("A", version="2.0.4", extend_info='{"productScene":"Prepay"}')
        await score.confirms("A")
        order, row = await score.order(), await _row(score)

        assert (row.result, row.pay_status) == ("SUCCESS", "TRADE_SUCCESS")
        assert (row.version, row.client_id, row.extend_info) == (
            "2.0.4",
            order.client_id,
            '{"productScene":"Prepay"}',
        )
        assert (row.acquirement_id, row.amount, row.paid_at_ms, row.due_at_ms) == (
            order.acquirement_id,
            order.amount,
            order.paid_at_ms,
            NOON_MS,
        )
