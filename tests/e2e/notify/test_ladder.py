"""Seven receivers that fail seven ways get every send of the ladder; a healthy one waits for none.

What must hold: each send is made at its own instant and never before, is a system request of its
own, and is kept with what came back; the eighth send's acknowledgement ends it.
"""

import asyncio
import subprocess
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import accumulate, pairwise
from pathlib import Path

import msgspec
import pytest

from tests.e2e.notify import shops
from tests.e2e.notify.shops import Shop
from tests.e2e.notify.stage import NOON_MS, QUICK, SHORT, Stage, sender, staged
from tests.support.wire import gateway_key
from tillgate.acquiring.states import NotificationState
from tillgate.edge.story import StepKind
from tillgate.engine.commands import ResendNotification
from tillgate.kernel.clock import HOUR_MS, MINUTE_MS, rfc3339
from tillgate.kernel.ids import MerchantId, NotificationId
from tillgate.protocol.profile import Profile
from tillgate.workers.ack import Verdict
from tillgate.workers.notifier import Notifier
from tillgate.workers.outgoing.port import SendFailure, SendResult
from tillgate.workers.outgoing.sender import HttpSender, SendLimits

WAITS_MS = (
    *(0, 2 * MINUTE_MS, 10 * MINUTE_MS, 10 * MINUTE_MS),
    *(1 * HOUR_MS, 2 * HOUR_MS, 6 * HOUR_MS, 15 * HOUR_MS),
)
WAIT_S_MAX = 120
FEW, FEW_IDS = [1_000, 4, 0], ["few are due", "more than few at first", "never few"]
INSTANTS_MS = [NOON_MS + passed_ms for passed_ms in accumulate(WAITS_MS)]

SEVEN = {
    "refuses": (shops.acknowledges, SendFailure.CONNECT.name),
    "hangs": (shops.hangs, SendFailure.TIMEOUT.name),
    "fails": (shops.fails, Verdict.WRONG_STATUS.name),
    "redirects": (shops.redirects, SendFailure.REDIRECT.name),
    "says-success": (shops.says_success, Verdict.NOT_AN_ENVELOPE.name),
    "signs-wrong": (shops.signs_with_another_key, Verdict.WRONG_SIGNATURE.name),
    "drips": (shops.drips, SendFailure.TIMEOUT.name),
}


class ImpatientWith:
    """The real sender, quick to give up with some and patient with all others."""

    def __init__(self, urls: set[str]) -> None:
        self.urls, self.quick, self.patient = urls, sender(SHORT), sender()

    def _of(self, url: str) -> HttpSender:
        return self.quick if url in self.urls else self.patient

    def room(self, url: str) -> int:
        return self._of(url).room(url)

    async def send(self, url: str, body: bytes) -> SendResult:
        return await self._of(url).send(url, body)


@asynccontextmanager
async def a_shop(manner: shops.Manner, **changes: object) -> AsyncIterator[tuple[Stage, Shop]]:
    """Open one shop on a stage."""
    async with staged() as [stage]:
        shop = Shop("M-1", manner)
        for name, value in changes.items():
            setattr(shop, name, value)
        await stage.registers(shop)
        async with shop.opened():
            yield stage, shop


async def test_seven_bad_receivers_get_the_whole_ladder_and_a_good_one_waits_for_none() -> None:
    async with staged() as [stage], AsyncExitStack() as open_shops:
        bad = {name: Shop(name, manner) for name, (manner, _) in SEVEN.items()}
        good = Shop("healthy", shops.acknowledges)
        await stage.registers(*bad.values(), good)
        for name, shop in [*bad.items(), ("healthy", good)]:
            await stage.pays(shop, "A-1")
            if name != "refuses":
                await open_shops.enter_async_context(shop.opened())
        silent = {bad["hangs"].url, bad["drips"].url}
        notifier = Notifier(stage.desk, ImpatientWith(silent), QUICK)

        for number, wait_ms in enumerate(WAITS_MS, start=1):
            if wait_ms:
                stage.clock.advance(wait_ms - 1)
                await notifier.tick()
                assert {len(await stage.sends(shop, "A-1")) for shop in bad.values()} == {
                    number - 1
                }
                stage.clock.advance(1)
            if number == 8:
                await open_shops.enter_async_context(bad["refuses"].opened())
                notifier = Notifier(stage.desk, sender(), QUICK)
                for shop in bad.values():  # However many messages it has read until now.
                    shop.good_from = 1
            await notifier.tick()

        for name, shop in bad.items():
            sends = await stage.sends(shop, "A-1")
            verdicts = [send.verdict for send in sends]
            assert [send.sent_at_ms for send in sends] == INSTANTS_MS, name
            assert verdicts == [SEVEN[name][1]] * 7 + [Verdict.ACKNOWLEDGED.name], name
            assert all(send.sentence for send in sends)
            row = await stage.owed(shop, "A-1")
            assert (row.state, row.ended_at_ms) == (NotificationState.ACKNOWLEDGED, INSTANTS_MS[-1])
        assert len(good.bodies) == 1
        assert [send.verdict for send in await stage.sends(good, "A-1")] == ["ACKNOWLEDGED"]

        stage.clock.advance(1_000 * HOUR_MS)
        await notifier.tick()
        assert len(good.bodies) == 1
        told = {name: len(shop.bodies) for name, shop in bad.items()}
        # Whoever was given up may not have read the message by then.
        assert [told.pop("refuses"), told.pop("hangs") <= 8, told.pop("drips") <= 8] == [1, 1, 1]
        assert set(told.values()) == {8}


