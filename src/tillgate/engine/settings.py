"""What may be set about deciding: names with units, frozen once read.

Defaults are the decisions of PROTOCOL section 11 and DESIGN section 1. What must hold: no rule
reads a window, a limit or a size from anywhere else.
"""

import msgspec

from tillgate.acquiring.risk.settings import ApproximateLimits, RiskSettings
from tillgate.kernel.clock import MINUTE_MS, SECOND_MS


class DecideSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits and windows of the rules (PROTOCOL U10, DESIGN section 1).

    Attributes:
        order_life_ms: how long a new order waits for its buyer.
        order_str_age_ms_max: how old an orderStr may be when it creates an order.
        order_str_ahead_ms_max: how far ahead of us its reqTime may be.
        issuer_wait_ms_max: how long an issuer is waited for before the answer counts as unknown.
        issuer_ask_again_ms: how long after the first unknown answer an issuer is asked again; the
            wait doubles with each further one.
        issuer_ask_again_ms_max: the longest such wait; asking never ends.
        signing_life_ms: how long an agreement's page may be signed at.
        risk: when rules of risk fire and what follows.
        approximate: the approximate limits of merchants and devices, off by default.
        notify_lease_ms: how long a claimed send may take before another worker may claim it.
    """

    order_life_ms: int = 180 * SECOND_MS
    order_str_age_ms_max: int = 3 * MINUTE_MS
    order_str_ahead_ms_max: int = 5 * MINUTE_MS
    issuer_wait_ms_max: int = 8 * SECOND_MS
    issuer_ask_again_ms: int = 5 * SECOND_MS
    issuer_ask_again_ms_max: int = 10 * MINUTE_MS
    notify_lease_ms: int = 30 * SECOND_MS
    signing_life_ms: int = 30 * MINUTE_MS
    risk: RiskSettings = RiskSettings()
    approximate: ApproximateLimits = ApproximateLimits()


class LaneSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Sizes of batches and queues (DESIGN section 1).

    Attributes:
        batch_max: commands in one batch.
        background_min: places of a batch that background work gets even under load.
        background_max: places it gets at most while people wait.
        people_queue_max: commands of people and merchants that may wait.
        background_queue_max: background commands that may wait.
        queue_wait_ms_max: commands of people and merchants that would wait longer are not taken.
        tries_max: how often one command is decided before it is given up as unavailable.
        pause_ms: how long a store that is away is waited for after the first try; then twice as
            long each time.
    """

    batch_max: int = 64
    background_min: int = 4
    background_max: int = 16
    people_queue_max: int = 4_096
    background_queue_max: int = 1_024
    queue_wait_ms_max: int = 2 * SECOND_MS
    tries_max: int = 3
    pause_ms: int = 100

    @property
    def people_places(self) -> int:
        """Return how many places of a batch people have at least."""
        return self.batch_max - self.background_max
