"""Backup and restore: a copy made while people pay, put back, holds all that was acknowledged.

The gateway is a process of its own and the commands are what an operator types. What must hold: a
copy made under load is whole and its books are clean; whatever was answered before the copy is in
it; a restore keeps what it replaces; what is no copy of ours is refused and changes nothing.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.operations.buying import pay, paying, until
from tests.support.databases import IS_POSTGRESQL
from tests.support.gateway import running, tillgate
from tillgate.merchant import Paid
from tillgate.storage import backup
from tillgate.storage.backup import CopyRefused

USAGE = 2
pytestmark = pytest.mark.timeout(400)


@pytest.fixture(autouse=True)
def on_sqlite(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's own tools are tried in `test_backup_postgresql`."""
    if IS_POSTGRESQL:
        monkeypatch.setattr("tests.support.databases.IS_POSTGRESQL", False)


def test_a_copy_made_under_load_holds_what_was_answered_before(tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "tillgate.sqlite"
    copy.parent.mkdir()
    with running(tmp_path / "gateway") as gateway:
        before = [f"before-{n}" for n in range(5)]
        for number in before:
            assert pay(gateway, number) == "9000"
        with paying(gateway) as paid:
            until(lambda: len(paid) > 3)
            before += paid  # Whatever was answered by now.
            made = _json(_tillgate("db", "backup", "--out", str(copy), "--data", str(gateway.data)))
            until_now = len(paid)
            until(lambda: len(paid) > until_now + 3)
        pay(gateway, "after-the-copy")
        in_use = tillgate("db", "restore", str(copy), "--data", str(gateway.data))
        assert in_use.returncode == 3, "no restore under a running server"
    assert made["file"] == str(copy)
    assert made["bytes"] == copy.stat().st_size
    assert [Path(path).name for path in made["keep"]] == ["gateway.private.pem", "secret.bin"]
    assert copy.stat().st_mode & 0o077 == 0
    assert not list(copy.parent.glob("*-wal"))

    restored = _json(_tillgate("db", "restore", str(copy), "--data", str(gateway.data)))
    assert restored["clean"], restored
    assert restored["lastEntryAt"]
    shown = _json(_tillgate("db", "show", "--data", str(gateway.data)))
    assert restored["gatewayFingerprint"] == shown["gatewayFingerprint"]
    assert (shown["revision"], restored["missing"]) == (made["revision"], [])
    kept = Path(restored["kept"])
    assert kept.name.startswith(f"tillgate.sqlite.{backup.KEPT}-")
    with running(gateway.data) as again:
        merchant = again.merchant()
        for number in before:
            assert isinstance(merchant.query(number), Paid), number
        merchant.close()
        assert pay(again, "life-goes-on") == "9000"
    assert again.audit()["clean"]
    with closing(sqlite3.connect(kept)) as old:
        rows = old.execute("SELECT merchant_trans_id FROM acquirements").fetchall()
    assert ("after-the-copy",) in rows, "what was replaced is kept, whole"


def test_a_copy_is_put_back_on_a_new_machine_with_its_keys(tmp_path: Path) -> None:
    copy, new = tmp_path / "copy.sqlite", tmp_path / "new"
    with running(tmp_path / "old") as gateway:
        assert pay(gateway, "moved-1") == "9000"
        _json(_tillgate("db", "backup", "--out", str(copy), "--data", str(gateway.data)))
    (new / "keys").mkdir(parents=True, mode=0o700)
    new.chmod(0o700)
    for path in (gateway.data / "keys").iterdir():
        (new / "keys" / path.name).write_bytes(path.read_bytes())
        (new / "keys" / path.name).chmod(path.stat().st_mode & 0o777)

    restored = _json(_tillgate("db", "restore", str(copy), "--data", str(new)))

    assert (restored["clean"], restored["kept"]) == (True, None)
    with running(new) as moved:
        merchant = moved.merchant()
        assert isinstance(merchant.query("moved-1"), Paid)
        merchant.close()
        assert pay(moved, "moved-2") == "9000", "PINs still fit"


def test_a_copy_overwrites_nothing(tmp_path: Path) -> None:
    data = _made(tmp_path / "data")
    taken = tmp_path / "taken"
    taken.write_text("mine")

    refused = tillgate("db", "backup", "--out", str(taken), "--data", str(data))

    assert refused.returncode == USAGE
    assert "exists and is not overwritten" in refused.stderr
    assert taken.read_text() == "mine"


def test_where_nothing_can_be_written_nothing_is_left(tmp_path: Path) -> None:
    data = _made(tmp_path / "data")

    refused = tillgate("db", "backup", "--out", str(tmp_path / "no" / "x"), "--data", str(data))

    assert refused.returncode == USAGE
    assert "cannot be written (No such file or directory)" in refused.stderr


@pytest.mark.parametrize(
    "content", [b"", b"not a database", b"SQLite format 3\x00" + b"\x00" * 4096]
)
def test_what_is_no_copy_is_refused_and_changes_nothing(tmp_path: Path, content: bytes) -> None:
    data = _made(tmp_path / "data")
    before = (data / "tillgate.sqlite").read_bytes()
    bad = tmp_path / "bad"
    bad.write_bytes(content)

    refused = tillgate("db", "restore", str(bad), "--data", str(data))

    assert refused.returncode == USAGE
    assert "is no copy of a gateway's books" in refused.stderr
    assert (data / "tillgate.sqlite").read_bytes() == before
    assert not list(data.glob(".*"))


def test_a_copy_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "no such.sqlite"

    refused = tillgate("db", "restore", str(copy), "--data", str(data))

    assert refused.returncode == USAGE
    assert f"{copy} does not exist" in refused.stderr
    assert not copy.exists()
    assert not (data / "tillgate.sqlite").exists()


def test_a_copy_put_back_without_its_keys_names_what_is_missing(tmp_path: Path) -> None:
    data, new, copy = _made(tmp_path / "data"), tmp_path / "new", tmp_path / "copy"
    backup.copy_sqlite(data / "tillgate.sqlite", copy)

    done = tillgate("db", "restore", str(copy), "--data", str(new))
    told = _json(_tillgate("db", "restore", str(copy), "--data", str(new)))

    keys = new / "keys"
    assert done.returncode == 0
    assert f"Put gateway.private.pem, secret.bin in {keys}" in done.stderr
    assert told["missing"] == [str(keys / "gateway.private.pem"), str(keys / "secret.bin")]
    assert not (keys / "secret.bin").exists(), "a new one would fit no PIN"


def test_a_damaged_database_is_not_copied(tmp_path: Path) -> None:
    data = _made(tmp_path / "data")
    with (data / "tillgate.sqlite").open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * 4096 * 4)

    refused = tillgate("db", "backup", "--out", str(tmp_path / "copy"), "--data", str(data))

    assert refused.returncode == 3
    assert "cannot be copied" in refused.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"data"}


