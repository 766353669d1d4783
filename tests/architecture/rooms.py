"""Who may import whom: the table of DESIGN section 2, and the check that holds the code to it.

A room is a package or module directly under `tillgate`. A room that is not built yet simply stands
in the table. What must hold: whatever the table does not grant is refused, so two rooms on one line
never import each other, and a room nobody entered in the table cannot be built.
"""

from collections.abc import Iterable, Iterator
from itertools import chain

from tests.architecture.source import Import, Module

PACKAGE = "tillgate"
FACE = ""
"""`tillgate` itself, the public face."""

SERVER = frozenset({"gateway", "cashier", "walletapp", "workers"})
SDK = frozenset({"merchant", "doctor", "exam", "reconciliation"})
"""What the base install runs, on kernel and protocol alone."""
COMPOSERS = frozenset({"sandbox", "simulation", "cli"})
"""They see everything."""

_CORE = frozenset({"kernel", "ledger", "acquiring"})
_SERVED = frozenset({"kernel", "protocol", "acquiring", "ledger.audit", "engine", "edge"})
_BUILT = frozenset(
    {"kernel", "protocol", "ledger", "acquiring", "bookkeeping", "config"}
    | {"engine", "storage", "issuers", "edge"}
    | SERVER
)
_ALL = _BUILT | SDK | COMPOSERS | {"bootstrap", FACE}

TABLE: dict[str, frozenset[str]] = {
    "kernel": frozenset(),
    "protocol": frozenset({"kernel"}),
    "ledger": frozenset({"kernel"}),
    "acquiring": frozenset({"kernel"}),
    "bookkeeping": _CORE,
    "engine": _CORE | {"bookkeeping"},
    "storage": _CORE | {"engine"},
    "issuers": _CORE | {"engine"},
    "edge": frozenset({"kernel", "protocol", "acquiring", "engine"}),
    **dict.fromkeys(SERVER, _SERVED),
    **dict.fromkeys(SDK, frozenset({"kernel", "protocol"})),
    "config": frozenset({"kernel"}),
    "bootstrap": _BUILT,
    **dict.fromkeys(COMPOSERS, _ALL),
    # The face names what merchants lean on; loading it must not need a server library.
    FACE: SDK | {"kernel", "protocol"},
}


def foreign(modules: Iterable[Module]) -> list[str]:
    """Return each import the table does not grant."""
    return list(chain.from_iterable(_foreign(module) for module in modules))


def _foreign(module: Module) -> Iterator[str]:
    room = _inside(module.name).partition(".")[0]
    if room not in TABLE:
        yield module.said(1, f"the room {room!r} is not in the table of DESIGN section 2")
        return
    for found in module.imports:
        if _is_ours(found) and not _granted(room, _inside(found.target)):
            yield module.said(found.line, f"{room or PACKAGE} may not import {found.target}")


def _is_ours(found: Import) -> bool:
    return found.target == PACKAGE or found.target.startswith(f"{PACKAGE}.")


def _inside(name: str) -> str:
    return name.removeprefix(PACKAGE).removeprefix(".")


def _granted(room: str, target: str) -> bool:
    if target.partition(".")[0] == room:
        return True
    return any(
        target == grant or (grant and target.startswith(f"{grant}.")) for grant in TABLE[room]
    )
