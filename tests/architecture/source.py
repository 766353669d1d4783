"""A module of the house as the rules see it: its name, its text, its tree and what it imports.

It reads source and decides nothing. An import inside a function or under `TYPE_CHECKING` is an
import like any other. What must hold: `from package import name` names the module `package.name`
where such a module exists, else `package`, so that no spelling slips past the table.
"""

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"
TESTS = ROOT / "tests"


@dataclass(frozen=True, kw_only=True)
class Import:
    """One import of one module."""

    target: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Module:
    """One source file; `known` are the names of all modules, which tell a module from a name."""

    name: str
    text: str
    known: frozenset[str] = frozenset()
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @cached_property
    def comments(self) -> tuple[tuple[int, str], ...]:
        """Every comment with its line, strings that look like one left out."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return tuple((t.start[0], t.string) for t in tokens if t.type == tokenize.COMMENT)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import, wherever it stands."""
        return tuple(self._imports())

    @cached_property
    def origins(self) -> dict[str, str]:
        """What each imported local name stands for: `{"dt": "datetime.datetime"}`."""
        names: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    local = alias.asname or alias.name.partition(".")[0]
                    names[local] = alias.name if alias.asname else local
            elif isinstance(node, ast.ImportFrom):
                for alias in node.names:
                    names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return names

    def said(self, line: int, finding: str) -> str:
        """Return a finding with its place, as one sentence."""
        return f"{self.name}:{line}: {finding}"

    def qualified(self, node: ast.expr) -> str:
        """Return the full name an expression stands for (`datetime.datetime.now`), or nothing."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        parts.append(self.origins.get(node.id, node.id))
        return ".".join(reversed(parts))

    def _imports(self) -> Iterator[Import]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(target=alias.name, line=node.lineno)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                for alias in node.names:
                    full = f"{base}.{alias.name}"
                    yield Import(target=full if full in self.known else base, line=node.lineno)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = [*self.name.split("."), *(["__init__"] if self.is_package else [])]
        package = parts[: -node.level]
        return ".".join([*package, *([node.module] if node.module else [])])


def read(base: Path, prefix: str = "") -> tuple[Module, ...]:
    """Return every module under a folder, named from that folder on."""
    paths = sorted(path for path in base.rglob("*.py") if "__pycache__" not in path.parts)
    named = [(_name(path.relative_to(base), prefix), path) for path in paths]
    known = frozenset(name for name, _ in named)
    return tuple(
        Module(
            name=name,
            text=path.read_text(encoding="utf-8"),
            known=known,
            is_package=path.stem == "__init__",
        )
        for name, path in named
    )


def planted(
    text: str, *, name: str = "tillgate.kernel.planted", known: Iterable[str] = ()
) -> Module:
    """Return a module that exists only in a test of the rules."""
    return Module(name=name, text=text, known=frozenset(known))


def _name(path: Path, prefix: str) -> str:
    parts = [*([prefix] if prefix else []), *path.with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
