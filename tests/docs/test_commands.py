"""Every command line that a page shows names a command and options that there are."""

import pytest

from tests.docs.commands import command_lines, fault, in_shell, known_commands
from tests.docs.pages import pages

SHELL = """
cat > notes <<'END'
tillgate nothing of this
END
A=1 tillgate demo & echo tillgate said
x=$(tillgate order sign a.json \\
    --key k)
curl x | tillgate wallet pay - --payer rich || .venv/bin/tillgate db show # tillgate later
"""


@pytest.mark.parametrize("page", pages())
def test_what_a_page_tells_to_type_the_program_takes(page: str) -> None:
    assert {line.where: wrong for line in command_lines(page) if (wrong := fault(line.words))} == {}


@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("tillgate order verify order.txt --key merchant.public.pem", ""),
        ("tillgate keys generate gateway …", ""),
        ("tillgate ordr verify", "there is no `tillgate ordr`"),
        ("tillgate order verity", "there is no `tillgate order verity`"),
        ("tillgate order verify order.txt --kee k", "No such option"),
        ("tillgate order verify order.txt --key", "requires an argument"),
        ("tillgate order verify one.txt two.txt --key k", "takes no 'two.txt'"),
    ],
)
def test_a_command_line_that_is_wrong_is_told(typed: str, wrong: str) -> None:
    [words] = in_shell(typed)
    assert wrong in fault(words)
    assert bool(wrong) == bool(fault(words))


def test_command_lines_are_found_wherever_a_shell_would_run_them() -> None:
    assert [" ".join(words) for words in in_shell(SHELL)] == [
        "demo",
        "order sign a.json --key k",
        "wallet pay - --payer rich",
        "db show",
    ]


def test_every_command_is_on_some_page() -> None:
    shown = [" ".join(line.words) for page in pages() for line in command_lines(page)]
    missing = [name for name in known_commands() if not any(_is(name, line) for line in shown)]
    assert missing == []


def _is(name: str, line: str) -> bool:
    return f"{line} ".startswith(f"{name} ")
