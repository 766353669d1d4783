"""What the server writes down while people pay: nothing that is secret or theirs.

The server runs with every logger at the level DEBUG. What must hold: no PIN, token, cookie, key,
signature, order string or buyer's datum is ever in its log, whatever goes well or wrong.
"""

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from tests.support.doors import ANSWER_S_MAX
from tests.support.gateway import LOUD_PROGRAM, order, running
from tests.support.receiver import receiving

PINS = ("123456", "902107", "313379")
SESSION_ID = "device-session-4711"


def test_the_log_at_debug_level_holds_no_secret_and_nothing_of_a_buyer(tmp_path: Path) -> None:
    said: list[str] = [*PINS, SESSION_ID, "Very Private Dress", "852-45-private"]
    with running(tmp_path / "gateway", program=LOUD_PROGRAM) as gateway:
        merchant = gateway.merchant()
        orders = {
            number: order(
                number,
                detail="Very Private Dress",
                return_url="http://shop.example/852-45-private",
                risk_info={"deviceInfo": {"sessionId": SESSION_ID}},
            )
            for number in ("log-1", "log-2")
        }
        with (
            receiving(merchant, orders) as receiver,
            httpx2.Client(base_url=gateway.origin, trust_env=False, timeout=ANSWER_S_MAX) as http,
        ):
            for number in orders:
                text = merchant.order_str(
                    order(number, detail="Very Private Dress", notify_url=receiver.url)
                )
                said += [text, text[-80:-4]]
                token = _sign_in(http, "rich")
                said.append(token)
                me = {"authorization": f"Bearer {token}"}
                call = {"orderStr": text, "callId": f"call-of-{number}"}
                url = http.post("/cashier/trade-pay", json=call, headers=me).json()["cashierUrl"]
                path = urlsplit(url).path
                said.append(path.rpartition("/")[2])
                for pin in (PINS[1], PINS[0]):
                    http.post(f"{path}/confirm", json={"pin": pin}, headers=me)
            _go_wrong(http, text)
            page = http.post("/cashier/trade-pay", json={"orderStr": text[:-9], "callId": "x"})
            assert page.json()["resultCode"] == "4000"
            said += [cookie for cookie in http.cookies.values() if cookie]
            control = (gateway.data / "control.token").read_text()
            said.append(control)
            http.post("/control", json={"name": PINS[2]}, headers={"authorization": control})
        said += [
            line
            for name in ("merchant", "gateway")
            for line in (gateway.data / "keys" / f"{name}.private.pem").read_text().splitlines()
            if line and not line.startswith("-----")
        ]
    log = gateway.logged()
    assert "DEBUG" in log, "the log is not at debug level"
    assert "Traceback" not in log
    for secret in said:
        # Six digits stand in a long number of the log by chance, once in many thousand runs.
        alone = rf"(?<![0-9A-Za-z]){re.escape(secret)}(?![0-9A-Za-z])"
        assert not re.search(alone, log), secret[:8]
        assert len(secret) <= len(PINS[0]) or secret not in log, secret[:8]
        assert len(secret) <= len(PINS[0]) or json.dumps(secret)[1:-1] not in log, secret[:8]


def _sign_in(http: httpx2.Client, payer: str) -> str:
    body = {"payer": payer, "pin": PINS[0]}
    token: str = http.post("/wallet/session", json=body).json()["token"]
    return token


def _go_wrong(http: httpx2.Client, text: str) -> None:
    """Ask for what is refused, malformed or not there, with secrets in every place."""
    http.post("/wallet/session", json={"payer": "nobody", "pin": PINS[1]})
    http.post("/wallet/session", json={"payer": "locked", "pin": PINS[1]})
    http.post("/wallet/session", content=PINS[1].encode() * 2_000)
    http.post(f"/cashier/{PINS[2]}/confirm", json={"pin": PINS[1]})
    http.get(f"/static/cashier/{PINS[2]}?pin={PINS[1]}")
    http.get(f"/{PINS[2]}", headers={"host": PINS[2]})
    http.post("/cashier/trade-pay", content=text.encode()[:900])
    http.get("/wallet/me", headers={"authorization": f"Bearer {PINS[2]}.x.y"})
