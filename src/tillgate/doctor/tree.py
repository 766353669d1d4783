"""JSON text as a tree that keeps every spelling, and its parts as a template to be laid out anew.

A leaf is the very text it was written as, so a tree written back differs from its source in nothing
but what was asked for. It decides nothing about mistakes. What must hold: a template joined without
blanks is the text it came from, less the blanks between its parts.
"""

import re
from collections.abc import Callable, Iterator
from typing import TypeAlias, final

DEPTH_MAX = 34
"""One level more than a message may have, for the envelope around it, and one for good measure."""

_PART = re.compile(r'[ \t\r\n]*(?:("(?:[^"\\]|\\.)*+")|([{}\[\],:])|([^\s{}\[\],:"]++))', re.DOTALL)


@final
class Members(list["tuple[str, Node]"]):
    """An object: each name as it was written, quotes included, and its value."""


@final
class Items(list["Node"]):
    """A list."""


Node: TypeAlias = Members | Items | str
Mark: TypeAlias = tuple[str, int]
"""A mark of JSON and how deep it stands: what spacing may stand around."""
Template: TypeAlias = list[str | Mark]


class NotATree(ValueError):
    """The text is not JSON."""


def parse(text: str) -> Node:
    """Return JSON text as a tree.

    Raises:
        NotATree: it is not JSON, or nests deeper than any message of ours.
    """
    rest = _parts_of(text)
    try:
        tree = _value(next(rest), rest, depth=0)
    except StopIteration as fault:
        raise NotATree("it ends early") from fault
    if next(rest, None) is not None:
        raise NotATree("something stands after its end")
    return tree


def _parts_of(text: str) -> Iterator[str]:
    place, end = 0, len(text.rstrip(" \t\r\n"))
    while place < end:
        found = _PART.match(text, place, end)
        if not found:
            raise NotATree("a string has no end")
        yield found[1] or found[2] or found[3]
        place = found.end()


def _value(part: str, rest: Iterator[str], *, depth: int) -> Node:
    if depth > DEPTH_MAX:
        raise NotATree("it nests too deep")
    if part == "{":
        return Members(_members(rest, depth + 1))
    if part == "[":
        return Items(_items(rest, depth + 1))
    if part in "}],:":
        raise NotATree("a mark stands where a value should")
    return part


def _members(rest: Iterator[str], depth: int) -> Iterator[tuple[str, Node]]:
    part = next(rest, "")
    while part != "}":
        if not part.startswith('"') or next(rest, "") != ":":
            raise NotATree("a member has no name")
        yield part, _value(next(rest, "}"), rest, depth=depth)
        part = _after(rest, "}")


def _items(rest: Iterator[str], depth: int) -> Iterator[Node]:
    part = next(rest, "")
    while part != "]":
        yield _value(part or "]", rest, depth=depth)
        part = _after(rest, "]")


def _after(rest: Iterator[str], end: str) -> str:
    """Return the end mark, or the first part after a comma."""
    part = next(rest, "")
    if part == end:
        return part
    following = next(rest, "")
    if part != "," or following in {"", end}:
        raise NotATree("a comma is missing or too many")
    return following


def template(node: Node, *, depth: int = 0) -> Template:
    """Return the parts of a tree, in order."""
    parts: Template = []
    _flatten(node, depth, parts)
    return parts


def _flatten(node: Node, depth: int, parts: Template) -> None:
    if isinstance(node, str):
        parts.append(node)
        return
    start, end = ("{", "}") if isinstance(node, Members) else ("[", "]")
    if not node:
        parts.append((start + end, depth))
        return
    parts.append((start, depth + 1))
    for place, inner in enumerate(node):
        if place:
            parts.append((f",{end}", depth + 1))
        if isinstance(inner, tuple):
            parts += (inner[0], (":", depth + 1))
            _flatten(inner[1], depth + 1, parts)
        else:
            _flatten(inner, depth + 1, parts)
    parts.append((end, depth))


def mapped(node: Node, leaf: Callable[[str], str]) -> Node:
    """Return the tree with each leaf, but no member's name, put through a function."""
    if isinstance(node, Members):
        return Members((name, mapped(inner, leaf)) for name, inner in node)
    if isinstance(node, Items):
        return Items(mapped(inner, leaf) for inner in node)
    return leaf(node)


def leaves(node: Node, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path of each leaf, and the leaf as it was written."""
    if isinstance(node, Members):
        for name, inner in node:
            yield from leaves(inner, f"{path}.{name[1:-1]}" if path else name[1:-1])
    elif isinstance(node, Items):
        for place, inner in enumerate(node):
            yield from leaves(inner, f"{path}[{place}]")
    else:
        yield path, node


def member(node: Node, name: str) -> Node | None:
    """Return the value of an object's member, or None."""
    if not isinstance(node, Members):
        return None
    return next((inner for found, inner in node if found == f'"{name}"'), None)
