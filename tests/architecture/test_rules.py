"""The rules can fail: each is shown faults it must find and neighbours it must leave alone."""

import pytest

from tests.architecture import diagrams, purity, rooms, shape
from tests.architecture.source import planted

KNOWN = ("tillgate.kernel.money", "tillgate.ledger.audit", "tillgate.protocol.keys")

PARAGRAPH = "What this decides, what it does not know, and what must always hold, in sentences."


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("kernel.money", "import tillgate.protocol"),
        ("kernel.money", "from tillgate import protocol"),
        ("protocol.keys", "from tillgate.ledger.audit import audit"),
        ("ledger.chart", "from tillgate.acquiring import states"),
        ("acquiring.fees", "def f():\n    import tillgate.ledger"),
        ("engine.decide", "if TYPE_CHECKING:\n    import tillgate.storage"),
        ("storage.sqlite", "from tillgate.issuers import wallet"),
        ("gateway.app", "from tillgate.cashier import page"),
        ("gateway.app", "from tillgate.storage.sqlite import SqliteStore"),
        ("gateway.app", "from tillgate.ledger import chart"),
        ("workers.audit", "import tillgate.ledger"),
        ("cashier.page", "from ..gateway import app"),
        ("merchant.client", "from tillgate.engine import ports"),
        ("merchant.client", "from tillgate.doctor import explain"),
        ("bootstrap", "from tillgate import sandbox"),
        ("bootstrap", "from tillgate.merchant import Merchant"),
        ("kernel.money", "import tillgate"),
        ("", "from tillgate.engine import ports"),
        ("attic", "import os"),
    ],
)
def test_an_import_the_table_does_not_grant_is_found(room: str, text: str) -> None:
    name = f"tillgate.{room}" if room else "tillgate"

    assert rooms.foreign([planted(text, name=name, known=("tillgate.cashier", *KNOWN))])


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("kernel.money", "from tillgate.kernel import errors"),
        ("protocol.keys", "from tillgate import kernel"),
        ("gateway.app", "from tillgate.ledger import audit"),
        ("gateway.app", "from tillgate.ledger.audit import findings"),
        ("bookkeeping", "from tillgate.ledger import chart"),
        ("cli.serve", "from tillgate import bootstrap"),
        ("sandbox.shop", "from tillgate import Merchant"),
        ("", "from tillgate.merchant.client import Merchant"),
        ("ledger.chart", "import tillgaten"),
    ],
)
def test_an_import_the_table_grants_is_left_alone(room: str, text: str) -> None:
    name = f"tillgate.{room}" if room else "tillgate"
    known = (*KNOWN, "tillgate.kernel", "tillgate.bootstrap")

    assert not rooms.foreign([planted(text, name=name, known=known)])


def test_rooms_on_one_line_of_the_table_never_import_each_other() -> None:
    together = (
        {"protocol", "ledger", "acquiring"},
        {"storage", "issuers"},
        rooms.SERVER,
        rooms.SDK,
    )

    for row in together:
        for room in row:
            assert rooms.TABLE[room].isdisjoint(row - {room})


@pytest.mark.parametrize(
    "text",
    [
        "import asyncio",
        "from os import environ",
        "import os.path",
        "from random import Random",
        "import time",
        "import urllib.request",
        "import httpx2",
        "import starlette.applications",
        "from datetime import datetime\ndatetime.now()",
        "from datetime import datetime as when\ndef f(): return when.utcnow()",
        "import datetime as dt\ndt.date.today()",
        "import uuid\nuuid.uuid4()",
        "from uuid import uuid4 as fresh\nfresh()",
        "open('x')",
    ],
)
def test_an_impurity_is_found(text: str) -> None:
    assert purity.impurities([planted(text, name="tillgate.acquiring.planted")])


@pytest.mark.parametrize(
    ("room", "text"),
    [
        ("acquiring.fees", "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, UTC)"),
        ("acquiring.fees", "import msgspec\ndef f(clock): return clock.now()"),
        ("protocol.keys", "from cryptography.hazmat.primitives import hashes"),
        ("kernel.clock", "import time"),
        ("engine.batcher", "import asyncio"),
    ],
)
def test_what_a_room_may_touch_is_left_alone(room: str, text: str) -> None:
    assert not purity.impurities([planted(text, name=f"tillgate.{room}")])


def test_only_the_system_clock_reads_the_time() -> None:
    assert purity.impurities([planted("import time", name="tillgate.kernel.ids")])


@pytest.mark.parametrize("room", ["merchant.client", "doctor", "kernel.money"])
def test_a_server_library_in_the_base_install_is_found(room: str) -> None:
    assert purity.server_libraries([planted("import aiohttp", name=f"tillgate.{room}")])
    assert not purity.server_libraries([planted("import msgspec", name=f"tillgate.{room}")])


