"""Blocks that cannot run where the tests do, each with the reason. This table is kept short.

What must hold: a row names a block that is there, by its page and its first words; each such block
is still checked for syntax, and every `tillgate …` in it for its options.
"""

from collections.abc import Mapping
from typing import Final

ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    ("deploy/cluster/README.md", "mkdir -p /etc/postgresql-common"): (
        "installs packages; `make cluster-test` does it"
    ),
    ("deploy/cluster/README.md", "systemctl enable etcd"): "starts services of three machines",
    ("deploy/cluster/README.md", "patronictl -c"): "asks a cluster; `make cluster-test` does it",
    ("deploy/cluster/README.md", "runuser -u postgres"): "needs the cluster's leader",
    ("deploy/cluster/README.md", "echo softdog"): "loads a module into the kernel",
    ("docs/operations.md", "journalctl"): "asks systemd's journal of a service that is not here",
    ("docs/open-on-a-phone.md", "tillgate wallet open"): (
        "opens a window for a person; tests/browser/test_wallet_open.py is that person"
    ),
    ("docs/pictures/README.md", ".venv/bin/python -m tools.pictures.make"): (
        "takes every picture again, which takes minutes"
    ),
}
"""Page and first words to the reason."""

PREPARED: Final[Mapping[str, str]] = {
    "deploy/cluster/README.md": """
sed -i 's|^\\(.*\\) = "change-me"|\\1 = "the-secret-of-\\1"|' cluster.toml
mkdir machine
""",
    "docs/operations.md": """
tillgate keys generate gateway --out /var/lib/tillgate/keys
tillgate db upgrade --data /var/lib/tillgate
""",
}
"""What a page leans on and does not tell, as a script that runs before its first block."""

REPLACED: Final[Mapping[str, tuple[str, str]]] = {
    "deploy/cluster/README.md": ("--into /", "--into machine"),
}
"""What a page does to the whole machine, and what is done to the page's folder instead."""

AT_ROOT: Final = frozenset({"CONTRIBUTING.md"})
"""Pages whose reader stands in the checkout; their blocks change nothing there."""


def reason(page: str, text: str) -> str:
    """Return why a block cannot run here, or "" if it can."""
    for (named, starts), why in ELSEWHERE.items():
        if page == named and text.startswith(starts):
            return why
    return ""
