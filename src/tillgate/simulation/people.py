"""Who there is in a simulated town: merchants, payers, and what each agreed to.

It registers them by the commands that operators use. What must hold: what is written here is what
the auditor takes for granted, as cash at the start and limits.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, NamedTuple

from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import PIN_TRIES_MAX
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    AddPayer,
    Command,
    LimitPayer,
    SetMerchant,
    TopUp,
)
from tillgate.kernel.clock import DAY_MS
from tillgate.kernel.ids import ClientId, MerchantId, OperationId, PayerId
from tillgate.kernel.money import Money
from tillgate.protocol.keys import PublicKey
from tillgate.simulation import bank
from tillgate.simulation.clock import BEGINNING_MS

CURRENCY: Final = "HKD"
PIN: Final = "123456"
OPERATOR: Final = "ada"


class Seller(NamedTuple):
    """A merchant and its one client."""

    number: int
    debt_max: int | None = None

    @property
    def merchant_id(self) -> str:
        """Return the merchant's id."""
        return f"216040000000201{self.number}"

    @property
    def client_id(self) -> str:
        """Return its client's id."""
        return f"4Q5XSH6SSG02T00{self.number}"

    @property
    def host(self) -> str:
        """Return its host."""
        return f"shop{self.number}.example"


class Person(NamedTuple):
    """A payer: who holds the money, how much of it, and what is special."""

    name: str
    issuer: str
    cash: int = 0
    daily_max: int | None = None
    is_locked: bool = False


class Agreed(NamedTuple):
    """An agreement that stands from the beginning, and its limits."""

    name: str
    seller: Seller
    payer: Person
    single_max: int | None
    daily_max: int | None


SELLERS: Final = (Seller(1), Seller(2), Seller(3, debt_max=4_000))
ANN: Final = Person("ann", "wallet", 60_000)
BOB: Final = Person("bob", "wallet", 1_500)
CID: Final = Person("cid", bank.NAME)
DAN: Final = Person("dan", bank.NAME, daily_max=15_000)
EVE: Final = Person("eve", "wallet", 9_000, is_locked=True)
FAY: Final = Person("fay", "wallet", 20_000, daily_max=6_000)
PEOPLE: Final = (ANN, BOB, CID, DAN, EVE, FAY)
AGREEMENTS: Final = (
    Agreed("G-ann", SELLERS[0], ANN, single_max=3_000, daily_max=9_000),
    Agreed("G-cid", SELLERS[1], CID, single_max=None, daily_max=8_000),
    Agreed("G-bob", SELLERS[2], BOB, single_max=1_000, daily_max=None),
)

Do = Callable[[Command], Awaitable[Any]]


async def register(do: Do, token: Callable[[], str], key: PublicKey) -> None:
    """Register everybody; `token` makes operation ids."""

    def by() -> dict[str, Any]:
        return {"operation_id": OperationId(token()), "operator": OPERATOR}

    for seller in SELLERS:
        await do(SetMerchant(**by(), merchant=_merchant(seller)))
        client = Client(
            client_id=ClientId(seller.client_id),
            name=seller.host,
            profile="TILLGATE",
            merchant_ids=(seller.merchant_id,),
        )
        await do(AddClient(**by(), client=client))
        row = ClientKey(
            client_id=ClientId(seller.client_id),
            fingerprint=key.fingerprint,
            public_pem=key.pem(),
            valid_from_ms=BEGINNING_MS - DAY_MS,  # A clock that is behind knows it as well.
        )
        await do(AddClientKey(**by(), key=row))
    for person in PEOPLE:
        for command in _commands(person, by):
            await do(command)


def _merchant(seller: Seller) -> Merchant:
    debt = () if seller.debt_max is None else (f"{CURRENCY}:{seller.debt_max}",)
    return Merchant(
        merchant_id=MerchantId(seller.merchant_id),
        name=seller.host,
        notify_url=f"https://{seller.host}/notify",
        hosts=(seller.host,),
        origins=(f"https://{seller.host}",),
        debt_max=debt,
    )


def _commands(person: Person, by: Callable[[], dict[str, Any]]) -> list[Command]:
    payer_id = PayerId(person.name)
    commands: list[Command] = [
        AddPayer(
            **by(),
            payer_id=payer_id,
            name=person.name,
            issuer=person.issuer,
            pin_hash=PIN,
            pin_tries_used=PIN_TRIES_MAX if person.is_locked else 0,
        )
    ]
    if person.cash:
        money = Money.of(person.cash, CURRENCY)
        commands.append(TopUp(**by(), payer_id=payer_id, money=money))
    if person.daily_max is not None:
        limit = LimitPayer(**by(), payer_id=payer_id, currency=CURRENCY, daily_max=person.daily_max)
        commands.append(limit)
    return commands
