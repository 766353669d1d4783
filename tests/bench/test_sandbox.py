"""`Sandbox`: what a wallet's outcomes, the clock and the notifications do for a test."""

import subprocess
import sys
import tempfile
import threading
import time
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import pytest
import structlog

from tests.bench.shop import Shop, order
from tests.support.gateway import tillgate
from tillgate import AccessToken, AgreementPage, Closed, Paid, Refunded, Refusal, Waiting
from tillgate.issuers import simulated
from tillgate.kernel.clock import MINUTE_MS
from tillgate.sandbox import testing_server
from tillgate.sandbox.testing import Sandbox

LADDER = ["0:02:00", "0:10:00", "0:10:00", "1:00:00", "2:00:00", "6:00:00", "15:00:00"]


@pytest.fixture
def shop(sandbox: Sandbox) -> Shop:
    shop = Shop(sandbox.merchant)
    sandbox.deliver_to(shop)
    return shop


def test_a_payment_is_told_to_the_app_before_the_wallet_returns(
    sandbox: Sandbox, shop: Shop
) -> None:
    told = sandbox.wallet().pay(shop.sell("A-1"))

    assert told.paid
    assert told.raw == {"resultCode": "9000", "memo": "SUCCESS: The order is paid."}
    assert [event.merchant_trans_id for event in shop.events] == ["A-1"]
    assert shop.paths == ["/notify?"]
    [sent] = sandbox.notifications
    assert (sent.number, sent.status, sent.verdict) == (1, 200, "ACKNOWLEDGED")
    assert sent in sandbox.notifications.acknowledged
    assert isinstance(sandbox.merchant.query("A-1"), Paid)


def test_a_cancel_is_told_to_the_page_and_leaves_the_order_open(
    sandbox: Sandbox, shop: Shop
) -> None:
    told = sandbox.wallet().cancel(shop.sell("A-1"))

    assert told.result_code == "6001"
    assert isinstance(sandbox.merchant.query("A-1"), Waiting)
    assert not shop.events


@pytest.mark.parametrize("code", ["USER_BALANCE_NOT_ENOUGH", "12005115", "RISK_REJECT"])
def test_a_payment_fails_for_the_reason_that_is_named(
    sandbox: Sandbox, shop: Shop, code: str
) -> None:
    told = sandbox.wallet().fail(shop.sell("A-1"), code)

    assert told.result_code == "4000"
    assert told.memo.startswith("RISK_REJECT" if code == "RISK_REJECT" else "USER_BALANCE")


def test_an_order_in_the_place_of_its_string_is_told_what_to_give(sandbox: Sandbox) -> None:
    wallet, given = sandbox.wallet(), cast("str", order("A-1"))

    for pay in (wallet.pay, wallet.cancel, wallet.fail, wallet.unknown_then_paid):
        with pytest.raises(TypeError, match=r"give merchant\.order_str\(order\)"):
            pay(given)
    with pytest.raises(TypeError, match=r"give the url of merchant\.agreement_page"):
        wallet.agree(given)


def test_a_payer_that_there_is_not_is_refused_with_those_there_are(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match=r"No payer is called 'nobody'; there are .*poor, rich"):
        sandbox.wallet("nobody")


@pytest.mark.parametrize(
    ("amount", "fault"), [(10.0, TypeError), (1000, TypeError), ("10.00", ValueError)]
)
def test_an_amount_that_is_none_is_told_how_one_looks(
    amount: object, fault: type[Exception]
) -> None:
    with pytest.raises(fault, match=r"an amount is text as in '10\.00 HKD'"):
        order("A-1", cast("str", amount))


