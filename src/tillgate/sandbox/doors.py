"""The doors that only a sandbox has: the demo shop, on a site of its own, and `/sandbox`.

Decides at which host they answer; it knows nothing of what they sell or do. What must hold: the
shop gets the merchant's key and the gateway's public key, as a merchant does, and nothing else of
the house.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from tillgate.bootstrap.house import Backstage, MoreDoors
from tillgate.config.folder import Folder
from tillgate.edge.desk import Desk
from tillgate.edge.root import Mount
from tillgate.kernel.clock import wall_of
from tillgate.merchant import AsyncMerchant, Connection
from tillgate.protocol.keys import PrivateKey
from tillgate.sandbox.chosen.play import put
from tillgate.sandbox.clock import ClockDoor
from tillgate.sandbox.control import PREFIX, Route, SandboxDoor
from tillgate.sandbox.identities import CLIENT_ID, MERCHANT_ID, NOTIFIED_AT
from tillgate.sandbox.listening_parts import ListeningIn
from tillgate.sandbox.shop.door import ShopDoor
from tillgate.sandbox.shop.orders import OrderBook

EVERYWHERE: Final = ("/shop", "/static/shop", "/sbs-api")


def sandbox_doors(
    folder: Folder, *, is_alone: bool = True, merchant_key: PrivateKey | None = None
) -> MoreDoors:
    """Return what makes the sandbox's doors, once there is a desk.

    The shop remembers its orders in its process. One of several, which `is_alone` says it is not,
    therefore sells nothing, and only takes what it is told of agreements; nor is there a virtual
    clock that several could follow, or a tape of which each would have a piece.
    """

    def made(desk: Desk, backstage: Backstage) -> Sequence[Mount]:
        settings = desk.settings
        listening = ListeningIn(desk, backstage) if is_alone else None
        put(backstage.way_in, backstage.way_out, desk)
        merchant = AsyncMerchant(
            client_id=CLIENT_ID,
            merchant_id=MERCHANT_ID,
            private_key=merchant_key or folder.keys / "merchant.private.pem",
            gateway_public_key=folder.keys / "gateway.public.pem",
            base_url=settings.wallet_origin,
            # It asks the very gateway it is part of, which a sandbox may show to the whole house.
            connection=Connection(plain_http=True),
            clock=wall_of(desk.clock),  # A merchant lives outside, whatever time it is in here.
            ids=desk.ids,
        )
        shop = ShopDoor(
            merchant,
            OrderBook(desk.clock, desk.ids),
            desk.story,
            origin=settings.shop_origin,
            gateway=settings.wallet_origin,
        )
        here = frozenset({urlsplit(settings.shop_origin).netloc})
        if listening is None:
            return (Mount((NOTIFIED_AT,), shop, here),)
        door = SandboxDoor(
            (*routes(desk, backstage), *listening.routes()), control_token=backstage.control_token
        )
        return (Mount(EVERYWHERE, shop, here), Mount((PREFIX,), door))

    return made


def routes(desk: Desk, backstage: Backstage) -> Sequence[Route]:
    """Return every door under `/sandbox`, one line each."""
    return (*ClockDoor(desk, backstage.workers, backstage.folder.path).routes(),)
