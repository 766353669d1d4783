"""What stands in a database of either kind, read from its own catalogue and never from our tables.

What must hold: two databases of one kind have the same description exactly if the same statements
are refused by both, found by the same indexes, and answered alike.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy

from tillgate.storage import migrate, migrations

Description = set[tuple[object, ...]]
Rows = Sequence[Mapping[str, Any]]

SQLITE: Final = ("SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL",)
POSTGRESQL: Final = (
    """SELECT 'column', attrelid::regclass::text, attname, format_type(atttypid, atttypmod),
              coll.collname, attnotnull, pg_get_expr(adbin, adrelid)
       FROM pg_attribute JOIN pg_class c ON c.oid = attrelid AND c.relkind = 'r'
       LEFT JOIN pg_collation coll ON coll.oid = attcollation
       LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
       WHERE c.relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped""",
    """SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid),
              convalidated
       FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
    "SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    """SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid), tgenabled
       FROM pg_trigger WHERE NOT tgisinternal""",
    """SELECT 'function', proname, pg_get_functiondef(oid)
       FROM pg_proc WHERE pronamespace = 'public'::regnamespace""",
    "SELECT 'sequence', sequencename FROM pg_sequences WHERE schemaname = 'public'",
)
"""What there is, piece by piece; a table is its columns, in whatever order."""


def described(url: str) -> Description:
    """Return what stands in a database but the schema's own age."""

    def read(connection: sqlalchemy.Connection) -> Description:
        queries = POSTGRESQL if migrate.is_postgresql(url) else SQLITE
        found = [row for text in queries for row in connection.exec_driver_sql(text)]
        return {_plain(row) for row in found if migrations.VERSION_TABLE not in map(str, row)}

    return migrate.within(url, read)


def tables(url: str) -> dict[str, Rows]:
    """Return all rows of all tables but the schema's own, sorted."""

    def read(connection: sqlalchemy.Connection) -> dict[str, Rows]:
        names = sqlalchemy.inspect(connection).get_table_names()
        return {
            name: sorted(
                (
                    dict(row._mapping)  # noqa: SLF001  Public for all but its name.
                    for row in connection.exec_driver_sql(f"SELECT * FROM {name}")  # noqa: S608  Their own names.
                ),
                key=repr,
            )
            for name in names
            if name != migrations.VERSION_TABLE
        }

    return migrate.within(url, read)


def run(url: str, script: str) -> None:
    """Run one statement."""

    def execute(connection: sqlalchemy.Connection) -> None:
        connection.exec_driver_sql(script)

    migrate.within(url, execute)


def _plain(row: Sequence[object]) -> tuple[object, ...]:
    """Return a row that does not tell in which order a table's columns and checks were written."""
    return tuple(
        "\n".join(sorted(line.strip(" \t,") for line in part.splitlines()))
        if isinstance(part, str)
        else part
        for part in row
    )
