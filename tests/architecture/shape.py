"""How large and how shaped code may be (STYLE rule 13), and that exceptions to rules give reasons.

It counts lines and parameters and looks at calls; it does not judge what the code does. What must
hold: the limits are the house's own and stand here once.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import chain

from tests.architecture.source import Module

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
POSITIONAL_MAX = 4
DOCSTRING_CHARACTERS_MIN = 80
"""Less than that is a headline, not a paragraph."""

BARE_ALLOWED = frozenset(
    {
        # Their last argument is a default, and they take no keywords or are never given one.
        *("getattr", "get", "next", "pop", "setdefault", "fromkeys", "iter"),
        # Their last argument is a value to store, under the name that stands before it.
        *("setattr", "__setattr__", "setitem"),
        # The protocol of context managers fixes three positional arguments.
        *("__exit__", "__aexit__"),
    }
)
_SUPPRESSION = re.compile(r"\s*(?P<kind>noqa|type:\s*ignore)(?P<rest>.*)")
_EXPLAINED = re.compile(
    r"^(?::\s*[A-Z]+\d+(?:[,\s]+[A-Z]+\d+)*|\[[a-z-]+(?:,\s*[a-z-]+)*\])"
    r"(?P<why>.*)"
)
_WORD = re.compile(r"[A-Za-z]{2,}")

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def sizes(modules: Iterable[Module]) -> list[str]:
    """Return each module and each function that is longer than it may be."""
    return list(chain.from_iterable(_sizes(module) for module in modules))


def positional(modules: Iterable[Module]) -> list[str]:
    """Return each function that takes more positional parameters than it may.

    Where the language fixes the call, as for the values of an enum's members, the line says
    `noqa: PLR0917` and why; ruff counts by the same limit.
    """
    return list(chain.from_iterable(_positional(module) for module in modules))


def bare(modules: Iterable[Module]) -> list[str]:
    """Return each call that passes a nameless True, False or None among other arguments.

    A call with a single argument is left alone: what `set_result(None)` means stands in its name.
    """
    return list(chain.from_iterable(_bare(module) for module in modules))


def docstrings(modules: Iterable[Module]) -> list[str]:
    """Return each module that does not open with a paragraph; a package may do with a sentence."""
    return [
        module.said(1, "the module does not open with a paragraph")
        for module in modules
        if not _opens_with_paragraph(module)
    ]


def unexplained(modules: Iterable[Module]) -> list[str]:
    """Return each suppressed rule that is not named or gives no reason."""
    return list(chain.from_iterable(_unexplained(module) for module in modules))


def _sizes(module: Module) -> Iterator[str]:
    lines = len(module.text.splitlines())
    if lines > MODULE_LINES_MAX:
        yield module.said(1, f"the module has {lines} lines, at most {MODULE_LINES_MAX}")
    for node in ast.walk(module.tree):
        if isinstance(node, _FUNCTION):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield module.said(
                    node.lineno, f"{node.name} has {length} lines, at most {FUNCTION_LINES_MAX}"
                )


def _positional(module: Module) -> Iterator[str]:
    excused = {line for line, comment in module.comments if "noqa: PLR0917" in comment}
    for node in ast.walk(module.tree):
        if isinstance(node, _FUNCTION) and node.lineno not in excused:
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args)]
            if names and names[0] in {"self", "cls"}:
                names = names[1:]
            if len(names) > POSITIONAL_MAX:
                taken = f"{node.name} takes {len(names)} positional parameters"
                yield module.said(node.lineno, f"{taken}, at most {POSITIONAL_MAX}")


def _bare(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Call) or len(node.args) + len(node.keywords) == 1:
            continue
        name = _called(node)
        if name in BARE_ALLOWED:
            continue
        for argument in node.args:
            if isinstance(argument, ast.Constant) and _is_bare(argument.value):
                yield module.said(argument.lineno, f"{name}(…, {argument.value!r}, …) needs a name")


def _is_bare(value: object) -> bool:
    # By identity: 1 equals True and 0.0 equals False, but they are numbers.
    return value is True or value is False or value is None


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _opens_with_paragraph(module: Module) -> bool:
    text = (ast.get_docstring(module.tree) or "").strip()
    enough = 1 if module.is_package else DOCSTRING_CHARACTERS_MIN
    return text.endswith((".", "```")) and len(text) >= enough


def _unexplained(module: Module) -> Iterator[str]:
    for line, comment in module.comments:
        parts = comment.split("#")[1:]
        for number, part in enumerate(parts):
            found = _SUPPRESSION.match(part)
            if found is None:
                continue
            explained = _EXPLAINED.match(found["rest"])
            # The type checker wants its reason in a comment of its own, after a second mark.
            why = explained["why"] + "".join(parts[number + 1 : number + 2]) if explained else ""
            if explained is None:
                yield module.said(line, f"{found['kind']} does not name the rule it suppresses")
            elif not _WORD.search(why) or _SUPPRESSION.match(why):
                yield module.said(line, f"{found['kind']} gives no reason after it")
