"""The wallet's doors through a socket: the signing page, what a payer allowed, what a payer paid.

What must hold: only the payer signs, sees, limits and ends; a wrong PIN is counted and a repeat is
not; a merchant's page learns a code from nothing but the way back.
"""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.support.doors import ANSWER_S_MAX, JSON, Browser
from tests.support.gateway import MERCHANT_ID, PIN, Gateway, order, running, tillgate
from tillgate.merchant import AccessToken, AgreementPage, Merchant, Paid, Refunded

WRONG = "999999"
LIMITS = "/wallet/agreements/limits"
BACK = "http://shop.example/back?kept=yes"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("wallet-doors") / "gateway") as started:
        yield started


@pytest.fixture(scope="module")
def merchant(gateway: Gateway) -> Iterator[Merchant]:
    with gateway.merchant() as known:
        yield known


@pytest.fixture
def wallet(gateway: Gateway) -> Iterator[Browser]:
    browser = Browser(gateway)
    yield browser
    browser.http.close()


@pytest.fixture
def page(merchant: Merchant) -> str:
    """The path of a signing page."""
    return prepared(merchant)[0]


def prepared(merchant: Merchant) -> tuple[str, str]:
    """Return the path of a signing page, and the merchant's number of the agreement."""
    number = secrets.token_hex(16)
    asked = merchant.prepare_agreement(agreement_id=number, state="st-1", redirect_url=BACK)
    assert isinstance(asked, AgreementPage)
    return urlsplit(asked.url).path, number


def way_back(answer: JSON) -> dict[str, str]:
    """Return the parameters of a way back; the merchant's own are kept."""
    url = urlsplit(answer["redirectUrl"])
    assert f"{url.scheme}://{url.netloc}{url.path}" == "http://shop.example/back"
    said = {name: values[0] for name, values in parse_qs(url.query).items()}
    assert said.pop("kept") == "yes"
    assert (said["state"], said["client_id"]) == ("st-1", MERCHANT_ID)
    return said


def signed(wallet: Browser, path: str, **limits: str) -> JSON:
    me = wallet.sign_in("rich")
    return wallet.post(f"{path}/sign", {"pin": PIN, **limits}, **me)


def tokens(merchant: Merchant, answer: JSON) -> AccessToken:
    given = merchant.apply_token(auth_code=way_back(answer)["authCode"])
    assert isinstance(given, AccessToken)
    return given


# --- the signing page ---


def test_the_page_tells_who_asks_and_nothing_of_anybody_else(wallet: Browser, page: str) -> None:
    seen = wallet.http.get(f"{page}.json").json()
    assert seen["payee"] == "Maison Lin"
    assert (seen["merchantId"], seen["currency"], seen["exponent"]) == (MERCHANT_ID, "HKD", 2)
    assert (seen["state"], seen["payer"]) == ("SIGN_IN", None)
    assert 0 < seen["secondsLeft"] <= 3_600
    assert "redirectUrl" not in seen
    me = wallet.sign_in("rich")
    seen = wallet.http.get(f"{page}.json", headers=me).json()
    assert (seen["state"], seen["payer"]["id"], seen["payers"]) == ("SIGN", "rich", [])


def test_the_page_itself_is_framed_by_the_wallet_alone(wallet: Browser, page: str) -> None:
    shown = wallet.http.get(page, headers={"accept": "text/html"})
    assert shown.status_code == 200
    assert "frame-ancestors 'self';" in shown.headers["content-security-policy"]
    assert "unsafe" not in shown.headers["content-security-policy"]
    assert shown.headers["referrer-policy"] == "no-referrer"


def test_under_another_host_name_the_page_leads_home(gateway: Gateway, page: str) -> None:
    shown = httpx2.get(
        f"{gateway.shop_origin}{page}",
        follow_redirects=False,
        trust_env=False,
        timeout=ANSWER_S_MAX,
    )
    assert (shown.status_code, shown.headers["location"]) == (302, f"{gateway.origin}{page}")


@pytest.mark.parametrize("path", ["/wallet/agreement/none.json", "/wallet/agreement/.json"])
def test_a_page_that_is_none_is_not_there(wallet: Browser, path: str) -> None:
    assert wallet.http.get(path).status_code == 404


def test_signing_leads_back_with_a_code_that_buys_tokens(
    wallet: Browser, merchant: Merchant
) -> None:
    path, number = prepared(merchant)
    answer = signed(wallet, path, singleMax="99.5", dailyMax="1000")
    said = way_back(answer)
    assert (said["authResult"], said["merchantAgreementId"]) == ("SUCCESS", number)
    assert tokens(merchant, answer).agreement_id == number
    (mine,) = [each for each in mine_of(wallet) if each["merchantAgreementId"] == number]
    assert (mine["singleMax"]["value"], mine["dailyMax"]["value"]) == ("9950", "100000")
    assert (mine["state"], mine["spentToday"]["value"]) == ("ACTIVE", "0")


