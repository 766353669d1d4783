"""A merchant at a shell: orders queried, refunded and cancelled, agreements from page to end.

The commands run in this process against a sandbox that runs as another. What must hold: exit 0
done, 1 refused, 2 usage, 3 unknown; a token is printed by the command whose answer it is and by no
other; an operator's decision of what risk held back is carried out once.
"""

import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway import CLIENT_ID, MERCHANT_ID, PIN, PROGRAM, Gateway, order, running
from tests.support.shell import Done, Tillgate
from tillgate.cli.root import run
from tillgate.protocol.keys import PrivateKey

SETTINGS = {
    "risk_weights": "device_jailbroken=90",
    "device_day_count": "2",
}
"""A jailbroken device is held back, and a device pays twice a day."""
SILENT_BANK = f"""
from tillgate.issuers import simulated
simulated.RESOLVED_AFTER_MS = 3_600_000
{PROGRAM}
"""
"""The command, whose bank that does not answer at first does not answer in any test's time."""
DEVICE = {"imei": "359881030314356", "serialNo": "SN-0001-0001", "terminalType": "APP"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("merchant")
    with running(folder / "data", program=SILENT_BANK, **SETTINGS) as gateway:
        yield gateway


@pytest.fixture
def tillgate(
    gateway: Gateway, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Tillgate:
    """Run commands on the sandbox's folder; a text `stdin` is what they read."""
    monkeypatch.setenv("TILLGATE_OPERATOR", "olga")

    def ran(*arguments: str, stdin: str = "", folder: bool = True) -> Done:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capfd.readouterr()
        code = run([*arguments, *(("--data", str(gateway.data)) if folder else ())])
        told = capfd.readouterr()
        return Done(code, told.out, told.err)

    return ran


@pytest.fixture
def pay(gateway: Gateway, tillgate: Tillgate, tmp_path: Path) -> Callable[..., Any]:
    """Pay an order of the demo merchant, and return what its page is called back with."""

    def paid(number: str, *, payer: str = "rich", **changes: Any) -> Any:
        body = {
            "merchantId": MERCHANT_ID,
            "productCode": "CASHIER_PAY",
            "merchantTransId": number,
            "order": {
                "orderTitle": "Dress",
                "orderAmount": {"currency": "HKD", "value": "1000"},
            },
            **changes,
        }
        plain, signed = tmp_path / "body.json", tmp_path / "order.txt"
        plain.write_text(json.dumps(body))
        key = str(gateway.data / "keys" / "merchant.private.pem")
        signed.write_text(tillgate("order", "sign", str(plain), "--key", key, folder=False).out)
        named = ("--url", gateway.origin, "--payer", payer, "--pin", PIN)
        return tillgate("wallet", "pay", str(signed), *named, folder=False).json

    return paid


def test_a_payment_is_queried_and_refunded_in_parts(
    tillgate: Tillgate, pay: Callable[..., Any]
) -> None:
    assert pay("M-1")["resultCode"] == "9000"

    found = tillgate("order", "query", "M-1", "--json")
    assert (found.code, found.json["outcome"], found.json["orderAmount"]) == (
        0,
        "Paid",
        "10.00 HKD",
    )
    acquirement = found.json["acquirementId"]

    refund = ("order", "refund", "M-1", "--refund-id", "R-1", "--amount", "4.00 HKD", "--json")
    first, again = tillgate(*refund), tillgate(*refund)
    assert (first.code, first.json["outcome"], first.json["refundAmount"]) == (
        *(0, "Refunded", "4.00 HKD"),
    )
    assert again.json == first.json
    named = ("--acquirement-id", acquirement, "--refund-id", "R-2", "--amount", "6.00 HKD")
    assert tillgate("order", "refund", *named).code == 0
    over = tillgate("order", "refund", "M-1", "--refund-id", "R-3", "--amount", "0.01 HKD")
    assert (over.code, over.out.startswith("outcome\tRefusal")) == (1, True)

    closed = tillgate("order", "query", "--acquirement-id", acquirement, "--json").json
    assert (closed["outcome"], closed["refundedAmount"]) == ("Closed", "10.00 HKD")
    assert [each["merchantRefundId"] for each in closed["refunds"]] == ["R-2", "R-1"]
    assert "R-1 4.00 HKD SUCCESS" in tillgate("order", "query", "M-1").out


def test_an_order_is_cancelled_paid_or_unseen(tillgate: Tillgate, pay: Callable[..., Any]) -> None:
    pay("M-2")

    assert tillgate("order", "cancel", "M-2").code == 0
    assert tillgate("order", "cancel", "M-2", "--json").json["outcome"] == "Cancelled"
    unseen = tillgate("order", "cancel", "M-never", "--json")
    assert (unseen.code, unseen.json["acquirementId"]) == (0, None)
    assert tillgate("order", "query", "M-never", "--json").json["outcome"] == "Closed"
    assert pay("M-never")["resultCode"] == "4000"


def test_an_order_that_nobody_brought_is_not_found(tillgate: Tillgate) -> None:
    missing = tillgate("order", "query", "M-none", "--json")

    assert (missing.code, missing.json) == (1, {"outcome": "NotFound", "about": "order M-none"})


def test_what_an_issuer_has_not_answered_is_unknown_or_waits(
    tillgate: Tillgate, pay: Callable[..., Any]
) -> None:
    assert pay("M-3", payer="unknown-then-paid")["resultCode"] == "8000"

    asked = tillgate("order", "cancel", "M-3", "--json")

    assert (asked.code, asked.json["outcome"], asked.json["mayBeDone"]) == (3, "Unknown", True)
    told = tillgate("order", "cancel", "M-3")
    assert (told.code, "never take it for a no" in told.err) == (3, True)


def test_an_answer_that_the_gateway_did_not_sign_is_unknown(
    tillgate: Tillgate, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_text(PrivateKey.generate().public.pem())

    asked = tillgate("order", "query", "M-1", "--gateway-key", str(other), "--json")

    assert (asked.code, asked.json["cause"]) == (3, "BAD_SIGNATURE")


def test_a_gateway_that_is_not_there_is_unknown_and_nothing_was_done(tillgate: Tillgate) -> None:
    asked = tillgate(
        *("order", "refund", "--acquirement-id", "1", "--refund-id", "R", "--amount", "1.00 HKD"),
        *("--url", "http://127.0.0.1:9", "--json"),
    )

    assert (asked.code, asked.json["cause"]) == (3, "UNREACHABLE")
    assert asked.json["mayBeDone"] is False


def test_another_key_proves_nothing_and_another_merchant_is_refused(
    tillgate: Tillgate, tmp_path: Path
) -> None:
    key = tmp_path / "own.pem"
    key.write_bytes(PrivateKey.generate().pem())

    refused = tillgate("order", "cancel", "M-x", "--key", str(key), "--json")

    assert (refused.code, refused.json["cause"]) == (3, "REFUSED_UNREAD")
    assert refused.json["resultCode"] == "INVALID_SIGNATURE"
    foreign = tillgate("order", "cancel", "M-x", "--merchant-id", "2160400000009999", "--json")
    assert (foreign.code, foreign.json["resultCode"]) == (1, "ACCESS_DENIED")


# A table reads best a row at a time.
# fmt: off
MISUSED = (
    (("order", "query"),                                                    "one of the two"),
    (("order", "query", "A", "--acquirement-id", "1"),                      "one of the two"),
    (("order", "refund", "A", "--refund-id", "R"),                          "--amount"),
    (("order", "refund", "A", "--refund-id", "R", "--amount", "4.00"),      "names no currency"),
    (("order", "query", "A", "--url", "127.0.0.1"),                         "--url"),
    (("order", "query", "A", "--key", "/nonexistent.pem"),                  "cannot be read"),
    (("order", "query", "A", "--wait", "601"),                              "--wait"),
    (("agreement", "token"),                                                "standard input"),
    (("agreement", "debit", "A", "--amount", "1.00 HKD", "--title", "May"), "ACCESS_TOKEN"),
    (("agreement", "token", "https://shop.example.com/?authCode=1"),        "--state"),
)
# fmt: on


@pytest.mark.parametrize(("arguments", "says"), MISUSED)
def test_a_question_that_is_not_asked_properly_is_a_usage_error(
    tillgate: Tillgate, arguments: tuple[str, ...], says: str
) -> None:
    ended = tillgate(*arguments)

    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err


def test_a_folder_without_keys_or_server_says_what_to_name(
    tillgate: Tillgate, tmp_path: Path
) -> None:
    empty = ("--data", str(tmp_path / "empty"))
    missing = tillgate("order", "query", "A", *empty, folder=False)
    assert (missing.code, "--key" in missing.err) == (2, True)
    assert run(["keys", "generate", "merchant", "--out", str(tmp_path / "empty" / "keys")]) == 0
    assert run(["keys", "generate", "gateway", "--out", str(tmp_path / "empty" / "keys")]) == 0
    silent = tillgate("order", "query", "A", *empty, folder=False)
    assert (silent.code, "--url" in silent.err) == (2, True)


def test_an_agreement_lives_from_its_page_to_its_end(gateway: Gateway, tillgate: Tillgate) -> None:
    back = ("--redirect-url", "http://localhost:9/agreed", "--state", "s-1", "--json")
    page = tillgate("agreement", "prepare", "sub-1", *back).json
    assert page["state"] == "s-1"
    assert tillgate("agreement", "show", "sub-1").code == 1
    sign = ("wallet", "agree", page["authSiteUrl"], "--url", gateway.origin, "--payer", "rich")
    wrong = tillgate(*sign, "--pin", "654321", folder=False)
    assert (wrong.code, "WRONG_PIN" in wrong.json["memo"]) == (1, True)
    signed = tillgate(*sign, "--pin", PIN, "--single", "100.00", folder=False).json

    forged = tillgate("agreement", "token", signed["redirectUrl"], "--state", "s-2")
    assert (forged.code, forged.out) == (1, "")
    given = tillgate(
        "agreement", "token", "-", "--state", "s-1", "--json", stdin=signed["redirectUrl"]
    )
    tokens = given.json
    assert (given.code, tokens["tokenStatus"], tokens["merchantAgreementId"]) == (
        *(0, "ACTIVE", "sub-1"),
    )
    renewed = tillgate("agreement", "refresh", "--json", stdin=tokens["refreshToken"]).json
    assert renewed["accessToken"] != tokens["accessToken"]

    debit = ("agreement", "debit", "--amount", "38.00 HKD", "--title", "May")
    paid = tillgate(*debit, "D-1", "--json", stdin=renewed["accessToken"])
    assert (paid.code, paid.json["outcome"], paid.json["orderAmount"]) == (0, "Paid", "38.00 HKD")
    dear = ("agreement", "debit", "D-2", "--amount", "138.00 HKD", "--title", "May")
    over = tillgate(*dear, "--json", stdin=renewed["accessToken"])
    assert (over.code, over.json["resultCode"]) == (1, "PAYMENT_AMOUNT_EXCEED_LIMIT")

    shown = tillgate("agreement", "show", "sub-1", "--json")
    listed = tillgate("agreement", "list", "--payer", "rich", "--json")
    assert shown.json["tokenStatus"] == "ACTIVE"
    assert [(row["agreement"], row["state"], row["single"]) for row in listed.json] == [
        ("sub-1", "ACTIVE", "100.00 HKD")
    ]
    assert tillgate("agreement", "list", "--merchant", "none", "--json").json == []
    ended = tillgate("agreement", "cancel", "sub-1")
    assert ended.code == 0
    assert "CANCELED" in tillgate("agreement", "list").out
    secrets = (*(tokens[name] for name in ("accessToken", "refreshToken")), renewed["accessToken"])
    told = [each.out + each.err for each in (paid, over, shown, listed, ended)]
    assert not [text for text in told if any(secret in text for secret in secrets)]


def test_what_risk_held_back_is_released_or_refused_once(
    tillgate: Tillgate, pay: Callable[..., Any]
) -> None:
    odd = {"riskInfo": {"deviceInfo": {**DEVICE, "imei": "1" * 15, "isJailbreaked": "true"}}}
    assert pay("H-1", **odd)["resultCode"] == "8000"
    assert pay("H-2", **odd)["resultCode"] == "8000"
    assert pay("H-3", **odd)["resultCode"] == "8000"

    waiting = tillgate("risk", "list", "--json").json
    assert [row["order"] for row in waiting] == ["H-1", "H-2", "H-3"]
    assert waiting[0]["rules"] == ["device_jailbroken"]
    held = tillgate("risk", "show", "H-1", "--merchant", MERCHANT_ID, "--json").json
    assert (held["review"], held["decisions"][0]["outcome"]) == ("waiting", "REVIEW")
    assert held["signals"]["is_jailbroken"] is True
    sentence = "The protection of the device's system was removed."
    assert held["decisions"][0]["rules"] == [{"rule": "device_jailbroken", "sentence": sentence}]

    released = tillgate("risk", "decide", "H-1", "--release", "--operator", "otto", "--json")
    assert (released.code, released.json["state"]) == (0, "APPROVED")
    assert tillgate("order", "query", "H-1", "--json").json["outcome"] == "Paid"
    refused = tillgate("risk", "decide", "H-2", "--refuse")
    assert (refused.code, "Order H-2 is refused." in refused.err) == (0, True)
    again = tillgate("risk", "decide", "H-1", "--refuse")
    assert (again.code, "ORDER_STATUS_INVALID" in again.err) == (1, True)
    assert tillgate("order", "cancel", "H-3").code == 0
    undone = tillgate("risk", "decide", "H-3", "--release")
    assert (undone.code, "ORDER_STATUS_INVALID" in undone.err) == (1, True)

    decided = tillgate("risk", "show", "H-1", "--json").json
    assert (decided["review"], decided["decided"][0]["operator"]) == ("release", "otto")
    shown = tillgate("risk", "show", "H-1").out
    assert f"1\trich\tREVIEW\t90\tdevice_jailbroken\t{sentence}" in _without_times(shown)
    assert not tillgate("risk", "list", "--json").json


def _without_times(text: str) -> str:
    lines = [line.split("\t") for line in text.splitlines()]
    return "\n".join("\t".join(cell for cell in line if "T" not in cell[10:11]) for line in lines)


def test_approximate_limits_of_the_settings_are_applied(
    tillgate: Tillgate, pay: Callable[..., Any]
) -> None:
    import time  # noqa: PLC0415  Only for this.

    same = {"riskInfo": {"deviceInfo": DEVICE}}
    ends = []
    for number in range(3):
        ends.append(pay(f"L-{number}", **same))
        time.sleep(1.1)  # An answer may be a second old.

    assert [end["resultCode"] for end in ends] == ["9000", "9000", "4000"]
    assert "PAYMENT_COUNT_EXCEED_LIMIT" in ends[2]["memo"]


def test_on_a_terminal_an_outcome_is_a_coloured_table(
    tillgate: Tillgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

    missing = tillgate("order", "query", "M-none")

    assert missing.code == 1
    assert "\x1b[31m" in missing.out
    assert "NotFound" in missing.out
    assert order("M-none").merchant_trans_id in missing.out
    assert CLIENT_ID not in missing.out


def test_without_a_server_a_review_is_decided_in_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.support.gateway import tillgate as shell  # noqa: PLC0415  A process, as an operator's.

    risky = {"deviceInfo": {**DEVICE, "isJailbreaked": "true"}}
    with running(tmp_path / "data", **SETTINGS) as gateway:
        text = gateway.merchant().order_str(order("H-9", risk_info=risky))
        (tmp_path / "order.txt").write_text(text)
        named = ("--url", gateway.origin, "--payer", "rich", "--pin", PIN)
        assert "8000" in shell("wallet", "pay", str(tmp_path / "order.txt"), *named).stdout
    data = ("--data", str(gateway.data))

    done = shell("risk", "decide", "H-9", "--release", "--operator", "otto", *data, "--json")

    assert (done.returncode, json.loads(done.stdout)["state"]) == (0, "APPROVED")
    assert gateway.audit()["clean"] is True
