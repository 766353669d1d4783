"""Both colours of the SDK: a test here that asks for `colour` runs with each of them.

What must hold: whatever was opened is closed, so that a leak is an error of the test that leaked.
"""

from tests.support.small_gateway import colour

__all__ = ["colour"]
