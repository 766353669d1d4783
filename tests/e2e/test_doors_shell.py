"""The doors as a client sees them that shares no code with us: a shell with openssl and curl.

The orders are written by hand and signed by `openssl dgst`; requests go through `curl`; the signed
returnUrl is checked by `openssl dgst -verify`. What must hold: PROTOCOL.md alone is enough to pay.
"""

import base64
import json
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

from tests.support.gateway import CLIENT_ID, MERCHANT_ID, PIN, Gateway, running, tillgate

NUMBERS = count(1)
JSON = dict[str, Any]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("shell") / "gateway") as started:
        yield started


class Shell(NamedTuple):
    """A folder with keys, and the programs of any Unix."""

    gateway: Gateway
    folder: Path

    def signed(
        self, *, key: str = "merchant", amount: str = "1000", number: str = "", **head: str
    ) -> str:
        """Return an orderStr as a person would put it together."""
        heads = {
            "version": "2.0.0",
            "reqMsgId": "2b76d599f8072d042b68bc2f43be4211",
            "reqTime": datetime.now(UTC).isoformat(timespec="seconds"),
            "clientId": CLIENT_ID,
            "reserve": "{}",
            "function": "alipay.intl.acquiring.cashier.wap.pay",
            **head,
        }
        merchant_id = heads.pop("merchantId", MERCHANT_ID)
        body = {
            "merchantId": merchant_id,
            "productCode": "AGREEMENT_OR_CASHIER_PAY",
            "merchantTransId": number or f"S-{next(NUMBERS)}",
            "order": {
                "orderAmount": {"currency": "HKD", "value": amount},
                "orderTitle": "連衣裙 Dress",
            },
            "returnUrl": "http://shop.example/back?a=%20b",
            "extendInfo": '{"productScene":"Prepay"}',
        }
        # Pretty-printed and raw UTF-8 on purpose: the bytes count, not how they are written.
        request = json.dumps({"head": heads, "body": body}, indent=1, ensure_ascii=False)
        signature = self.sign(request.encode(), key)
        return f'{{"request": {request},\n"signature":"{signature}"}}'

    def sign(self, message: bytes, key: str) -> str:
        """Return the signature that openssl makes."""
        path = self.gateway.data / "keys" / f"{key}.private.pem"
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", str(path)],
            input=message,
            capture_output=True,
            check=True,
        )
        return base64.b64encode(done.stdout).decode()

    def verify(self, message: bytes, signature: bytes) -> str:
        """Return what openssl says of a signature by the gateway."""
        (self.folder / "signature").write_bytes(signature)
        public = self.gateway.data / "keys" / "gateway.public.pem"
        done = subprocess.run(
            ["openssl", "dgst", "-sha256", "-verify", public, "-signature", "signature"],
            cwd=self.folder,
            input=message,
            capture_output=True,
            check=False,
        )
        return done.stdout.decode().strip()

    def curl(self, path: str, body: JSON, *more: str) -> JSON:
        """Post JSON and return the JSON that came back."""
        done = subprocess.run(
            ["curl", "--silent", "--show-error", "--noproxy", "*", "--data-binary", "@-",
             "--header", "content-type: application/json", *more, self.gateway.origin + path],
            input=json.dumps(body).encode(),
            capture_output=True,
            check=True,
        )  # fmt: skip
        answer: JSON = json.loads(done.stdout)
        return answer

    def trade_pay(self, order_str: str, *more: str, call_id: str = "c") -> JSON:
        """Call tradePay."""
        body = {"orderStr": order_str, "callId": call_id}
        return self.curl("/cashier/trade-pay", body, *more)


@pytest.fixture
def shell(gateway: Gateway, tmp_path: Path) -> Shell:
    return Shell(gateway, tmp_path)


def test_a_shell_pays_in_the_wallet_form_and_checks_the_return_url(shell: Shell) -> None:
    token = shell.curl("/wallet/session", {"payer": "rich", "pin": PIN})["token"]
    me = ("--header", f"authorization: Bearer {token}")
    text = shell.signed()
    path = urlsplit(shell.trade_pay(text, *me)["cashierUrl"]).path
    told = shell.curl(f"{path}/confirm", {"pin": PIN}, *me)
    assert told["resultCode"] == "9000"
    query = urlsplit(told["returnUrl"]).query
    signed, _, signature = query.rpartition("&signature=")
    assert signed.startswith("a=%20b&merchantId=")
    raw = base64.b64decode(unquote(signature), validate=True)
    assert shell.verify(b"tillgate-return-v1\n" + signed.encode(), raw) == "Verified OK"
    changed = signed.replace("1000", "1001")
    assert changed != signed
    assert shell.verify(b"tillgate-return-v1\n" + changed.encode(), raw) != "Verified OK"
    assert shell.trade_pay(text, *me, call_id="d")["resultCode"] == "5000"


