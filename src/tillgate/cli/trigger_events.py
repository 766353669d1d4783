"""What `tillgate trigger` can make happen at a sandbox: real orders, paid or not, by real doors.

Each event is made as a merchant's server and a wallet make it, so whatever the gateway tells, it
tells because it is so. It decides which payer brings which end about. What must hold: nothing is
written past the doors; an event that did not come about is said, and never taken for done.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, final
from urllib.parse import urlsplit

import msgspec

from tillgate.cli.surface import UsageError
from tillgate.cli.wallet import SignInRefused, Unreachable, Wallet
from tillgate.kernel.errors import Refused, Unavailable
from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.merchant import (
    AccessToken,
    AgreementCancelled,
    AgreementPage,
    AuthResult,
    Cancelled,
    Merchant,
    Order,
    Paid,
    Refunded,
)
from tillgate.protocol import order_string

PIN: Final = "123456"
TITLE: Final = "Triggered by tillgate trigger"
RICH: Final = "rich"
POOR: Final = "poor"
UNKNOWN: Final = "unknown-then-paid"
NOWHERE: Final = "http://127.0.0.1/agreed"
"""Where a payer would be sent who had a browser."""


@final
class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What an event is about.

    Attributes:
        number: the order's number; of a given orderStr, its own.
        notify_url: where the merchant wants to be told, or None for the registered address.
        order_str: an orderStr of the merchant's own server, or "" to have one made.
    """

    number: str
    amount: str
    notify_url: str | None
    order_str: str = ""


