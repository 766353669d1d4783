"""The one table of amounts that choose an outcome: by the last two digits of the minor units.

Decides which digits mean what; it does nothing itself. The documentation, the command
`tillgate scenario amounts` and whatever acts on an amount read this table. What must hold: digits
that end in 0, 25 or 75 choose nothing, so that ordinary prices stay ordinary; each code that an
issuer may refuse a payment with has digits.
"""

from collections.abc import Mapping
from enum import StrEnum, unique
from typing import Final, final

import msgspec

from tillgate.kernel.clock import DAY_MS, MINUTE_MS, SECOND_MS
from tillgate.kernel.money import Money
from tillgate.kernel.results import CallbackCode, Result

MODULUS: Final = 100


class Declines(msgspec.Struct, frozen=True, kw_only=True):
    """The payment is refused with this code."""

    result: Result


class Resolves(msgspec.Struct, frozen=True, kw_only=True):
    """The payment is not known for so long, then it is paid, or not."""

    after_ms: int
    is_paid: bool = True


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """The payment is made, but the bank takes so long."""

    wait_ms: int


class Calls(msgspec.Struct, frozen=True, kw_only=True):
    """The page's callback is given this code, whether or not the order was paid."""

    code: CallbackCode
    is_paid: bool = False


class DeclinesRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund of this amount is refused with this code."""

    result: Result


class ResolvesRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund of this amount is not known for so long, then it is done, or not."""

    after_ms: int
    is_done: bool = True


class WaitsForRefund(msgspec.Struct, frozen=True, kw_only=True):
    """A refund of this amount is made, but the bank takes so long; 0 is at once."""

    wait_ms: int


class Loses(msgspec.Struct, frozen=True, kw_only=True):
    """Notifications sent within so long of the payment do not arrive.

    Attributes:
        is_acknowledgement: the notification arrives, and what is lost is the acknowledgement.
    """

    until_ms: int
    is_acknowledgement: bool = False


class Repeats(msgspec.Struct, frozen=True, kw_only=True):
    """The notification arrives twice at the same moment."""


class HoldsBack(msgspec.Struct, frozen=True, kw_only=True):
    """The notification is sent so much later, so that others overtake it."""

    wait_ms: int


class Forges(msgspec.Struct, frozen=True, kw_only=True):
    """A notification with a signature that does not fit arrives just before the true one."""


PaymentAct = Declines | Resolves | Waits
RefundAct = DeclinesRefund | ResolvesRefund | WaitsForRefund
NotificationAct = Loses | Repeats | HoldsBack | Forges
Act = PaymentAct | Calls | RefundAct | NotificationAct


@unique
class Place(StrEnum):
    """Where along a payment the amount makes a difference."""

    PAYMENT = "payment"
    CALLBACK = "callback"
    REFUND = "refund"
    NOTIFICATION = "notification"


