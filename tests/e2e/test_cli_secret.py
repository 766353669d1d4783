"""A database and the secret of its folder: operators' commands on a folder of another secret.

PINs and tokens depend on `keys/secret.bin`. What must hold: a command on a folder whose secret is
not the database's, or is missing, changes nothing, makes no secret and says what to copy; with the
right one it goes on.
"""

import secrets
from pathlib import Path

import pytest

from tests.support.shell import Tillgate

NEXT_STEP = "copy keys/secret.bin from the machine that serves it"
COMMANDS = (
    ("payer", "add", "bob", "--name", "Bob"),
    ("payer", "pin", "alice"),
    ("payer", "top-up", "alice", "10.00 HKD"),
    ("merchant", "add", "2160400000002012", "--name", "Shop", "--host", "shop.example"),
)


@pytest.fixture
def secret(books: Tillgate, tmp_path: Path) -> Path:
    """The secret of a folder whose database has a payer."""
    assert books("payer", "add", "alice", "--name", "Alice").code == 0
    return tmp_path / ".local/share/tillgate/keys/secret.bin"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_another_secret_is_refused_and_the_right_one_goes_on(
    books: Tillgate, secret: Path, command: tuple[str, ...]
) -> None:
    own = secret.read_bytes()
    secret.write_bytes(secrets.token_bytes(32))

    refused = books(*command)

    assert refused.code == 1, refused
    assert "made with another secret" in refused.err
    assert NEXT_STEP in refused.err
    secret.write_bytes(own)
    assert books(*command).code == 0, "nothing of it was done before"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_secret_is_made_for_a_database_that_has_one(
    books: Tillgate, secret: Path, command: tuple[str, ...]
) -> None:
    own = secret.read_bytes()
    secret.unlink()

    refused = books(*command)

    assert refused.code == 1, refused
    assert f"{secret} is missing" in refused.err
    assert NEXT_STEP in refused.err
    assert not secret.exists()
    secret.write_bytes(own)
    secret.chmod(0o600)
    assert books(*command).code == 0


def test_no_secret_is_made_where_there_is_no_database(tillgate: Tillgate, tmp_path: Path) -> None:
    refused = tillgate("payer", "add", "alice", "--name", "Alice")

    assert refused.code != 0
    assert "tillgate db upgrade" in refused.err
    assert not list(tmp_path.rglob("secret.bin"))
