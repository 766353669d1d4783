"""The limits of an agreement at the wallet's door: lower with a session alone, looser with the PIN.

What must hold: without the PIN no limit rises or goes away, whoever holds a session; a wrong PIN is
counted and changes nothing; what needs no PIN spends no try, and is there for a locked payer.
"""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.support.doors import JSON, Browser
from tests.support.gateway import MERCHANT_ID, PIN, Gateway, running, tillgate
from tillgate.kernel.money import Money
from tillgate.merchant import AgreementPage

WRONG = "999999"
LIMITS = "/wallet/agreements/limits"
MinorUnits = tuple[str | None, str | None]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with running(tmp_path_factory.mktemp("wallet-limits") / "gateway") as started:
        yield started


@pytest.fixture
def wallet(gateway: Gateway) -> Iterator[Browser]:
    browser = Browser(gateway)
    yield browser
    browser.http.close()


def agreed(wallet: Browser, gateway: Gateway, payer: str, **limits: str) -> tuple[JSON, JSON]:
    """Sign an agreement; return what names it, and the headers of its payer."""
    number = secrets.token_hex(16)
    with gateway.merchant() as merchant:
        page = merchant.prepare_agreement(
            agreement_id=number, state="st-1", redirect_url="http://shop.example/back"
        )
    assert isinstance(page, AgreementPage)
    me = wallet.sign_in(payer)
    wallet.post(f"{urlsplit(page.url).path}/sign", {"pin": PIN, **limits}, **me)
    return {"merchantId": MERCHANT_ID, "merchantAgreementId": number}, me


def limits_of(agreement: JSON) -> MinorUnits:
    """Return both limits in minor units; None is no limit."""
    single, daily = (agreement[name] for name in ("singleMax", "dailyMax"))
    return single and single["value"], daily and daily["value"]


def seen(wallet: Browser, named: JSON, me: JSON) -> MinorUnits:
    """Return the limits that stand, without signing in anew: that would give tries back."""
    found = wallet.http.get("/wallet/agreements", headers=me).json()["agreements"]
    (mine,) = [each for each in found if named.items() <= each.items()]
    return limits_of(mine)


@pytest.fixture
def limited(wallet: Browser, gateway: Gateway) -> tuple[JSON, JSON]:
    """Name an agreement with limits of 20 and 30; and the headers of its payer."""
    return agreed(wallet, gateway, "rich", singleMax="20", dailyMax="30")


LOOSER: list[JSON] = [
    {"singleMax": "20.01", "dailyMax": "30"},
    {"singleMax": "20", "dailyMax": "30.01"},
    {"singleMax": "10", "dailyMax": "31"},
    {"singleMax": "20"},
    {"dailyMax": "30"},
    {},
]


@pytest.mark.parametrize("wanted", LOOSER, ids=str)
def test_a_limit_that_rises_or_goes_needs_the_pin_and_changes_nothing_without(
    wallet: Browser, limited: tuple[JSON, JSON], wanted: JSON
) -> None:
    named, me = limited
    asked = wallet.post(LIMITS, {**named, **wanted}, **me)
    assert (asked["resultCode"], asked["needsPin"]) == (None, True)
    assert asked["memo"].startswith("PIN_NEEDED: ")
    assert set(asked) == {"resultCode", "memo", "needsPin"}
    assert seen(wallet, named, me) == ("2000", "3000")
    now = wallet.post(LIMITS, {**named, **wanted, "pin": PIN}, **me)["agreement"]
    minor = {name: str(Money.parse(f"{text} HKD").minor) for name, text in wanted.items()}
    assert limits_of(now) == (minor.get("singleMax"), minor.get("dailyMax"))


