"""The only place that picks concrete parts: stores, clocks, keys, issuers, doors and workers.

`open_books` is the database with its engine, for an operator's command; `open_house` adds doors and
workers, for a server. What must hold: naming the one does not load the libraries of the other.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tillgate.bootstrap.books import Books, hashed_pin, open_books
    from tillgate.bootstrap.databases import open_reader
    from tillgate.bootstrap.house import House, open_house

__all__ = ["Books", "House", "hashed_pin", "open_books", "open_house", "open_reader"]
_HOMES = {"House": "house", "open_house": "house", "open_reader": "databases"}


def __getattr__(name: str) -> Any:  # noqa: ANN401  Each name has its own type.
    """Load a public name from its home on first use."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415  See the rule above.

    home = _HOMES.get(name, "books")
    return getattr(import_module(f"{__name__}.{home}"), name)
