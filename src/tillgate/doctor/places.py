"""Every member and item of a message's tree, each with the tree that has another in its stead.

What must hold: no more than PLACES_MAX are given, however large the message is.
"""

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final, NamedTuple

from tillgate.doctor.tree import Items, Members, Node

PLACES_MAX: Final = 400
"""How many members of a message are looked at one by one."""


class Place(NamedTuple):
    """A member or an item: its path, its value, and the whole tree with others in its stead."""

    path: str
    name: str
    value: Node
    parent: Node
    with_values: Callable[[list[Node]], Node]


def places_of(tree: Node) -> list[Place]:
    """Return the members and items of a tree, outer ones before inner ones."""
    return list(islice(_places(tree), PLACES_MAX))


def _places(
    node: Node, path: str = "", whole: Callable[[Node], Node] = lambda new: new
) -> Iterator[Place]:
    if isinstance(node, Members):
        for at, (name, inner) in enumerate(node):
            here = f"{path}.{name[1:-1]}" if path else name[1:-1]

            def with_values(new: list[Node], at: int = at, name: str = name) -> Node:
                pairs = [(name, value) for value in new]
                return whole(Members([*node[:at], *pairs, *node[at + 1 :]]))

            yield Place(here, name[1:-1], inner, node, with_values)
            yield from _places(inner, here, lambda new, put=with_values: put([new]))  # type: ignore[misc]  # The default binds the loop's own.
    elif isinstance(node, Items):
        for at, inner in enumerate(node):

            def with_items(new: list[Node], at: int = at) -> Node:
                return whole(Items([*node[:at], *new, *node[at + 1 :]]))

            yield Place(f"{path}[{at}]", "", inner, node, with_items)
            yield from _places(inner, f"{path}[{at}]", lambda new, put=with_items: put([new]))  # type: ignore[misc]  # As above.
