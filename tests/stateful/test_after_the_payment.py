"""Pay, query, cancel, refund, agree, debit, expire, late and unknown answers, in any order.

A failing seed is in the test's name, and tells the same story to anybody.
"""

import pytest

from tests.stateful.stories import SEEDS, tell


@pytest.mark.parametrize("number", SEEDS)
def test_whatever_happens_is_what_the_model_says(number: int) -> None:
    tell(number)
