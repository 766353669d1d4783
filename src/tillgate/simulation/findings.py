"""Findings: what an auditor of a simulation says is wrong, and with which order, refund or account.

It knows no rule. What must hold: a finding names its subject as the trace does, so that the lines
that explain it can be found.
"""

from typing import NamedTuple


class Finding(NamedTuple):
    """Something that must not be.

    Attributes:
        rule: a short name of what does not hold.
        subject: the order, refund, payer or account.
        sentence: what is and what should be.
    """

    rule: str
    subject: str
    sentence: str
