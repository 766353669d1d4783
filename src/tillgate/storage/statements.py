"""The SQL of the payment path and of reading, in the dialect that SQLite and PostgreSQL share.

It writes text from shapes alone: names of tables and columns come from the records' definitions,
values only ever travel as named parameters. What must hold: each statement has one text per form,
so that a connection prepares it once.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from tillgate.engine.ports import Select
from tillgate.kernel.record import Record
from tillgate.ledger.entries import Posting
from tillgate.storage.rows import Value, plain
from tillgate.storage.rules import age_field
from tillgate.storage.searches import sparse_texts
from tillgate.storage.shape import Shape, shape


class Statement(NamedTuple):
    """A text and the values of its parameters."""

    text: str
    values: dict[str, Value]


@cache
def insert(record: type[Record]) -> str:
    """Add a row; one that is there already, by its key or in a unique set, stays as it is."""
    of = shape(record)
    columns = ", ".join(of.columns)
    values = ", ".join("?" for _ in of.columns)
    return f"INSERT INTO {of.table} ({columns}) VALUES ({values}) ON CONFLICT DO NOTHING"  # noqa: S608  Names of ours only.


@cache
def update(record: type[Record]) -> str:
    """Give a row a new state: the columns beside the key in order, then the key.

    A column that is set has its indexes written again, so the key's is left alone.
    """
    of = shape(record)
    columns = ", ".join(f"{name} = ?" for name in of.columns if name not in record.key_fields)
    return f"UPDATE {of.table} SET {columns} WHERE {_key_is(of)}"  # noqa: S608  Names of ours only.


@cache
def by_key(record: type[Record]) -> str:
    """Return the row of a key."""
    of = shape(record)
    return f"SELECT {', '.join(of.columns)} FROM {of.table} WHERE {_key_is(of)}"  # noqa: S608  Names of ours only.


@cache
def by_fields(record: type[Record], names: tuple[str, ...]) -> str:
    """Return the first row, in key order, that has these values."""
    of = shape(record)
    equal = " AND ".join(f"{of.field(name).column} = ?" for name in names)
    order = ", ".join(record.key_fields)
    return (
        f"SELECT {', '.join(of.columns)} FROM {of.table}"  # noqa: S608  Names of ours only.
        f" WHERE {equal} ORDER BY {order} LIMIT 1"
    )


@cache
def forget(record: type[Record]) -> str:
    """Delete the oldest rows whose time, in this field, is before an instant; at most so many."""
    of, key = shape(record), ", ".join(record.key_fields)
    age = of.field(age_field(record)).column
    return (
        f"DELETE FROM {of.table} WHERE ({key}) IN"  # noqa: S608  Names of ours only.
        f" (SELECT {key} FROM {of.table} WHERE {age} < ? ORDER BY {age}, {key} LIMIT ?)"
    )


def selected(query: Select, columns: Sequence[str] = ()) -> Statement:
    """Return the statement of a query, for these columns or for all."""
    of = shape(query.record)
    values: dict[str, Value] = {}
    conditions = [
        *(_equal(of.comparable(name).column, wanted, values) for name, wanted in query.equals),
        *_sparse(of, query),
        *(
            f"{of.comparable(name).column} <= {_named(most, values)}"  # A null is at most nothing.
            for name, most in query.at_most
        ),
    ]
    if query.after_key:
        key = ", ".join(query.record.key_fields)
        after = ", ".join(_named(part, values) for part in query.after_key)
        conditions.append(f"({key}) > ({after})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return Statement(
        f"SELECT {', '.join(columns or of.columns)} FROM {of.table}{where}"  # noqa: S608  Names of ours only.
        f" ORDER BY {_order(of, query.order_by)} LIMIT {_named(query.limit, values)}",
        values,
    )


def total(account: str, currency: str, book: str) -> Statement:
    """Sum what came into an account less what went out, over the postings of a book."""
    of = shape(Posting)
    values: dict[str, Value] = {}
    named = _named(account, values)
    return Statement(
        f"SELECT COALESCE(SUM(CASE WHEN destination = {named} THEN money_minor"  # noqa: S608  Names of ours only.
        f" ELSE -money_minor END), 0) FROM {of.table} WHERE book = {_named(book, values)}"
        f" AND money_currency = {_named(currency, values)}"
        f" AND (source = {named} OR destination = {named})",
        values,
    )


def _sparse(of: Shape, query: Select) -> Iterator[str]:
    """Yield what is true of every row that matches, and lets a sparse index be used."""
    sparse = sparse_texts(of)
    for name, wanted in query.equals:
        if name in sparse and wanted and isinstance(wanted, str):
            yield sparse[name]


def _key_is(of: Shape) -> str:
    return " AND ".join(f"{name} = ?" for name in of.record.key_fields)


def _equal(column: str, wanted: object, values: dict[str, Value]) -> str:
    if not isinstance(wanted, tuple):
        return f"{column} IS NULL" if wanted is None else f"{column} = {_named(wanted, values)}"
    listed = ", ".join(_named(one, values) for one in wanted if one is not None)
    some = f"{column} IN ({listed})" if listed else "1 = 0"
    return f"({some} OR {column} IS NULL)" if None in wanted else some


def _named(value: object, values: dict[str, Value]) -> str:
    name = f"p{len(values)}"
    values[name] = plain(value)
    return f":{name}"


def _order(of: Shape, order_by: Sequence[str]) -> str:
    """Return an order in which a null is smaller than all else, as the indexes have it."""
    parts = []
    for name in order_by:
        field = of.comparable(name.removeprefix("-"))
        is_down = name.startswith("-")
        nulls = (" NULLS LAST" if is_down else " NULLS FIRST") if field.nullable else ""
        parts.append(f"{field.column}{' DESC' if is_down else ''}{nulls}")
    return ", ".join([*parts, *(key for key in of.record.key_fields if key not in order_by)])
