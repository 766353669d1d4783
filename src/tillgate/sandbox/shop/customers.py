"""Who shops: a cookie for each browser, and the agreement that its customer signed, in memory.

A real shop has accounts and keeps tokens where it keeps passwords. What must hold: `state` never
leaves the browser's session and the gateway; an access token never leaves this process.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, final

from tillgate.edge.cookies import cookie_value
from tillgate.kernel.ids import IdFactory
from tillgate.merchant import AccessToken

COOKIE: Final = "shop_customer"
CUSTOMERS_KEPT: Final = 1_000


@final
@dataclass(slots=True)
class Customer:
    """A customer, with what became of the one agreement.

    Attributes:
        state: what the way back must bring; nobody else can know it.
        agreement_id: the shop's own number of the agreement.
        token: what debits the customer, once the agreement is signed.
        ended: who told that it is over: "" while it is not, "shop" or "wallet".
    """

    state: str
    agreement_id: str
    token: AccessToken | None = None
    ended: str = ""

    @property
    def is_allowed(self) -> bool:
        """Tell whether the shop may collect."""
        return self.token is not None and not self.ended


@final
class Customers:
    """The customers by the value of their cookie."""

    def __init__(self, ids: IdFactory) -> None:
        """Start with nobody."""
        self._ids = ids
        self._known: OrderedDict[str, Customer] = OrderedDict()

    def asks(self, cookie_header: str) -> tuple[str, Customer]:
        """Begin a new agreement; return the cookie's value and the customer.

        A new state and number each time, so an old way back is worth nothing any more.
        """
        value = cookie_value(cookie_header, COOKIE)
        value = value if value in self._known else self._ids.token()
        customer = Customer(state=self._ids.token(), agreement_id=self._ids.token()[:32])
        self._known[value] = customer
        self._known.move_to_end(value)
        while len(self._known) > CUSTOMERS_KEPT:
            self._known.popitem(last=False)
        return value, customer

    def of(self, cookie_header: str) -> Customer | None:
        """Return whose browser this is, if it has asked for an agreement."""
        return self._known.get(cookie_value(cookie_header, COOKIE))

    def ended(self, agreement_id: str) -> None:
        """Note what a verified notification says: this agreement is over."""
        for customer in self._known.values():
            if customer.agreement_id == agreement_id and not customer.ended:
                customer.ended = "wallet"


def set_cookie(value: str) -> tuple[bytes, bytes]:
    """Return the header that gives a browser its cookie.

    The simulated wallet's web view is a frame of another site, which is why it is SameSite=None and
    Partitioned; browsers take Secure on localhost without TLS.
    """
    text = f"{COOKIE}={value}; Path=/shop; HttpOnly; Secure; SameSite=None; Partitioned"
    return b"set-cookie", text.encode()