def test_an_adapter_may_need_its_framework_and_no_other() -> None:
    name = "tillgate.merchant.adapters.flask"

    assert not purity.server_libraries([planted("from flask import Response", name=name)])
    assert purity.server_libraries([planted("from django.http import HttpRequest", name=name)])
    assert purity.server_libraries([planted("import flask", name="tillgate.merchant.client")])


@pytest.mark.parametrize(
    "text",
    ["import tillgate.merchant.adapters.flask", "from tillgate.merchant.adapters import flask"],
)
def test_an_adapter_that_the_house_imports_is_found(text: str) -> None:
    importing = planted(
        text, name="tillgate.merchant.client", known=("tillgate.merchant.adapters.flask",)
    )

    assert purity.adapters([importing])
    assert not purity.adapters([planted("from tillgate.merchant.adapters import answer")])


def test_a_database_library_outside_storage_is_found() -> None:
    driver = "import sqlite3\nfrom sqlalchemy import Table"

    assert len(purity.databases([planted(driver, name="tillgate.cli.db")])) == 2
    assert not purity.databases([planted(driver, name="tillgate.storage.sqlite")])


def _function(lines: int) -> str:
    return "def f():\n" + "    x = 1\n" * (lines - 1)


def test_sizes_are_counted_to_the_line() -> None:
    assert shape.sizes([planted("x = 1\n" * 401)])
    assert shape.sizes([planted(_function(61))])
    assert shape.sizes(
        [planted("class A:\n    async " + _function(61).replace("    x", "        x"))]
    )
    assert not shape.sizes([planted("x = 1\n" * 400), planted(_function(60))])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def f(a, b, c, d, e): ...", True),
        ("def f(a, b, /, c, d, e): ...", True),
        ("class A:\n    def f(self, a, b, c, d, e): ...", True),
        ("def f(a, b, c, d, *, e): ...", False),
        ("def f(a, b, c, d, e): ...  # noqa: PLR0917  An enum's values.", False),
        ("class A:\n    def f(self, a, b, c, d): ...", False),
    ],
)
def test_positional_parameters_are_counted(text: str, *, found: bool) -> None:
    assert bool(shape.positional([planted(text)])) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("f(x, True)", True),
        ("f(None, x)", True),
        ("a.b(x, False, key=1)", True),
        ("f(x)(1, None)", True),
        ("f(x, flag=True)", False),
        ("future.set_result(None)", False),
        ("getattr(x, 'name', None)", False),
        ("table.get(key, None)", False),
        ("f(x, 1, 0)", False),
        ("f(x, 1.0)", False),
    ],
)
def test_a_bare_literal_in_a_call_is_found(text: str, *, found: bool) -> None:
    assert bool(shape.bare([planted(text)])) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("x = 1", True),
        ('"""Too short."""', True),
        (f'"""{PARAGRAPH[:-1]}"""', True),
        (f'"""{PARAGRAPH}"""', False),
    ],
)
def test_a_module_without_a_paragraph_is_found(text: str, *, found: bool) -> None:
    assert bool(shape.docstrings([planted(text)])) is found


@pytest.mark.parametrize(
    ("comment", "found"),
    [
        ("noqa", True),
        ("noqa: S101", True),
        ("noqa: S101, PLR2004", True),
        ("type: ignore", True),
        ("type: ignore[misc]", True),
        ("type: ignore[misc]  # noqa: S101", True),
        ("noqa: S101  A test plants it.", False),
        ("noqa: S101 - a test plants it", False),
        ("type: ignore[misc]  # a test plants it", False),
    ],
)
def test_a_suppressed_rule_without_a_reason_is_found(comment: str, *, found: bool) -> None:
    assert bool(shape.unexplained([planted(f"x = 1  # {comment}\n")])) is found


def test_a_string_that_looks_like_a_suppression_is_left_alone() -> None:
    assert not shape.unexplained([planted("x = '# noqa'\n")])


MARKED = "text\n\n<!-- states: order -->\n\n```mermaid\nstateDiagram-v2\n    A --> B: paid\n```\n"


def test_a_diagram_that_drifted_from_its_table_is_found() -> None:
    drawn = diagrams.found("page.md", MARKED)

    assert [diagram.name for diagram in drawn] == ["order"]
    assert not diagrams.drifted(drawn, lambda _: "stateDiagram-v2\n    A --> B: paid\n")
    assert diagrams.drifted(drawn, lambda _: "stateDiagram-v2\n    A --> C: paid\n")


def test_a_mark_without_a_diagram_is_an_error() -> None:
    with pytest.raises(AssertionError, match=r"page\.md"):
        diagrams.found("page.md", "<!-- states: order -->\n\nno diagram here\n")
