"""The doctor: why a signature does not fit, or a message is wrong. Offline, and only by its bytes.

It explains; it never decides: a message it can explain is still refused. What must hold: a finding
that is called certain was proved by recomputing the very digest that was signed, or stands in the
text itself; a report holds no key and no value of a message.
"""

from tillgate.doctor.examination import GivenKey, diagnose, examine, load_key, warnings
from tillgate.doctor.findings import Code, Finding, Remedy
from tillgate.doctor.page import page
from tillgate.doctor.report import KeyFacts, MessageFacts, Report

__all__ = [
    "Code",
    "Finding",
    "GivenKey",
    "KeyFacts",
    "MessageFacts",
    "Remedy",
    "Report",
    "diagnose",
    "examine",
    "load_key",
    "page",
    "warnings",
]