async def test_each_send_is_a_system_request_of_its_own_and_is_kept_as_it_went_out() -> None:
    async with a_shop(shops.fails) as (stage, shop):
        await stage.pays(shop, "A-1")
        notifier = Notifier(stage.desk, sender(), QUICK)
        await notifier.tick()
        stage.clock.advance(2 * MINUTE_MS)
        await notifier.tick()
        first, second = [shop.event(body) for body in shop.bodies]
        assert first.head.req_msg_id != second.head.req_msg_id
        assert [first.head.req_time, second.head.req_time] == [
            rfc3339(NOON_MS),
            rfc3339(NOON_MS + 2 * MINUTE_MS),
        ]
        for send, body in zip(await stage.sends(shop, "A-1"), shop.bodies, strict=True):
            assert (send.request, send.status) == (body, 500)
            assert b'"resultCode":"SUCCESS"' in send.response
        plain = [msgspec.json.decode(body)["request"]["body"] for body in shop.bodies]
        row = await stage.owed(shop, "A-1")
        assert (
            plain
            == [
                {
                    "resultInfo": {
                        "resultStatus": "S",
                        "resultCodeId": "00000000",
                        "resultCode": "SUCCESS",
                        "resultMsg": "Done.",
                    },
                    "acquirementId": row.acquirement_id,
                    "merchantTransId": "A-1",
                    "orderAmount": {"currency": "HKD", "value": "1000"},
                    "paymentTime": "2026-03-02T12:00:00+08:00",
                    "payStatus": "TRADE_SUCCESS",
                    "merchantId": "M-1",
                    "extendInfo": '{"productScene":"Prepay"}',
                }
            ]
            * 2
        )


