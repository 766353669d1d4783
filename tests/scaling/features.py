"""What a statement of PostgreSQL makes use of, named from its parse tree.

Two kinds of names: those of grammar's own nodes, so that nothing new slips in unseen, and those of
features that an engine may lack, in plain words. Which shard a statement works in is told by the
first field of the table's key. What must hold: nothing is guessed from a statement's text.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from pglast import ast, enums, parse_sql

from tillgate.storage.shape import TABLES

SHARDED_BY: Final = {table: record.key_fields[0] for record, table in TABLES.items()}
"""What each table would be spread over shards by: the first field of its key."""


def statements(text: str) -> list[Any]:
    """Return the parse trees of a text; a text that is no SQL raises."""
    raws: Any = parse_sql(text)
    return [raw.stmt for raw in raws]


def nodes(tree: Any) -> Iterator[Any]:
    """Yield every node of a tree, the tree itself first."""
    if isinstance(tree, ast.Node):
        yield tree
        for name in tree:
            yield from nodes(getattr(tree, name))
    elif isinstance(tree, tuple | list):
        for part in tree:
            yield from nodes(part)


def grammar(tree: Any) -> set[str]:
    """Return the kinds of nodes in a tree."""
    return {type(node).__name__ for node in nodes(tree)}


def features(tree: Any) -> set[str]:
    """Return, in plain words, what a statement makes use of that an engine may lack."""
    return {name for node in nodes(tree) for name in _of(node)}


def says_its_shard(tree: Any) -> bool:
    """Tell whether a statement says, by a parameter, what each of its tables is sharded by."""
    parts = list[Any](nodes(tree))
    tables = [node.relname for node in parts if isinstance(node, ast.RangeVar)]
    said = {name for node in parts if isinstance(node, ast.A_Expr) for name in _equalled(node)}
    return all(SHARDED_BY[table] in said for table in tables if table in SHARDED_BY)


def _equalled(node: Any) -> Iterator[str]:
    """Yield the column that an expression says is equal to a parameter."""
    is_equality = node.name[-1].sval == "="
    kinds = (type(node.lexpr), type(node.rexpr))
    if is_equality and kinds == (ast.ColumnRef, ast.ParamRef):
        yield node.lexpr.fields[-1].sval


def _of(node: Any) -> Iterator[str]:
    if type(node) in NAMED:
        yield NAMED[type(node)]
    if type(node) in LOOKED_INTO:
        yield from LOOKED_INTO[type(node)](node)


def _of_select(node: Any) -> Iterator[str]:
    for clause in node.lockingClause or ():
        yield "row locks" if says_its_shard(node) else "row locks over shards"
        if clause.strength != enums.LockClauseStrength.LCS_FORUPDATE:
            yield "row locks other than FOR UPDATE"
        if clause.lockedRels:
            yield "FOR UPDATE OF a table"
        if clause.waitPolicy != enums.LockWaitPolicy.LockWaitBlock:
            yield "SKIP LOCKED or NOWAIT"
        if node.sortClause:
            yield "row locks in an order"


def _of_range_function(node: Any) -> Iterator[str]:
    yield "function in FROM"
    if node.ordinality:
        yield "WITH ORDINALITY"
    if any(len(call.args or ()) > 1 for call, _ in node.functions):
        yield "unnest of several arrays"


def _of_call(node: Any) -> Iterator[str]:
    name = node.funcname[-1].sval
    if "advisory" in name:
        yield "advisory lock"
    if name in {"nextval", "currval", "setval"}:
        yield "sequence"
    if name == "pg_notify":
        yield "LISTEN or NOTIFY"


def _of_insert(node: Any) -> Iterator[str]:
    if node.selectStmt is not None and not node.selectStmt.valuesLists:
        yield "INSERT from SELECT"


def _of_conflict(node: Any) -> Iterator[str]:
    is_nothing = node.action == enums.OnConflictAction.ONCONFLICT_NOTHING
    yield f"ON CONFLICT DO {'NOTHING' if is_nothing else 'UPDATE'}"


def _of_join(node: Any) -> Iterator[str]:
    if node.jointype != enums.JoinType.JOIN_INNER:
        yield "outer join"


def _of_transaction(node: Any) -> Iterator[str]:
    if node.kind == enums.TransactionStmtKind.TRANS_STMT_PREPARE:
        yield "prepared transaction"
    if node.kind == enums.TransactionStmtKind.TRANS_STMT_SAVEPOINT:
        yield "savepoint"


def _of_trigger(node: Any) -> Iterator[str]:
    yield "row trigger" if node.row else "statement trigger"


def _of_table(node: Any) -> Iterator[str]:
    if node.inhRelations:
        yield "table inheritance"
    if node.relation.relpersistence == "t":
        yield "temporary table"
    yield from _of_keys(node)


def _of_constraint(node: Any) -> Iterator[str]:
    if node.contype == enums.ConstrType.CONSTR_FOREIGN:
        yield "foreign key"
    if node.contype == enums.ConstrType.CONSTR_EXCLUSION:
        yield "exclusion constraint"
    if node.contype == enums.ConstrType.CONSTR_GENERATED:
        yield "generated column"
    if node.contype == enums.ConstrType.CONSTR_IDENTITY:
        yield "sequence"
    if node.deferrable or node.contype == enums.ConstrType.CONSTR_ATTR_DEFERRABLE:
        yield "deferrable constraint"


def _of_keys(node: Any) -> Iterator[str]:
    table = node.relation.relname
    for part in node.tableElts or ():
        keys = [key.sval for key in getattr(part, "keys", None) or ()]
        if keys and table in SHARDED_BY and SHARDED_BY[table] not in keys:
            yield f"unique set that leaves out what {table} is sharded by"


def _of_index(node: Any) -> Iterator[str]:
    table = node.relation.relname
    columns = {part.name for part in node.indexParams}
    if node.unique and table in SHARDED_BY and SHARDED_BY[table] not in columns:
        yield f"unique set that leaves out what {table} is sharded by"
    if node.whereClause:
        yield "partial index"
    if node.accessMethod != "btree":
        yield "index other than a B-tree"
    if None in columns:
        yield "index over an expression"
    for part in node.indexParams:
        is_down = part.ordering == enums.SortByDir.SORTBY_DESC
        if part.nulls_ordering != enums.SortByNulls.SORTBY_NULLS_DEFAULT:
            last = part.nulls_ordering == enums.SortByNulls.SORTBY_NULLS_LAST
            yield "nulls last in a descending index" if is_down and last else "nulls in an index"


NAMED: Final = {
    ast.CollateClause: "COLLATE",
    ast.CommonTableExpr: "common table expression",
    ast.CreateSeqStmt: "sequence",
    ast.DeclareCursorStmt: "cursor",
    ast.GroupingSet: "grouping sets",
    ast.ListenStmt: "LISTEN or NOTIFY",
    ast.LockStmt: "LOCK TABLE",
    ast.MergeStmt: "MERGE",
    ast.NotifyStmt: "LISTEN or NOTIFY",
    ast.RangeTableSample: "TABLESAMPLE",
    ast.ReturningClause: "RETURNING",
    ast.RuleStmt: "rule",
    ast.SubLink: "sub-select",
    ast.WindowDef: "window function",
}
"""Nodes that are a feature by being there."""

LOOKED_INTO: Final[Mapping[type, Callable[[Any], Iterator[str]]]] = {
    ast.Constraint: _of_constraint,
    ast.CreateFunctionStmt: lambda node: iter(["CREATE OR REPLACE FUNCTION"][: node.replace]),
    ast.CreateStmt: _of_table,
    ast.CreateTrigStmt: _of_trigger,
    ast.FuncCall: _of_call,
    ast.IndexStmt: _of_index,
    ast.InsertStmt: _of_insert,
    ast.JoinExpr: _of_join,
    ast.OnConflictClause: _of_conflict,
    ast.RangeFunction: _of_range_function,
    ast.RangeSubselect: lambda node: iter(["LATERAL"][: node.lateral]),
    ast.SelectStmt: _of_select,
    ast.TransactionStmt: _of_transaction,
    ast.UpdateStmt: lambda node: iter(["UPDATE FROM"][: bool(node.fromClause)]),
    ast.WithClause: lambda node: iter(["recursive common table expression"][: node.recursive]),
}
"""Nodes whose parts say which feature they are."""
