"""A folder whose books are on PostgreSQL says so, to whoever forgets the setting.

Commands as an operator types them, on a real server. What must hold: no command makes or reads a
file of SQLite there, and none that is audited is empty by mistake; the note holds no password; a
folder whose books are in a file is not served on PostgreSQL as if it had none.
"""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.operations.buying import pay
from tests.support import postgres
from tests.support.databases import IS_POSTGRESQL
from tests.support.gateway import running, tillgate

URL = "TILLGATE_DATABASE_URL"
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(autouse=True)
def on_either(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test names its database itself."""
    if IS_POSTGRESQL:
        monkeypatch.setattr("tests.support.databases.IS_POSTGRESQL", False)


@pytest.fixture
def url() -> Iterator[str]:
    with postgres.server().bare_database() as lent:
        yield lent


def test_who_forgets_the_setting_is_told_where_the_books_are(tmp_path: Path, url: str) -> None:
    data, note = tmp_path / "data", tmp_path / "data" / "database"
    made = tillgate("db", "upgrade", "--sandbox", "--data", str(data), **{URL: url})
    assert made.returncode == 0, made.stderr
    parts = urlsplit(url)
    assert note.read_text().endswith(f"{parts.path}\n")
    assert f":{parts.password}@" not in note.read_text()
    assert stat.S_IMODE(note.stat().st_mode) == 0o600

    for line in (
        ("ledger", "audit"),
        ("db", "show"),
        ("db", "upgrade"),
        ("db", "backup", "--out", str(tmp_path / "copy")),
        ("db", "restore", str(tmp_path / "copy")),
        ("payer", "show"),
        ("payer", "top-up", "rich", "1.00 HKD"),
        ("serve", "--sandbox", "--port", "0"),
    ):
        refused = tillgate(*line, "--data", str(data))
        assert refused.returncode == 2, (line, refused.stdout, refused.stderr)
        assert f"The books of {data} are in {note.read_text().strip()}" in refused.stderr, line
        assert URL in refused.stderr, line
    assert {path.name for path in data.glob("tillgate.sqlite*")} <= {"tillgate.sqlite.lock"}

    (data / "tillgate.toml").write_text(f'database_url = "{url}"\n')
    audit = tillgate("ledger", "audit", "--data", str(data), "--json")
    assert json.loads(audit.stdout)["clean"], audit.stderr


def test_the_note_follows_the_database_and_an_upgrade_leaves_it(tmp_path: Path, url: str) -> None:
    data, note = tmp_path / "data", tmp_path / "data" / "database"
    for lost in (False, True):
        if lost:
            note.unlink()
        done = tillgate("db", "upgrade", "--sandbox", "--data", str(data), **{URL: url})
        assert done.returncode == 0, done.stderr
        assert note.exists()
    first = note.read_text()
    with postgres.server().bare_database() as other:
        done = tillgate("db", "upgrade", "--sandbox", "--data", str(data), **{URL: other})
        assert done.returncode == 0, done.stderr
        assert note.read_text() != first


def test_books_in_a_file_are_not_served_from_postgresql(tmp_path: Path, url: str) -> None:
    data = tmp_path / "data"
    with running(data) as gateway:
        assert pay(gateway, "here-1") == "9000"
    for line in (("serve", "--sandbox", "--port", "0"), ("ledger", "audit"), ("db", "upgrade")):
        refused = tillgate(*line, "--data", str(data), **{URL: url})
        assert refused.returncode == 2, (line, refused.stdout, refused.stderr)
        assert f"are in {data / 'tillgate.sqlite'}, not in postgresql://" in refused.stderr
    assert not (data / "database").exists()


def test_where_no_database_is_the_setting_is_the_first_thing_to_check(tmp_path: Path) -> None:
    data = tmp_path / "data"
    refused = tillgate("ledger", "audit", "--data", str(data))
    assert refused.returncode == 3
    assert f"{URL}, or database_url in {data}/tillgate.toml" in refused.stderr
    assert refused.stderr.index(URL) < refused.stderr.index("tillgate db upgrade")