def test_a_copy_of_a_newer_tillgate_is_refused(tmp_path: Path) -> None:
    data = _made(tmp_path / "data")
    copy = tmp_path / "copy"
    backup.copy_sqlite(data / "tillgate.sqlite", copy)
    with closing(sqlite3.connect(copy)) as file:
        file.execute("UPDATE schema_version SET version_num = '9999'")
        file.commit()

    with pytest.raises(CopyRefused, match="of a newer Tillgate"):
        backup.prepare(copy, data / "tillgate.sqlite")


def test_a_copy_with_a_fault_is_put_back_and_said_to_have_it(tmp_path: Path) -> None:
    data = _made(tmp_path / "data")
    copy = tmp_path / "copy"
    backup.copy_sqlite(data / "tillgate.sqlite", copy)
    with closing(sqlite3.connect(copy)) as file:
        file.execute(
            "INSERT INTO balances (account, currency, money_minor, money_currency)"
            " VALUES ('payer:x', 'HKD', 1, 'HKD')"
        )
        file.commit()

    done = tillgate("db", "restore", str(copy), "--data", str(data), "--json")

    assert done.returncode == 1
    assert json.loads(done.stdout)["faults"] >= 1


def _made(data: Path) -> Path:
    done = tillgate("db", "upgrade", "--sandbox", "--data", str(data))
    assert done.returncode == 0, done.stderr
    return data


def _tillgate(*arguments: str) -> Any:
    return tillgate(*arguments, "--json")


def _json(done: Any) -> dict[str, Any]:
    assert done.returncode == 0, (done.stdout, done.stderr)
    told: dict[str, Any] = json.loads(done.stdout)
    return told
