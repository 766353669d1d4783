"""The log: no stranger writes a line of it, and nothing secret or personal stands in it.

With every logger at its loudest. What must hold: text from outside never begins a line, moves a
cursor or colours a terminal; a log line is told from what it quotes. That secrets stay out of it is
tried in `tests/e2e/test_doors_log.py`.
"""

import json
import socket
from pathlib import Path

import httpx2
import pytest

from tests.support.gateway import PIN, Gateway, order, running, tillgate

MARK = "forged-by-a-stranger"
TEXTS = (
    f"a\r\n2030-01-01T00:00:00Z [critical] {MARK} everything=paid",
    f"a\x1b[31m{MARK}\x1b[2K\x1b[1A",
    f"a\u2028{MARK}\u2029{MARK}\x85{MARK}\x0b{MARK}",
    f'","level":"critical","event":"{MARK}',
)
CONTROL = {chr(each) for each in (*range(0x20), *range(0x7F, 0xA0))} - {"\n"}


def raw(gateway: Gateway, request: bytes) -> None:
    """Send bytes that no client library would send, and wait for the end of the answer."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=60) as connection:
        connection.sendall(request)
        while connection.recv(4096):
            pass


def attack(gateway: Gateway, text: str) -> None:
    """Put a text wherever somebody's text may come in."""
    merchant = gateway.merchant()
    quoted = json.dumps(text)
    with httpx2.Client(base_url=gateway.origin, trust_env=False, timeout=60) as http:
        http.post("/wallet/session", json={"payer": text, "pin": PIN})
        http.post("/wallet/session", json={"payer": "rich", "pin": text})
        http.post("/cashier/trade-pay", json={"orderStr": text, "callId": "x"})
        http.post("/cashier/trade-pay", json={"orderStr": "x", "callId": text})
        signed = merchant.order_str(order("L-1", detail="d"))
        http.post("/cashier/trade-pay", json={"orderStr": signed, "callId": text})
        http.post("/cashier/trade-pay", json={"orderStr": signed, "version": text, "callId": "v"})
        head = f'{{"head":{{"clientId":{quoted},"reqMsgId":{quoted},"function":{quoted}}}'
        envelope = f'{{"request":{head},"body":{{"merchantTransId":{quoted}}}}},"signature":""}}'
        http.post("/api/alipay/intl/acquiring/common/payQuery.htm", content=envelope.encode())
        http.post("/api/x.htm", content=text.encode())
        named = "".join(each if each.isprintable() else " " for each in text).encode()
        for name in ("x-tillgate-page-origin", "user-agent", "accept-language", "last-event-id"):
            http.get("/wallet/me", headers=[(name.encode(), named)])
        http.get("/cashier/" + "".join(f"%{byte:02x}" for byte in text.encode()))
        http.post("/control", content=quoted.encode())
    wire = text.encode().replace(b" ", b"+")
    raw(gateway, b"GET /" + wire + b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    raw(gateway, b"GET / HTTP/1.1\r\nhost: " + wire + b"\r\nconnection: close\r\n\r\n")


@pytest.mark.parametrize("text", TEXTS, ids=["line", "escape", "unicode", "json"])
def test_no_stranger_writes_a_line_of_the_log(tmp_path: Path, text: str) -> None:
    with running(tmp_path / "gateway", log_level="debug") as gateway:
        attack(gateway, text)
        named = tillgate(
            "payer", "unlock", "locked", "--data", str(gateway.data), "--operator", text[:60]
        )
        assert "\x1b" not in named.stdout + named.stderr
    log = gateway.logged()
    for line in log.splitlines():
        assert not line.lstrip().startswith(MARK)
        assert "[critical]" not in line.partition(MARK)[0] or MARK not in line
        assert not CONTROL & set(line), line
    assert "Traceback" not in log
    assert PIN not in log
