"""The calls of the SDK and answers to them, as several files of tests use them.

Each call is a row: the method, its arguments, its named arguments. What must hold: the numbers in
the answers are those in the calls, so that an answer is right unless a test changes it.
"""

from typing import Any

from tests.support.small_gateway import START_MS, Answer, Colour, Script, lost, says, yes
from tillgate import Cause, Order, Secret
from tillgate.kernel.results import Result

HKD_10 = {"currency": "HKD", "value": "1000"}
HKD_4 = {"currency": "HKD", "value": "400"}
DAY = "2018-12-05T14:00:54+08:00"
DAY_MS = START_MS + 1000
ORDER = Order(merchant_trans_id="A-1001", title="Women Summer Dress", amount="10.00 HKD")
FOUND = {"acquirementId": "ACQ-1", "merchantTransId": "A-1001", "orderAmount": HKD_10}
PAID = yes(**FOUND, payStatus="TRADE_SUCCESS", paymentTime=DAY)
WAITING = yes(**FOUND, payStatus="WAIT_BUYER_PAY")
CLOSED = yes(**FOUND, payStatus="TRADE_CLOSED")
NOT_THERE = says(Result.ORDER_NOT_EXIST)
NO_ANSWER = lost(Cause.TIMED_OUT)
REFUNDED = yes(acquirementId="ACQ-1", merchantRefundId="R-1", refundAmount=HKD_4, refundTime=DAY)
TOKENS = yes(
    accessTokenInfo={
        "accessToken": "access-1",
        "expiresIn": DAY,
        "refreshToken": "refresh-1",
        "reExpiresIn": DAY,
        "tokenStatus": "ACTIVE",
    },
    merchantAgreementId="G-1",
)

Call = tuple[str, tuple[Any, ...], dict[str, Any]]
QUERY: Call = ("query", ("A-1001",), {})
CANCEL: Call = ("cancel", ("A-1001",), {})
REFUND: Call = (
    "refund",
    (),
    {"refund_id": "R-1", "amount": "4.00 HKD", "acquirement_id": "ACQ-1"},
)
DEBIT: Call = ("debit", (ORDER,), {"access_token": "access-1"})
CASHIER: Call = ("cashier_url", (ORDER,), {})
PREPARE: Call = (
    "prepare_agreement",
    (),
    {"agreement_id": "G-1", "redirect_url": "https://shop.example/agreed", "state": "S-1"},
)
APPLY: Call = ("apply_token", (), {"auth_code": "code-1"})
REFRESH: Call = ("refresh_token", (Secret("refresh-1"),), {})
AGREEMENT: Call = ("agreement", ("G-1",), {})
END: Call = ("cancel_agreement", ("G-1",), {})
CALLS = (QUERY, CANCEL, REFUND, DEBIT, CASHIER, PREPARE, APPLY, REFRESH, AGREEMENT, END)
CHANGES = (CANCEL, REFUND, DEBIT, CASHIER, PREPARE, APPLY, REFRESH, END)


def name_of(call: object) -> str:
    return call[0] if isinstance(call, tuple) else ""


def made(colour: Colour, call: Call, *answers: Answer, **changes: Any) -> tuple[Any, Script]:
    """Return the outcome of a call that is answered so, and what was asked."""
    script = Script(*answers)
    name, args, named = call
    outcome = colour.scripted(script, **changes).call(name, *args, **named)
    return outcome, script
