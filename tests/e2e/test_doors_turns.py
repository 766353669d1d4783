"""PINs that are sent more than once: the same confirm again, and many payers at one instant.

What must hold: a right PIN pays however often it is sent, also with the last try; a wrong one is
checked three times, however many are sent at once.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.support.doors import ANSWER_S_MAX
from tests.support.gateway import PIN, Gateway, order, running
from tillgate.edge.turns import TURNS_MAX, TURNS_OF_A_PAYER_MAX, Turns
from tillgate.issuers.pins import CHECKS_WAITING_MAX
from tillgate.kernel.errors import Refused
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import Result

AT_ONCE = 8


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("turns") / "gateway") as started:
        yield started


def post(gateway: Gateway, path: str, body: object, token: str = "") -> dict[str, Any]:
    headers = {"authorization": f"Bearer {token}"} if token else {}
    url = f"{gateway.origin}{path}"
    answer: dict[str, Any] = httpx2.post(
        url, json=body, headers=headers, timeout=ANSWER_S_MAX, trust_env=False
    ).json()
    return answer


def sign_in(gateway: Gateway, payer: str, pin: str = PIN) -> dict[str, Any]:
    return post(gateway, "/wallet/session", {"payer": payer, "pin": pin})


def at_once(gateway: Gateway, path: str, body: object, token: str = "") -> list[dict[str, Any]]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: post(gateway, path, body, token), range(AT_ONCE)))


@pytest.mark.parametrize("wrong_before", [0, 2])
def test_a_right_pin_sent_many_times_at_once_pays(gateway: Gateway, wrong_before: int) -> None:
    token = sign_in(gateway, "rich")["token"]
    text = gateway.merchant().order_str(order(f"T-{wrong_before}"))
    asked = {"orderStr": text, "callId": "call"}
    path = urlsplit(post(gateway, "/cashier/trade-pay", asked, token)["cashierUrl"]).path
    for _ in range(wrong_before):
        assert post(gateway, f"{path}/confirm", {"pin": "999999"}, token)["triesLeft"]
    answers = at_once(gateway, f"{path}/confirm", {"pin": PIN}, token)
    assert {answer["resultCode"] for answer in answers} == {"9000"}
    assert sign_in(gateway, "rich")["token"]


def test_a_right_pin_signs_in_however_often_it_is_sent_at_once(gateway: Gateway) -> None:
    said = at_once(gateway, "/wallet/session", {"payer": "rich", "pin": PIN})
    assert all("token" in answer for answer in said)


def test_wrong_pins_at_once_are_checked_three_times(gateway: Gateway) -> None:
    said = at_once(gateway, "/wallet/session", {"payer": "slow", "pin": "000000"})
    left = sorted(answer["triesLeft"] for answer in said if "triesLeft" in answer)
    assert left == [0, 1, 2]
    assert sign_in(gateway, "slow")["memo"].startswith("USER_STATUS_ABNORMAL")


async def test_who_finds_no_room_is_turned_away_before_anything_is_done() -> None:
    turns, go_on = Turns(), asyncio.Event()

    async def hold(payer: str) -> None:
        async with turns.of(PayerId(payer)):
            await go_on.wait()

    async with asyncio.TaskGroup() as holders:
        for number in range(TURNS_MAX):
            holders.create_task(hold(f"payer-{number // TURNS_OF_A_PAYER_MAX}"))
        await asyncio.sleep(0)
        for payer in ("payer-0", "another"):
            with pytest.raises(Refused) as refused:
                await hold(payer)
            assert refused.value.result is Result.REQUEST_TRAFFIC_EXCEED_LIMIT
        go_on.set()
    assert len(turns) == 0


def test_no_more_turns_are_given_than_checks_may_wait() -> None:
    assert TURNS_MAX <= CHECKS_WAITING_MAX
