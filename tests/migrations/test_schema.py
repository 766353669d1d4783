"""The tables against the records: every kind has one, with a column for every field and no more.

What must hold: each index, check and trigger says in a sentence what it is for, and each unique set
of a record is a unique index.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Table

import tillgate
from tests.support.plans import plan_of
from tests.support.records import SAMPLES, sample
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.replay import RequestMark
from tillgate.engine.ports import Select
from tillgate.engine.verbs import VERBS
from tillgate.kernel.money import Money
from tillgate.kernel.record import Record
from tillgate.storage import migrate, statements
from tillgate.storage.rules import APPEND_ONLY, RULES
from tillgate.storage.schema import ROWS_ARE_LARGE, UNIQUE, metadata
from tillgate.storage.searches import SEARCHES, Search
from tillgate.storage.shape import TABLES, Kind, shape

SENTENCE = re.compile(r"[A-Z][^\n]+\.")


def kinds(base: type[Record] = Record) -> Iterator[type[Record]]:
    """Return every kind of record that the engine or anything below it defines."""
    for kind in base.__subclasses__():
        if kind.__module__.startswith(tillgate.__name__):
            yield kind
            yield from kinds(kind)


def table_of(record: type[Record]) -> Table:
    return metadata().tables[TABLES[record]]


def test_every_kind_of_record_has_a_table_and_a_sample() -> None:
    assert VERBS  # Whatever the engine decides about was imported.
    assert set(kinds()) == set(TABLES)
    assert {type(row) for row in SAMPLES} == set(TABLES)
    assert set(metadata().tables) == set(TABLES.values())


@pytest.mark.parametrize("record", TABLES)
def test_the_columns_are_the_fields(record: type[Record]) -> None:
    expected = set()
    for name in record.__struct_fields__:
        is_money = isinstance(getattr(sample(record), name), Money)
        expected |= {f"{name}_minor", f"{name}_currency"} if is_money else {name}
    table = table_of(record)
    assert {column.name for column in table.columns} == expected
    assert tuple(column.name for column in table.primary_key.columns) == record.key_fields
    assert table.name == table.name.lower()


@pytest.mark.parametrize("record", TABLES)
def test_every_unique_set_is_a_unique_index(record: type[Record]) -> None:
    indexes = [index for index in table_of(record).indexes if index.unique]
    found = {tuple(column.name for column in index.columns) for index in indexes}
    assert found == {rule.fields for rule in record.unique}
    assert len(UNIQUE.get(record, ())) == len(record.unique)
    for index in indexes:
        [rule] = [one for one in record.unique if one.fields == tuple(index.columns.keys())]
        for dialect in ("sqlite", "postgresql"):
            where = index.dialect_options[dialect]["where"]
            words = re.findall(r"'(\w+)'", str(where))
            assert words == [value for _, values in rule.where for value in values]


@pytest.mark.parametrize("record", TABLES)
def test_every_rule_is_a_check_with_its_sentence(record: type[Record]) -> None:
    checks = {
        constraint.name: str(constraint.info["sentence"])
        for constraint in table_of(record).constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert checks == {rule.name: rule.sentence for rule in RULES.get(record, ())}


def test_everything_that_refuses_or_finds_says_why() -> None:
    sentences = [index.info["sentence"] for table in metadata().tables.values()
                 for index in table.indexes]  # fmt: skip
    sentences += [rule.sentence for rules in RULES.values() for rule in rules]
    sentences += APPEND_ONLY.values()
    assert [text for text in sentences if not SENTENCE.fullmatch(text)] == []
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize("record", APPEND_ONLY)
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_the_database_itself_protects_what_is_written_once(
    tmp_path: Path, record: type[Record], change: str
) -> None:
    file, of = tmp_path / "fresh.db", shape(record)
    migrate.upgrade(migrate.sqlite_url(file))
    values = ", ".join("1" for _ in of.columns)
    key = record.key_fields[0]
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        connection.execute(f"INSERT INTO {of.table} VALUES ({values})")  # noqa: S608  Our names.
        with pytest.raises(sqlite3.IntegrityError, match=re.escape(APPEND_ONLY[record])):
            connection.execute(change.format(of.table, key, key))
        connection.rollback()


@pytest.mark.parametrize("record", TABLES)
def test_a_value_of_another_type_is_refused_by_the_database(
    tmp_path: Path, record: type[Record]
) -> None:
    file, of = tmp_path / "fresh.db", shape(record)
    migrate.upgrade(migrate.sqlite_url(file))
    with closing(sqlite3.connect(file)) as connection:
        values = [b"\xff" for _ in of.columns]
        with pytest.raises(sqlite3.IntegrityError, match="cannot store BLOB value in TEXT"):
            connection.execute(statements.insert(record), values)


def asked(record: type[Record], search: Search) -> Select:
    """Return the read that an index was made for: the last field bounded and in order."""
    *fields, last = search.fields
    name = last.removeprefix("-")
    is_number = shape(record).field(name).kind is Kind.NUMBER
    return Select(
        record=record,
        equals=tuple((field, "x") for field in (*fields, *(() if is_number else (last,)))),
        at_most=((name, 1),) if is_number else (),
        order_by=(last,) if is_number else (),
    )


SEARCHED = [
    (statements.by_fields(Call, ("token_hash",)), "calls_by_token_hash"),
    *(
        (statements.selected(asked(record, search)).text, search.name(shape(record)))
        for record, searches in SEARCHES.items()
        for search in searches
    ),
    (statements.by_key(Attempt), "PRIMARY KEY"),
    (statements.selected(Select(record=Attempt, after_key=("M", "t", 1))).text, "PRIMARY KEY"),
    (statements.total("merchant:M", "HKD", "M").text, "PRIMARY KEY"),
    (statements.by_fields(Agreement, ("token_hash",)), "agreements_alone_in_token_hash"),
    (statements.forget(RequestMark), "request_marks_by_at_ms"),
]


@pytest.mark.parametrize(("text", "index"), SEARCHED)
def test_every_search_uses_its_index(tmp_path: Path, text: str, index: str) -> None:
    file = tmp_path / "fresh.db"
    migrate.upgrade(migrate.sqlite_url(file))
    plan = plan_of(file, text)
    assert [step for step in plan if "SEARCH" in step and index in step]
    assert [step for step in plan if "SCAN" in step or "TEMP B-TREE" in step] == []


def test_only_large_rows_lie_outside_the_tree_of_their_key() -> None:
    for record in TABLES:
        options = table_of(record).dialect_options["sqlite"]
        assert options["with_rowid"] == (record in ROWS_ARE_LARGE)
        assert options["strict"]
