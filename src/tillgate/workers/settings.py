"""What may be set about the workers: names with units, frozen once read.

Periods are of the machine's time, also under a virtual clock: they say how often the workers look,
never when a thing is due. What must hold: a merchant's share of the sends is far below the whole.
"""

from typing import final

import msgspec

from tillgate.kernel.clock import DAY_MS, SECOND_MS


@final
class WorkerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How often workers look, and how much each may have under way.

    Attributes:
        notify_poll_ms: how long the notifier waits when no commit wakes it.
        notify_sends_max: notifications under way altogether.
        notify_sends_per_merchant_max: notifications under way for one merchant.
        notify_few_max: due notifications that are found by when they are due; more of them are read
            merchant after merchant.
        notify_page: how many due notifications are read at a time.
        attempts_poll_ms: how long until attempts are looked at again.
        attempts_max: issuers' answers waited for at once.
        expiry_poll_ms: how long until orders out of time are looked for again.
        expiry_page: how many of them are closed at a time.
        operation_kept_ms: how long what a command's outcome was is remembered.
        forget_page: how many rows that nobody needs are deleted at a time.
        forget_pages_max: how many such pages before orders are looked for again.
        spread: out of so many times as many due rows as there are places some are picked at random;
            1 where one process works alone, and takes the oldest.
        pause_ms: how long a worker, or one piece of its work, rests after a fault.
        drain_ms: how long a stop waits for what is under way.
    """

    notify_poll_ms: int = SECOND_MS
    notify_sends_max: int = 256
    notify_sends_per_merchant_max: int = 4
    notify_few_max: int = 256
    notify_page: int = 64
    attempts_poll_ms: int = SECOND_MS
    attempts_max: int = 16
    expiry_poll_ms: int = SECOND_MS
    expiry_page: int = 64
    operation_kept_ms: int = 7 * DAY_MS
    forget_page: int = 256
    forget_pages_max: int = 16
    spread: int = 1
    pause_ms: int = SECOND_MS
    drain_ms: int = 12 * SECOND_MS