def test_a_repeat_by_the_payer_costs_no_try_and_leads_to_the_same_address(
    wallet: Browser, page: str
) -> None:
    me = wallet.sign_in("rich")
    first = wallet.post(f"{page}/sign", {"pin": PIN}, **me)
    for _ in range(4):
        assert wallet.post(f"{page}/sign", {"pin": WRONG}, **me) == first
    seen = wallet.http.get(f"{page}.json", headers=me).json()
    assert (seen["state"], seen["redirectUrl"]) == ("SIGNED", first["redirectUrl"])
    assert wallet.post(f"{page}/decline", {}, **me) == first


def test_the_same_yes_sent_many_times_at_once_is_one_yes(wallet: Browser, page: str) -> None:
    me = wallet.sign_in("rich")
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda _: wallet.post(f"{page}/sign", {"pin": PIN}, **me), range(8)))
    assert len({answer["redirectUrl"] for answer in said}) == 1


def test_another_payer_learns_nothing_of_what_was_signed(wallet: Browser, page: str) -> None:
    signed(wallet, page)
    stranger = wallet.sign_in("poor")
    seen = wallet.http.get(f"{page}.json", headers=stranger).json()
    assert seen["state"] == "OVER"
    assert "redirectUrl" not in seen
    for act, body in (("sign", {"pin": PIN}), ("decline", {})):
        refused = wallet.post(f"{page}/{act}", body, status=409, **stranger)
        assert refused["memo"].startswith("AGREEMENT_STATUS_INVALID")


def test_three_wrong_pins_lock_the_account_and_agree_to_nothing(
    wallet: Browser, gateway: Gateway, page: str
) -> None:
    me = wallet.sign_in("poor")
    left = [wallet.post(f"{page}/sign", {"pin": WRONG}, **me)["triesLeft"] for _ in range(3)]
    assert left == [2, 1, 0]
    locked = wallet.post(f"{page}/sign", {"pin": PIN}, **me)
    assert (locked["triesLeft"], locked["resultCode"]) == (0, None)
    assert locked["memo"].startswith("USER_STATUS_ABNORMAL")
    assert way_back(wallet.post(f"{page}/decline", {}, **me))["authResult"] == "FAIL"
    assert tillgate("payer", "unlock", "poor", "--data", str(gateway.data)).returncode == 0
    assert "redirectUrl" in wallet.post(f"{page}/sign", {"pin": PIN}, **me)


def test_a_no_brings_the_state_and_no_code_and_changes_nothing(wallet: Browser, page: str) -> None:
    said = way_back(wallet.post(f"{page}/decline", {}))
    assert said["authResult"] == "FAIL"
    assert "authCode" not in said
    assert way_back(signed(wallet, page))["authResult"] == "SUCCESS"


def test_without_a_session_nothing_is_signed(wallet: Browser, page: str) -> None:
    assert wallet.post(f"{page}/sign", {"pin": PIN}, status=401) == {"memo": "Nobody is signed in."}


def test_a_page_of_another_origin_signs_and_stops_nothing(
    wallet: Browser, gateway: Gateway, page: str
) -> None:
    wallet.sign_in("rich")
    for path, body in (
        (f"{page}/sign", {"pin": PIN}),
        (f"{page}/decline", {}),
        ("/wallet/agreements/cancel", {"merchantId": MERCHANT_ID, "merchantAgreementId": "1"}),
    ):
        refused = wallet.post(path, body, status=403, origin=gateway.shop_origin)
        assert refused["memo"].startswith("ACCESS_DENIED")
    # A cookie that comes with no origin at all is not believed either.
    wallet.post(f"{page}/sign", {"pin": PIN}, status=401)
    assert "redirectUrl" in wallet.post(f"{page}/sign", {"pin": PIN}, origin=gateway.origin)


@pytest.mark.parametrize(
    ("limits", "path"),
    [
        ({"singleMax": "0"}, "above zero"),
        ({"singleMax": "1.234"}, "decimal digits"),
        ({"singleMax": "-1"}, "singleMax"),
        ({"dailyMax": "1e3"}, "dailyMax"),
        ({"dailyMax": "١٢"}, "dailyMax"),
        ({"dailyMax": 5}, "dailyMax"),
        ({"singleMax": "10.01", "dailyMax": "10"}, "day's limit"),
        ({"pin": "12345"}, "pin"),
    ],
    ids=str,
)
def test_limits_are_read_strictly_and_the_first_fault_is_named(
    wallet: Browser, page: str, limits: JSON, path: str
) -> None:
    me = wallet.sign_in("rich")
    refused = wallet.post(f"{page}/sign", {"pin": PIN, **limits}, status=400, **me)
    assert refused["memo"].startswith("PARAM_ILLEGAL")
    assert path in refused["memo"]
    assert limits.get("pin", PIN) not in refused["memo"]


# --- what a payer allowed ---


def mine_of(wallet: Browser, payer: str = "rich") -> list[JSON]:
    me = wallet.sign_in(payer)
    found: list[JSON] = wallet.http.get("/wallet/agreements", headers=me).json()["agreements"]
    return found


