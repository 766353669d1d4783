"""The age of a PostgreSQL database's tables: made, refused, and read again by each connection.

What must hold: no store writes on tables of another age or of another program, however late its
connection was made; what is refused stays as it was.
"""

import asyncio
from collections.abc import Iterator
from typing import Final

import asyncpg
import pytest

from tests.support import postgres
from tests.support.records import sample
from tests.support.stores import postgresql
from tests.support.writing import insert, load
from tillgate.acquiring.operator import Fact
from tillgate.storage import migrations
from tillgate.storage.opening import SchemaDiffers

SAY: Final = f"UPDATE {migrations.VERSION_TABLE} SET version_num = '%s'"  # noqa: S608  Our name.


@pytest.fixture
def url() -> Iterator[str]:
    """Return the URL of a database with empty tables, which is of its age again in the end."""
    with postgres.server().database() as lent:
        yield lent
        postgres.run(lent, SAY % migrations.HEAD)


def facts(url: str) -> list[str]:
    """Return the facts that were committed, past the store."""
    return [row[0] for row in postgres.rows(url, "SELECT name FROM facts ORDER BY name")]


async def test_a_bare_database_gets_its_tables() -> None:
    with postgres.server().bare_database() as url:
        async with postgresql(url) as store:
            assert await insert(store, sample(Fact)) == []
        assert facts(url) == ["mode"]


@pytest.mark.parametrize(
    ("revision", "advice"), [("0001", "tillgate db upgrade"), ("9999", "pip install --upgrade")]
)
async def test_tables_of_another_age_are_refused_with_the_command_to_type(
    url: str, revision: str, advice: str
) -> None:
    postgres.run(url, SAY % revision)
    with pytest.raises(SchemaDiffers, match=advice):
        await _opened(url)


async def test_tables_of_another_program_are_refused() -> None:
    with postgres.server().bare_database() as url:
        postgres.run(url, "CREATE TABLE theirs (name text)")
        with pytest.raises(SchemaDiffers, match="another program"):
            await _opened(url)
        found = postgres.rows(url, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert [row[0] for row in found] == ["theirs"]


async def test_each_connection_reads_the_age_of_the_tables(url: str) -> None:
    """A gateway was cut off while somebody upgraded the database, or a failover took it back."""
    async with postgresql(url) as store:
        await insert(store, sample(Fact))
        postgres.run(url, postgres.SEND_AWAY, SAY % "9999")
        with pytest.raises(SchemaDiffers, match="newer Tillgate"):
            await insert(store, sample(Fact, name="late"))
        with pytest.raises(SchemaDiffers, match="newer Tillgate"):
            await store.get(Fact, "mode")
        postgres.run(url, SAY % migrations.HEAD)
        assert await load(store, sample(Fact).key) == {sample(Fact).key: sample(Fact)}
        assert facts(url) == ["mode"]


async def test_a_connection_waits_for_an_upgrade_under_way_and_meets_what_it_made(
    url: str,
) -> None:
    async with postgresql(url) as store:
        await insert(store, sample(Fact))
        postgres.run(url, postgres.SEND_AWAY)
        upgrade = await asyncpg.connect(url)
        async with upgrade.transaction():
            await upgrade.execute(f"SELECT pg_advisory_xact_lock({migrations.UPGRADE_LOCK})")
            await upgrade.execute(SAY % "9999")
            late = asyncio.ensure_future(store.get(Fact, "mode"))
            done, _ = await asyncio.wait({late}, timeout=1)
            assert not done, "it read the age that the upgrade is about to change"
        with pytest.raises(SchemaDiffers, match="newer Tillgate"):
            await late
        await upgrade.close()


async def _opened(url: str) -> None:
    async with postgresql(url):
        pass
