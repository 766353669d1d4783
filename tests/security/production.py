"""A gateway in production mode inside the test's own process, behind a proxy on this machine.

Reached as buyers reach it: under its public name, from an address that the proxy forwards. What
must hold: nothing of a sandbox is there, and each request says from which address it comes.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, final

from tests.support.asgi import Reply, ask
from tests.support.gateway import PATIENT
from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant as MerchantRow
from tillgate.bootstrap import House, open_house
from tillgate.cli.operate import settings_of
from tillgate.config.folder import Folder, write_once
from tillgate.engine.commands import (
    AddClient,
    AddClientKey,
    AddPayer,
    OperatorCommand,
    SetMerchant,
    TopUp,
)
from tillgate.kernel.clock import Clock, SystemClock
from tillgate.kernel.ids import ClientId, MerchantId, PayerId
from tillgate.kernel.money import Money
from tillgate.merchant import Merchant, Order
from tillgate.protocol.keys import PrivateKey

HOST: Final = "pay.example"
ORIGIN: Final = f"https://{HOST}"
PIN: Final = "493817"
WRONG: Final = "000000"
HOME: Final = "198.51.100.7"
"""From where a buyer asks unless a test says otherwise."""
CLIENT_ID: Final = "C-1"
MERCHANT_ID: Final = "M-1"
Headers = Iterable[tuple[bytes, bytes]]


@final
class Production:
    """The gateway and who uses it."""

    def __init__(self, house: House, merchant: Merchant, key: PrivateKey) -> None:
        """Take over a running one; `key` is the merchant's."""
        self.house = house
        self.merchant = merchant
        self.key = key

    async def ask(
        self,
        method: str,
        target: str,
        content: object = b"",
        *,
        at: str = HOME,
        origin: str = "",
        cookies: str = "",
        token: str = "",
        headers: Headers = (),
    ) -> Reply:
        """Send a request as a proxy on this machine forwards it."""
        named = [(b"x-forwarded-for", at.encode()), *headers]
        for name, value in (("origin", origin), ("cookie", cookies)):
            if value:
                named.append((name.encode(), value.encode()))
        if token:
            named.append((b"authorization", f"Bearer {token}".encode()))
        return await ask(self.house, method, target, content, headers=named, host=HOST)

    async def signs_in(self, payer: str, pin: str = PIN, **more: Any) -> Reply:
        """Try to sign in at the wallet's door."""
        return await self.ask("POST", "/wallet/session", {"payer": payer, "pin": pin}, **more)

    async def token(self, payer: str = "alice", **more: Any) -> str:
        """Return the token of a new session."""
        reply = await self.signs_in(payer, **more)
        assert reply.status == 200, reply
        found: str = reply.json()["token"]
        return found

    async def run(self, kind: type[OperatorCommand], **members: Any) -> Any:
        """Have an operator's command decided."""
        books = self.house.books
        command = kind(operation_id=books.operation(), operator="olga", **members)
        return await books.engine.execute(command)

    async def payer(self, payer: str) -> None:
        """Register a payer with 100.00 HKD."""
        await self.run(
            AddPayer,
            payer_id=PayerId(payer),
            name=f"{payer.title()} Chan",
            issuer="wallet",
            pin_hash=await self.house.books.pins.hashed(PIN),
        )
        await self.run(TopUp, payer_id=PayerId(payer), money=Money.parse("100.00 HKD"))

    def order_str(self, number: str, **changes: Any) -> str:
        """Return a signed order."""
        order = Order(merchant_trans_id=number, title="Dress", amount="1.00 HKD", **changes)
        return self.merchant.order_str(order)


@asynccontextmanager
async def production(
    data: Path, *, clock: Clock | None = None, **settings: str
) -> AsyncIterator[Production]:
    """Bring up a gateway in production mode with a merchant and a payer, alice."""
    folder = Folder(data)
    folder.make()
    write_once(folder.keys / "gateway.private.pem", PrivateKey.generate().pem())
    told = settings_of(str(data), mode="production", public_url=ORIGIN, **(PATIENT | settings))
    key = PrivateKey.generate()
    async with open_house(told, port=8080, clock=clock) as house:
        merchant = Merchant(
            client_id=CLIENT_ID,
            merchant_id=MERCHANT_ID,
            private_key=key,
            gateway_public_key=house.desk.key_ring.private.public,
            base_url=ORIGIN,
            clock=clock or SystemClock(),
        )
        made = Production(house, merchant, key)
        await _register(made, key)
        await made.payer("alice")
        yield made


async def _register(made: Production, key: PrivateKey) -> None:
    shop = MerchantRow(merchant_id=MerchantId(MERCHANT_ID), name="COD", hosts=("shop.example",))
    await made.run(SetMerchant, merchant=shop)
    client = Client(
        client_id=ClientId(CLIENT_ID), name="Shop", profile="TILLGATE", merchant_ids=(MERCHANT_ID,)
    )
    await made.run(AddClient, client=client)
    row = ClientKey(
        client_id=ClientId(CLIENT_ID),
        fingerprint=key.public.fingerprint,
        public_pem=key.public.pem(),
        valid_from_ms=0,
    )
    await made.run(AddClientKey, key=row)


def cookies_of(reply: Reply, *parts: str) -> str:
    """Return what a browser sends back of the cookies whose names hold one of these parts."""
    kept = [text.partition(";")[0] for text in reply.cookies]
    return "; ".join(each for each in kept if not parts or any(part in each for part in parts))
