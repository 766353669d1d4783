"""What Citus, YugabyteDB and CockroachDB document as missing or limited, of what we could use.

Each row names a feature as `features` names it, and the page that says so. A row is about what the
engine's own documentation or issue tracker said when the page was read (November 2026); what these
engines really do was not tried. What must hold: a feature that a statement of ours uses and an
engine lacks stands in `EXCEPTIONS`, with what to do instead; nothing else stands there.
"""

from typing import Final, NamedTuple


class Missing(NamedTuple):
    """A feature that an engine lacks or limits, and who says so."""

    engine: str
    feature: str
    limit: str
    title: str
    address: str


CITUS_SQL: Final = "https://docs.citusdata.com/en/stable/develop/reference_workarounds.html"
CITUS_DDL: Final = "https://docs.citusdata.com/en/latest/develop/reference_ddl.html"
YUGABYTE: Final = (
    "https://docs.yugabyte.com/latest/explore/ysql-language-features/postgresql-compatibility/"
)
YUGABYTE_SQL: Final = "https://docs.yugabyte.com/stable/api/ysql/the-sql-language"
COCKROACH: Final = "https://www.cockroachlabs.com/docs/v26.3/postgresql-compatibility"
COCKROACH_LIMITS: Final = "https://www.cockroachlabs.com/docs/v25.4/known-limitations"
COCKROACH_ISSUE: Final = "https://github.com/cockroachdb/cockroach/issues"
SQL_SUPPORT: Final = "SQL Support and Workarounds"
COMPATIBILITY: Final = "PostgreSQL compatibility"

MISSING: Final = (
    # Citus. "100% SQL coverage for any queries it is able to execute on a single worker node."
    Missing("Citus", "row locks over shards", "SELECT … FOR UPDATE in single-shard queries only",
            SQL_SUPPORT, CITUS_SQL),
    Missing("Citus", "TABLESAMPLE", "works in single-shard queries only", SQL_SUPPORT, CITUS_SQL),
    Missing("Citus", "recursive common table expression", "works in single-shard queries only",
            SQL_SUPPORT, CITUS_SQL),
    Missing("Citus", "grouping sets", "work in single-shard queries only", SQL_SUPPORT, CITUS_SQL),
    Missing("Citus", "outer join", "only on the distribution column", SQL_SUPPORT, CITUS_SQL),
    Missing("Citus", "sub-select", "correlated only on the distribution column; not inside INSERT",
            SQL_SUPPORT, CITUS_SQL),
    Missing("Citus", "rule", "the rule system is not supported", SQL_SUPPORT, CITUS_SQL),
    Missing("Citus", "MERGE", "some combinations of kinds of tables only", SQL_SUPPORT, CITUS_SQL),
    Missing("Citus", "LATERAL", "an error where it has a LIMIT and refers to rows of a function",
            "Start erroring out for unsupported lateral subqueries",
            "https://github.com/citusdata/citus/pull/5753"),
    Missing("Citus", "row trigger", "not on distributed tables; a flag named unsafe allows it",
            "Triggers on Distributed Tables",
            "https://docs.citusdata.com/en/stable/extra/triggers.html"),
    Missing("Citus", "statement trigger", "disallowed, as it would fire on every shard",
            "Support (unsafe) triggers on distributed tables",
            "https://github.com/citusdata/citus/pull/5705"),
    Missing("Citus", "unique set that leaves out what agreements is sharded by",
            "a unique set must include the distribution column",
            "Creating and Modifying Distributed Objects (DDL)", CITUS_DDL),
    Missing("Citus", "foreign key", "between co-located tables, with the distribution column, only",
            "Creating and Modifying Distributed Objects (DDL)", CITUS_DDL),
    Missing("Citus", "exclusion constraint", "must include the distribution column",
            "Creating and Modifying Distributed Objects (DDL)", CITUS_DDL),
    # YugabyteDB: PostgreSQL's own query layer over its own storage.
    Missing("YugabyteDB", "LOCK TABLE", "not there (issue 5384)", COMPATIBILITY, YUGABYTE),
    Missing("YugabyteDB", "table inheritance", "not there (issue 5956)", COMPATIBILITY, YUGABYTE),
    Missing("YugabyteDB", "exclusion constraint", "none (issue 3944)", COMPATIBILITY, YUGABYTE),
    Missing("YugabyteDB", "deferrable constraint", "none (issue 1709)", COMPATIBILITY, YUGABYTE),
    Missing("YugabyteDB", "index other than a B-tree", "no GiST (issue 1337), GIN with limits",
            COMPATIBILITY, YUGABYTE),
    Missing("YugabyteDB", "generated column", "not there (issue 10695)", COMPATIBILITY, YUGABYTE),
    Missing("YugabyteDB", "prepared transaction", "no XA (issue 11084)", COMPATIBILITY, YUGABYTE),
    Missing("YugabyteDB", "LISTEN or NOTIFY", "early access from v2025.2.3 on",
            "LISTEN/NOTIFY",
            f"{YUGABYTE_SQL}/statements/cmd_listen_notify/"),
    Missing("YugabyteDB", "advisory lock", "not before release 2.25 / 2025.1 (issue 3642)",
            "Advisory/Custom/Application Lock with YugabyteDB",
            "https://dev.to/yugabyte/advisorycustomapplication-lock-with-yugabytedb-jao"),
    # CockroachDB: PostgreSQL's protocol and most of its syntax over its own everything.
    Missing("CockroachDB", "LISTEN or NOTIFY", "no events", COMPATIBILITY, COCKROACH),
    Missing("CockroachDB", "prepared transaction", "two-phase commit is not supported",
            "crdb: CockroachDB support (psycopg)",
            "https://psycopg.org/psycopg3/docs/api/crdb.html"),
    Missing("CockroachDB", "cursor", "limited support", "Known Limitations", COCKROACH_LIMITS),
    Missing("CockroachDB", "statement trigger", "not supported",
            "Trigger limitations", f"{COCKROACH_ISSUE}/126362"),
    Missing("CockroachDB", "row trigger", "TG_ARGV counts from one, not from zero",
            "Trigger limitations", "https://github.com/cockroachdb/docs/pull/23130/files"),
    Missing("CockroachDB", "CREATE OR REPLACE FUNCTION", "not of a function that a trigger uses",
            "Trigger limitations", f"{COCKROACH_ISSUE}/134555"),
    Missing("CockroachDB", "COLLATE", 'no column of the collation "C"; the default is the same',
            "collatedstring: support default, C, and POSIX in expressions",
            "https://github.com/cockroachdb/cockroach/pull/96828"),
    Missing("CockroachDB", "nulls in an index", "nulls come first ascending and last descending",
            "sql: support NULLS FIRST/LAST order by modifiers", f"{COCKROACH_ISSUE}/6224"),
    Missing("CockroachDB", "row locks in an order", "READ COMMITTED locks first if it must sort",
            "sql/opt: push sorting below locking", f"{COCKROACH_ISSUE}/121479"),
)  # fmt: skip

