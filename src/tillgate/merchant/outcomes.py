"""What became of what a merchant asked for: values to `match` on, one for each thing to do next.

Whatever the gateway may say in the normal course is a value: a yes of its own type, `Refusal` for a
signed no, `Unknown` for everything that is neither. Nothing here raises, since a merchant who
forgets an `except` would lose a payment, and one who forgets a `case` is told by the type checker.
What must hold: only a signed answer makes a value other than `Unknown`; no way of printing a value
shows a token.
"""

from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar, final

import msgspec

from tillgate.kernel.money import Money
from tillgate.kernel.results import Result
from tillgate.merchant.asking import Cause
from tillgate.merchant.secret import Secret

W = TypeVar("W")
"""What waiting gives: an outcome, or with `AsyncMerchant` something to await for one."""

WAIT_S = 60.0
WAIT_S_MAX = 24 * 3600.0
EVERY_S = 3.0
EVERY_S_MIN = 0.1

Waiter: TypeAlias = Callable[[float, float], W]
"""Waits at most so many seconds, asks again after every so many, and gives what is known then."""


def _waited(waiter: Waiter[W], timeout: float, every: float) -> W:
    """Wait; refuse to hammer the gateway, or for ever."""
    if not (0 <= timeout <= WAIT_S_MAX and every >= EVERY_S_MIN):
        message = (
            f"timeout is from 0 to {WAIT_S_MAX:.0f} seconds and every at least {EVERY_S_MIN}; "
            "for longer, keep it as open and call again with the same ids"
        )
        raise ValueError(message)
    return waiter(timeout, every)


@final
class Unknown(Generic[W]):
    """The result is not known: it may be done, or not, or be done yet. It is never a no.

    Record it as open and ask again, now with `wait_until_known` or later with the same business id.

    Attributes:
        cause: why it is not known.
        sentence: the same in words, with what more is known.
        result_code: the code of a signed answer that says so itself, or "".
        about: what was asked for, as in "refund R-1".
        may_be_done: whether it may have been done; if not, it certainly was not, so far.
    """

    __match_args__ = ("cause", "sentence")

    def __init__(
        self,
        *,
        cause: Cause,
        sentence: str,
        about: str,
        waiter: Waiter[W],
        result_code: str = "",
        may_be_done: bool = True,
    ) -> None:
        """Made by `Merchant` and `AsyncMerchant`."""
        self.cause = cause
        self.sentence = sentence
        self.result_code = result_code
        self.about = about
        self.may_be_done = may_be_done
        self._waiter = waiter

    def wait_until_known(self, *, timeout: float = WAIT_S, every: float = EVERY_S) -> W:
        """Ask again until the result is known, or until the time is over.

        Only what is safe is repeated: a payment is queried, anything else is sent again under its
        own business id. With `AsyncMerchant` this is awaited.

        Args:
            timeout: how long to wait at most, in seconds.
            every: how long to pause between two tries, in seconds.

        Returns:
            What is known then; `Unknown` again when the time was not enough.
        """
        return _waited(self._waiter, timeout, every)

    def __repr__(self) -> str:
        """Say what is not known, and why."""
        return f"Unknown(about={self.about!r}, cause={self.cause.name}, sentence={self.sentence!r})"


@final
class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """A signed no, given after the request was read: it is not done, and it will not be.

    Attributes:
        code: the result code, as in "USER_BALANCE_NOT_ENOUGH".
        sentence: what the gateway says about it.
        about: what was asked for, as in "refund R-1".
    """

    code: str
    sentence: str
    about: str

    @property
    def result(self) -> Result | None:
        """Return the code in the table of codes, or None when it is not in ours."""
        return Result.__members__.get(self.code)


@final
class NotFound(msgspec.Struct, frozen=True, kw_only=True):
    """The acquirer has no such order or agreement.

    An order is not there before the buyer's wallet brought it, so a query may overtake it.

    Attributes:
        about: what was asked for, as in "order A-1001".
    """

    about: str


@final
class RefundLine(msgspec.Struct, frozen=True, kw_only=True):
    """One refund, as a query of its payment tells it.

    Attributes:
        refund_id: your number of the refund.
        amount: what goes back.
        status: SUCCESS, PROCESSING (it counts, and is not confirmed yet) or FAIL.
        refunded_at_ms: when it went back, or None.
    """

    refund_id: str
    amount: Money
    status: str
    refunded_at_ms: int | None


