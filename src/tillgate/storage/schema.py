"""The tables, as SQLAlchemy Core: the one definition that migrations are compared with.

Columns come from the records (`shape`), CHECK constraints from `rules`, indexes that only find from
`searches`; here stand the unique ones and what else a database must hold on to, each with a
sentence in its `info`. There are no foreign keys:
on PostgreSQL each insert would lock its parent row, merchants' rows would be hot, and a distributed
engine could not keep them; that entries and postings fit together is the audit's to check. What
must hold: every unique set of a record is a unique index here, and nothing else refuses a row.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    DDL,
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    event,
    text,
)
from sqlalchemy.types import TypeEngine

from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.notification import Notification, NotificationSend
from tillgate.kernel.record import Record, Unique
from tillgate.ledger.entries import Entry
from tillgate.storage.rules import APPEND_ONLY, RULES
from tillgate.storage.searches import SEARCHES, Search
from tillgate.storage.shape import TABLES, Field, Kind, Shape, currency_column, shape

UNIQUE: Final[Mapping[type[Record], tuple[str, ...]]] = {
    Agreement: ("A signing page belongs to one agreement.",),
    Acquirement: ("No two orders of a merchant have the same number of ours.",),
    Attempt: ("An order has at most one debit that is not declined.",),
    Entry: ("A book records one thing once: one entry of a kind for each reference.",),
    Notification: ("A merchant is told each end of an order once.",),
}
"""The sentence of each of a record's unique sets, in the record's order."""

ROWS_ARE_LARGE: Final = frozenset({NotificationSend})
"""Kinds whose rows are too large for SQLite to keep in the key's tree."""

REFUSE_CHANGE: Final = """\
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END
$$
"""
"""What PostgreSQL does when somebody would change what is written once; SQLite says it inline."""

_TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Texts are compared by code point, as in Python, whatever the language of the database is."""

_TYPES: Final[Mapping[Kind, TypeEngine[Any]]] = {
    Kind.TEXT: _TEXT,
    Kind.NUMBER: BigInteger().with_variant(Integer(), "sqlite"),
    Kind.FLAG: Integer(),
    Kind.BYTES: LargeBinary(),
    Kind.CHOICE: _TEXT,
    Kind.TEXTS: _TEXT,
    Kind.MONEY: BigInteger().with_variant(Integer(), "sqlite"),
}
"""Strict tables of SQLite know INTEGER (64 bits), TEXT and BLOB and refuse other values."""


@cache
def metadata(dialect: str = "sqlite") -> MetaData:
    """Return all tables as this kind of database has them."""
    made = MetaData(info={"dialect": dialect})
    for record in TABLES:
        _table(made, record)
    return made


def _table(made: MetaData, record: type[Record]) -> None:
    of = shape(record)
    table = Table(
        of.table,
        made,
        *(_column(field) for field in of.fields),
        *(Column(currency_column(money.name), _TEXT, nullable=False) for money in of.monies),
        PrimaryKeyConstraint(*record.key_fields, name=f"{of.table}_key"),
        *(
            CheckConstraint(rule.sql, name=rule.name, info={"sentence": rule.sentence})
            for rule in RULES.get(record, ())
        ),
        sqlite_strict=True,
        sqlite_with_rowid=record in ROWS_ARE_LARGE,
    )
    for rule, sentence in zip(record.unique, UNIQUE.get(record, ()), strict=True):
        _unique(table, of, rule, sentence)
    for search in SEARCHES.get(record, ()):
        _search(table, of, search)
    if record in APPEND_ONLY:
        _protect(table, APPEND_ONLY[record])


def _column(field: Field) -> Column[Any]:
    return Column(field.column, _TYPES[field.kind], nullable=field.nullable)


def _unique(table: Table, of: Shape, rule: Unique, sentence: str) -> None:
    columns = [table.c[of.field(name).column] for name in rule.fields]
    name = f"{of.table}_alone_in_{'_and_'.join(rule.fields[1:] or rule.fields)}"
    where = " AND ".join(_one_of(field, values) for field, values in rule.where)
    condition = text(where) if where else None
    Index(
        name,
        *columns,
        unique=True,
        info={"sentence": sentence},
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _search(table: Table, of: Shape, search: Search) -> None:
    columns = [_ordered(table.c[of.field(name).column], is_down) for name, is_down in search.order]
    condition = text(search.condition(of)) if search.sparse else None
    Index(
        search.name(of),
        *columns,
        info={"sentence": search.sentence},
        sqlite_where=condition,
        postgresql_where=condition,
    )


def _ordered(column: Column[Any], is_down: bool) -> ColumnElement[Any]:  # noqa: FBT001  A pair's second half.
    """Return a part of an index; a null is smaller than all else, as SQLite has it anyway."""
    if not is_down:
        return column
    is_said = column.nullable and column.table.metadata.info["dialect"] == "postgresql"
    return column.desc().nulls_last() if is_said else column.desc()


def _one_of(field: str, values: tuple[str, ...]) -> str:
    """Return a condition over constants of ours: an index cannot have parameters."""
    listed = ", ".join(f"'{value}'" for value in values)
    return f"{field} IN ({listed})"


def _protect(table: Table, sentence: str) -> None:
    """Let the database refuse to change or delete a row."""
    for what in ("UPDATE", "DELETE"):
        _after_create(
            table,
            "sqlite",
            f"CREATE TRIGGER {table.name}_refuse_{what.lower()} BEFORE {what} ON {table.name}"
            f" BEGIN SELECT RAISE(ABORT, '{sentence}'); END",
        )
    _after_create(table, "postgresql", REFUSE_CHANGE)
    for what, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
        _after_create(
            table,
            "postgresql",
            f"CREATE TRIGGER {table.name}_refuse_{what.lower()} BEFORE {what} ON {table.name}"
            f" FOR EACH {each} EXECUTE FUNCTION refuse_change('{sentence}')",
        )


def _after_create(table: Table, dialect: str, sql: str) -> None:
    made = DDL(sql)  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types.
    event.listen(table, "after_create", made.execute_if(dialect=dialect))