NO_TRIGGERS: Final = (
    "Leave the triggers out. They are the second guard of what is written once; the first is that"
    " no statement of ours updates or deletes such a row."
)

EXCEPTIONS: Final = {
    ("Citus", "row trigger"): NO_TRIGGERS,
    ("Citus", "statement trigger"): NO_TRIGGERS,
    ("CockroachDB", "row trigger"): NO_TRIGGERS,
    ("CockroachDB", "statement trigger"): NO_TRIGGERS,
    ("CockroachDB", "CREATE OR REPLACE FUNCTION"): NO_TRIGGERS,
    ("Citus", "unique set that leaves out what agreements is sharded by"): (
        "Make that index a plain one. The token is 256 random bits, so no two rows have one hash;"
        " the index keeps a defect of ours from going unnoticed."
    ),
    ("CockroachDB", "COLLATE"): (
        "Leave the collation out of the tables; text is compared by code point there anyway."
    ),
    ("CockroachDB", "row locks in an order"): (
        "Two batches may lock two rows the other way round; one is told 40001 or 40P01 and is"
        " decided again, which the engine does in any case."
    ),
    ("YugabyteDB", "advisory lock"): (
        "Only `tillgate db upgrade` takes one, against a second upgrade. Use release 2025.1 or"
        " newer, or see to it that one person upgrades."
    ),
    ("YugabyteDB", "LOCK TABLE"): (
        "Only `tillgate db upgrade` of tables that are made anew takes one. Where it is not there,"
        " stop every gateway and load the rows of a copy into new books."
    ),
}
"""What our statements or tables use although an engine lacks it, and what to do instead."""

GRAMMAR: Final = frozenset(
    [
        "A_ArrayExpr",
        "A_Const",
        "A_Expr",
        "A_Star",
        "Alias",
        "BoolExpr",
        "Boolean",
        "CaseExpr",
        "CaseWhen",
        "CoalesceExpr",
        "CollateClause",
        "ColumnDef",
        "ColumnRef",
        "Constraint",
        "CreateFunctionStmt",
        "CreateStmt",
        "CreateTableAsStmt",
        "CreateTrigStmt",
        "DefElem",
        "DropStmt",
        "Float",
        "FuncCall",
        "IndexElem",
        "IndexStmt",
        "InsertStmt",
        "Integer",
        "IntoClause",
        "JoinExpr",
        "LockStmt",
        "LockingClause",
        "NullTest",
        "OnConflictClause",
        "ParamRef",
        "RangeFunction",
        "RangeSubselect",
        "RangeVar",
        "ResTarget",
        "ReturningClause",
        "RowExpr",
        "SelectStmt",
        "SortBy",
        "String",
        "TransactionStmt",
        "TypeCast",
        "TypeName",
        "UpdateStmt",
        "VariableSetStmt",
    ]
)
"""Every kind of node that our statements are made of; another one is looked up first."""
