"""`tillgate wallet` against a gateway that answers, refuses, loses answers, or is not there."""

from collections.abc import Callable
from typing import Any

import httpx2
import msgspec
import pytest

from tillgate.cli.surface import UsageError
from tillgate.cli.wallet import Unreachable, Wallet

CALL = {"orderStr": "{}", "callId": "call-1"}
PAID = {"resultCode": "9000", "memo": "SUCCESS: The order is paid."}
CASHIER = {"cashierUrl": "http://127.0.0.1:8080/cashier/token-1"}
SESSION = {"token": "session-1", "expiresIn": 1800}


class Gateway:
    """Answers by path from a list, and remembers what was asked."""

    def __init__(self, **answers: list[Any]) -> None:
        self.asked: list[tuple[str, dict[str, Any], str]] = []
        usual: dict[str, list[Any]] = {
            "session": [SESSION],
            "trade": [CASHIER],
            "confirm": [PAID],
        }
        self._answers = {**usual, **answers}

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        name = {"/wallet/session": "session", "/cashier/trade-pay": "trade"}.get(path, "confirm")
        body = msgspec.json.decode(request.content)
        self.asked.append((path, body, request.headers.get("authorization", "")))
        queue = self._answers[name]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, Exception):
            raise answer
        status, value = answer if isinstance(answer, tuple) else (200, answer)
        return httpx2.Response(status, content=msgspec.json.encode(value))


def _pay(
    gateway: Callable[[httpx2.Request], httpx2.Response], *, url: str = "http://127.0.0.1:8080"
) -> Any:
    transport = httpx2.MockTransport(gateway)
    waited: list[float] = []
    wallet = Wallet(url, wait=waited.append, transport=transport)
    return wallet.pay(CALL, payer="rich", pin="123456")


def test_a_payment_is_three_questions_with_one_session() -> None:
    gateway = Gateway()

    assert _pay(gateway) == PAID
    assert gateway.asked == [
        ("/wallet/session", {"payer": "rich", "pin": "123456"}, ""),
        ("/cashier/trade-pay", CALL, "Bearer session-1"),
        ("/cashier/token-1/confirm", {"pin": "123456"}, "Bearer session-1"),
    ]


def test_a_final_answer_of_trade_pay_ends_the_call() -> None:
    duplicate = {"resultCode": "5000", "memo": "DUPLICATE: paid"}
    gateway = Gateway(trade=[duplicate])

    assert _pay(gateway) == duplicate
    assert len(gateway.asked) == 2


def test_the_cashiers_address_never_takes_the_session_elsewhere() -> None:
    gateway = Gateway(trade=[{"cashierUrl": "https://evil.example/cashier/token-1"}])
    hosts: list[str] = []

    def watched(request: httpx2.Request) -> httpx2.Response:
        hosts.append(request.url.host)
        return gateway(request)

    assert _pay(watched) == PAID
    assert set(hosts) == {"127.0.0.1"}


def test_a_lost_confirm_is_asked_again_under_the_same_call() -> None:
    gateway = Gateway(
        confirm=[httpx2.ReadTimeout("lost")], trade=[CASHIER, {**PAID, "returnUrl": "https://r/"}]
    )

    assert _pay(gateway) == {**PAID, "returnUrl": "https://r/"}
    calls = [body["callId"] for path, body, _ in gateway.asked if path == "/cashier/trade-pay"]
    assert calls == ["call-1", "call-1"]


@pytest.mark.parametrize("lost", [httpx2.ConnectError("no"), (503, {}), (500, {}), (429, {})])
def test_a_gateway_that_stays_away_is_given_up_after_a_bounded_number_of_tries(lost: Any) -> None:
    gateway = Gateway(session=[lost])

    with pytest.raises(Unreachable):
        _pay(gateway)

    assert len(gateway.asked) == 4


def test_a_confirm_that_never_answers_is_given_up_as_well() -> None:
    gateway = Gateway(confirm=[httpx2.ReadError("reset")])

    with pytest.raises(Unreachable):
        _pay(gateway)

    assert len(gateway.asked) == 1 + 2 * 3


@pytest.mark.parametrize(
    ("answers", "code", "memo"),
    [
        ({"session": [(403, {"memo": "USER_NOT_EXIST: none"})]}, "4000", "USER_NOT_EXIST: none"),
        ({"session": [(401, {"memo": "WRONG_PIN: 2 left"})]}, "4000", "WRONG_PIN: 2 left"),
        (
            {"confirm": [{"resultCode": None, "memo": "WRONG_PIN: 1 left", "triesLeft": 1}]},
            "4000",
            "WRONG_PIN: 1 left",
        ),
        ({"trade": [{"nothing": 1}]}, "6005", "no resultCode"),
    ],
)
def test_what_is_refused_on_the_way_ends_with_the_gateways_own_words(
    answers: dict[str, list[Any]], code: str, memo: str
) -> None:
    told = _pay(Gateway(**answers))

    assert told["resultCode"] == code
    assert memo in told["memo"]


def test_what_is_no_gateway_is_told_by_name() -> None:
    def page(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=b"<html>")

    with pytest.raises(UsageError, match="is no gateway"):
        _pay(page)


def test_an_endless_answer_is_not_read_to_its_end() -> None:
    def endless(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=b" " * (256 * 1024 + 1))

    with pytest.raises(Unreachable):
        _pay(endless)


PAGE = "/wallet/agreement/token-1"
BACK = {"redirectUrl": "https://shop.example.com/agreed?authCode=c"}


def _agree(gateway: Callable[[httpx2.Request], httpx2.Response]) -> Any:
    transport = httpx2.MockTransport(gateway)
    wallet = Wallet("http://127.0.0.1:8080", wait=lambda _: None, transport=transport)
    return wallet.agree(PAGE, payer="rich", said={"pin": "123456", "singleMax": "50.00"})


def test_an_agreement_is_signed_with_one_session_and_its_address_not_followed() -> None:
    gateway = Gateway(confirm=[BACK])

    assert _agree(gateway) == BACK
    assert gateway.asked[1:] == [
        (f"{PAGE}/sign", {"pin": "123456", "singleMax": "50.00"}, "Bearer session-1")
    ]


def test_a_signature_whose_answer_was_lost_is_not_sent_twice_unasked() -> None:
    gateway = Gateway(confirm=[httpx2.ReadTimeout("lost")])

    with pytest.raises(Unreachable, match="not signed twice"):
        _agree(gateway)

    assert len(gateway.asked) == 2


def test_a_wrong_pin_at_an_agreement_is_told_in_the_gateways_words() -> None:
    wrong = {"resultCode": None, "memo": "WRONG_PIN: 1 left", "triesLeft": 1}

    assert _agree(Gateway(confirm=[wrong])) == {"memo": "WRONG_PIN: 1 left", "triesLeft": 1}
