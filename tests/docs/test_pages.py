"""Every code block of every page does what the page says.

A page is a test: it is walked from top to bottom in a folder of its own (`walk`). What must hold:
no block of any page is passed over but those of one table, each with its reason; a page's expected
output is found in what was printed.
"""

from pathlib import Path
from typing import Final

import pytest

from tests.docs.elsewhere import ELSEWHERE, PREPARED
from tests.docs.pages import blocks, pages
from tests.docs.walk import walk

ELSEWHERE_MAX: Final = 12
"""The table is kept short: a row more is a decision."""
WITH_MORE: Final = ("docs/first-payment.md", "docs/go-live.md")
"""Walked by tests of their own, which look at more than the page shows."""
WALKED: Final = [page for page in pages() if blocks(page) and page not in WITH_MORE]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", WALKED)
def test_a_page_does_what_it_says(page: str, tmp_path: Path) -> None:
    done = walk(page, tmp_path)

    assert [each.block for each in done] == blocks(page)


@pytest.mark.parametrize("page", WITH_MORE)
def test_a_page_with_a_test_of_its_own_is_there(page: str) -> None:
    assert blocks(page)


def test_a_block_that_cannot_run_here_is_there_and_says_why() -> None:
    for (page, starts), why in ELSEWHERE.items():
        named = [block for block in blocks(page) if block.text.startswith(starts)]
        assert len(named) == 1, (page, starts)
        assert why
    assert len(ELSEWHERE) <= ELSEWHERE_MAX
    assert set(PREPARED) <= set(pages())