@final
class Amount(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table.

    Attributes:
        digits: the last two digits of the amount in minor units.
        what: what happens.
        merchant: what the merchant's code should do then.
    """

    digits: int
    act: Act
    what: str
    merchant: str

    @property
    def place(self) -> Place:
        """Return where it makes a difference."""
        match self.act:
            case Declines() | Resolves() | Waits():
                return Place.PAYMENT
            case Calls():
                return Place.CALLBACK
            case DeclinesRefund() | ResolvesRefund() | WaitsForRefund():
                return Place.REFUND
            case Loses() | Repeats() | HoldsBack() | Forges():
                return Place.NOTIFICATION

    @property
    def sample(self) -> str:
        """Return an amount that has these digits."""
        return f"10.{self.digits} HKD"

    @property
    def is_asked_of_bank(self) -> bool:
        """Tell whether the simulated bank holds the money of such a payment, not the wallet."""
        return self.place in {Place.PAYMENT, Place.REFUND}


def _declined(digits: int, result: Result, merchant: str) -> Amount:
    what = f"Callback 4000, {result.name}. {result.sentence}"
    return Amount(digits=digits, act=Declines(result=result), what=what, merchant=merchant)


_OTHER: Final = "Let the buyer pay with another account; the order is still open for it."
_NEW: Final = "Do not ship. Offer to try again; a new try is a new merchantTransId."

AMOUNTS: Final[tuple[Amount, ...]] = (
    _declined(41, Result.USER_BALANCE_NOT_ENOUGH, _OTHER),
    _declined(42, Result.UNAVAILABLE_PAYMENT_METHOD, _OTHER),
    _declined(43, Result.USER_STATUS_ABNORMAL, "Tell the buyer to ask the wallet; do not retry."),
    _declined(44, Result.USER_AMOUNT_EXCEED_LIMIT, "Offer a smaller order or another way to pay."),
    _declined(
        46, Result.PAYMENT_AMOUNT_EXCEED_LIMIT, "Offer a smaller order or another way to pay."
    ),
    _declined(47, Result.AMOUNT_EXCEED_DAILY_LIMIT, "Offer to pay tomorrow or another way."),
    _declined(48, Result.PAYMENT_COUNT_EXCEED_LIMIT, "Offer to pay tomorrow or another way."),
    _declined(51, Result.RISK_REJECT, "Do not say why, do not retry; offer another way to pay."),
    _declined(52, Result.USER_NOT_EXIST, _NEW),
    Amount(
        digits=53,
        act=Resolves(after_ms=5 * SECOND_MS),
        what="Callback 8000; about five seconds later it is paid, and the notification says so.",
        merchant="Show that it is being checked, query every few seconds, ship when it is paid.",
    ),
    Amount(
        digits=54,
        act=Resolves(after_ms=5 * SECOND_MS, is_paid=False),
        what="Callback 8000; about five seconds later it is refused, and nothing was paid.",
        merchant="Query until it is known, or cancel; ship nothing while it is not.",
    ),
    Amount(
        digits=56,
        act=Resolves(after_ms=10 * MINUTE_MS),
        what="Callback 8000; it is paid ten minutes later, when the order's own time is over.",
        merchant="Honour the late payment, or cancel it; do not close the order by a timer.",
    ),
    Amount(
        digits=57,
        act=Waits(wait_ms=3 * SECOND_MS),
        what="The bank takes three seconds, then it is paid.",
        merchant="Nothing; see that the page bears the wait.",
    ),
    Amount(
        digits=58,
        act=Waits(wait_ms=12 * SECOND_MS),
        what="The bank takes longer than we wait: callback 8000 after eight seconds, then paid.",
        merchant="Query; a time-out is never a no.",
    ),
    Amount(
        digits=61,
        act=Calls(code=CallbackCode.BUYER_CANCELLED),
        what="Callback 6001: confirming at the cashier counts as leaving it; nothing is paid.",
        merchant="Return to the order; it may still be paid until its time is over.",
    ),
    Amount(
        digits=62,
        act=Calls(code=CallbackCode.NETWORK_ERROR),
        what="Callback 6002; the order never reached the gateway, a query says ORDER_NOT_EXIST.",
        merchant="Query twice, 5 to 7 seconds apart; then cancel, so that it cannot come late.",
    ),
    Amount(
        digits=63,
        act=Calls(code=CallbackCode.NETWORK_ERROR, is_paid=True),
        what="Callback 6002, although the order is paid.",
        merchant="Query before you let the buyer pay again.",
    ),
    Amount(
        digits=64,
        act=Calls(code=CallbackCode.VIEW_CLOSED),
        what="Callback 7001: the wallet closed the view, and nothing is paid.",
        merchant="Query; then let the buyer try again.",
    ),
    Amount(
        digits=66,
        act=Calls(code=CallbackCode.VIEW_CLOSED, is_paid=True),
        what="Callback 7001, although the order is paid.",
        merchant="Query before you treat it as left.",
    ),
    Amount(
        digits=67,
        act=Calls(code=CallbackCode.CLIENT_ERROR),
        what="Callback 6005: as if the page had made a mistake; nothing is paid.",
        merchant="Query, and look at what the page hands to tradePay.",
    ),
    Amount(
        digits=68,
        act=Calls(code=CallbackCode.PROCESSING, is_paid=True),
        what="Callback 8000, although the order is paid already.",
        merchant="Query; the first query says that it is paid.",
    ),
    Amount(
        digits=71,
        act=DeclinesRefund(result=Result.UNAVAILABLE_PAYMENT_METHOD),
        what="Paid as usual; its refund is refused with UNAVAILABLE_PAYMENT_METHOD.",
        merchant="Give the money back another way; what is left of the payment has not changed.",
    ),
    Amount(
        digits=72,
        act=DeclinesRefund(result=Result.USER_STATUS_ABNORMAL),
        what="Paid as usual; its refund is refused with USER_STATUS_ABNORMAL.",
        merchant="Give the money back another way; do not repeat the refund.",
    ),
    Amount(
        digits=73,
        act=ResolvesRefund(after_ms=5 * SECOND_MS),
        what="Paid as usual; its refund is REFUND_IN_PROCESS, then done after five seconds.",
        merchant="Send the same merchantRefundId again until the answer is S or F.",
    ),
    Amount(
        digits=74,
        act=ResolvesRefund(after_ms=5 * SECOND_MS, is_done=False),
        what="Paid as usual; its refund is REFUND_IN_PROCESS, then refused after five seconds.",
        merchant="Send the same merchantRefundId again; on F give the money back another way.",
    ),
    Amount(
        digits=76,
        act=WaitsForRefund(wait_ms=3 * SECOND_MS),
        what="Paid as usual; its refund takes three seconds and is done.",
        merchant="Nothing; see that your time-out is longer.",
    ),
    Amount(
        digits=77,
        act=WaitsForRefund(wait_ms=0),
        what="Paid as usual, and refunded as usual, by the simulated bank.",
        merchant="Nothing; partial refunds of it may choose their outcome by their own digits.",
    ),
    Amount(
        digits=81,
        act=Loses(until_ms=MINUTE_MS),
        what="The first notification is lost; the next comes after two minutes.",
        merchant="Do not wait for it alone: query after a minute.",
    ),
    Amount(
        digits=82,
        act=Loses(until_ms=MINUTE_MS, is_acknowledgement=True),
        what="Your first acknowledgement is lost, so that the notification comes once more.",
        merchant="Ship once: know the order by merchantTransId, and acknowledge again.",
    ),
    Amount(
        digits=83,
        act=Repeats(),
        what="The notification comes twice at the same moment.",
        merchant="Ship once, even when both are handled at once: lock the order's row.",
    ),
    Amount(
        digits=84,
        act=Loses(until_ms=11 * MINUTE_MS),
        what="The first two notifications are lost; it comes twelve minutes late.",
        merchant="Query meanwhile; take the late notification as a repeat of what you know.",
    ),
    Amount(
        digits=85,
        act=Loses(until_ms=3_660 * DAY_MS),
        what="No notification ever arrives.",
        merchant="Query until the result is final; a missing notification is not a no.",
    ),
    Amount(
        digits=86,
        act=HoldsBack(wait_ms=3 * SECOND_MS),
        what="The notification comes three seconds late: the page, and later orders, overtake it.",
        merchant="Do not show an error when the buyer is back before the notification.",
    ),
    Amount(
        digits=87,
        act=Forges(),
        what="A notification with a wrong signature comes first, then the true one.",
        merchant="Refuse the first without an acknowledgement; ship on the second.",
    ),
)
"""Every row, by its digits."""

_BY_DIGITS: Final[Mapping[int, Amount]] = {row.digits: row for row in AMOUNTS}


def chosen(amount: Money) -> Amount | None:
    """Return the row that an amount chooses, or None for an ordinary one."""
    return of_minor_units(amount.minor)


def of_minor_units(minor_units: int) -> Amount | None:
    """Return the row that so many minor units choose, or None."""
    return _BY_DIGITS.get(minor_units % MODULUS)