def test_what_did_not_arrive_says_why_and_what_next(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.notifications.lose()
    sandbox.wallet().pay(shop.sell("A-1"))
    shop.status = "500 Oops"
    sandbox.clock.advance("3m")
    shop.status = "200 OK"
    sandbox.clock.advance("11m")

    lost, wrong, right = sandbox.notifications.lines()
    assert lost.endswith("None CONNECT No connection could be made; nothing was sent.")
    assert "500 WRONG_STATUS The HTTP status is not 2xx. It is 500. " in wrong
    assert wrong.endswith("and what does its log say?")
    assert right.endswith("200 ACKNOWLEDGED")


def test_a_reason_for_which_no_payment_fails_is_refused(sandbox: Sandbox, shop: Shop) -> None:
    with pytest.raises(ValueError, match="USER_STATUS_ABNORMAL"):
        sandbox.wallet().fail(shop.sell("A-1"), "BAD_WEATHER")


@pytest.fixture
def slow_bank(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the bank know nothing for two minutes: no machine takes that long for a payment."""
    monkeypatch.setattr(simulated, "RESOLVED_AFTER_MS", 2 * MINUTE_MS)


@pytest.mark.usefixtures("slow_bank")
def test_an_unknown_result_becomes_paid_as_time_goes_by(sandbox: Sandbox, shop: Shop) -> None:
    told = sandbox.wallet().unknown_then_paid(shop.sell("A-1"))
    assert (told.result_code, told.unknown, shop.events) == ("8000", True, [])

    done = sandbox.clock.advance("4m")

    assert done.ran == {"notificationsSent": 1, "ordersExpired": 0, "attemptsResolved": 1}
    assert [event.paid for event in shop.events] == [True]


@pytest.mark.usefixtures("slow_bank")
def test_an_unknown_result_becomes_a_no_and_the_order_expires(sandbox: Sandbox, shop: Shop) -> None:
    assert sandbox.wallet().unknown_then_failed(shop.sell("A-1")).unknown

    done = sandbox.clock.advance(timedelta(minutes=15))

    assert done.ran == {"notificationsSent": 1, "ordersExpired": 1, "attemptsResolved": 1}
    assert [event.paid for event in shop.events] == [False]
    assert isinstance(sandbox.merchant.query("A-1"), Closed)


def test_ten_seconds_later_the_bank_has_answered(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.wallet().unknown_then_paid(shop.sell("A-1"))
    sandbox.clock.advance("10s")

    assert [event.paid for event in shop.events] == [True]


def test_25_hours_of_retries_follow_the_ladder(sandbox: Sandbox, shop: Shop) -> None:
    shop.status = "503 Service Unavailable"
    sandbox.wallet().pay(shop.sell("A-1"))
    began_s = time.monotonic()
    done = sandbox.clock.advance("25h")
    took = timedelta(seconds=time.monotonic() - began_s)

    times = [sent.at for sent in sandbox.notifications.of("A-1")]
    waits = [after - before for before, after in pairwise(times)]
    # The clock goes on while it is moved, on a slow machine by seconds.
    assert [str(timedelta(minutes=round(each / timedelta(minutes=1)))) for each in waits] == LADDER
    assert done.ran["notificationsSent"] == len(LADDER)
    assert len(shop.events) == len(LADDER) + 1
    assert timedelta(hours=25) <= sandbox.clock.ahead + took


def test_a_lost_notification_comes_again_when_it_is_due(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.notifications.lose()
    sandbox.wallet().pay(shop.sell("A-1"))
    assert [sent.verdict for sent in sandbox.notifications] == ["CONNECT"]
    assert not shop.events

    sandbox.clock.advance("60s")
    assert not shop.events
    sandbox.clock.advance("60s")
    assert len(shop.events) == 1


def test_a_duplicate_is_the_same_event_again(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.wallet().pay(shop.sell("A-1"))
    again = sandbox.notifications.resend("A-1")

    first, second = shop.events
    assert (again.number, again.acknowledged) == (2, True)
    assert (first.merchant_trans_id, first.amount) == (second.merchant_trans_id, second.amount)
    with pytest.raises(LookupError, match="A-2"):
        sandbox.notifications.resend("A-2")


def test_a_refund_goes_through_the_sdk(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.wallet().pay(shop.sell("A-1"))
    refund = sandbox.merchant.refund

    assert isinstance(refund(refund_id="R-1", amount="4.00 HKD", merchant_trans_id="A-1"), Refunded)
    assert isinstance(refund(refund_id="R-2", amount="6.01 HKD", merchant_trans_id="A-1"), Refusal)


def test_messages_stay_fresh_when_the_clock_is_ahead(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.clock.advance("2d")

    assert sandbox.wallet().pay(shop.sell("A-1")).paid
    assert isinstance(sandbox.merchant.query("A-1"), Paid)
    assert shop.events


def test_an_app_that_fails_is_told_as_http_500(
    sandbox: Sandbox, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> list[bytes]:
        raise ZeroDivisionError

    sandbox.deliver_to(broken, at="https://shop.example")
    sandbox.wallet().pay(shop.sell("A-1"))

    assert [(sent.status, sent.verdict) for sent in sandbox.notifications] == [
        (500, "WRONG_STATUS")
    ]
    assert "The app failed at /notify" in caplog.text


def test_what_ends_a_test_ends_it_inside_an_app_too(sandbox: Sandbox, shop: Shop) -> None:
    def leaves(*_: object) -> list[bytes]:
        raise KeyboardInterrupt

    sandbox.deliver_to(leaves)
    with pytest.raises(KeyboardInterrupt):
        sandbox.wallet().pay(shop.sell("A-1"))


def test_nobody_listens_at_a_url_of_this_machine(sandbox: Sandbox) -> None:
    text = sandbox.merchant.order_str(order("A-1", notify_url="http://127.0.0.1:9/notify"))
    sandbox.wallet().pay(text)

    assert [sent.verdict for sent in sandbox.notifications.sent_to("http://127.0.0.1:9/")] == [
        "CONNECT"
    ]
    assert "A-1 TRADE_SUCCESS #1 -> http://127.0.0.1:9/notify None" in repr(sandbox.notifications)


def test_a_reset_forgets_all_but_address_and_keys(sandbox: Sandbox, shop: Shop) -> None:
    origin, key = sandbox.origin, (sandbox.keys / "merchant.private.pem").read_bytes()
    sandbox.wallet().pay(shop.sell("A-1", "99999.00 HKD"))
    sandbox.clock.advance("25h")
    sandbox.reset()
    sandbox.deliver_to(shop)

    assert not sandbox.notifications
    assert sandbox.clock.ahead == timedelta()
    assert (sandbox.origin, (sandbox.keys / "merchant.private.pem").read_bytes()) == (origin, key)
    # The same number and the same money are there again.
    assert sandbox.wallet().pay(shop.sell("A-1", "99999.00 HKD")).paid


def test_a_wallet_pays_at_the_cashier_of_a_posted_order(sandbox: Sandbox, shop: Shop) -> None:
    page = sandbox.merchant.cashier_url(order("A-1"))
    told = sandbox.wallet().pay(page.url)  # type: ignore[union-attr]  # Else the test fails here.

    assert told.paid
    assert len(shop.events) == 1


def test_the_command_line_reaches_the_sandbox_by_its_folder(sandbox: Sandbox, shop: Shop) -> None:
    sandbox.wallet().pay(shop.sell("A-1"))
    data = str(sandbox.data)

    audit = tillgate("ledger", "audit", "--data", data)
    added = tillgate("payer", "add", "anna", "--pin", "123456", "--data", data)

    assert audit.returncode == 0, audit.stdout
    assert added.returncode == 0, added.stderr
    assert sandbox.wallet("anna").fail(shop.sell("A-2")).result_code == "4000"


def test_a_sandbox_says_nothing_of_its_own() -> None:
    script = (
        "from tillgate.sandbox.testing import Sandbox\n"
        "with Sandbox() as gateway: print(gateway.merchant.query('A-1'))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.startswith("NotFound(")
    assert done.stdout.count("\n") == 1


def test_a_payer_agrees_and_is_debited_without_a_pin(sandbox: Sandbox, shop: Shop) -> None:
    merchant, state = sandbox.merchant, "s" * 32
    asked = merchant.prepare_agreement(
        agreement_id="AG-1", state=state, redirect_url="https://shop.example/agreed"
    )
    assert isinstance(asked, AgreementPage)
    back = sandbox.wallet().agree(asked.url, single_max="50.00")
    returned = merchant.agreement_return(urlsplit(back).query, state=state)
    assert returned.auth_code is not None
    token = merchant.apply_token(auth_code=returned.auth_code)
    assert isinstance(token, AccessToken)

    small = merchant.debit(order("A-1"), access_token=token.access_token)
    large = merchant.debit(order("A-2", "50.01 HKD"), access_token=token.access_token)
    sandbox.settle()

    assert isinstance(small, Paid)
    assert isinstance(large, Refusal)
    assert [event.merchant_trans_id for event in shop.events if event.paid] == ["A-1"]


def test_a_wallet_that_nobody_is_let_into_says_so(sandbox: Sandbox, shop: Shop) -> None:
    with pytest.raises(AssertionError, match="does not let 'rich' in"):
        sandbox.wallet(pin="000000").pay(shop.sell("A-1"))


def test_a_sandbox_that_is_not_running_says_so() -> None:
    sandbox = Sandbox()
    for use in (sandbox.settle, sandbox.reset, sandbox.notifications.__len__, sandbox.clock.now):
        with pytest.raises(RuntimeError, match="use it in a `with` statement"):
            use()


def test_a_sandbox_that_ended_leaves_nothing_and_may_start_again() -> None:
    sandbox = Sandbox()
    before = set(threading.enumerate())
    for _ in range(2):
        with sandbox as gateway:
            folder = gateway.data
            assert (gateway.keys / "merchant.private.pem").stat().st_mode & 0o777 == 0o600
            sold = gateway.merchant.order_str(order("A-1"))
            assert gateway.wallet().pay(sold).paid
        assert not folder.exists()
        assert set(threading.enumerate()) <= before


def test_a_start_that_fails_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(testing_server, "register", fail)
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError):
        Sandbox().start()

    assert set(threading.enumerate()) <= before
    assert not list(tmp_path.iterdir())


def test_a_testers_own_log_goes_where_it_went(
    sandbox: Sandbox, shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    structlog.reset_defaults()
    structlog.get_logger("shop").info("sold")
    sandbox.notifications.lose(99)
    sandbox.wallet().pay(shop.sell("A-1"))
    sandbox.clock.advance("25h")
    structlog.get_logger().info("sold more")

    printed = capsys.readouterr().out.splitlines()
    assert [line for line in printed if "sold" not in line] == []
    assert len(printed) == 2
