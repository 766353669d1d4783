"""The sandbox's identities: the seed's client and merchant, and payers that behave in known ways.

Decides who is there when a sandbox starts for the first time. What must hold: keys and balances of
an earlier start are kept; a payer's behaviour is told in a sentence that the sign-in page shows;
none of this ever enters a production database.
"""

from pathlib import Path
from typing import Final, NamedTuple

from tillgate.acquiring.client import Client, ClientKey
from tillgate.acquiring.merchant import Merchant
from tillgate.acquiring.payer import PIN_TRIES_MAX, WALLET, Payer
from tillgate.bootstrap.books import OURSELVES
from tillgate.bootstrap.house import House
from tillgate.config.folder import Folder, write_once
from tillgate.engine.commands import AddClient, AddClientKey, AddPayer, SetMerchant, TopUp
from tillgate.engine.ports import Select
from tillgate.issuers import simulated
from tillgate.kernel.ids import ClientId, MerchantId, OperationId, PayerId
from tillgate.kernel.money import Money
from tillgate.ledger.entries import Entry, EntryKind
from tillgate.protocol.keys import PrivateKey, load_public_key
from tillgate.protocol.profile import Profile

CLIENT_ID: Final = ClientId("4Q5XSH6SSG02T006")
MERCHANT_ID: Final = MerchantId("2160400000002012")
PIN: Final = "123456"
NOTIFIED_AT: Final = "/shop/told"
"""Where the demo shop takes what no order's own address is for: the end of an agreement."""
KEY_NAMES: Final = ("gateway", "merchant")
MERCHANT: Final = Merchant(
    merchant_id=MERCHANT_ID, name="Maison Lin", contracts=("USD-1",), currencies=("HKD",)
)
CLIENT: Final = Client(
    client_id=CLIENT_ID,
    name="Demo shop",
    profile=Profile.TILLGATE.name,
    merchant_ids=(MERCHANT_ID,),
)


class SandboxPayer(NamedTuple):
    """A payer, where the money is, and what to expect of it."""

    payer_id: str
    name: str
    about: str
    balance: str = ""
    issuer: str = WALLET
    pin_tries_used: int = 0


PAYERS: Final = (
    SandboxPayer("rich", "Rich", "Has 100 000.00 HKD and pays.", "100000.00 HKD"),
    SandboxPayer(
        "poor", "Poor", "Has 1.00 HKD, so most payments fail for want of money.", "1.00 HKD"
    ),
    SandboxPayer(
        "locked",
        "Locked",
        "Has used up all PIN tries; only an operator unlocks.",
        "100.00 HKD",
        pin_tries_used=PIN_TRIES_MAX,
    ),
    *(
        SandboxPayer(
            manner.payer,
            manner.payer.replace("-", " ").capitalize(),
            manner.about,
            issuer=simulated.NAME,
        )
        for manner in simulated.Manner
    ),
)


def make_keys(folder: Folder) -> None:
    """Write the key pairs of the gateway and the demo merchant, where there are none yet."""
    folder.make()
    for name in KEY_NAMES:
        private, public = (folder.keys / f"{name}.{half}.pem" for half in ("private", "public"))
        if private.exists():
            continue
        key = PrivateKey.generate()
        # The public half first: whoever finds a private key finds its public key beside it.
        public.unlink(missing_ok=True)
        write_once(public, key.public.pem().encode(), mode=0o644)
        write_once(private, key.pem())


def merchant_public_key(folder: Folder) -> Path:
    """Return where the demo merchant's public key lies."""
    return folder.keys / "merchant.public.pem"


async def register(house: House) -> None:
    """Register the demo client, merchant and payers, where they are missing."""
    books = house.books
    run = books.engine.execute
    reader = books.reader
    known = await reader.get(Merchant, MERCHANT_ID)
    merchant = _at_shop(known or MERCHANT, house.desk.settings.shop_origin)
    if merchant != known:
        await run(
            SetMerchant(operation_id=books.operation(), operator=OURSELVES, merchant=merchant)
        )
    if await reader.get(Client, CLIENT_ID) is None:
        await run(AddClient(operation_id=books.operation(), operator=OURSELVES, client=CLIENT))
    await run(
        AddClientKey(
            operation_id=books.operation(), operator=OURSELVES, key=_merchant_key(house.folder)
        )
    )
    for payer in PAYERS:
        await _add(house, payer)


def _at_shop(merchant: Merchant, origin: str) -> Merchant:
    """Return the demo merchant with its shop where it is now; what somebody registered stays.

    The port may change between two starts. Only the shop's own pages may debit without a PIN.
    """
    before = merchant.notify_url.removesuffix(NOTIFIED_AT)
    is_ours = not merchant.notify_url or before != merchant.notify_url
    kept = tuple(each for each in merchant.origins if each not in {before, origin})
    return merchant.replaced(
        origins=(*kept, origin),
        notify_url=f"{origin}{NOTIFIED_AT}" if is_ours else merchant.notify_url,
    )


async def _add(house: House, payer: SandboxPayer) -> None:
    books, payer_id = house.books, PayerId(payer.payer_id)
    if await books.reader.get(Payer, payer_id) is None:
        add = AddPayer(
            operation_id=books.operation(),
            operator=OURSELVES,
            payer_id=payer_id,
            name=payer.name,
            issuer=payer.issuer,
            pin_hash=await books.pins.hashed(PIN),
            pin_tries_used=payer.pin_tries_used,
            about=payer.about,
        )
        await books.engine.execute(add)
    reference = f"sandbox:top-up:{payer_id}"
    booked = Select(
        record=Entry,
        equals=(("book", payer_id), ("kind", EntryKind.TOP_UP), ("reference", reference)),
        limit=1,
    )
    if payer.balance and not await books.reader.select(booked):
        # One id for ever: a start that was cut short tops up now, no two starts do it twice.
        top_up = TopUp(
            operation_id=OperationId(reference),
            operator=OURSELVES,
            payer_id=payer_id,
            money=Money.parse(payer.balance),
        )
        await books.engine.execute(top_up)


def _merchant_key(folder: Folder) -> ClientKey:
    key = load_public_key(merchant_public_key(folder).read_bytes())
    return ClientKey(
        client_id=CLIENT_ID,
        fingerprint=key.fingerprint,
        public_pem=key.pem(),
        valid_from_ms=0,
    )