@final
class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """The buyer paid.

    Attributes:
        merchant_trans_id: your order number.
        acquirement_id: the acquirer's number of the order; a refund names it.
        amount: what was paid.
        paid_at_ms: when, or None when the acquirer did not say.
        refunded: how much went back so far, or None when nothing did.
        refunds: the refunds one by one.
        finished: whether the time for refunds is over.
    """

    merchant_trans_id: str
    acquirement_id: str
    amount: Money
    paid_at_ms: int | None
    refunded: Money | None = None
    refunds: tuple[RefundLine, ...] = ()
    finished: bool = False


@final
class Waiting(Generic[W]):
    """The order is there and not paid; it may still be.

    Attributes:
        merchant_trans_id: your order number.
        acquirement_id: the acquirer's number of the order.
        amount: what is to be paid.
    """

    def __init__(
        self, *, merchant_trans_id: str, acquirement_id: str, amount: Money, waiter: Waiter[W]
    ) -> None:
        """Made by `Merchant` and `AsyncMerchant`."""
        self.merchant_trans_id = merchant_trans_id
        self.acquirement_id = acquirement_id
        self.amount = amount
        self._waiter = waiter

    def wait_until_known(self, *, timeout: float = WAIT_S, every: float = EVERY_S) -> W:
        """Query until the order is paid or closed, as `Unknown.wait_until_known` does.

        An order lives three minutes from its creation, so 200 seconds outlast it.
        """
        return _waited(self._waiter, timeout, every)

    def __repr__(self) -> str:
        """Say which order waits."""
        return (
            f"Waiting(merchant_trans_id={self.merchant_trans_id!r}, "
            f"acquirement_id={self.acquirement_id!r}, amount={str(self.amount)!r})"
        )


@final
class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """The order is over: never paid, or cancelled, or all of it went back.

    Attributes:
        merchant_trans_id: your order number.
        acquirement_id: the acquirer's number of the order; None when it was cancelled unseen.
        amount: what was to be paid, or None when the acquirer never saw the order.
        paid_at_ms: when it had been paid, or None.
        refunded: how much went back, or None when nothing did.
        refunds: the refunds one by one.
    """

    merchant_trans_id: str | None
    acquirement_id: str | None
    amount: Money | None
    paid_at_ms: int | None = None
    refunded: Money | None = None
    refunds: tuple[RefundLine, ...] = ()


@final
class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """The money went back."""

    refund_id: str
    acquirement_id: str
    amount: Money
    refunded_at_ms: int | None


@final
class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The order is closed as if it had never been; what had been paid went back."""

    merchant_trans_id: str | None
    acquirement_id: str | None
    cancelled_at_ms: int | None


@final
class CashierPage(msgspec.Struct, frozen=True, kw_only=True):
    """Where the buyer pays an order that your server posted itself."""

    url: str
    merchant_trans_id: str
    acquirement_id: str | None


@final
class AgreementPage(msgspec.Struct, frozen=True, kw_only=True):
    """Where the payer reads and signs the agreement; open it in the wallet."""

    url: str
    agreement_id: str


@final
class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """What debits a payer who agreed: keep both secrets where you keep passwords.

    Attributes:
        access_token: for `debit`.
        expires_at_ms: when it ends.
        refresh_token: for `refresh_token`, or None when there is none.
        refresh_expires_at_ms: when that ends, or None.
        status: ACTIVE, CANCELED or EXPIRED.
        agreement_id: your number of the agreement; compare it with the one you asked for.
    """

    access_token: Secret
    expires_at_ms: int
    refresh_token: Secret | None
    refresh_expires_at_ms: int | None
    status: str
    agreement_id: str | None


@final
class Agreement(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement as it stands; whether it may be debited is `active`."""

    agreement_id: str
    status: str
    expires_at_ms: int | None
    refresh_expires_at_ms: int | None

    @property
    def active(self) -> bool:
        """Tell whether the payer's permission stands."""
        return self.status == "ACTIVE"


@final
class AgreementCancelled(msgspec.Struct, frozen=True, kw_only=True):
    """The payer's permission is over."""

    agreement_id: str