def named(number: str) -> JSON:
    return {"merchantId": MERCHANT_ID, "merchantAgreementId": number}


def test_a_payer_limits_and_ends_what_is_the_payers_own(
    wallet: Browser, merchant: Merchant
) -> None:
    path, number = prepared(merchant)
    access = tokens(merchant, signed(wallet, path, singleMax="20", dailyMax="30"))
    paid = merchant.debit(order(f"{number[:8]}-1"), access_token=access.access_token)
    assert isinstance(paid, Paid)
    me, stranger = wallet.sign_in("rich"), wallet.sign_in("poor")
    limits = {**named(number), "singleMax": "5", "dailyMax": "30"}
    for pin in ({}, {"pin": PIN}):
        wallet.post(LIMITS, {**limits, **pin}, status=404, **stranger)
    now = wallet.post(LIMITS, limits, **me)["agreement"]
    assert (now["singleMax"]["value"], now["dailyMax"]["value"]) == ("500", "3000")
    assert now["spentToday"]["value"] == "1000"
    refused = merchant.debit(order(f"{number[:8]}-2"), access_token=access.access_token)
    assert "LIMIT" in refused.code  # type: ignore[union-attr]  # Anything else fails just as well.
    wallet.post("/wallet/agreements/cancel", named(number), status=404, **stranger)
    for _ in range(2):
        ended = wallet.post("/wallet/agreements/cancel", named(number), **me)["agreement"]
        assert (ended["state"], ended["cancelledBy"]) == ("CANCELED", "payer")
    for each in (limits, {**named(number), "pin": WRONG}):
        wallet.post(LIMITS, each, status=409, **me)
    assert not isinstance(
        merchant.debit(order(f"{number[:8]}-3"), access_token=access.access_token), Paid
    )


def test_nobody_sees_another_payers_agreements(wallet: Browser, page: str) -> None:
    signed(wallet, page)
    assert mine_of(wallet)
    assert mine_of(wallet, "slow") == []


@pytest.mark.parametrize("path", ["/wallet/history", "/wallet/agreements", "/wallet/me"])
def test_who_is_not_signed_in_sees_nothing(wallet: Browser, path: str) -> None:
    assert wallet.http.get(path).status_code == 401
    assert wallet.http.get(path, headers={"origin": "http://evil.example"}).status_code == 403


# --- what a payer paid ---


@pytest.fixture
def pay(merchant: Merchant, wallet: Browser) -> Callable[[str], None]:
    """Pay an order of this number in the wallet."""

    def paid(number: str) -> None:
        me = wallet.sign_in("rich")
        path = wallet.cashier(merchant.order_str(order(number, "1.00 HKD")), f"c-{number}", **me)
        assert wallet.post(f"{path}/confirm", {"pin": PIN}, **me)["resultCode"] == "9000"

    return paid


def pages_of(wallet: Browser) -> Iterator[list[Any]]:
    me = wallet.sign_in("rich")
    cursor = ""
    while cursor is not None:
        asked = f"?cursor={cursor}" if cursor else ""
        page = wallet.http.get(f"/wallet/history{asked}", headers=me).json()
        yield page["payments"]
        cursor = page["next"]


def test_history_goes_on_page_by_page_and_tells_each_payment_once(
    wallet: Browser, pay: Callable[[str], None]
) -> None:
    numbers = [f"H-{number}" for number in range(23)]
    for number in numbers:
        pay(number)
    pages = list(pages_of(wallet))
    assert len(pages[0]) == 20
    told = [each["merchantTransId"] for page in pages for each in page]
    assert len(told) == len(set(told))
    assert [each for each in told if each.startswith("H-")] == numbers[::-1]


def test_a_refund_stands_under_its_payment(
    wallet: Browser, merchant: Merchant, pay: Callable[[str], None]
) -> None:
    pay("R-1")
    for refund_id, amount in (("r-1", "0.40 HKD"), ("r-2", "0.60 HKD")):
        given = merchant.refund(
            refund_id=refund_id, amount=amount, merchant_trans_id="R-1", reason="Torn"
        )
        assert isinstance(given, Refunded)
    payment = next(pages_of(wallet))[0]
    assert (payment["merchantTransId"], payment["closeReason"]) == ("R-1", "REFUNDED")
    assert [each["refundAmount"]["value"] for each in payment["refunds"]] == ["40", "60"]
    assert {(each["reason"], each["state"]) for each in payment["refunds"]} == {("Torn", "DONE")}
    assert payment["refunded"]["value"] == "100"


@pytest.mark.parametrize("cursor", ["x", "1", "1.2.3", "1.99999", "-1.0", "1.1e3", "9" * 30 + ".0"])
def test_a_cursor_that_is_none_of_ours_is_refused(wallet: Browser, cursor: str) -> None:
    me = wallet.sign_in("rich")
    answer = wallet.http.get(f"/wallet/history?cursor={cursor}", headers=me)
    assert answer.status_code == 400
    assert answer.json()["memo"].startswith("PARAM_ILLEGAL")
