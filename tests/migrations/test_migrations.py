"""The schema's history against the schema: all migrations in turn make what the tables describe.

What must hold, on either database: nothing can be added to a table, an index, a check or a trigger
without a migration; a migration that was run once changes nothing when it is run again; two
upgrades at the same time are one.
"""

import hashlib
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import asyncpg
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.support import postgres
from tests.support.schemas import described
from tillgate.kernel.errors import Unavailable
from tillgate.storage import migrate, migrations
from tillgate.storage.schema import metadata
from tillgate.storage.shape import TABLES

RELEASED: Final = {
    "0001": "390a241f9bc41d803151113a7853ff626b04a738f66129c809b0056dceb5d3c8",
    "0002": "5c8dd78288c837107721873c2f572a71cbd2bfe9168a1afc868f3325deb99a7a",
}
"""What the revisions that were released make on SQLite: the digest of all definitions there."""


UPGRADE: Final = """
import sys
from tillgate.storage import migrate
print("begins", flush=True)
migrate.upgrade(sys.argv[1])
"""


def test_all_migrations_in_turn_make_what_the_tables_describe(another: Callable[[], str]) -> None:
    migrated, fresh = another(), another()
    migrate.upgrade(migrated)
    migrate.within(
        fresh, lambda connection: metadata(connection.dialect.name).create_all(connection)
    )
    assert described(migrated) == described(fresh)
    assert len(described(migrated)) > len(TABLES)


def test_there_is_nothing_left_to_migrate(url: str) -> None:
    migrate.upgrade(url)

    def compare(connection: sqlalchemy.Connection) -> Any:
        context = MigrationContext.configure(
            connection, opts={"version_table": migrations.VERSION_TABLE, "compare_type": True}
        )
        return compare_metadata(context, metadata(connection.dialect.name))

    assert migrate.within(url, compare) == []


def test_running_twice_is_no_change(tmp_path: Path) -> None:
    file = tmp_path / "migrated.db"
    migrate.upgrade(migrate.sqlite_url(file))
    before = file.read_bytes()
    migrate.upgrade(migrate.sqlite_url(file))
    assert file.read_bytes() == before


def test_running_twice_writes_nothing_to_postgresql() -> None:
    """A row that is written, even as it was, is of another transaction."""
    written = f"SELECT xmin::text, version_num FROM {migrations.VERSION_TABLE}"  # noqa: S608  A name of ours.
    with postgres.server().bare_database() as url:
        migrate.upgrade(url)
        before = described(url), postgres.rows(url, written)
        migrate.upgrade(url)
        assert (described(url), postgres.rows(url, written)) == before


def test_a_database_says_which_revision_it_has(url: str) -> None:
    assert migrate.current(url) is None
    for revision in migrations.REVISIONS:
        migrate.upgrade(url, revision)
        assert migrate.current(url) == revision
    assert migrate.current(url) == migrate.head()


def test_upgrades_at_the_same_time_are_one(url: str) -> None:
    """Both begin while a third keeps them waiting, so both find a database without tables."""

    def begin(_: sqlalchemy.Connection) -> list[subprocess.Popen[str]]:
        both = [subprocess.Popen([sys.executable, "-c", UPGRADE, url], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True) for _ in range(2)]  # fmt: skip
        for one in both:
            assert one.stdout is not None
            assert one.stdout.readline() == "begins\n"
        time.sleep(0.5)
        return both

    ended = [(*one.communicate(timeout=200), one.returncode) for one in migrate.within(url, begin)]
    assert ended == [("", "", 0)] * 2
    assert migrate.current(url) == migrate.head()


def test_every_text_is_compared_by_code_point() -> None:
    with postgres.server().database() as url:
        collations = {row[4] for row in described(url) if row[0] == "column" and row[3] == "text"}
    assert collations == {"C"}


@pytest.mark.parametrize("revision", RELEASED)
def test_what_was_released_stays_as_it_is(tmp_path: Path, revision: str) -> None:
    url = str(migrate.sqlite_url(tmp_path / "released.db"))
    migrate.upgrade(url, revision)
    text = "\n".join(sorted(map(repr, described(url))))
    assert hashlib.sha256(text.encode()).hexdigest() == RELEASED[revision]


def test_the_revisions_named_are_the_scripts_that_lie_there() -> None:
    config = Config()
    folder = Path(migrations.__file__).parent
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    scripts = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(scripts)) == migrations.REVISIONS


async def test_postgresql_is_not_upgraded_under_a_gateway() -> None:
    """It would go on writing rows of the old shape into the new tables."""
    with postgres.server().bare_database() as url:
        migrate.upgrade(url, "0002")
        gateway = await asyncpg.connect(url, server_settings={"application_name": "tillgate"})
        try:
            with pytest.raises(Unavailable, match="stop the servers of all machines"):
                migrate.upgrade(url)
        finally:
            await gateway.close()
        assert migrate.current(url) == "0002"
