"""How stories are told: some from each of many seeds, the same in every run.

Hypothesis varies what it has just told, so that many examples from one seed are much alike; a few
from each of many seeds meet far more. `TILLGATE_TESTS_LONG=1` tells new stories for half an hour.
"""

import os
import secrets
from typing import Final

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.machine import Machine

LONG: Final = os.environ.get("TILLGATE_TESTS_LONG") == "1"
FIRST: Final = secrets.randbelow(1_000_000_000) if LONG else 0
SEEDS: Final = range(FIRST, FIRST + (5_000 if LONG else 40))
SETTINGS: Final = settings(
    max_examples=3,
    stateful_step_count=40,
    deadline=None,
    phases=[Phase.generate],  # Shrinking a story of 40 steps outlasts every patience.
    suppress_health_check=list(HealthCheck),
    database=None,
)


def tell(number: int) -> None:
    """Tell the stories of a seed; any that does not hold raises, with all its steps."""
    machine = type(f"Machine{number}", (Machine,), {})
    run_state_machine_as_test(seed(number)(machine), settings=SETTINGS)
