"""Commands of operators in this process, on a folder of a test's own, without a server.

What must hold: no command prints the PIN that it was given.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support import databases
from tillgate.cli.root import run

PIN = "493817"


class Done(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return what it printed as JSON."""
        return json.loads(self.out)


Tillgate = Callable[..., Done]


@pytest.fixture
def tillgate(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Tillgate:
    """Run commands on a folder of this test's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TILLGATE_OPERATOR", "olga")
    monkeypatch.setenv("TILLGATE_PIN", PIN)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    databases.furnish(tmp_path / ".local/share/tillgate", with_tables=False)

    def ran(*arguments: str) -> Done:
        code = run([*arguments])
        told = capfd.readouterr()
        assert PIN not in told.out + told.err
        return Done(code, told.out, told.err)

    return ran


@pytest.fixture
def books(tillgate: Tillgate) -> Tillgate:
    """The same, with a gateway's key and database."""
    assert tillgate("keys", "generate", "gateway", "--out", ".local/share/tillgate/keys").code == 0
    assert tillgate("db", "upgrade").code == 0
    return tillgate
