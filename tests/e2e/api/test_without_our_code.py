"""Every function over a socket by a client that shares no code with us: openssl and curl (issue 3).

The script verifies the signature of each answer with openssl and stops at the first that is wrong.
"""

import subprocess
from pathlib import Path

import pytest

from tests.support.gateway import CLIENT_ID, MERCHANT_ID, PIN, environment, running

SCRIPT = Path(__file__).with_name("merchant.sh")
EXPECTED = """
pay 9000
query SUCCESS
status TRADE_SUCCESS
refund SUCCESS
refund-again SUCCESS
query-refunded SUCCESS
refunded 400
cancel-refunded REFUND_TRANSACTION_EXIST
pay 9000
cancel SUCCESS
cancel-again SUCCESS
query-closed SUCCESS
status TRADE_CLOSED
cancel-unknown SUCCESS
query-none ORDER_NOT_EXIST
cashier SUCCESS
cashier 1
prepare SUCCESS
state 1
token SUCCESS
token-again SUCCESS
token same
refresh SUCCESS
debit SUCCESS
debit-again SUCCESS
agreement SUCCESS
token-status ACTIVE
agreement-cancel SUCCESS
agreement-after SUCCESS
token-status CANCELED
debit-after EXPIRED_ACCESS_TOKEN
"""


@pytest.fixture(name="said", scope="module")
def _said(tmp_path_factory: pytest.TempPathFactory) -> str:
    with running(tmp_path_factory.mktemp("gateway")) as gateway:
        keys = gateway.data / "keys"
        return subprocess.run(
            [str(SCRIPT)],
            env=environment()
            | {
                "URL": gateway.origin,
                "KEY": str(keys / "merchant.private.pem"),
                "GATEWAY": str(keys / "gateway.public.pem"),
                "CLIENT_ID": CLIENT_ID,
                "MERCHANT_ID": MERCHANT_ID,
                "PAYER": "rich",
                "PIN": PIN,
            },
            capture_output=True,
            text=True,
            timeout=240,
            check=True,
        ).stdout


def test_openssl_and_curl_are_a_merchant(said: str) -> None:
    assert said.strip().splitlines() == EXPECTED.strip().splitlines()
