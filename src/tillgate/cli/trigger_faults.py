"""What `tillgate trigger` sends that no sandbox ever sends: forged, late, doubled, torn messages.

They are written as the exam writes them and signed with the sandbox's own key, which lies in its
data folder. It decides what an endpoint ought to do with each. What must hold: the order is one
that is named; a message that is only late or doubled is right and must be acknowledged, every other
one must not.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from tillgate.exam.acquirer import LATE_MS, Acquirer, Message
from tillgate.exam.orders import Ordered
from tillgate.kernel.money import Money

TRUNK: Final = 2


class Sent(NamedTuple):
    """A message and whether an endpoint acknowledges it that does right."""

    message: Message
    is_right: bool


class Fault(NamedTuple):
    """A kind of faulty message."""

    meaning: str
    write: Callable[[Acquirer, Ordered], Sequence[Sent]]


def _paid(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    return [Sent(acquirer.paid(order), is_right=True)]


def _duplicate(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    """The same bytes twice, then the same payment as a new system request."""
    first = Sent(acquirer.paid(order), is_right=True)
    return [first, first, Sent(acquirer.paid(order), is_right=True)]


def _late(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    return [Sent(acquirer.paid(order, sent_ago_ms=LATE_MS), is_right=True)]


def _out_of_order(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    return [
        Sent(acquirer.paid(order), is_right=True),
        Sent(acquirer.closed(order, sent_ago_ms=LATE_MS), is_right=True),
    ]


def _forged(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    return [Sent(acquirer.paid(order, key=acquirer.keys.stranger), is_right=False)]


def _unsigned(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    return [Sent(acquirer.unsigned(order), is_right=False)]


def _tampered(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    return [Sent(acquirer.other_content(order, _dearer(order)), is_right=False)]


def _other_amount(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    return [Sent(acquirer.paid(_dearer(order)), is_right=False)]


def _other_merchant(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    other = msgspec.structs.replace(order, merchant_id=f"{order.merchant_id[:63]}9")
    return [Sent(acquirer.paid(other), is_right=False)]


def _unknown_order(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    other = msgspec.structs.replace(
        order, merchant_trans_id=f"{order.merchant_trans_id[:56]}-unknown"
    )
    return [Sent(acquirer.paid(other), is_right=False)]


def _half(acquirer: Acquirer, order: Ordered) -> Sequence[Sent]:
    whole = acquirer.paid(order)
    half = msgspec.structs.replace(whole, raw=whole.raw[: len(whole.raw) // TRUNK])
    return [Sent(half, is_right=False)]


def _dearer(order: Ordered) -> Ordered:
    money = Money.of(order.money.minor + 1, order.money.currency.code)
    return msgspec.structs.replace(order, money=money)


FAULTS: Final[Mapping[str, Fault]] = {
    "right": Fault("The right notification of a payment, once.", _paid),
    "duplicate": Fault(
        "The same bytes twice, then again as a new request: once is enough.", _duplicate
    ),
    "late": Fault("The right notification, fifteen hours old.", _late),
    "out-of-order": Fault("Paid, then an older message that it is closed.", _out_of_order),
    "forged": Fault("Signed by a key that is not the gateway's.", _forged),
    "unsigned": Fault("Without any signature.", _unsigned),
    "tampered": Fault("Another amount under a right signature.", _tampered),
    "other-amount": Fault("Rightly signed, with another amount than was ordered.", _other_amount),
    "other-merchant": Fault("Rightly signed, for another merchant.", _other_merchant),
    "unknown-order": Fault("Rightly signed, of an order that you never had.", _unknown_order),
    "half": Fault("Half of the right notification.", _half),
}
"""Messages that are sent to --to, in the order in which `--list` tells them."""
