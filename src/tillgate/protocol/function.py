"""What a function of the protocol is: a name, a typed pair of bodies, and the path it is served at.

The table of all functions is `functions`; each module of `messages` describes its own. What must
hold: a path follows from the name (PROTOCOL 2.6), so no path is written down twice.
"""

from enum import StrEnum, unique
from typing import final

import msgspec


@unique
class Direction(StrEnum):
    """Who asks whom."""

    TO_GATEWAY = "merchant to gateway"
    TO_MERCHANT = "gateway to merchant"


@final
class Function(msgspec.Struct, frozen=True, kw_only=True):
    """One function.

    Attributes:
        name: the name that is written in a head.
        title: what it is called on a page, in a few words.
        meaning: what it does, in a sentence.
        section: where PROTOCOL describes it.
        direction: who asks whom.
        changes: whether it changes something.
        is_order_string: whether its request is an order string, which a page may bring.
        request: the body of its request.
        response: the body of its response, or None when it has none.
        aliases: other names that are read as this one.
        path_aliases: other paths it is served at.
    """

    name: str
    title: str
    meaning: str
    section: str
    direction: Direction
    changes: bool
    request: type[msgspec.Struct]
    response: type[msgspec.Struct] | None
    is_order_string: bool = False
    aliases: tuple[str, ...] = ()
    path_aliases: tuple[str, ...] = ()

    @property
    def is_marked(self) -> bool:
        """Tell whether U10's rule against replays holds: queries and order strings are exempt."""
        return self.changes and not self.is_order_string

    @property
    def path(self) -> str:
        """Return the path a server function is posted to."""
        return path_of(self.name)

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path it is served at, the usual one first."""
        return (self.path, *map(path_of, self.aliases), *self.path_aliases)


def path_of(name: str) -> str:
    """Return the path of a function's name: dots turned into slashes, under /api/."""
    return f"/api/{name.replace('.', '/')}.htm"
