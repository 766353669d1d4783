"""The SQL of the payment path on PostgreSQL: one statement for all rows of a table, by arrays.

Names of tables and columns come from the records' definitions; values travel as one array a column.
Where a statement must name its shard, as Citus asks of one that locks (`by_shard`), it says as well
what the first field of the key equals. What must hold: a statement has one text per kind of record,
so that a connection prepares it once; rows are locked in the order of their keys; nothing is used
that a distributed PostgreSQL lacks (`docs/scaling.md` has the list).
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from tillgate.acquiring.client import Client
from tillgate.acquiring.merchant import Merchant
from tillgate.kernel.record import Record
from tillgate.storage.rules import age_field
from tillgate.storage.shape import Kind, Shape, shape
from tillgate.storage.statements import Statement

UNLOCKED: Final[frozenset[type[Record]]] = frozenset({Client, Merchant})
"""Kinds that only an operator changes, read by every payment: a lock would make their rows hot.

A payment that reads one a moment before the operator's commit is decided as if it had come first.
"""

_ARRAYS: Final = {
    Kind.TEXT: "text[]",
    Kind.NUMBER: "bigint[]",
    Kind.FLAG: "integer[]",
    Kind.BYTES: "bytea[]",
    Kind.CHOICE: "text[]",
    Kind.TEXTS: "text[]",
    Kind.MONEY: "bigint[]",
}
_PARAMETER: Final = re.compile(r":p([0-9]+)")


@cache
def resolve(record: type[Record], names: tuple[str, ...]) -> str:
    """Return, for each place in the arrays, the first row in key order that has these values."""
    of = shape(record)
    fields = [of.field(name) for name in names]
    arrays = _unnest([_ARRAYS[field.kind] for field in fields])
    sought = ", ".join(f"v{place}" for place, _ in enumerate(fields))
    equal = " AND ".join(f"r.{field.column} = w.v{place}" for place, field in enumerate(fields))
    order = ", ".join(f"r.{name}" for name in record.key_fields)
    columns = ", ".join(f"r.{column}" for column in of.columns)
    return (
        f"SELECT w.place, t.* FROM {arrays} WITH ORDINALITY AS w({sought}, place)"  # noqa: S608  Names of ours only.
        f" CROSS JOIN LATERAL (SELECT {columns} FROM {of.table} AS r WHERE {equal}"
        f" ORDER BY {order} LIMIT 1) AS t"
    )


@cache
def resolve_one(record: type[Record], names: tuple[str, ...]) -> str:
    """Return the first row in key order that has these values."""
    of = shape(record)
    equal = " AND ".join(
        f"{of.field(name).column} = ${place}" for place, name in enumerate(names, 1)
    )
    return (
        f"SELECT {', '.join(of.columns)} FROM {of.table}"  # noqa: S608  Names of ours only.
        f" WHERE {equal} ORDER BY {', '.join(record.key_fields)} LIMIT 1"
    )


@cache
def load(record: type[Record], *, by_shard: bool) -> str:
    """Return the rows of these keys, locked in the order of their keys.

    By shard, one value more says what the first field of all these keys is.
    """
    of = shape(record)
    shard = _shard_is(of, len(record.key_fields)) if by_shard else ""
    columns = ", ".join(f"t.{column}" for column in of.columns)
    order = ", ".join(f"t.{name}" for name in record.key_fields)
    lock = "" if record in UNLOCKED else " FOR UPDATE OF t"
    return (
        f"SELECT {columns} FROM {_keys(of)} JOIN {of.table} AS t ON {_same_key(of)}{shard}"  # noqa: S608  Names of ours only.
        f" ORDER BY {order}{lock}"
    )


@cache
def insert(record: type[Record]) -> str:
    """Add rows; return the keys of those that were not there, by key or in a unique set."""
    of = shape(record)
    columns = ", ".join(of.columns)
    return (
        f"INSERT INTO {of.table} ({columns}) SELECT * FROM {_unnest(column_arrays(of))}"  # noqa: S608  Names of ours only.
        f" ON CONFLICT DO NOTHING RETURNING {', '.join(record.key_fields)}"
    )


@cache
def update(record: type[Record], *, by_shard: bool) -> str:
    """Give rows a new state; return the keys of those that are there.

    The arrays are all columns in order; by shard, one value more says what the first field of all
    the keys is. A key is not set, so that its index is left alone.
    """
    of = shape(record)
    shard = _shard_is(of, len(of.columns)) if by_shard else ""
    rest = [name for name in of.columns if name not in record.key_fields]
    changes = ", ".join(f"{name} = w.{name}" for name in rest)
    keys = ", ".join(f"t.{name}" for name in record.key_fields)
    return (
        f"UPDATE {of.table} AS t SET {changes}"  # noqa: S608  Names of ours only.
        f" FROM {_unnest(column_arrays(of))} AS w({', '.join(of.columns)})"
        f" WHERE {' AND '.join(f't.{name} = w.{name}' for name in record.key_fields)}{shard}"
        f" RETURNING {keys}"
    )


@cache
def by_key(record: type[Record]) -> str:
    """Return the row of a key."""
    of = shape(record)
    equal = " AND ".join(f"{name} = ${place + 1}" for place, name in enumerate(record.key_fields))
    return f"SELECT {', '.join(of.columns)} FROM {of.table} WHERE {equal}"  # noqa: S608  Names of ours only.


@cache
def forget(record: type[Record]) -> str:
    """Delete the oldest rows before an instant, at most so many, but none that another deletes."""
    of, key = shape(record), ", ".join(record.key_fields)
    age = of.field(age_field(record)).column
    return (
        f"DELETE FROM {of.table} WHERE ({key}) IN"  # noqa: S608  Names of ours only.
        f" (SELECT {key} FROM {of.table} WHERE {age} < $1 ORDER BY {age}, {key} LIMIT $2"
        " FOR UPDATE SKIP LOCKED) RETURNING 1"
    )


def numbered(statement: Statement) -> tuple[str, Sequence[object]]:
    """Return a statement of `storage.statements` with PostgreSQL's numbered parameters."""
    text = _PARAMETER.sub(lambda found: f"${int(found[1]) + 1}", statement.text)
    return text, tuple(statement.values.values())


def column_arrays(of: Shape) -> Sequence[str]:
    """Return the type of each column's array, in order."""
    return [*(_ARRAYS[field.kind] for field in of.fields), *("text[]" for _ in of.monies)]


def transposed(rows: Sequence[Sequence[object]]) -> Sequence[list[object]]:
    """Return one list a column, from one sequence a row."""
    return [list(column) for column in zip(*rows, strict=True)]


def _keys(of: Shape) -> str:
    kinds = [of.field(name).kind for name in of.record.key_fields]
    named = ", ".join(f"k{place}" for place, _ in enumerate(kinds))
    return f"{_unnest([_ARRAYS[kind] for kind in kinds])} AS w({named})"


def _same_key(of: Shape) -> str:
    return " AND ".join(f"t.{name} = w.k{place}" for place, name in enumerate(of.record.key_fields))


def _shard_is(of: Shape, arrays: int) -> str:
    """Return the condition on what shards the table, as the parameter behind the arrays."""
    return f" AND t.{of.record.key_fields[0]} = ${arrays + 1}"


def _unnest(types: Sequence[str]) -> str:
    return f"unnest({', '.join(f'${place + 1}::{name}' for place, name in enumerate(types))})"
