"""What executes the pages finds what is wrong with one, and leaves nothing behind."""

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.docs import content as of_content
from tests.docs import pages as of_pages
from tests.docs import walk as of_walk
from tests.docs.pages import Fault
from tests.docs.places import is_open
from tests.docs.walk import Done, is_shown, walk

Walked = Callable[[str], list[Done]]


@pytest.fixture
def walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walked:
    """Return a function that walks a page of this text."""

    def run(text: str) -> list[Done]:
        (tmp_path / "page.md").write_text(text)
        for module in (of_pages, of_walk, of_content):
            monkeypatch.setattr(module, "ROOT", tmp_path)
        return walk("page.md", tmp_path / "walk")

    return run


def test_blocks_of_a_page_know_what_those_before_them_did(walked: Walked) -> None:
    done = walked(
        '```sh\nmkdir shop; cd shop; export NAME=dress; f() { echo "a $1"; }\n```\n'
        '- in a list\n\n  ```json title="data/order.json"\n  {"title": "dress"}\n  ```\n'
        "```python\nimport json\norder = json.load(open('data/order.json'))\n```\n"
        "```python\nprint(order['title'])\n```\nprints\n```text\ndress\n```\n"
        "```sh exit=3\nf $NAME; exit_with() { return 3; }; exit_with\n```\n```text\na …ess\n```\n"
    )
    assert [each.how for each in done] == [
        *("executed", "written to data/order.json", "executed", "executed", "read"),
        *("executed", "read"),
    ]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("```\nls\n```", "page.md:1: the block names no language"),
        ("    indented\n", "page.md:1: the block names no language"),
        ("```sh hidden\nls\n```", "'hidden' means nothing"),
        ("```cobol\nSTOP RUN.\n```", "nothing reads 'cobol'"),
        ("```sh\ntrue\nfalse\ntrue\n```", "did not end with 0"),
        ("```sh exit=1\ntrue\n```", "ended with 0, not 1"),
        ("\n```python\nx = 1\nassert x == 2\n```", 'page.md", line 4'),
        ("```sh\necho one\n```\n```text\ntwo\n```", "the page shows\ntwo\n"),
        ("```sh background\nsleep 0.1; echo gone\n```", "did not come up"),
        ('```python title="a.py"\nx =\n```', "this is no python"),
        ("```json\n{,}\n```", "this is no json"),
        ("```html\n<p><b></p>\n```", "this is no html"),
        ("```html\n<script>let = ;</script>\n```", "this is no html"),
        ("```mermaid\nstateDiagram-v2\n```", "no mark above it"),
        ('```sh\npip install "flask==0.1"\n```', "No matching distribution"),
    ],
)
def test_a_page_that_is_wrong_is_told_with_its_place(walked: Walked, text: str, told: str) -> None:
    with pytest.raises(Fault) as fault:
        walked(text)
    assert told in str(fault.value)
    assert "page.md:" in str(fault.value)


def test_what_a_page_starts_has_a_port_of_its_own_and_ends_with_the_page(walked: Walked) -> None:
    done = walked(
        "```sh background\nport=8000; echo $port; exec python -m http.server $port\n```\n"
        "```sh\ncurl -sf http://127.0.0.1:8000/ > /dev/null && echo reached 127.0.0.1:8000\n"
        "echo port=8000 | base64\n```\n"
        "```text\nreached 127.0.0.1:8000\n```\n"
    )
    [_, encoded] = done[1].printed.splitlines()
    [port] = re.findall(rb"port=(\d{5})", base64.b64decode(encoded))
    assert not is_open(int(port))


@pytest.mark.parametrize(
    ("shown", "printed", "is_there"),
    [
        ("b", "a\nb\nc", True),
        ("a\nc", "a\nb\nc", False),
        ("a\n…\nc", "a\nb\nc", True),
        ("a\n…\nb", "a\nb\nc", True),
        ("paid  10.00 HKD", "x paid\t10.00 HKD  \n", True),
        ("c\n…\na", "a\nb\nc", False),
        ("1.5", "115", False),
    ],
)
def test_what_a_page_shows_is_what_was_printed_but_for_ellipses(
    shown: str, printed: str, *, is_there: bool
) -> None:
    assert is_shown(shown, printed) is is_there
