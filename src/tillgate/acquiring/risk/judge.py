"""The judgement: which rules fired, what they weigh together, and what follows.

Weak rules count towards asking for the PIN alone, so riskInfo that is missing or malformed never
holds up a payment that a PIN confirms. What must hold: one more rule that fires never leads to a
milder outcome.
"""

from enum import StrEnum, unique
from typing import final

import msgspec

from tillgate.acquiring.risk.evidence import Evidence
from tillgate.acquiring.risk.rules import RULES, RiskRule
from tillgate.acquiring.risk.settings import RiskSettings
from tillgate.kernel.money import Money


@unique
class Outcome(StrEnum):
    """What follows from a judgement, mildest first."""

    ACCEPT = "ACCEPT"
    """The payment goes on."""
    ASK_PIN = "ASK_PIN"
    """No debit by the agreement alone: the payer has to confirm with the PIN."""
    REVIEW = "REVIEW"
    """The payment is unknown until an operator decides."""
    REJECT = "REJECT"
    """The payment is refused."""


@final
class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """What came out.

    Attributes:
        score: the sum of the weights of the rules that fired.
        rules: their names in declared order.
    """

    outcome: Outcome
    score: int
    rules: tuple[str, ...]


def judge(evidence: Evidence, amount: Money, settings: RiskSettings) -> Judgement:
    """Judge one payment."""
    own = dict(settings.weights)
    fired = [
        (rule, own.get(rule.name, rule.weight))
        for rule in RULES
        if own.get(rule.name, rule.weight) and rule.fires(evidence, amount, settings)
    ]
    return Judgement(
        outcome=_outcome(fired, evidence, settings),
        score=sum(weight for _, weight in fired),
        rules=tuple(rule.name for rule, _ in fired),
    )


def _outcome(
    fired: list[tuple[RiskRule, int]], evidence: Evidence, settings: RiskSettings
) -> Outcome:
    strong = sum(weight for rule, weight in fired if not rule.is_weak)
    if strong >= settings.reject_score:
        return Outcome.REJECT
    if strong >= settings.review_score:
        return Outcome.REVIEW
    # Whoever enters a PIN has done what ASK_PIN asks for.
    if evidence.is_agreement and sum(weight for _, weight in fired) >= settings.ask_pin_score:
        return Outcome.ASK_PIN
    return Outcome.ACCEPT


def check_weights(settings: RiskSettings) -> None:
    """Raise `ValueError` for a weight of a rule that does not exist."""
    names = [rule.name for rule in RULES]
    for name, _ in settings.weights:
        if name not in names:
            message = f"there is no risk rule {name!r}; the rules are {', '.join(names)}"
            raise ValueError(message)
