"""Every call of the SDK against a gateway that runs, in both colours; answers get lost on purpose.

What must hold: what the SDK says of a payment is what the gateway's books say, and a call that was
repeated because its answer was lost moved money once.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.e2e.sdk.selling import a_number, agreed, connected, paid
from tests.support.doors import ANSWER_S_MAX, Browser
from tests.support.gateway import (
    MERCHANT_ID,
    PIN,
    Gateway,
    order,
    tillgate,
)
from tests.support.small_gateway import Colour
from tests.support.sockets import Visit, serving
from tillgate import (
    AccessToken,
    Agreement,
    AgreementCancelled,
    AgreementEvent,
    Cancelled,
    CashierPage,
    Cause,
    Closed,
    Money,
    NotFound,
    Paid,
    Refunded,
    Refusal,
    Repeating,
    Secret,
    Unknown,
    Waiting,
)
from tillgate.acquiring.payer import PIN_TRIES_MAX
from tillgate.protocol.keys import PrivateKey

HKD_4, HKD_10 = Money.parse("4.00 HKD"), Money.parse("10.00 HKD")


def test_an_order_is_queried_paid_refunded_in_parts_and_closed(me: Colour, wallet: Browser) -> None:
    number = a_number()
    assert me.call("query", number) == NotFound(about=f"order {number}")

    assert paid(wallet, me, number) == "9000"
    found = me.call("query", number)
    assert isinstance(found, Paid)
    assert (found.amount, found.refunded, found.finished) == (HKD_10, None, False)
    assert me.call("query", acquirement_id=found.acquirement_id) == found

    first = me.call(
        "refund", refund_id=a_number("R"), amount=HKD_4, acquirement_id=found.acquirement_id
    )
    assert isinstance(first, Refunded)
    again = me.call(
        "refund", refund_id=first.refund_id, amount="4.00 HKD", merchant_trans_id=number
    )
    assert again == first
    part = me.call("query", number)
    assert (part.refunded, [line.refund_id for line in part.refunds]) == (HKD_4, [first.refund_id])

    too_much = me.call(
        "refund", refund_id=a_number("R"), amount="6.01 HKD", merchant_trans_id=number
    )
    assert isinstance(too_much, Refusal)
    assert too_much.code == "AMOUNT_EXCEEDS_LIMIT"
    rest = me.call("refund", refund_id=a_number("R"), amount="6.00 HKD", merchant_trans_id=number)
    assert isinstance(rest, Refunded)
    closed = me.call("query", number)
    assert isinstance(closed, Closed)
    assert (closed.refunded, closed.paid_at_ms) == (HKD_10, found.paid_at_ms)


def test_another_amount_under_the_same_refund_number_is_refused(
    me: Colour, wallet: Browser
) -> None:
    number, refund_id = a_number(), a_number("R")
    paid(wallet, me, number)
    me.call("refund", refund_id=refund_id, amount="1.00 HKD", merchant_trans_id=number)

    other = me.call("refund", refund_id=refund_id, amount="2.00 HKD", merchant_trans_id=number)

    assert isinstance(other, Refusal)
    assert other.code == "REPEAT_REQ_INCONSISTENT"


def test_an_order_is_cancelled_whatever_became_of_it(me: Colour, wallet: Browser) -> None:
    unpaid, settled, unseen = a_number(), a_number(), a_number()
    paid(wallet, me, settled)
    assert isinstance(me.call("cashier_url", order(unpaid)), CashierPage)

    for number in (unpaid, settled, unseen):
        done = me.call("cancel", number)
        assert isinstance(done, Cancelled)
        assert done.merchant_trans_id == number
        assert me.call("cancel", number) == done
        assert isinstance(me.call("query", number), Closed)
    assert isinstance(me.call("cashier_url", order(unseen)), Refusal)


def test_a_server_posts_an_order_and_a_browser_pays_it(me: Colour, wallet: Browser) -> None:
    number = a_number()
    page = me.call("cashier_url", order(number))
    assert isinstance(page, CashierPage)
    waiting = me.call("query", number)
    assert isinstance(waiting, Waiting)
    assert waiting.acquirement_id == page.acquirement_id

    path = urlsplit(page.url).path
    wallet.http.get(path)
    wallet.post(f"{path}/sign-in", {"payer": "rich", "pin": PIN})
    assert wallet.post(f"{path}/confirm", {"pin": PIN})["resultCode"] == "9000"

    found = me.wait(waiting, timeout=60, every=0.1)
    assert isinstance(found, Paid)
    assert me.call("cashier_url", order(number)) == found, (
        "it is paid; there is no cashier any more"
    )


def test_an_agreement_from_the_page_to_its_end(me: Colour, wallet: Browser, payer: str) -> None:
    agreement_id = secrets.token_hex(16)
    assert isinstance(me.call("agreement", agreement_id), NotFound)
    tokens = agreed(wallet, me, agreement_id, payer)
    standing = me.call("agreement", agreement_id)
    assert isinstance(standing, Agreement)
    assert standing.active
    assert standing.expires_at_ms == tokens.expires_at_ms

    number = a_number()
    debit = me.call("debit", order(number), access_token=tokens.access_token)
    assert isinstance(debit, Paid)
    assert me.call("debit", order(number), access_token=tokens.access_token) == debit
    assert me.call("query", number) == debit

    assert tokens.refresh_token is not None
    renewed = me.call("refresh_token", tokens.refresh_token)
    assert isinstance(renewed, AccessToken)
    assert renewed.access_token != tokens.access_token
    assert me.call("refresh_token", tokens.refresh_token) == renewed

    assert me.call("cancel_agreement", agreement_id) == AgreementCancelled(
        agreement_id=agreement_id
    )
    ended = me.call("agreement", agreement_id)
    assert (ended.status, ended.active) == ("CANCELED", False)
    after = me.call("debit", order(a_number()), access_token=renewed.access_token)
    assert isinstance(after, Refusal)


def test_a_debit_that_the_payer_cannot_pay_is_refused_and_closes_its_order(
    me: Colour, wallet: Browser
) -> None:
    tokens = agreed(wallet, me, secrets.token_hex(16), payer="poor")
    number = a_number()

    debit = me.call("debit", order(number, amount="9999.00 HKD"), access_token=tokens.access_token)

    assert isinstance(debit, Refusal)
    assert debit.code == "USER_BALANCE_NOT_ENOUGH"
    assert isinstance(me.call("query", number), Closed)


def test_a_debit_refused_before_there_was_an_order_leaves_its_number_free(
    gateway: Gateway, me: Colour, wallet: Browser, payer: str
) -> None:
    tokens = agreed(wallet, me, secrets.token_hex(16), payer)
    right, number = tokens.access_token, a_number()

    def refused(amount: str, token: Secret) -> str:
        debit = me.call("debit", order(number, amount=amount), access_token=token)
        assert isinstance(debit, Refusal)
        assert me.call("query", number) == NotFound(about=f"order {number}")
        return debit.code

    assert refused("10.00 HKD", Secret("x" * 48)) == "INVALID_ACCESS_TOKEN"
    assert refused("10.00 USD", right) == "CURRENCY_NOT_SUPPORT"
    with _locked(gateway, payer):
        assert refused("10.00 HKD", right) == "USER_STATUS_ABNORMAL"
    assert isinstance(me.call("debit", order(number), access_token=right), Paid)


@contextmanager
def _locked(gateway: Gateway, payer: str) -> Iterator[None]:
    """Lock a payer as only wrong PINs do."""
    for _ in range(PIN_TRIES_MAX):
        wrong = {"payer": payer, "pin": "999999"}
        httpx2.post(
            f"{gateway.origin}/wallet/session", json=wrong, trust_env=False, timeout=ANSWER_S_MAX
        )
    yield
    unlocked = tillgate("payer", "unlock", payer, "--data", str(gateway.data))
    assert unlocked.returncode == 0, unlocked.stderr


@pytest.mark.parametrize(
    ("payer", "kind"), [("unknown-then-paid", Paid), ("unknown-then-failed", Closed)]
)
def test_a_debit_that_the_bank_does_not_answer_is_waited_for(
    me: Colour, wallet: Browser, payer: str, kind: type
) -> None:
    tokens = agreed(wallet, me, secrets.token_hex(16), payer=payer)

    debit = me.call("debit", order(a_number()), access_token=tokens.access_token)

    assert isinstance(debit, Unknown)
    assert (debit.cause, debit.result_code) == (Cause.STATUS_UNKNOWN, "PAYMENT_IN_PROCESS")
    assert isinstance(me.wait(debit, timeout=120, every=0.5), kind)


def _losing(gateway: Gateway, *, answers: int) -> Any:
    """Return what passes requests on to the gateway and loses so many answers on the way back."""
    lost = 0

    def behave(visit: Visit) -> None:
        nonlocal lost
        path = visit.raw.split(b" ", 2)[1].decode()
        body = visit.raw.partition(b"\r\n\r\n")[2]
        answer = httpx2.post(
            gateway.origin + path, content=body, trust_env=False, timeout=ANSWER_S_MAX
        )
        lost += 1
        if lost <= answers:
            visit.wire.close()
        else:
            visit.answer(answer.content)

    return behave


def test_a_refund_whose_answer_was_lost_happens_once(
    gateway: Gateway, me: Colour, wallet: Browser
) -> None:
    number, refund_id = a_number(), a_number("R")
    paid(wallet, me, number)
    acquirement_id = me.call("query", number).acquirement_id

    with serving(_losing(gateway, answers=2)) as between:
        connected(me, gateway, base_url=between.url, repeating=Repeating(tries_max=1))
        outcome = me.call(
            "refund", refund_id=refund_id, amount=HKD_4, acquirement_id=acquirement_id
        )
        assert isinstance(outcome, Unknown)
        assert (outcome.cause, outcome.may_be_done) == (Cause.TORN, True)
        known = me.wait(outcome, timeout=120, every=0.1)
        assert isinstance(known, Refunded)
        found = me.call("query", number)

    assert (found.refunded, len(found.refunds)) == (HKD_4, 1)


def test_a_debit_whose_answer_was_lost_happens_once(
    gateway: Gateway, me: Colour, wallet: Browser, payer: str
) -> None:
    tokens = agreed(wallet, me, secrets.token_hex(16), payer)
    number = a_number()

    with serving(_losing(gateway, answers=1)) as between:
        connected(me, gateway, base_url=between.url, repeating=Repeating(tries_max=1))
        outcome = me.call("debit", order(number), access_token=tokens.access_token)
        assert isinstance(outcome, Unknown)
        known = me.wait(outcome, timeout=120, every=0.1)

    assert isinstance(known, Paid)
    assert (known.merchant_trans_id, known.amount) == (number, HKD_10)


def test_a_client_nobody_registered_hears_nothing_it_may_believe(
    gateway: Gateway, colour: Colour
) -> None:
    stranger = connected(colour, gateway, client_id="4Q5XSH6SSG02T999")

    outcome = stranger.call("cancel", a_number())

    assert isinstance(outcome, Unknown)
    assert outcome.cause is Cause.UNSIGNED
    assert "INVALID_CLIENT" in outcome.sentence


def test_a_wrong_key_of_ours_or_of_the_gateways_is_unknown_and_each_is_named(
    gateway: Gateway, colour: Colour
) -> None:
    wrong = connected(colour, gateway, private_key=PrivateKey.generate())
    refused = wrong.call("cancel", a_number())
    assert isinstance(refused, Unknown)
    assert (refused.cause, refused.result_code) == (Cause.REFUSED_UNREAD, "INVALID_SIGNATURE")
    assert "private key" in refused.sentence

    other = connected(colour, gateway, gateway_public_key=PrivateKey.generate().public)
    unknown = other.call("cancel", a_number())
    assert isinstance(unknown, Unknown)
    assert unknown.cause is Cause.BAD_SIGNATURE


def test_the_end_of_an_agreement_is_notified_and_acknowledged(
    gateway: Gateway, me: Colour, wallet: Browser, payer: str
) -> None:
    agreement_id = secrets.token_hex(16)
    heard: list[AgreementEvent] = []

    def notified(visit: Visit) -> None:
        event = me.call("agreement_notification", visit.raw.partition(b"\r\n\r\n")[2])
        heard.append(event)
        visit.answer(me.call("acknowledge", event), "200 OK", "content-type: application/json")

    with serving(notified) as shop:
        given = ("--notify-url", f"{shop.url}/notify", "--data", str(gateway.data))
        changed = tillgate("merchant", "set", MERCHANT_ID, *given)
        assert changed.returncode == 0, changed.stderr
        agreed(wallet, me, agreement_id, payer)
        assert isinstance(me.call("cancel_agreement", agreement_id), AgreementCancelled)
        ends_s = time.monotonic() + 120
        while not heard and time.monotonic() < ends_s:
            time.sleep(0.05)

    assert [event.agreement_id for event in heard] == [agreement_id]
