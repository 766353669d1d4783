"""What only the SQLite store promises: its file, its threads, and what SQLite's errors mean.

Every fault here is a real one: another process's lock, a disk that takes no more, a damaged file.
What must hold: an error tells the engine the truth about the commit, and the store works again when
its cause is gone.
"""

import asyncio
import resource
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.support.records import sample
from tests.support.stores import in_file
from tillgate.acquiring.client import Client
from tillgate.acquiring.operator import Fact
from tillgate.engine.ports import Change, CommitUnknown, Select
from tillgate.kernel.errors import Broken, Unavailable
from tillgate.storage import migrations
from tillgate.storage.opening import SchemaDiffers, SqliteSettings, open_sqlite
from tillgate.storage.sqlite import SqliteStore
from tillgate.storage.workers import Workers

HASTY = SqliteSettings(busy_wait_ms_max=50)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with empty tables."""
    with in_file(tmp_path):
        return tmp_path / "tillgate.db"


@contextmanager
def opened(file: Path, settings: SqliteSettings = HASTY) -> Iterator[SqliteStore]:
    store = open_sqlite(file, settings)
    try:
        yield store
    finally:
        store.close()


async def insert(store: SqliteStore, *rows: Fact) -> None:
    async with store.transaction() as transaction:
        await transaction.flush([Change(row, is_insert=True) for row in rows])


# Its file.


async def test_it_makes_what_is_missing_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "tillgate.db"
    with opened(file) as store:
        await insert(store, sample(Fact))
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in file.parent.iterdir()}
        assert modes == dict.fromkeys((file.name, f"{file.name}-wal", f"{file.name}-shm"), 0o600)
        assert [stat.S_IMODE(path.stat().st_mode) for path in file.parents[:2]] == [0o700] * 2


async def test_a_commit_is_on_the_disk_before_it_is_answered(file: Path) -> None:
    def settings(connection: sqlite3.Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "busy_timeout")
        return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

    with opened(file) as store:
        seen = await store._writer.run(settings)  # noqa: SLF001  It shows nowhere else.
    assert seen == ["wal", 2, HASTY.busy_wait_ms_max]


async def test_what_was_committed_is_there_after_opening_again(file: Path) -> None:
    with opened(file) as store:
        await insert(store, sample(Fact))
    assert not file.with_name(f"{file.name}-wal").exists()
    with opened(file) as store:
        assert await store.get(Fact, "mode") == sample(Fact)


async def test_what_was_committed_is_there_without_closing(file: Path, tmp_path: Path) -> None:
    with opened(file) as store:
        await insert(store, sample(Fact))
        copies = [path.name for path in file.parent.iterdir() if path.name.startswith(file.name)]
        (tmp_path / "after").mkdir()
        for name in copies:
            (tmp_path / "after" / name).write_bytes((file.parent / name).read_bytes())
    with opened(tmp_path / "after" / file.name) as store:
        assert await store.get(Fact, "mode") == sample(Fact)


# The age of its tables.


def _say_revision(file: Path, revision: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE {migrations.VERSION_TABLE} SET version_num = ?", (revision,))  # noqa: S608  Our name.


def test_older_tables_are_refused_with_the_command_to_type(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tillgate.storage.opening.REVISIONS", ("0000", *migrations.REVISIONS))
    _say_revision(file, "0000")
    before = file.read_bytes()
    with pytest.raises(SchemaDiffers, match=f"tillgate db upgrade --data {file.parent}"):
        open_sqlite(file)
    assert file.read_bytes() == before


def test_newer_tables_are_refused_with_the_command_to_type(file: Path) -> None:
    _say_revision(file, "9999")
    with pytest.raises(SchemaDiffers, match="pip install --upgrade"):
        open_sqlite(file)


def test_tables_of_another_program_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE songs (title TEXT)")
    with pytest.raises(SchemaDiffers, match="another program"):
        open_sqlite(file)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear Ann, " * 100)
    with pytest.raises(Unavailable, match=r"letter\.txt cannot be opened"):
        open_sqlite(file)
    assert file.read_text().startswith("Dear Ann")


def test_a_place_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_sqlite(tmp_path)


# Its errors.


async def test_a_file_that_another_process_holds_is_unavailable(file: Path) -> None:
    with opened(file) as store, closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            await insert(store, sample(Fact))
        other.execute("ROLLBACK")
        await insert(store, sample(Fact))
        assert await store.get(Fact, "mode") == sample(Fact)


async def test_a_full_disk_is_unavailable_and_nothing_is_written(file: Path) -> None:
    large = [sample(Fact, name=str(number), value="x" * 100_000) for number in range(20)]
    with opened(file) as store:
        writer = store._writer  # noqa: SLF001  The limit belongs to the connection.
        await writer.run(lambda connection: connection.execute("PRAGMA max_page_count=1"))
        with pytest.raises(Unavailable, match="full"):
            await insert(store, sample(Fact), *large)
        assert await store.select(Select(record=Fact)) == []
        await writer.run(lambda connection: connection.execute("PRAGMA max_page_count=100000"))
        await insert(store, *large)
        assert len(await store.select(Select(record=Fact))) == len(large)


async def test_an_io_error_while_committing_is_a_commit_unknown(file: Path) -> None:
    large = [sample(Fact, name=str(number), value="x" * 100_000) for number in range(20)]
    with opened(file) as store:
        await insert(store, sample(Fact))
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        log = file.with_name(f"{file.name}-wal")
        resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 8_192, before[1]))
        try:
            with pytest.raises(CommitUnknown):
                await insert(store, *large)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert await store.select(Select(record=Fact)) == [sample(Fact)]
        await insert(store, *large)
        assert len(await store.select(Select(record=Fact))) == len(large) + 1


async def test_a_commit_that_is_still_open_was_not_made(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # Here a reader can keep a commit waiting.
    mine, other = (
        sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=0)
        for _ in range(2)
    )
    store = SqliteStore(
        Workers("writer", [mine], waiting_max=9), Workers("reader", [], waiting_max=9)
    )
    with closing(store), closing(other):
        other.execute("BEGIN")
        other.execute("SELECT count(*) FROM facts").fetchall()
        with pytest.raises(Unavailable, match="did not commit"):
            await insert(store, sample(Fact))
        other.execute("ROLLBACK")
        await insert(store, sample(Fact, value="production"))
        assert other.execute("SELECT value FROM facts").fetchall() == [("production",)]


async def test_a_row_that_nobody_wrote_is_broken(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO clients VALUES ('C', 'n', 'p', 'no JSON', '[]', 1)")
    with opened(file) as store, pytest.raises(Broken, match="clients"):
        await store.select(Select(record=Client))


async def test_a_damaged_file_is_broken(file: Path) -> None:
    with opened(file) as store:
        await insert(store, *(sample(Fact, name=str(n), value="x" * 900) for n in range(99)))
    content = bytearray(file.read_bytes())
    content[4_096:] = b"\xff" * len(content[4_096:])
    with opened(file) as store:
        file.write_bytes(content)
        with pytest.raises(Broken, match="damaged"):
            await store.select(Select(record=Fact))


# Its threads.


async def test_what_comes_after_closing_is_unavailable(file: Path) -> None:
    with opened(file) as store:
        await insert(store, sample(Fact))
    with pytest.raises(Unavailable, match="closed"):
        await store.get(Fact, "mode")
    with pytest.raises(Unavailable, match="closed"):
        await insert(store, sample(Fact, name="late"))
    store.close()


async def test_what_was_handed_in_before_closing_is_done(file: Path) -> None:
    store = open_sqlite(file)
    reads = [asyncio.ensure_future(store.get(Fact, "mode")) for _ in range(20)]
    await asyncio.sleep(0)
    store.close()
    assert await asyncio.gather(*reads) == [None] * 20


async def test_too_many_waiting_reads_are_unavailable(file: Path) -> None:
    none = SqliteSettings(reads_waiting_max=0)
    with opened(file, none) as store, pytest.raises(Unavailable, match="Too many"):
        await store.get(Fact, "mode")


async def test_a_reader_cannot_write(file: Path) -> None:
    with opened(file) as store:
        readers = store._readers  # noqa: SLF001  No public way leads to a write through a reader.
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await readers.run(lambda connection: connection.execute("DELETE FROM facts"))


async def test_readers_do_not_wait_for_a_transaction(file: Path) -> None:
    with opened(file) as store:
        async with store.transaction() as transaction:
            await transaction.flush([Change(sample(Fact), is_insert=True)])
            found = await asyncio.gather(*(store.get(Fact, "mode") for _ in range(10)))
            assert found == [None] * 10