def test_a_shell_pays_in_the_page_form_with_a_cookie_jar(shell: Shell) -> None:
    jar = ("--cookie", str(shell.folder / "jar"), "--cookie-jar", str(shell.folder / "jar"))
    page = ("--header", "origin: http://shop.example")
    path = urlsplit(shell.trade_pay(shell.signed(), *page)["cashierUrl"]).path
    shell.curl(f"{path}/sign-in", {"payer": "rich", "pin": PIN}, *jar)
    origin = ("--header", f"origin: {shell.gateway.origin}")
    assert shell.curl(f"{path}/confirm", {"pin": PIN}, *jar, *origin)["resultCode"] == "9000"


def test_wallet_pay_pays_what_openssl_signed_once_and_then_says_why_not(shell: Shell) -> None:
    def pay(text: str) -> tuple[int, str, str]:
        file = shell.folder / "order.txt"
        file.write_text(text)
        done = tillgate(
            "wallet", "pay", str(file), "--url", shell.gateway.origin, "--payer", "rich",
            "--pin", PIN,
        )  # fmt: skip
        told = json.loads(done.stdout)
        return done.returncode, told["resultCode"], told["memo"]

    text = shell.signed(number="S-wallet")
    assert pay(text)[:2] == (0, "9000")
    assert pay(text)[:2] == (1, "5000")
    code, told, memo = pay(shell.signed(number="S-wallet", amount="1001"))
    assert (code, told, memo.partition(":")[0]) == (1, "4000", "REPEAT_REQ_INCONSISTENT")
    assert "body.order.orderAmount" in memo


@pytest.mark.parametrize(
    ("head", "result"),
    [
        ({"clientId": "NOBODY0000000000"}, "INVALID_CLIENT"),
        ({"key": "gateway"}, "INVALID_SIGNATURE"),
        ({"signType": "RSA"}, "INVALID_SIGNATURE"),
        ({"merchantId": "2160400000009999"}, "ACCESS_DENIED"),
        ({"function": "alipay.intl.acquiring.common.notify.pay"}, "FUNCTION_NOT_MATCH"),
        ({"function": "alipay.intl.acquiring.none"}, "NO_INTERFACE_DEF"),
        ({"version": "3.0.0"}, "PARAM_ILLEGAL"),
        ({"reqTime": "2018-12-04T22:00:53-08:00"}, "REQUEST_EXPIRED"),
        ({"reqTime": (datetime.now(UTC) + timedelta(days=1)).isoformat()}, "REQUEST_EXPIRED"),
        ({"amount": "\uff11\uff10\uff10"}, "PARAM_ILLEGAL"),
        ({"amount": "0"}, "PARAM_ILLEGAL"),
        ({"amount": "1e3"}, "PARAM_ILLEGAL"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_fault_in_the_order_is_4000_and_named(
    shell: Shell, head: dict[str, str], result: str
) -> None:
    told = shell.trade_pay(shell.signed(**head))
    assert told["resultCode"] == "4000"
    assert told["memo"].startswith(f"{result}: "), told
    assert "returnUrl" not in told


def test_a_client_without_the_right_to_a_function_is_refused(shell: Shell) -> None:
    public = str(shell.gateway.data / "keys" / "merchant.public.pem")
    named = ("--data", str(shell.gateway.data))
    added = tillgate(
        "client", "add", "QUERYONLY", "--name", "Query only", "--merchant", MERCHANT_ID,
        "--function", "alipay.intl.acquiring.common.notify.pay", *named,
    )  # fmt: skip
    assert added.returncode == 0, added.stderr
    keyed = tillgate("client", "add-key", "QUERYONLY", public, *named)
    assert keyed.returncode == 0, keyed.stderr
    told = shell.trade_pay(shell.signed(clientId="QUERYONLY"))
    assert (told["resultCode"], told["memo"].partition(":")[0]) == ("4000", "API_IS_INVALID")


def test_one_changed_byte_of_what_was_signed_is_noticed(shell: Shell) -> None:
    text = shell.signed()
    told = shell.trade_pay(text.replace('"1000"', '"1001"'))
    assert (told["resultCode"], told["memo"].partition(":")[0]) == ("4000", "INVALID_SIGNATURE")
