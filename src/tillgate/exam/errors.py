"""What can keep an exam from being held: something it was given is not what it needs.

A merchant's faults are findings and never errors. What must hold: an error names the next step; an
address that cannot be reached at all is the kernel's `Unavailable`, not one of these.
"""

from typing import final

from tillgate.kernel.errors import TillgateError


@final
class ExamRefused(TillgateError):
    """An order, an address or a key that was given cannot be used; the text names the next step."""


@final
class NoOrder(TillgateError):
    """There is no further order that nobody has paid yet; the text says how to give one."""
