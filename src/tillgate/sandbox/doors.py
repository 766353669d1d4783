"""The doors that only a sandbox has: the demo shop, on a site of its own.

Decides at which host they answer; it knows nothing of what they sell. What must hold: the shop gets
the merchant's key and the gateway's public key, as a merchant does, and nothing else of the house.
"""

from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from tillgate.config.folder import Folder
from tillgate.edge.desk import Desk
from tillgate.edge.root import Mount
from tillgate.merchant import AsyncMerchant, Connection
from tillgate.sandbox.identities import CLIENT_ID, MERCHANT_ID
from tillgate.sandbox.shop.door import ShopDoor
from tillgate.sandbox.shop.orders import OrderBook


def sandbox_doors(folder: Folder) -> Callable[[Desk], Sequence[Mount]]:
    """Return what makes the sandbox's doors, once there is a desk."""

    def made(desk: Desk) -> Sequence[Mount]:
        settings = desk.settings
        merchant = AsyncMerchant(
            client_id=CLIENT_ID,
            merchant_id=MERCHANT_ID,
            private_key=folder.keys / "merchant.private.pem",
            gateway_public_key=folder.keys / "gateway.public.pem",
            base_url=settings.wallet_origin,
            # It asks the very gateway it is part of, which a sandbox may show to the whole house.
            connection=Connection(plain_http=True),
            clock=desk.clock,
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
        return (Mount(("/shop", "/static/shop", "/sbs-api"), shop, here),)

    return made
