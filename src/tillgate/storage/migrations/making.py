"""How revisions make tables: columns, checks and indexes by name, old tables anew.

It knows no table. Texts are compared by code point on both databases, which PostgreSQL calls the
collation C. What must hold: a released revision makes for ever what it made when it was released,
so what is said here is added to and never changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

REFUSE_CHANGE: Final = """\
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END
$$
"""
"""What PostgreSQL does when somebody would change what is written once; SQLite says it inline."""


def table(name: str, *parts: sa.schema.SchemaItem) -> None:
    """Make a table whose rows lie in the tree of their key."""
    op.create_table(name, *parts, sqlite_strict=True, sqlite_with_rowid=False)


def anew(name: str, added: Mapping[str, str], *parts: sa.schema.SchemaItem) -> None:
    """Make a table anew around its rows; `added` says in SQL what its new columns hold for them.

    SQLite cannot add a column with a check, or without a default that stays. The rows wait in a
    table of their own, so that no name of the old table is in the way of the new one's.
    """
    if op.get_bind().dialect.name == "postgresql":
        # What a gateway writes between the copy and its return would be gone.
        op.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
    kept = f"{name}_before"
    columns = [part.name for part in parts if isinstance(part, sa.Column)]
    old = ", ".join(column for column in columns if column not in added)
    op.execute(f"CREATE TABLE {kept} AS SELECT {old} FROM {name}")  # noqa: S608  Names of ours.
    op.drop_table(name)
    table(name, *parts)
    op.execute(
        f"INSERT INTO {name} ({old}, {', '.join(added)})"  # noqa: S608  Names and values of ours.
        f" SELECT {old}, {', '.join(added.values())} FROM {kept}"
    )
    op.drop_table(kept)


def index(
    of: str, name: str, *columns: str, unique: bool = False, where: str | None = None
) -> None:
    """Make an index; a column may be followed by DESC, `where` says which rows are in it.

    One that may be null is followed by DESC NULLS LAST, which is how SQLite sees it anyway and says
    in no index.
    """
    condition = None if where is None else sa.text(where)
    if op.get_bind().dialect.name == "sqlite":
        columns = tuple(column.removesuffix(" NULLS LAST") for column in columns)
    op.create_index(
        f"{of}_{name}",
        of,
        [sa.text(column) if " " in column else column for column in columns],
        unique=unique,
        sqlite_where=condition,
        postgresql_where=condition,
    )


def protect(name: str, sentence: str) -> None:
    """Let the database refuse to change or delete a row of what is written once."""
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {name}_refuse_{what.lower()} BEFORE {what} ON {name}"
                f" BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            )
        return
    op.execute(REFUSE_CHANGE)
    for what, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {name}_refuse_{what.lower()} BEFORE {what} ON {name}"
            f" FOR EACH {each} EXECUTE FUNCTION refuse_change('{sentence}')"
        )


def checks(**rules: str) -> Sequence[sa.CheckConstraint]:
    """Return what must hold of every row, by name."""
    return [sa.CheckConstraint(sql, name=name) for name, sql in rules.items()]


def texts(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    """Return columns of text."""
    plain = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    return [sa.Column(name, plain, nullable=nullable) for name in names]


def numbers(*names: str, nullable: bool = False) -> list[sa.Column[Any]]:
    """Return columns of whole numbers of 64 bits."""
    whole = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return [sa.Column(name, whole, nullable=nullable) for name in names]


def flags(*names: str) -> list[sa.Column[Any]]:
    """Return columns of 0 or 1."""
    return [sa.Column(name, sa.Integer(), nullable=False) for name in names]
