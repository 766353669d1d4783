"""PINs and limits that reach several processes at once, each of which knows only the database.

What must hold: a right PIN pays and signs in however often it is sent, also with the last try; a
wrong one is checked three times, however many are sent; no limit rises without a PIN, whatever
another process lowers meanwhile.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.processes.several import several
from tests.support.gateway import PIN, Gateway, order

pytestmark = pytest.mark.timeout(600)  # Four processes come up first.
AT_ONCE = 12
BUSY = "REQUEST_TRAFFIC_EXCEED_LIMIT"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with several(tmp_path_factory.mktemp("pins"), 4) as made:
        yield made


def post(gateway: Gateway, path: str, body: object, token: str = "") -> dict[str, Any]:
    """Post on a connection of its own, which any process may take."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    url = f"{gateway.origin}{path}"
    found = httpx2.post(url, json=body, headers=headers, timeout=120, trust_env=False)
    answer: dict[str, Any] = found.json()
    return answer


def sign_in(gateway: Gateway, payer: str, pin: str = PIN) -> dict[str, Any]:
    return post(gateway, "/wallet/session", {"payer": payer, "pin": pin})


def taken(gateway: Gateway, path: str, body: object, token: str = "") -> dict[str, Any]:
    """Post again while it is not taken: others check all tries that are left, for seconds."""
    answer = {"memo": BUSY}
    while str(answer.get("memo")).startswith(BUSY):
        answer = post(gateway, path, body, token)
    return answer


def at_once(gateway: Gateway, path: str, body: object, token: str = "") -> list[dict[str, Any]]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda _: taken(gateway, path, body, token), range(AT_ONCE)))


@pytest.mark.parametrize("wrong_before", [0, 2])
def test_a_right_pin_sent_to_all_processes_at_once_pays(
    gateway: Gateway, wrong_before: int
) -> None:
    token = sign_in(gateway, "rich")["token"]
    text = gateway.merchant().order_str(order(f"T-{wrong_before}"))
    asked = {"orderStr": text, "callId": "call"}
    path = urlsplit(post(gateway, "/cashier/trade-pay", asked, token)["cashierUrl"]).path
    for _ in range(wrong_before):
        assert post(gateway, f"{path}/confirm", {"pin": "999999"}, token)["triesLeft"]
    answers = at_once(gateway, f"{path}/confirm", {"pin": PIN}, token)

    assert {answer["resultCode"] for answer in answers} == {"9000"}
    assert sign_in(gateway, "rich")["token"]


def test_a_right_pin_signs_in_however_often_it_is_sent(gateway: Gateway) -> None:
    said = at_once(gateway, "/wallet/session", {"payer": "rich", "pin": PIN})

    assert all("token" in answer for answer in said), said


def test_wrong_pins_at_all_processes_at_once_are_checked_three_times(gateway: Gateway) -> None:
    said = at_once(gateway, "/wallet/session", {"payer": "slow", "pin": "000000"})
    checked = [answer for answer in said if "triesLeft" in answer]

    assert len(checked) == 3
    assert min(answer["triesLeft"] for answer in checked) == 0
    assert sign_in(gateway, "slow")["memo"].startswith("USER_STATUS_ABNORMAL")
