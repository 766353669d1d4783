"""The doctor: why a signature does not fit, or a message is wrong. Offline, and only by its bytes.

It explains; it never decides: a message it can explain is still refused. What must hold: a finding
that is called certain was proved by recomputing the very digest that was signed.
"""

from tillgate.doctor.findings import Code, Finding
from tillgate.doctor.signature import diagnose, warnings

__all__ = ["Code", "Finding", "diagnose", "warnings"]
