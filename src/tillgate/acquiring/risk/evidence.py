"""Evidence: the signals of one payment beside what our own rows say of its payer and device.

A value that a door gathers with unlocked reads; it may be a moment old and its counts stop at a
known number. What must hold: nothing that must be exact is decided from it; exact limits are locked
rows (DESIGN section 1).
"""

from typing import final

import msgspec

from tillgate.acquiring.risk.signals import Signals
from tillgate.kernel.money import Money

COUNTED_MAX = 50
"""At most so many payments, devices or payers are counted: no rule needs to tell more apart."""


@final
class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """What a payer usually pays in one currency.

    Attributes:
        count: how many of the newest payments this is drawn from.
        median: the middle amount; of two middle ones the smaller.
        largest: the largest amount.
    """

    count: int
    median: Money
    largest: Money


@final
class Day(msgspec.Struct, frozen=True, kw_only=True):
    """What was paid within the last 24 hours, this payment not among it.

    Attributes:
        count: payments in any currency.
        spent: their sum in the currency of this payment.
    """

    count: int
    spent: Money


@final
class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known when a payment is judged.

    Attributes:
        at_ms: when it was gathered; ages are told from here.
        is_agreement: an agreement is debited, so nobody enters a PIN.
        payer_since_ms: when the payer was registered here.
        hour_count: payments of the payer in the last hour.
        day: payments of the payer in the last day.
        usual: what the payer usually pays, None without a payment in this currency.
        device_since_ms: when the device first paid for this payer, None when it never did.
        older_devices: other devices the payer used before this one was first seen.
        other_payers: other payers who were seen on the device.
        merchant_day: what the merchant took, None when no limit asks for it.
        device_day: what was paid on the device, None when no limit asks for it.
    """

    signals: Signals
    at_ms: int
    is_agreement: bool
    payer_since_ms: int
    hour_count: int
    day: Day
    usual: Usual | None = None
    device_since_ms: int | None = None
    older_devices: int = 0
    other_payers: int = 0
    merchant_day: Day | None = None
    device_day: Day | None = None
