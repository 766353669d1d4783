"""Every door that there is, from the tables by which requests are routed, not from a list of ours.

What must hold: a door that is added to a table is in these lists from then on, so that it is tried
by the tests of this folder or fails them.
"""

from typing import Final, NamedTuple

from tillgate.bootstrap.doors import DESCRIBED
from tillgate.cashier.door import ACTS as AT_CASHIER
from tillgate.edge.described import Credential, Door
from tillgate.walletapp.door import ACTS as AT_SIGNING
from tillgate.walletapp.door import OWN, SIGNING

TOKEN: Final = "AAAAAAAAAAAAAAAAAAAAAA"
READS: Final = frozenset({"GET", "HEAD"})
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")


class Route(NamedTuple):
    """One method at one address, as the reference describes it."""

    method: str
    path: str
    door: Door

    @property
    def name(self) -> str:
        """Return what a test calls it."""
        return f"{self.method} {self.door.path}"


ROUTES: Final = tuple(
    Route(door.method, door.path.replace("{token}", TOKEN), door) for door in DESCRIBED
)
CHANGING: Final = tuple(route for route in ROUTES if route.method not in READS)
PRIVATE: Final = tuple(route for route in ROUTES if route.door.credential is not Credential.NONE)
PATHS: Final = tuple(dict.fromkeys(route.path for route in ROUTES))


def routed() -> set[tuple[str, str]]:
    """Return every method and address that changes something, as the tables of doors route them."""
    return {
        ("POST", "/cashier/trade-pay"),
        ("POST", "/wallet/session"),
        ("DELETE", "/wallet/session"),
        *(("POST", f"/cashier/{{token}}/{act}") for act in AT_CASHIER),
        *(("POST", f"{SIGNING}{{token}}/{act}") for act in AT_SIGNING),
        *(("POST", path) for path in OWN),
    }


def methods_of(path: str) -> set[str]:
    """Return the methods that an address takes; what can be read answers HEAD as well."""
    taken = {route.method for route in ROUTES if route.path == path}
    return taken | ({"HEAD"} if "GET" in taken else set())
