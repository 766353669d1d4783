"""Every link from page to page leads somewhere: the file is there, and so is its heading."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.docs.pages import ROOT, pages


@pytest.mark.parametrize("page", pages())
def test_a_link_leads_to_a_page_and_its_heading(page: str) -> None:
    assert [link for link in _links(page) if not _leads(page, link)] == []


def test_a_heading_is_found_by_the_name_that_a_link_gives_it() -> None:
    assert "what-an-outcome-is" in _headings("docs/sdk.md")
    assert not _leads("docs/sdk.md", "notifications.md#nothing-of-this")
    assert not _leads("docs/sdk.md", "nowhere.md")


def _leads(page: str, link: str) -> bool:
    path, _, name = link.partition("#")
    target = (ROOT / page).parent / unquote(path) if path else ROOT / page
    if not target.exists():
        return False
    return not name or name in _headings(target.resolve().relative_to(ROOT).as_posix())


def _links(page: str) -> Iterator[str]:
    for token in _inline(page):
        for child in token.children or ():
            link = str(child.attrGet("href") or child.attrGet("src") or "")
            if link and not re.match(r"[a-z]+:", link):
                yield link


def _headings(page: str) -> set[str]:
    """Return the names of a page's headings, as they are made where pages are shown."""
    tokens = _tokens(page)
    titles = [
        token.content
        for token, before in zip(tokens[1:], tokens, strict=False)
        if before.type == "heading_open"
    ]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def _inline(page: str) -> Iterator[Token]:
    return (token for token in _tokens(page) if token.type == "inline")


def _tokens(page: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse((ROOT / page).read_text())
