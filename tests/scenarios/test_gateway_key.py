"""A sandbox, which signs what a header asks for, never signs with a key from outside its folder."""

from pathlib import Path

import pytest

from tests.support import databases
from tests.support.gateway import tillgate
from tillgate.bootstrap.gateway_keys import gateway_key
from tillgate.config import SettingRefused, check_serving, read_settings
from tillgate.config.folder import write_once
from tillgate.protocol.keys import PrivateKey


@pytest.fixture
def production_key(tmp_path: Path) -> Path:
    """Keep a key where an operator of production keeps it."""
    path = tmp_path / "vault.pem"
    write_once(path, PrivateKey.generate().pem())
    return path


@pytest.mark.parametrize(
    "command", [("serve", "--port", "0"), ("db", "upgrade")], ids=["serve", "upgrade"]
)
def test_a_sandbox_that_is_told_of_another_key_does_not_start(
    tmp_path: Path, production_key: Path, command: tuple[str, ...]
) -> None:
    """It names the setting and the next step, and makes no books."""
    data = tmp_path / "data"
    databases.furnish(data, with_tables=False)
    told = tillgate(
        *command, "--sandbox", "--data", str(data), TILLGATE_GATEWAY_KEY=str(production_key)
    )
    assert (told.returncode, told.stdout) == (2, "")
    assert "Setting TILLGATE_GATEWAY_KEY: a sandbox signs what tests ask for" in told.stderr
    assert "Next: unset TILLGATE_GATEWAY_KEY, and take gateway_key out of" in told.stderr
    assert not (data / "tillgate.sqlite").exists()


def test_a_line_of_the_file_is_refused_like_the_variable(
    tmp_path: Path, production_key: Path
) -> None:
    """In a sandbox it may come from nowhere; production takes it as ever."""
    (tmp_path / "tillgate.toml").write_text(f'gateway_key = "{production_key}"\n')
    given = {"data": str(tmp_path), "public_url": "https://pay.example"}
    sandbox = read_settings({**given, "mode": "sandbox"}, {}, home=tmp_path)
    with pytest.raises(SettingRefused, match="GATEWAY_KEY: a sandbox"):
        check_serving(sandbox)
    with pytest.raises(SettingRefused, match="GATEWAY_KEY: a sandbox"):
        gateway_key(sandbox)
    production = read_settings(given, {}, home=tmp_path)
    check_serving(production)
    assert gateway_key(production).pem() == production_key.read_bytes()
