"""What an audit reads belongs together: one instant of a database, whatever is committed then.

What must hold, on either database: a reading sees neither what came later nor half of anything; it
makes nothing; tables of another age are not read.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import asyncpg
import pytest

from tests.support import postgres, schemas
from tests.support.records import sample
from tests.support.stores import in_file, opened
from tests.support.writing import insert
from tillgate.acquiring.operator import Fact
from tillgate.engine.ports import Reader
from tillgate.kernel.errors import Unavailable
from tillgate.storage import migrate
from tillgate.storage.migrations import HEAD
from tillgate.storage.opening import SchemaDiffers
from tillgate.storage.postgres import faults
from tillgate.storage.postgres.snapshot import postgres_snapshot
from tillgate.storage.snapshot import sqlite_snapshot


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the URL of a database with empty tables, of each kind in turn."""
    if request.param == "postgresql":
        with postgres.server().database() as lent:
            yield lent
    else:
        with in_file(tmp_path):
            yield str(migrate.sqlite_url(tmp_path / "tillgate.db"))


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Reader]:
    """Read a database as it is now."""
    if migrate.is_postgresql(url):
        async with postgres_snapshot(url) as reader:
            yield reader
    else:
        with sqlite_snapshot(Path(url.removeprefix("sqlite:///"))) as reader:
            yield reader


async def test_a_snapshot_sees_its_instant_and_the_next_one_sees_more(url: str) -> None:
    async with opened(url) as store:
        await insert(store, sample(Fact, name="before"))
        async with snapshot(url) as reader:
            await insert(store, sample(Fact, name="after"))
            assert await reader.get(Fact, "before") is not None
            assert await reader.get(Fact, "after") is None
        async with snapshot(url) as reader:
            assert await reader.get(Fact, "after") is not None


@pytest.mark.parametrize("revision", ["0001", "9999"])
async def test_tables_of_another_age_are_not_read(url: str, revision: str) -> None:
    schemas.run(url, f"UPDATE schema_version SET version_num = '{revision}'")  # noqa: S608  Our values.
    try:
        with pytest.raises(SchemaDiffers, match="tillgate"):
            async with snapshot(url):
                pass
    finally:
        schemas.run(url, f"UPDATE schema_version SET version_num = '{HEAD}'")  # noqa: S608  Our values.


async def test_a_reading_that_a_standby_ends_says_what_to_set_there() -> None:
    """As replay does there: it ends the connection, or the statement."""
    with postgres.server().database() as url:
        async with postgres_snapshot(url) as reader:
            assert await reader.get(Fact, "any") is None
            postgres.run(url, postgres.SEND_AWAY)
            with pytest.raises(Unavailable, match=r"begin again\. .*hot_standby_feedback = on"):
                await reader.get(Fact, "any")
    told = faults.said(asyncpg.exceptions.SerializationError("canceling statement"))
    assert isinstance(told, Unavailable)
    assert "40001" in str(told)
    assert "hot_standby_feedback = on" in str(told)


async def test_nothing_is_made_where_nothing_is(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    with pytest.raises(Unavailable):
        async with snapshot(str(migrate.sqlite_url(path))):
            pass
    assert not path.exists()
    with postgres.server().bare_database() as bare:
        with pytest.raises(SchemaDiffers):
            async with snapshot(bare):
                pass
        assert schemas.described(bare) == set()


def test_another_programs_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE facts (name)")
    with pytest.raises(SchemaDiffers, match="tillgate db upgrade"), sqlite_snapshot(path):
        pass
