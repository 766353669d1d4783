"""What is due on one database, found by all processes at once: asks, expiries, forgetting.

What must hold: an order whose bank answers late is paid once, whichever process asks; an order out
of time is closed once and told of once; what nobody needs is forgotten while payments go on.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.processes.several import database_of, several, wait_until
from tests.support import postgres
from tests.support.doors import Browser
from tests.support.gateway import PIN, Gateway, order

pytestmark = pytest.mark.timeout(600)  # Four processes come up first.
ORDERS = 12
HOUR_S = 3_600


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder: Path = tmp_path_factory.mktemp("due")
    with several(folder, 4, operation_kept_s=str(HOUR_S)) as made:
        yield made


def asked(gateway: Gateway, payer: str, *, confirm: bool) -> set[str]:
    """Open a cashier for some orders, and confirm them if wanted; return their numbers."""
    merchant, browser = gateway.merchant(), Browser(gateway)
    numbers = {f"{payer}-{number}" for number in range(ORDERS)}
    with browser.http:
        me = browser.sign_in(payer)
        for number in sorted(numbers):
            path = browser.cashier(merchant.order_str(order(number)), number, **me)
            if confirm:
                browser.post(f"{path}/confirm", {"pin": PIN}, **me)
    return numbers


def asked_of_database(gateway: Gateway, query: str, *values: object) -> Counter[str]:
    """Return how often each value of the first column was found."""
    return Counter(str(row[0]) for row in postgres.rows(database_of(gateway), query, *values))


STATES = "SELECT state FROM acquirements WHERE merchant_trans_id LIKE $1"


def test_an_issuer_that_answers_late_is_asked_until_it_has_and_pays_once(gateway: Gateway) -> None:
    asked(gateway, "unknown-then-paid", confirm=True)
    paid = {"TRADE_SUCCESS": ORDERS}
    wait_until(lambda: asked_of_database(gateway, STATES, "unknown-then-paid-%") == paid)

    assert asked_of_database(gateway, "SELECT state FROM attempts") == {"APPROVED": ORDERS}
    entries = "SELECT kind FROM entries WHERE kind = 'PAYMENT'"
    assert asked_of_database(gateway, entries) == {"PAYMENT": ORDERS}


def test_an_order_out_of_time_is_closed_and_told_of_once(gateway: Gateway) -> None:
    asked(gateway, "rich", confirm=False)
    early = "UPDATE acquirements SET expires_at_ms = created_at_ms + 1 WHERE state = $1 RETURNING 1"
    assert asked_of_database(gateway, early, "WAIT_BUYER_PAY") == {"1": ORDERS}
    closed = {"TRADE_CLOSED": ORDERS}
    wait_until(lambda: asked_of_database(gateway, STATES, "rich-%") == closed)

    told = "SELECT merchant_trans_id FROM notifications WHERE merchant_trans_id LIKE 'rich-%'"
    assert set(asked_of_database(gateway, told).values()) <= {1}


def test_operations_that_are_old_are_forgotten_and_others_are_not(gateway: Gateway) -> None:
    earlier = "UPDATE operations SET at_ms = at_ms - 7200000 RETURNING 1"
    assert asked_of_database(gateway, earlier)["1"] > ORDERS
    asked(gateway, "poor", confirm=False)
    left = "SELECT 1 FROM operations WHERE at_ms < (SELECT max(at_ms) FROM operations) - 3600000"
    wait_until(lambda: not asked_of_database(gateway, left))

    assert asked_of_database(gateway, "SELECT 1 FROM operations")["1"] >= ORDERS
