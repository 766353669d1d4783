"""The schema's history against the schema: all migrations in turn make what the tables describe.

What must hold: nothing can be added to a table, an index, a check or a trigger without a migration,
and a migration that was run once changes nothing when it is run again.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tillgate.storage import migrate, migrations
from tillgate.storage.schema import metadata


def described(file: Path) -> dict[str, tuple[str, list[str]]]:
    """Return what stands in a file, by name: what kind of thing, and its definition's lines.

    The lines are sorted, so that only the order of columns and checks in a table may differ.
    """
    with closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("SELECT name, type, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {
            name: (kind, sorted(line.strip(" \t,") for line in sql.splitlines()))
            for name, kind, sql in rows
            if name != migrations.VERSION_TABLE
        }


def test_all_migrations_in_turn_make_what_the_tables_describe(tmp_path: Path) -> None:
    migrated, fresh = tmp_path / "migrated.db", tmp_path / "fresh.db"
    migrate.upgrade(migrate.sqlite_url(migrated))
    with migrate.connected(migrate.sqlite_url(fresh)) as connection:
        metadata().create_all(connection)
    assert described(migrated) == described(fresh)


def test_there_is_nothing_left_to_migrate(tmp_path: Path) -> None:
    url = migrate.sqlite_url(tmp_path / "migrated.db")
    migrate.upgrade(url)
    with migrate.connected(url) as connection:
        context = MigrationContext.configure(
            connection, opts={"version_table": migrations.VERSION_TABLE, "compare_type": True}
        )
        assert compare_metadata(context, metadata()) == []


def test_running_twice_is_no_change(tmp_path: Path) -> None:
    file = tmp_path / "migrated.db"
    migrate.upgrade(migrate.sqlite_url(file))
    before = file.read_bytes()
    migrate.upgrade(migrate.sqlite_url(file))
    assert file.read_bytes() == before


def test_a_database_says_which_revision_it_has(tmp_path: Path) -> None:
    url = migrate.sqlite_url(tmp_path / "migrated.db")
    assert migrate.current(url) is None
    for revision in migrations.REVISIONS:
        migrate.upgrade(url, revision)
        assert migrate.current(url) == revision
    assert migrate.current(url) == migrate.head()


def test_the_revisions_named_are_the_scripts_that_lie_there() -> None:
    config = Config()
    folder = Path(migrations.__file__).parent
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    scripts = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(scripts)) == migrations.REVISIONS
