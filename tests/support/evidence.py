"""Evidence of risk for tests: what is known of a payer about whom nothing is odd."""

from typing import Any

from tillgate.acquiring.risk.evidence import Day, Evidence
from tillgate.acquiring.risk.signals import Signals
from tillgate.kernel.money import zero


def evidence(at_ms: int, **changes: Any) -> Evidence:
    """Return what is known of a payer of old standing, on no device, with a PIN."""
    values: dict[str, Any] = {
        "signals": Signals(),
        "at_ms": at_ms,
        "is_agreement": False,
        "payer_since_ms": 0,
        "hour_count": 0,
        "day": Day(count=0, spent=zero("HKD")),
    }
    return Evidence(**(values | changes))
