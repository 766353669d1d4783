"""The payment path uses no feature of SQL that Citus, YugabyteDB and CockroachDB lack.

What must hold: every statement that is sent, and every form that could be, is parsed; what it uses
is held against what each engine documents as missing; an exception says what to do instead, and is
needed.
"""

from collections.abc import Iterable, Iterator

import pytest

from tests.scaling.features import features, grammar, says_its_shard, statements
from tests.scaling.missing import EXCEPTIONS, GRAMMAR, MISSING, Missing
from tests.scaling.sent import defined, forms, paid, told
from tillgate.acquiring.acquirement import Acquirement
from tillgate.acquiring.agreement import Agreement
from tillgate.acquiring.attempt import Attempt
from tillgate.acquiring.call import Call
from tillgate.acquiring.payer import Payer
from tillgate.acquiring.refund import Refund
from tillgate.storage.postgres import statements as path

pytestmark = pytest.mark.timeout(300)  # Who comes first tells the long story twice.
ENGINES = ("Citus", "YugabyteDB", "CockroachDB")


def lacking(engine: str, texts: Iterable[str]) -> dict[str, str]:
    """Return each feature that is used here and that the engine lacks, with a statement of it."""
    missing = {row.feature for row in MISSING if row.engine == engine}
    return {
        name: text
        for text in texts
        for tree in statements(text)
        for name in features(tree) & missing
    }


def unexpected(engine: str, texts: Iterable[str]) -> dict[str, str]:
    """Return what is lacking and no exception of."""
    found = lacking(engine, texts)
    return {name: text for name, text in found.items() if (engine, name) not in EXCEPTIONS}


def sent_to(engine: str) -> Iterator[str]:
    """Yield all that the payment path sends to an engine, or could."""
    by_shard = engine == "Citus"
    yield from forms(by_shard=by_shard)
    yield from told(by_shard=by_shard)
    if not by_shard:
        yield from paid()


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_payment_sends_is_known_to_the_engine(engine: str) -> None:
    assert unexpected(engine, sent_to(engine)) == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_what_makes_the_tables_is_known_to_the_engine_but_for_what_is_said(engine: str) -> None:
    assert unexpected(engine, defined()) == {}


def test_what_was_recorded_is_a_payments_whole_life() -> None:
    for by_shard in (False, True):
        for record in (Acquirement, Call, Attempt, Refund, Agreement):
            told_of = set(told(by_shard=by_shard))
            assert path.load(record, by_shard=by_shard) in told_of
            assert path.insert(record) in told_of
        assert {"BEGIN", "COMMIT"} <= told_of
    assert path.by_key(Payer) in paid()
    assert any(text.lstrip().startswith("CREATE TABLE acquirements") for text in defined())


def test_every_exception_is_needed() -> None:
    needed = {
        (engine, name)
        for engine in ENGINES
        for name in lacking(engine, [*defined(), *sent_to(engine)])
    }
    assert set(EXCEPTIONS) == needed


def test_statements_are_made_of_grammar_that_was_looked_up() -> None:
    texts = [*defined(), *sent_to("Citus"), *sent_to("CockroachDB")]
    used = {name for text in texts for tree in statements(text) for name in grammar(tree)}
    assert sorted(used - GRAMMAR) == []


def test_by_shard_whatever_locks_or_changes_says_its_shard() -> None:
    silent = [
        text
        for text in forms(by_shard=True)
        for tree in statements(text)
        if {"LockingClause", "UpdateStmt"} & grammar(tree) and not says_its_shard(tree)
    ]
    assert silent == []


@pytest.mark.parametrize(
    ("text", "feature"),
    [
        ("SELECT state FROM acquirements WHERE state = $1 FOR UPDATE", "row locks over shards"),
        ("SELECT state FROM acquirements WHERE merchant_id = $1 FOR UPDATE", "row locks"),
        ("SELECT 1 FROM payers FOR SHARE NOWAIT", "SKIP LOCKED or NOWAIT"),
        ("SELECT 1 FROM payers AS p, LATERAL (SELECT 2 LIMIT 1) AS q", "LATERAL"),
        ("SELECT * FROM unnest($1::text[], $2::text[]) AS w(a, b)", "unnest of several arrays"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "common table expression"),
        ("SELECT pg_advisory_xact_lock(1)", "advisory lock"),
        ("LISTEN paid", "LISTEN or NOTIFY"),
        ("CREATE UNIQUE INDEX i ON payers (name)",
         "unique set that leaves out what payers is sharded by"),
        ("CREATE TABLE t (a int REFERENCES u DEFERRABLE)", "deferrable constraint"),
        ("CREATE TABLE payers (name text, PRIMARY KEY (name))",
         "unique set that leaves out what payers is sharded by"),
        ("CREATE INDEX i ON payers USING gin (name)", "index other than a B-tree"),
        ("CREATE TRIGGER a BEFORE TRUNCATE ON b EXECUTE FUNCTION f()", "statement trigger"),
    ],
)  # fmt: skip
def test_a_feature_is_seen_in_the_parse_tree(text: str, feature: str) -> None:
    assert any(feature in features(tree) for tree in statements(text))


@pytest.mark.parametrize("row", MISSING, ids=lambda row: f"{row.engine}: {row.feature}")
def test_every_row_has_a_source(row: Missing) -> None:
    assert row.address.startswith("https://")
    assert all(row)