@final
class Happened(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What came about.

    Attributes:
        is_told: whether the gateway tells the merchant of it.
    """

    order: str
    outcome: str
    sentence: str
    is_told: bool = True


class Event(NamedTuple):
    """A kind of event."""

    meaning: str
    make: Callable[["Scene", Subject], Happened]


@final
class Scene:
    """A merchant and a wallet at one gateway."""

    def __init__(self, merchant: Merchant, origin: str) -> None:
        """Act as this merchant, and as the sandbox's payers."""
        self.merchant = merchant
        self._origin = origin

    def pays(self, subject: Subject, payer: str) -> Mapping[str, Any]:
        """Have a payer pay an order, and return what the page's callback is given.

        Raises:
            Unavailable: no answer came.
        """
        order_str = subject.order_str or self.merchant.order_str(
            Order(
                merchant_trans_id=subject.number,
                title=TITLE,
                amount=subject.amount,
                notify_url=subject.notify_url,
            )
        )
        call = {"orderStr": order_str, "callId": secrets.token_hex(16)}
        try:
            return Wallet(self._origin, wait=time.sleep).pay(call, payer=payer, pin=PIN)
        except Unreachable as error:
            raise Unavailable(str(error)) from error

    def agreed(self, number: str) -> AccessToken:
        """Have a payer sign an agreement, and return the merchant's tokens."""
        state = secrets.token_hex(16)
        page = self.merchant.prepare_agreement(
            agreement_id=number, state=state, redirect_url=NOWHERE
        )
        if not isinstance(page, AgreementPage):
            raise _not(page)
        try:
            told = Wallet(self._origin, wait=time.sleep).agree(
                urlsplit(page.url).path, payer=RICH, said={"pin": PIN}
            )
        except (Unreachable, SignInRefused) as error:
            raise Unavailable(str(error)) from error
        back = self.merchant.agreement_return(str(told.get("redirectUrl", "")), state=state)
        if back.result is not AuthResult.SUCCESS or back.auth_code is None:
            raise Refused(Result.ACCESS_DENIED, "The payer did not agree.")
        token = self.merchant.apply_token(auth_code=back.auth_code)
        if not isinstance(token, AccessToken):
            raise _not(token)
        return token


def _paid(scene: Scene, subject: Subject) -> Happened:
    told = scene.pays(subject, RICH)
    return _called(subject, told)


def _failed(scene: Scene, subject: Subject) -> Happened:
    told = scene.pays(subject, POOR)
    if told["resultCode"] == "9000":
        sentence = "The order was paid: its amount is below what the poor payer has. Name another."
        raise Refused(Result.PARAM_ILLEGAL, sentence, path="--amount")
    ended = scene.merchant.cancel(subject.number)
    if not isinstance(ended, Cancelled):
        raise _not(ended)
    return Happened(
        order=subject.number,
        outcome="TRADE_CLOSED",
        sentence=f"{told['memo']} Then the order was closed, of which the merchant is told.",
    )


def _unknown(scene: Scene, subject: Subject) -> Happened:
    return _called(subject, scene.pays(subject, UNKNOWN))


def _cancelled(scene: Scene, subject: Subject) -> Happened:
    _must_be_paid(scene, subject)
    ended = scene.merchant.cancel(subject.number)
    if not isinstance(ended, Cancelled):
        raise _not(ended)
    return Happened(
        order=subject.number,
        outcome="TRADE_CLOSED",
        sentence="Paid, then cancelled: a success that was not acknowledged is told no more.",
    )


def _refunded(scene: Scene, subject: Subject) -> Happened:
    paid = _must_be_paid(scene, subject)
    return _given_back(scene, subject, str(paid.amount))


def _partly_refunded(scene: Scene, subject: Subject) -> Happened:
    paid = _must_be_paid(scene, subject)
    if paid.amount is None:
        raise Unavailable("The gateway did not say how much was paid.")
    part = Money.of(max(1, paid.amount.minor // 4), paid.amount.currency.code)
    return _given_back(scene, subject, str(part))


def _given_back(scene: Scene, subject: Subject, amount: str) -> Happened:
    done = scene.merchant.refund(
        refund_id=f"R-{subject.number}"[:64], amount=amount, merchant_trans_id=subject.number
    )
    if not isinstance(done, Refunded):
        raise _not(done)
    return Happened(
        order=subject.number,
        outcome="REFUNDED",
        sentence=f"Paid, then {done.amount} given back. Payments are told, refunds never are.",
    )


def _debited(scene: Scene, subject: Subject) -> Happened:
    token = scene.agreed(secrets.token_hex(16))
    order = Order(
        merchant_trans_id=subject.number,
        title=TITLE,
        amount=subject.amount,
        notify_url=subject.notify_url,
    )
    done = scene.merchant.debit(order, access_token=token.access_token)
    if not isinstance(done, Paid):
        raise _not(done)
    return Happened(
        order=subject.number, outcome="TRADE_SUCCESS", sentence="Debited by an agreement."
    )


def _ended(scene: Scene, subject: Subject) -> Happened:  # noqa: ARG001  An event's shape.
    number = secrets.token_hex(16)
    scene.agreed(number)
    done = scene.merchant.cancel_agreement(number)
    if not isinstance(done, AgreementCancelled):
        raise _not(done)
    return Happened(
        order=number,
        outcome="AGREEMENT_ENDED",
        sentence="Signed, then ended; told to the merchant's registered address, or its listener.",
    )


EVENTS: Final[Mapping[str, Event]] = {
    "payment.paid": Event("An order is paid; the merchant is told SUCCESS.", _paid),
    "payment.failed": Event(
        "An order is tried without enough money, then closed; the merchant is told that it is "
        "closed.",
        _failed,
    ),
    "payment.unknown": Event(
        "The bank does not answer at first (callback 8000), then says yes; told SUCCESS then.",
        _unknown,
    ),
    "payment.cancelled": Event("An order is paid, then cancelled by the merchant.", _cancelled),
    "refund": Event("An order is paid, then all of it given back.", _refunded),
    "refund.partial": Event("An order is paid, then a quarter of it given back.", _partly_refunded),
    "agreement.paid": Event("A payer signs an agreement and is debited by it.", _debited),
    "agreement.ended": Event(
        "A payer signs an agreement and it ends; the merchant is told.", _ended
    ),
}
"""Real events, in the order in which `--list` tells them."""


def subject_of(text: str) -> str:
    """Return the number of the order in an orderStr of the merchant's own server.

    Raises:
        UsageError: it is none.
    """
    try:
        said = order_string.read(text).unverified.get("body")
    except Refused as refused:
        raise UsageError(f"--order-str: {refused.message}") from refused
    number = said.get("merchantTransId") if isinstance(said, dict) else None
    if not isinstance(number, str) or not number:
        raise UsageError("--order-str: the order has no merchantTransId.")
    return number


def _must_be_paid(scene: Scene, subject: Subject) -> Paid:
    told = scene.pays(subject, RICH)
    found = scene.merchant.query(subject.number)
    if not isinstance(found, Paid):
        raise Refused(Result.ORDER_STATUS_INVALID, f"The order is not paid: {told['memo']}")
    return found


def _called(subject: Subject, told: Mapping[str, Any]) -> Happened:
    code = str(told["resultCode"])
    if code not in ("9000", "8000"):
        raise Refused(Result.ORDER_STATUS_INVALID, f"The order is not paid: {told['memo']}")
    return Happened(order=subject.number, outcome=code, sentence=str(told["memo"]))


def _not(outcome: Any) -> Refused | Unavailable:  # noqa: ANN401  An outcome of the SDK.
    """Return the error of an outcome that is not the one wanted."""
    code = getattr(outcome, "code", "") or getattr(outcome, "result_code", "") or ""
    sentence = getattr(outcome, "sentence", "") or f"The outcome is {type(outcome).__name__}."
    if code in Result.__members__ and Result[code].status.value == "F":
        return Refused(Result[code], sentence)
    return Unavailable(sentence)
