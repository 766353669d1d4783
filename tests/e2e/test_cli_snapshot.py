"""What an audit reads belongs together: one instant of the file, whatever is committed then."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tillgate.acquiring.operator import Fact
from tillgate.engine.ports import Change
from tillgate.kernel.errors import Unavailable
from tillgate.storage.opening import SchemaDiffers, open_sqlite
from tillgate.storage.snapshot import sqlite_snapshot
from tillgate.storage.sqlite import SqliteStore


async def _write(store: SqliteStore, name: str) -> None:
    async with store.transaction() as transaction:
        assert not await transaction.flush([Change(Fact(name=name, value="1"), is_insert=True)])


async def test_a_snapshot_sees_its_instant_and_the_next_one_sees_more(tmp_path: Path) -> None:
    path = tmp_path / "books.sqlite"
    store = open_sqlite(path)
    try:
        await _write(store, "before")
        with sqlite_snapshot(path) as reader:
            await _write(store, "after")
            assert await reader.get(Fact, "before") is not None
            assert await reader.get(Fact, "after") is None
        with sqlite_snapshot(path) as reader:
            assert await reader.get(Fact, "after") is not None
    finally:
        store.close()


def test_a_missing_file_is_not_made(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"

    with pytest.raises(Unavailable), sqlite_snapshot(path):
        pass

    assert not path.exists()


@pytest.mark.parametrize("revision", [None, "0000"])
def test_tables_of_another_age_are_not_read(tmp_path: Path, revision: str | None) -> None:
    path = tmp_path / "other.sqlite"
    if revision:
        open_sqlite(path).close()
    with closing(sqlite3.connect(path)) as connection:
        if revision:
            connection.execute("UPDATE schema_version SET version_num = ?", (revision,))
        else:
            connection.execute("CREATE TABLE facts (name)")
        connection.commit()

    with pytest.raises(SchemaDiffers, match="tillgate db upgrade"), sqlite_snapshot(path):
        pass
