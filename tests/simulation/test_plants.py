"""Defects planted on purpose are found, each within the seeds that the design allows.

What must hold: a run is clean without the plant (`test_seeds`), so what is found is the plant; it
is found for what it is, by a rule that names it, and not because a run broke.
"""

import pytest

from tillgate.simulation.many import run_seeds
from tillgate.simulation.plants import PLANTS, planted
from tillgate.simulation.run import Report

pytestmark = pytest.mark.timeout(300)
SEEDS_MAX = 200
RULES = {
    "lost-outbox-row": {"nobody told"},
    "double-debit-on-retry": {"balance", "overdrawn"},
    "timeout-taken-for-no": {"unknown taken for no", "issuer's answer", "issuer's ledger"},
    "late-yes-dropped": {"issuer's ledger", "issuer's answer"},
    "duplicate-after-lost-commit": {"paid and told no", "two last words"},
    "cancel-forgotten": {"noted cancel forgotten"},
    "refund-counted-late": {"refunded too much", "refunds"},
    "limits-not-kept": {"daily limit"},
    "any-answer-acknowledges": {"never acknowledged"},
    "rows-not-locked": {"balance", "paid twice", "last word changed", "overdrawn", "refunds"},
    "cancel-gives-nothing-back": {"balance"},
    "unknown-never-asked-again": {"left open"},
    "paid-to-another-merchant": {"wrong way", "merchant's sum"},
    "another-payer-debited": {"wrong way", "payer's sum"},
    "debited-once-more": {"without a cause", "payer's sum"},
    "refunded-to-another-payer": {"wrong way", "payer's sum"},
    "issuer-asked-for-another-payer": {"another's money"},
    "closed-by-hearsay": {"told closed", "query went back"},
    "expiry-ends-open-attempts": {"left open", "not booked", "issuer's answer"},
}
"""By which rules each plant may be found."""


@pytest.mark.parametrize("plant", sorted(PLANTS))
def test_a_planted_defect_is_found(plant: str) -> None:
    report = _first_found(plant)

    print(f"{plant}: found at seed {report.seed}, by {report.findings[0].rule!r}")  # noqa: T201  The issue asks for it.
    assert {finding.rule for finding in report.findings} & RULES[plant], report.findings


def test_a_plant_is_taken_out_again() -> None:
    for plant in sorted(PLANTS):
        with planted(plant):
            pass

    assert all(report.is_clean for report in run_seeds([1]))


def _first_found(plant: str) -> Report:
    for report in run_seeds(range(1, SEEDS_MAX + 1), plant=plant):
        if any(finding.rule in RULES[plant] for finding in report.findings):
            return report
    pytest.fail(f"{plant} was not found within {SEEDS_MAX} seeds")
