"""The doors of PROTOCOL 11.4, through a socket, as any wallet or page may use them.

One server process answers all tests; each test signs its own orders with the SDK. What a client
that shares no code with us sees is in `test_doors_shell`. What must hold: a payment is made once,
by whom it belongs to, and every other way in is shut with a sentence.
"""

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest

from tests.support.doors import Browser
from tests.support.gateway import PIN, PROGRAM, Gateway, order, running
from tillgate.kernel.money import Money
from tillgate.merchant import Merchant

BACK = "http://shop.example/result?order=7#top"
NUMBERS = count(1)
HOUR_LATER = f"""
from tillgate.issuers import simulated
simulated.RESOLVED_AFTER_MS = 3_600_000
{PROGRAM}"""
"""The command with a bank that knows nothing for an hour: no machine takes that long."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("doors") / "gateway", program=HOUR_LATER) as started:
        yield started


@pytest.fixture(scope="module")
def merchant(gateway: Gateway) -> Merchant:
    return gateway.merchant()


@pytest.fixture
def open_browser(gateway: Gateway) -> Iterator[Callable[[], Browser]]:
    opened: list[Browser] = []

    def another() -> Browser:
        opened.append(Browser(gateway))
        return opened[-1]

    yield another
    for browser in opened:
        browser.http.close()


@pytest.fixture
def browser(open_browser: Callable[[], Browser]) -> Browser:
    return open_browser()


def a_number() -> str:
    return f"D-{next(NUMBERS)}"


def test_the_wallet_form_pays_and_every_repeat_hears_the_same(
    merchant: Merchant, browser: Browser
) -> None:
    number = a_number()
    text = merchant.order_str(order(number, return_url=BACK))
    me = browser.sign_in("rich")
    path = browser.cashier(text, "call-1", **me)
    assert browser.cashier(text, "call-1", **me) == path
    paid = browser.post(f"{path}/confirm", {"pin": PIN}, **me)
    assert paid["resultCode"] == "9000"
    assert paid["memo"].startswith("SUCCESS: ")
    again = browser.post(f"{path}/confirm", {"pin": PIN}, **me)
    assert (again["resultCode"], again["memo"]) == ("9000", paid["memo"])
    repeated = browser.trade_pay(text, "call-1", **me)
    assert (repeated["resultCode"], repeated["memo"]) == ("9000", paid["memo"])
    other = browser.trade_pay(text, "call-2", **me)
    assert other["resultCode"] == "5000"
    assert "returnUrl" not in other


def test_a_repeated_confirm_costs_no_pin_try(merchant: Merchant, browser: Browser) -> None:
    text = merchant.order_str(order(a_number()))
    me = browser.sign_in("rich")
    path = browser.cashier(text, "c", **me)
    for pin in (PIN, "000000", "000000", "000000", "000000"):
        assert browser.post(f"{path}/confirm", {"pin": pin}, **me)["resultCode"] == "9000"
    assert browser.sign_in("rich")


def test_the_return_url_is_signed_and_says_what_was_paid(
    merchant: Merchant, browser: Browser
) -> None:
    number = a_number()
    ordered = order(number, return_url=BACK)
    me = browser.sign_in("rich")
    path = browser.cashier(merchant.order_str(ordered), "c", **me)
    url = browser.post(f"{path}/confirm", {"pin": PIN}, **me)["returnUrl"]
    assert url.startswith("http://shop.example/result?order=7&merchantId=")
    assert url.endswith("#top")
    back = merchant.return_url(url, expect={number: ordered}.get)
    assert back.paid
    assert (back.merchant_trans_id, back.amount) == (number, Money.parse("10.00 HKD"))


def test_the_page_form_reads_no_credentials_and_pays_only_where_a_payer_signed_in(
    merchant: Merchant, browser: Browser
) -> None:
    text = merchant.order_str(order(a_number()))
    path = browser.cashier(text, "c", origin="http://shop.example")
    seen = browser.http.get(path, headers={"accept": "application/json"}).json()
    assert (seen["state"], seen["form"], seen["payer"]) == ("SIGN_IN", "page", None)
    refused = browser.post(f"{path}/confirm", {"pin": PIN}, status=403)
    assert refused["memo"].startswith("ACCESS_DENIED: ")
    wrong = browser.post(f"{path}/sign-in", {"payer": "rich", "pin": "000000"})
    assert (wrong["resultCode"], wrong["triesLeft"]) == (None, 2)
    signed_in = browser.post(f"{path}/sign-in", {"payer": "rich", "pin": PIN})
    assert signed_in["payer"]["name"] == "Rich"
    paid = browser.post(f"{path}/confirm", {"pin": PIN})
    assert paid["resultCode"] == "9000"
    assert browser.post(f"{path}/confirm", {"pin": PIN})["resultCode"] == "9000"


def test_a_foreign_page_with_a_token_still_gets_the_page_form(
    merchant: Merchant, browser: Browser
) -> None:
    me = browser.sign_in("rich")
    text = merchant.order_str(order(a_number()))
    path = browser.cashier(text, "c", origin="http://evil.example", **me)
    seen = browser.http.get(path, headers={"accept": "application/json"}).json()
    assert (seen["form"], seen["payer"]) == ("page", None)


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://localhost:{port}", "https://127.0.0.1:{port}",
     "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1", ""],
)  # fmt: skip
def test_a_cookie_counts_only_with_the_exact_origin(
    gateway: Gateway, merchant: Merchant, browser: Browser, origin: str
) -> None:
    me = browser.sign_in("rich")
    text = merchant.order_str(order(a_number()))
    path = browser.cashier(text, "c", **me)
    foreign = {"origin": origin.format(port=gateway.port)}
    refused = browser.post(f"{path}/confirm", {"pin": PIN}, status=403, **foreign)
    assert refused["memo"].startswith("ACCESS_DENIED: ")
    assert browser.post(f"{path}/confirm", {"pin": PIN}, origin=gateway.origin)["resultCode"] == (
        "9000"
    )


def test_without_an_origin_a_cookie_alone_confirms_nothing_in_another_browser(
    gateway: Gateway, merchant: Merchant, open_browser: Callable[[], Browser]
) -> None:
    mine, thief = open_browser(), open_browser()
    path = mine.cashier(merchant.order_str(order(a_number())), "c", **mine.sign_in("rich"))
    assert mine.http.get(path, headers={"accept": "application/json"}).status_code == 200
    thief.http.cookies.set("tillgate_payer", mine.http.cookies["tillgate_payer"])
    refused = thief.post(f"{path}/confirm", {"pin": PIN}, status=403)
    assert refused["memo"].startswith("ACCESS_DENIED: ")


def test_cors_is_for_trade_pay_alone_and_never_with_credentials(
    gateway: Gateway, merchant: Merchant, browser: Browser
) -> None:
    asked = {
        "origin": "http://shop.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    allowed = browser.http.options("/cashier/trade-pay", headers=asked)
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, "*")
    assert "content-type" in allowed.headers["access-control-allow-headers"]
    answer = browser.http.post("/cashier/trade-pay", json={}, headers=asked)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers
    me = browser.sign_in("rich")
    path = browser.cashier(merchant.order_str(order(a_number())), "c", **me)
    for method, address in (
        ("GET", path), ("POST", f"{path}/confirm"), ("POST", f"{path}/cancel"),
        ("POST", "/wallet/session"), ("GET", "/wallet/me"), ("OPTIONS", f"{path}/confirm"),
        ("POST", "/control"), ("GET", "/wallet/story"),
    ):  # fmt: skip
        headers = {**asked, **me, "accept": "application/json"}
        answer = browser.http.request(method, address, headers=headers)
        assert "access-control-allow-origin" not in answer.headers, address
        assert answer.status_code >= 400, address


def test_a_cashier_belongs_to_the_browser_that_opened_it_first(
    merchant: Merchant, open_browser: Callable[[], Browser]
) -> None:
    mine, thief = open_browser(), open_browser()
    path = mine.cashier(merchant.order_str(order(a_number())), "c")
    assert mine.http.get(path, headers={"accept": "application/json"}).status_code == 200
    for answer in (
        thief.http.get(path, headers={"accept": "application/json"}),
        thief.http.post(f"{path}/sign-in", json={"payer": "rich", "pin": PIN}),
        thief.http.post(f"{path}/cancel", json={}),
    ):
        assert answer.status_code == 403
        assert "title" not in answer.json()
    mine.post(f"{path}/sign-in", {"payer": "rich", "pin": PIN})
    assert mine.post(f"{path}/confirm", {"pin": PIN})["resultCode"] == "9000"


def test_another_payer_is_refused_at_a_wallets_cashier(
    merchant: Merchant, open_browser: Callable[[], Browser]
) -> None:
    mine, other = open_browser(), open_browser()
    me, them = mine.sign_in("rich"), other.sign_in("poor")
    text = merchant.order_str(order(a_number()))
    path = mine.cashier(text, "c", **me)
    mine.http.get(path, headers={"accept": "application/json", **me})
    refused = other.post(f"{path}/confirm", {"pin": PIN}, status=403, **them)
    assert refused["memo"].startswith("ACCESS_DENIED: ")
    stolen = other.trade_pay(text, "c", **them)
    assert stolen["resultCode"] == "4000"
    assert stolen["memo"].startswith("ACCESS_DENIED: ")
    assert mine.post(f"{path}/confirm", {"pin": PIN}, **me)["resultCode"] == "9000"


def test_the_page_under_a_wallet_learns_the_cashiers_address_and_cannot_use_it(
    merchant: Merchant, open_browser: Callable[[], Browser]
) -> None:
    mine, shop = open_browser(), open_browser()
    me = mine.sign_in("rich")
    text = merchant.order_str(order(a_number()))
    path = mine.cashier(text, "c", **me)
    assert shop.cashier(text, "c", origin="http://shop.example") == path
    assert shop.http.get(path, headers={"accept": "application/json"}).status_code == 403
    for act, body in (
        ("confirm", {"pin": "000000"}),
        ("cancel", {}),
        ("sign-in", {"payer": "poor", "pin": PIN}),
    ):
        shop.post(f"{path}/{act}", body, status=403)
    assert mine.post(f"{path}/confirm", {"pin": PIN}, **me)["resultCode"] == "9000"


def test_a_changed_amount_is_inconsistent_and_the_member_is_named(
    merchant: Merchant, browser: Browser
) -> None:
    number = a_number()
    me = browser.sign_in("rich")
    path = browser.cashier(merchant.order_str(order(number)), "c", **me)
    browser.post(f"{path}/confirm", {"pin": PIN}, **me)
    told = browser.trade_pay(merchant.order_str(order(number, "10.01 HKD")), "d", **me)
    assert told["resultCode"] == "4000"
    assert told["memo"].startswith("REPEAT_REQ_INCONSISTENT: ")
    assert "body.order.orderAmount" in told["memo"]


@pytest.mark.parametrize(
    "body",
    [
        {"callId": "c", "version": "2.0.1"},
        {"callId": "c", "orderStr": 5},
        {"callId": "c", "orderStr": {"request": {}}},
        {"callId": "c", "orderStr": None},
        {"orderStr": "{}"},
        {"callId": "", "orderStr": "{}"},
        {"callId": 7, "orderStr": "{}"},
        [],
        "text",
    ],
)
def test_what_the_page_got_wrong_is_6005(merchant: Merchant, browser: Browser, body: Any) -> None:
    if isinstance(body, dict) and "version" in body:
        body = {**body, "orderStr": merchant.order_str(order(a_number()))}
    told = browser.post("/cashier/trade-pay", body)
    assert told["resultCode"] == "6005"
    assert told["memo"].partition(": ")[2].endswith(".")


def test_an_absent_version_and_the_heads_own_are_both_taken(
    merchant: Merchant, browser: Browser
) -> None:
    text = merchant.order_str(order(a_number()))
    for version in ({}, {"version": "2.0.0"}, {"version": None}):
        body = {"orderStr": text, "callId": "c", **version}
        assert "cashierUrl" in browser.post("/cashier/trade-pay", body)


def test_eight_codes_need_reasons_cancelled_poor_and_locked(
    merchant: Merchant, browser: Browser
) -> None:
    me = browser.sign_in("poor")
    text = merchant.order_str(order(a_number()))
    path = browser.cashier(text, "c", **me)
    assert browser.post(f"{path}/cancel", {}, **me)["resultCode"] == "6001"
    assert browser.post(f"{path}/confirm", {"pin": PIN}, **me)["resultCode"] == "6001"
    path = browser.cashier(text, "d", **me)
    poor = browser.post(f"{path}/confirm", {"pin": PIN}, **me)
    assert (poor["resultCode"], poor["memo"].partition(":")[0]) == (
        "4000",
        "USER_BALANCE_NOT_ENOUGH",
    )
    locked = browser.post("/wallet/session", {"payer": "locked", "pin": PIN}, status=403)
    assert locked["memo"].startswith("USER_STATUS_ABNORMAL: ")


@pytest.mark.parametrize(
    ("payer", "end", "memo"),
    [("unknown-then-paid", "9000", "SUCCESS"),
     ("unknown-then-failed", "4000", "UNAVAILABLE_PAYMENT_METHOD")],
)  # fmt: skip
def test_unknown_is_8000_until_the_issuer_says_yes_or_no(
    gateway: Gateway, merchant: Merchant, browser: Browser, payer: str, *, end: str, memo: str
) -> None:
    number = a_number()
    ordered = order(number, return_url=BACK)
    text = merchant.order_str(ordered)
    me = browser.sign_in(payer)
    path = browser.cashier(text, "c", **me)
    told = browser.post(f"{path}/confirm", {"pin": PIN}, **me)
    assert told["resultCode"] == "8000"
    assert browser.trade_pay(text, "other", **me)["resultCode"] == "8000"
    back = merchant.return_url(told["returnUrl"], expect={number: ordered}.get)
    assert (back.paid, back.result.result_status) == (False, "U")
    assert gateway.run("clock", "advance", "2h").returncode == 0
    told = browser.trade_pay(text, "c", **me)
    assert (told["resultCode"], told["memo"].partition(":")[0]) == (end, memo)
    assert ("returnUrl" in told) == (end == "9000")


def test_a_slow_issuer_is_waited_for(merchant: Merchant, browser: Browser) -> None:
    me = browser.sign_in("slow")
    path = browser.cashier(merchant.order_str(order(a_number())), "c", **me)
    assert browser.post(f"{path}/confirm", {"pin": PIN}, **me)["resultCode"] == "9000"


def test_three_wrong_pins_end_the_call_and_lock_the_account(
    merchant: Merchant, browser: Browser
) -> None:
    me = browser.sign_in("slow")
    path = browser.cashier(merchant.order_str(order(a_number())), "c", **me)
    tries = [browser.post(f"{path}/confirm", {"pin": "999999"}, **me) for _ in range(3)]
    assert [each.get("triesLeft") for each in tries] == [2, 1, None]
    assert tries[2]["resultCode"] == "4000"
    assert tries[2]["memo"].startswith("USER_STATUS_ABNORMAL: ")
    again = browser.post(f"{path}/confirm", {"pin": PIN}, **me)
    assert again["resultCode"] == "4000"


def test_cookies_are_for_this_site_and_not_for_scripts(
    merchant: Merchant, browser: Browser
) -> None:
    answer = browser.http.post("/wallet/session", json={"payer": "rich", "pin": PIN})
    cookie = answer.headers["set-cookie"]
    assert "; HttpOnly" in cookie
    assert "; SameSite=Strict" in cookie
    path = browser.cashier(merchant.order_str(order(a_number())), "c")
    answer = browser.http.get(path, headers={"accept": "application/json"})
    cookie = answer.headers["set-cookie"]
    assert "; HttpOnly" in cookie
    assert f"; Path={path};" in cookie
