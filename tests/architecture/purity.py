"""What the pure packages may touch, and which libraries each part of the house may need.

A pure package decides from its arguments alone: it reads no clock, draws no random number, opens
nothing. The base install runs without the server's libraries, and SQL has its own room. What must
hold: outside libraries are granted room by room, so a new one is a decision and not an accident.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from itertools import chain

from tests.architecture.rooms import SDK
from tests.architecture.source import Module

PURE: dict[str, frozenset[str]] = {
    # The room, and the libraries it may use beside the standard one.
    "kernel": frozenset({"msgspec", "iso4217"}),
    "protocol": frozenset({"msgspec", "cryptography"}),
    "ledger": frozenset({"msgspec"}),
    "acquiring": frozenset({"msgspec"}),
    "bookkeeping": frozenset({"msgspec"}),
}
EXCEPTIONS: dict[str, frozenset[str]] = {
    "tillgate.kernel.clock": frozenset({"time"}),  # The system clock has to read one.
}
IMPURE = frozenset(
    {
        *("os", "io", "shutil", "signal", "subprocess", "tempfile", "mmap", "ctypes", "getpass"),
        *("time", "sched", "random", "secrets"),
        *("asyncio", "concurrent", "contextvars", "multiprocessing", "queue", "threading"),
        *("socket", "socketserver", "select", "selectors", "ssl", "http", "urllib.request"),
        *("ftplib", "imaplib", "poplib", "smtplib", "webbrowser"),
        *("sqlite3", "shelve", "logging"),
    }
)
IMPURE_CALLS = frozenset(
    {"open", "input", "print", "uuid.uuid1", "uuid.uuid4", "pathlib.Path.cwd", "pathlib.Path.home"}
    | {f"datetime.datetime.{name}" for name in ("now", "utcnow", "today")}
    | {"datetime.date.today"}
)
BASE = frozenset({"msgspec", "cryptography", "iso4217", "httpx2", "typer", "rich"})
"""What `pip install tillgate` brings (pyproject.toml, checked to be the same)."""
ADAPTERS: dict[str, frozenset[str]] = {
    # The module that a merchant imports by name, and the framework that merchant has anyway.
    "tillgate.merchant.adapters.starlette": frozenset({"starlette"}),
    "tillgate.merchant.adapters.flask": frozenset({"flask", "werkzeug"}),
    "tillgate.merchant.adapters.django": frozenset({"django", "asgiref"}),
}
"""Nothing of ours imports one of these, so no framework comes in by the side door."""
DATABASE = frozenset(
    {"sqlite3", "apsw", "aiosqlite", "asyncpg", "psycopg", "sqlalchemy", "alembic"}
)


def impurities(modules: Iterable[Module]) -> list[str]:
    """Return each import and each call by which a pure module would reach outside."""
    pure = [module for module in modules if _room(module) in PURE]
    return list(chain.from_iterable((*_imported(module), *_called(module)) for module in pure))


def server_libraries(modules: Iterable[Module]) -> list[str]:
    """Return each library the base install lacks and a room of the base install imports."""
    rooms = SDK | {"kernel", "protocol", ""}
    return [
        module.said(found.line, f"the base install has no {_top(found.target)}")
        for module in modules
        if _room(module) in rooms
        for found in module.imports
        if _is_outside(found.target) and _top(found.target) not in _granted(module)
    ]


def adapters(modules: Iterable[Module]) -> list[str]:
    """Return each import of an adapter by a module of the house."""
    return [
        module.said(found.line, f"only a merchant's own app imports {found.target}")
        for module in modules
        for found in module.imports
        if found.target in ADAPTERS
    ]


def databases(modules: Iterable[Module]) -> list[str]:
    """Return each import of a database library outside its own room."""
    return [
        module.said(found.line, f"only storage imports a database library, not {found.target}")
        for module in modules
        if _room(module) != "storage"
        for found in module.imports
        if _top(found.target) in DATABASE
    ]


def _imported(module: Module) -> Iterator[str]:
    excused = EXCEPTIONS.get(module.name, frozenset())
    for found in module.imports:
        if found.target in excused:
            continue
        if found.target in IMPURE or _top(found.target) in IMPURE:
            yield module.said(found.line, f"a pure module may not import {found.target}")
        elif _is_outside(found.target) and _top(found.target) not in PURE[_room(module)]:
            yield module.said(found.line, f"{_room(module)} is not granted {found.target}")


def _called(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and module.qualified(node.func) in IMPURE_CALLS:
            yield module.said(
                node.lineno, f"a pure module may not call {module.qualified(node.func)}"
            )


def _granted(module: Module) -> frozenset[str]:
    return BASE | ADAPTERS.get(module.name, frozenset())


def _room(module: Module) -> str:
    return module.name.removeprefix("tillgate").removeprefix(".").partition(".")[0]


def _top(target: str) -> str:
    return target.partition(".")[0]


def _is_outside(target: str) -> bool:
    return _top(target) != "tillgate" and _top(target) not in sys.stdlib_module_names
