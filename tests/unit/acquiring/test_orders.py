"""Orders as values: when their time is over, what they may not become; how keys and PINs count."""

import pytest

from tillgate.acquiring.acquirement import Acquirement, Terms, open_acquirement
from tillgate.acquiring.client import ClientKey
from tillgate.acquiring.payer import Payer, check_payer
from tillgate.acquiring.states import AcquirementEvent, AcquirementState
from tillgate.kernel.errors import Broken, Refused
from tillgate.kernel.ids import (
    AcquirementId,
    ClientId,
    MerchantId,
    MerchantTransId,
    PayerId,
)
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result


@pytest.fixture
def order() -> Acquirement:
    terms = Terms(
        merchant_id=MerchantId("shop"),
        merchant_trans_id=MerchantTransId("A-1"),
        client_id=ClientId("C"),
        version="2.0.0",
        product_code="CASHIER_PAY",
        amount=Money.parse("10.00 HKD"),
        title="Dress",
        req_time_ms=0,
    )
    return open_acquirement(terms, acquirement_id=AcquirementId("1"), now_ms=100, life_ms=50)


def test_a_new_order_waits_and_nothing_is_given_back(order: Acquirement) -> None:
    assert order.waits
    assert not order.was_paid
    assert order.refunded == Money.parse("0.00 HKD")
    assert (order.created_at_ms, order.expires_at_ms) == (100, 150)


@pytest.mark.parametrize(("now_ms", "over"), [(149, False), (150, True), (151, True)])
def test_an_order_is_over_from_its_last_millisecond_on(
    order: Acquirement, now_ms: int, *, over: bool
) -> None:
    assert order.is_over(now_ms) is over


def test_an_order_is_never_over_while_an_attempt_is_open(order: Acquirement) -> None:
    assert not order.replaced(attempt_open=1, attempt_count=1).is_over(10**15)


def test_an_order_that_ended_is_not_over_again(order: Acquirement) -> None:
    assert not order.stepped(AcquirementEvent.PAID).is_over(10**15)


def test_a_step_that_is_not_in_the_table_changes_nothing(order: Acquirement) -> None:
    closed = order.stepped(AcquirementEvent.CANCELLED)

    with pytest.raises(Broken):
        closed.stepped(AcquirementEvent.PAID)
    assert closed.state is AcquirementState.TRADE_CLOSED


def test_a_key_of_a_row_never_changes(order: Acquirement) -> None:
    with pytest.raises(ValueError, match="key"):
        order.replaced(merchant_trans_id=MerchantTransId("A-2"))


@pytest.mark.parametrize(
    ("until_ms", "now_ms", "valid"),
    [
        (None, 99, False),
        (None, 100, True),
        (None, 10**15, True),
        (200, 199, True),
        (200, 200, False),
    ],
)
def test_a_key_counts_from_its_first_instant_to_before_its_last(
    until_ms: int | None, now_ms: int, *, valid: bool
) -> None:
    key = ClientKey(
        client_id=ClientId("C"),
        fingerprint="f",
        public_pem="p",
        valid_from_ms=100,
        valid_until_ms=until_ms,
    )

    assert key.is_valid(now_ms) is valid


@pytest.mark.parametrize(("used", "left"), [(0, 3), (2, 1), (3, 0), (4, 0)])
def test_a_payer_has_three_tries(used: int, left: int) -> None:
    payer = Payer(
        payer_id=PayerId("p"),
        name="P",
        issuer="wallet",
        pin_hash="h",
        created_at_ms=1,
        pin_tries_used=used,
    )

    assert payer.pin_tries_left == left
    if left:
        assert check_payer(payer) is payer
    else:
        with pytest.raises(Refused) as refused:
            check_payer(payer)
        assert refused.value.result is Result.USER_STATUS_ABNORMAL


def test_nobody_pays_as_nobody() -> None:
    with pytest.raises(Refused) as refused:
        check_payer(None)
    assert refused.value.result is Result.USER_NOT_EXIST
