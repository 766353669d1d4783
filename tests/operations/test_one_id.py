"""One payment in the log of a running gateway: every step under one id, and nothing else in it.

The server is a process of its own, the issuer is one that does not answer at first, the merchant a
real server that acknowledges. What must hold: from the door to the acknowledgement each line
carries the payment's id; every line is one JSON object whatever a stranger sends; no text of a
merchant, no order number and no secret is in any of them.
"""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.operations.buying import until
from tests.support.gateway import MERCHANT_ID, PIN, Gateway, order, running
from tests.support.receiver import receiving
from tillgate.edge.following import payment_id

STEPS = [
    "cashier_opened",
    "order WAIT_BUYER_PAY",
    "attempt ASKED",
    "issuer_answered Unknown",
    "attempt UNKNOWN",
    "page_called_back",
    "issuer_answered Approved",
    "attempt APPROVED",
    "order TRADE_SUCCESS",
    "payment_ended",
    "notification PENDING",
    "notification_sent",
    "notification ACKNOWLEDGED",
]
DETAIL = "Very\nPrivate\x1b[31m Dress"
FORGED = 'x"}\n{"event":"order","level":"info","payment":"forged"}\r\n\x1b[2J\u2028\u202e'


@pytest.mark.timeout(300)
def test_a_payment_is_followed_from_the_door_to_the_acknowledgement(tmp_path: Path) -> None:
    numbers = ("order-of-the-log-1", "order-of-the-log-2")
    with running(tmp_path / "gateway") as gateway:
        merchant = gateway.merchant()
        orders = {number: order(number, detail=DETAIL) for number in numbers}
        with receiving(merchant, orders) as receiver:
            for number in numbers:
                signed = order(number, detail=DETAIL, notify_url=receiver.url)
                _pay(gateway, merchant.order_str(signed), "unknown-then-paid")
            _forge(gateway)
            query = merchant.query(numbers[0])
            assert query is not None
            merchant.close()
            until(lambda: len(receiver.paid) == len(numbers))
            until(lambda: gateway.logged().count('"state":"ACKNOWLEDGED"') == len(numbers))
    log = gateway.logged()
    lines = [json.loads(line) for line in log.splitlines()]

    for number in numbers:
        payment = payment_id(MERCHANT_ID, number)
        mine = [_step(line) for line in lines if line.get("payment") == payment]
        assert sorted(set(mine) - {"function_answered"}) == sorted(STEPS), mine
        assert mine.index("attempt ASKED") < mine.index("issuer_answered Unknown")
        assert mine.index("order TRADE_SUCCESS") < mine.index("notification_sent")
        assert mine.index("notification_sent") < mine.index("notification ACKNOWLEDGED")
        assert number not in log
    asked = [line for line in lines if line["event"] == "function_answered"]
    assert asked[0]["payment"] == payment_id(MERCHANT_ID, numbers[0])
    assert asked[0]["result"] == "SUCCESS"
    assert "forged" not in log
    assert "Private" not in log
    assert PIN not in log.replace(payment_id(MERCHANT_ID, numbers[0]), "")
    assert all(line["timestamp"].endswith("Z") and line["level"] for line in lines)


def _step(line: dict[str, Any]) -> str:
    """Return what a line tells, with the state or the answer that it came to."""
    came_to = line.get("state") or line.get("answer") or ""
    return f"{line['event']} {came_to}".strip()


def _pay(gateway: Gateway, order_str: str, payer: str) -> None:
    with httpx2.Client(base_url=gateway.origin, trust_env=False, timeout=120) as http:
        body = {"payer": payer, "pin": PIN}
        token = http.post("/wallet/session", json=body).json()["token"]
        me = {"authorization": f"Bearer {token}"}
        call = {"orderStr": order_str, "callId": "call-1"}
        url = http.post("/cashier/trade-pay", json=call, headers=me).json()["cashierUrl"]
        told = http.post(f"{urlsplit(url).path}/confirm", json={"pin": PIN}, headers=me).json()
        assert told["resultCode"] == "8000"


def _forge(gateway: Gateway) -> None:
    """Send what would be a line of its own, wherever a stranger's text might be logged."""
    with httpx2.Client(base_url=gateway.origin, trust_env=False, timeout=120) as http:
        http.post("/wallet/session", json={"payer": FORGED, "pin": FORGED})
        http.post("/cashier/trade-pay", json={"orderStr": FORGED, "callId": FORGED})
        request = {"head": {"function": FORGED, "clientId": FORGED, "reqMsgId": FORGED}}
        http.post("/api/alipay.htm", json={"request": request, "signature": FORGED})
        http.get("/cashier/x", params={"x": FORGED}, headers={"user-agent": "forged"})
        http.get("/wallet/me", headers={"authorization": "Bearer forged"})