@pytest.mark.parametrize(
    "wanted",
    [
        {"singleMax": "20", "dailyMax": "30"},
        {"singleMax": "19.99", "dailyMax": "30"},
        {"singleMax": "0.01", "dailyMax": "0.01"},
    ],
    ids=str,
)
def test_a_lower_limit_needs_no_pin_and_checks_none(
    wallet: Browser, limited: tuple[JSON, JSON], wanted: JSON
) -> None:
    named, me = limited
    for _ in range(4):  # One more than there are tries.
        body = {**named, **wanted, "pin": WRONG}
        assert "agreement" in wallet.post(LIMITS, body, **me)
    assert "agreement" in wallet.post(LIMITS, {**named, **wanted}, **me)
    assert "token" in wallet.post("/wallet/session", {"payer": "rich", "pin": PIN})


def test_a_first_limit_needs_no_pin(wallet: Browser, gateway: Gateway) -> None:
    named, me = agreed(wallet, gateway, "rich")
    now = wallet.post(LIMITS, {**named, "singleMax": "7"}, **me)["agreement"]
    assert limits_of(now) == ("700", None)


def test_wrong_pins_raise_nothing_and_are_counted_until_the_right_one(
    wallet: Browser, limited: tuple[JSON, JSON]
) -> None:
    named, me = limited
    more = {**named, "singleMax": "25", "dailyMax": "50"}
    for _ in range(2):  # The right PIN gives all tries back, so the second round is as the first.
        lost = [wallet.post(LIMITS, {**more, "pin": WRONG}, **me) for _ in range(2)]
        assert [each["triesLeft"] for each in lost] == [2, 1]
        assert all(each["memo"].startswith("WRONG_PIN") for each in lost)
        assert "needsPin" in wallet.post(LIMITS, more, **me)  # Asking costs no try.
        assert seen(wallet, named, me) == ("2000", "3000")
        now = wallet.post(LIMITS, {**more, "pin": PIN}, **me)["agreement"]
        assert limits_of(now) == ("2500", "5000")
        again = wallet.post(LIMITS, more, **me)["agreement"]  # A repeat raises nothing.
        assert limits_of(again) == ("2500", "5000")
        lower = {**named, "singleMax": "20", "dailyMax": "30"}
        wallet.post(LIMITS, lower, **me)


def test_many_guesses_at_once_get_three_checks_and_a_locked_payer_only_lowers(
    wallet: Browser, gateway: Gateway
) -> None:
    named, me = agreed(wallet, gateway, "poor", singleMax="20")
    with ThreadPoolExecutor(8) as pool:
        guesses = list(
            pool.map(lambda _: wallet.post(LIMITS, {**named, "pin": WRONG}, **me), range(8))
        )
    assert sorted(each["triesLeft"] for each in guesses) == [0] * 6 + [1, 2]
    assert "needsPin" in wallet.post(LIMITS, named, **me)
    locked = wallet.post(LIMITS, {**named, "pin": PIN}, **me)
    assert (locked["triesLeft"], locked["resultCode"]) == (0, None)
    assert locked["memo"].startswith("USER_STATUS_ABNORMAL")
    assert seen(wallet, named, me) == ("2000", None)
    lower = {**named, "singleMax": "5", "dailyMax": "9"}
    assert limits_of(wallet.post(LIMITS, lower, **me)["agreement"]) == ("500", "900")
    assert tillgate("payer", "unlock", "poor", "--data", str(gateway.data)).returncode == 0
    raised = wallet.post(LIMITS, {**named, "pin": PIN}, **me)["agreement"]
    assert limits_of(raised) == (None, None)


@pytest.mark.parametrize("pin", ["12345", "1234567", "12345a", 123456], ids=repr)
def test_a_pin_that_is_none_is_refused_and_not_repeated(
    wallet: Browser, limited: tuple[JSON, JSON], pin: object
) -> None:
    named, me = limited
    refused = wallet.post(LIMITS, {**named, "pin": pin}, status=400, **me)
    assert refused["memo"].startswith("PARAM_ILLEGAL")
    assert str(pin) not in refused["memo"]
    assert seen(wallet, named, me) == ("2000", "3000")