@pytest.mark.parametrize(
    ("profile", "digest"), [(Profile.TILLGATE, "-sha256"), (Profile.ALIPAY_HK, "-sha1")]
)
async def test_openssl_verifies_what_was_sent(
    profile: Profile, digest: str, tmp_path: Path
) -> None:
    async with a_shop(shops.acknowledges, profile=profile) as (stage, shop):
        await stage.pays(shop, "A-1")
        await Notifier(stage.desk, sender(), QUICK).tick()
        assert (await stage.owed(shop, "A-1")).state is NotificationState.ACKNOWLEDGED
    members = msgspec.json.decode(shop.bodies[0], type=dict[str, msgspec.Raw])
    signature = b64decode(msgspec.json.decode(members["signature"]))
    (tmp_path / "signed").write_bytes(bytes(members["request"]))
    (tmp_path / "signature").write_bytes(
        signature if profile is Profile.TILLGATE else b64decode(signature)
    )
    (tmp_path / "key.pem").write_text(gateway_key().public.pem())
    command = ["openssl", "dgst", digest, "-verify", "key.pem", "-signature", "signature", "signed"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0


async def test_after_eight_failures_it_is_over_until_an_operator_asks() -> None:
    async with a_shop(shops.fails) as (stage, shop):
        await stage.pays(shop, "A-1")
        notifier = Notifier(stage.desk, sender(), QUICK)
        for wait_ms in (*WAITS_MS, 1_000 * HOUR_MS):
            stage.clock.advance(wait_ms)
            await notifier.tick()
        assert len(shop.bodies) == 8
        assert (await stage.owed(shop, "A-1")).state is NotificationState.EXHAUSTED
        assert await notifier.next_at_ms() is None

        shop.good_from = 9
        await stage.engine.execute(
            ResendNotification(
                **stage.by_hand(),
                merchant_id=MerchantId("M-1"),
                notification_id=NotificationId("A-1.paid"),
            )
        )
        await notifier.tick()
        assert (await stage.owed(shop, "A-1")).state is NotificationState.ACKNOWLEDGED
        assert [send.send_no for send in await stage.sends(shop, "A-1")] == list(range(1, 10))


@pytest.mark.parametrize("kept", ["in memory", "on disk"])
async def test_a_healthy_merchant_has_its_answer_while_a_thousand_wait_for_a_hanging_one(
    kept: str, tmp_path: Path
) -> None:
    settings = msgspec.structs.replace(QUICK, notify_page=8, notify_few_max=500)
    folder = tmp_path if kept == "on disk" else None
    async with staged(folder=folder) as [stage]:
        hanging, good = Shop("aaa-hangs", shops.hangs), Shop("zzz-good", shops.acknowledges)
        await stage.registers(hanging, good)
        async with hanging.opened(), good.opened():
            await asyncio.gather(*(stage.pays(hanging, f"A-{n}") for n in range(1_000)))
            stage.clock.advance(1)
            patient = sender(SendLimits(exchange_ms_max=600_000))
            notifier = Notifier(stage.desk, patient, settings)
            stage.engine.watch(notifier.watch)
            notifier.start()
            await _until(lambda: hanging.answering == 4)
            await stage.pays(good, "B-1")
            await _until(lambda: len(good.bodies) == 1)
            assert hanging.answering == 4, "its answer came while the other one hung"
            await _until_acknowledged(stage, good, "B-1")
            await notifier.stop()
            assert hanging.answering_most == 4
            assert len(await stage.sends(good, "B-1")) == 1


@pytest.mark.parametrize("page", [64, 5], ids=["all on a page", "more than a page"])
@pytest.mark.parametrize("few", FEW, ids=FEW_IDS)
async def test_a_place_that_becomes_free_is_taken_without_waiting_for_the_next_look(
    few: int, page: int
) -> None:
    settings = msgspec.structs.replace(
        QUICK, notify_poll_ms=2_000 * WAIT_S_MAX, notify_few_max=few, notify_page=page
    )
    async with a_shop(shops.acknowledges) as (stage, shop):
        await asyncio.gather(*(stage.pays(shop, f"A-{n}") for n in range(20)))
        notifier = Notifier(stage.desk, sender(), settings)
        notifier.start()
        await _until(lambda: len(shop.bodies) == 20)
        await notifier.stop()
        assert shop.answering_most <= 4


@pytest.mark.parametrize("kept", ["in memory", "on disk"])
@pytest.mark.parametrize("few", FEW, ids=FEW_IDS)
async def test_merchants_take_turns_when_places_are_few(
    few: int, kept: str, tmp_path: Path
) -> None:
    folder = tmp_path if kept == "on disk" else None
    settings = msgspec.structs.replace(
        QUICK,
        notify_few_max=few,
        notify_sends_max=2,
        notify_sends_per_merchant_max=1,
        notify_page=3,
    )
    async with staged(folder=folder) as [stage], AsyncExitStack() as open_shops:
        some = [Shop(f"M-{n}", shops.acknowledges) for n in range(5)]
        await stage.registers(*some)
        for shop in some:
            await open_shops.enter_async_context(shop.opened())
            for order in range(4):
                await stage.pays(shop, f"A-{order}")
        notifier = Notifier(stage.desk, sender(), settings)
        await notifier.tick()
        assert [len(shop.bodies) for shop in some] == [4] * 5
        turns = [step.detail["url"] for step in await stage.told(StepKind.NOTIFICATION_SENT)]
        assert len(turns) == 20
        for one, next_one in pairwise(turns):
            assert one != next_one, "nobody is served twice in a row while others wait"


@pytest.mark.parametrize("few", FEW, ids=FEW_IDS)
async def test_of_more_than_a_page_the_longest_due_goes_first(few: int) -> None:
    settings = msgspec.structs.replace(
        QUICK, notify_few_max=few, notify_sends_per_merchant_max=1, notify_page=3
    )
    async with a_shop(shops.acknowledges) as (stage, shop):
        for order in ("Z-1", "A-1", "B-1", "C-1", "D-1"):
            await stage.pays(shop, order)
            stage.clock.advance(1)
        await Notifier(stage.desk, sender(), settings).tick()
        told = [shop.event(body).merchant_trans_id for body in shop.bodies]
        assert told == ["Z-1", "A-1", "B-1", "C-1", "D-1"]


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S_MAX):
        while not condition():
            await asyncio.sleep(0.005)


async def _until_acknowledged(stage: Stage, shop: Shop, order: str) -> None:
    async with asyncio.timeout(WAIT_S_MAX):
        while (await stage.owed(shop, order)).state is not NotificationState.ACKNOWLEDGED:
            await asyncio.sleep(0.005)
