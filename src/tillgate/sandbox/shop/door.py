"""The shop's pages and its server: it signs orders, takes notifications, checks redirects.

What must hold: the shop's private key never leaves this process; a notification is acknowledged
only after it was verified against what was ordered.
"""

import base64
import hashlib
import re
from importlib import resources
from typing import Any, final
from urllib.parse import parse_qsl

import msgspec

from tillgate.edge.asgi import Incoming, Receive, Scope, Send, reply, reply_json
from tillgate.edge.pages import Pages, language, policy, static_files
from tillgate.edge.story import StepKind, Story
from tillgate.kernel.errors import Refused, TillgateError
from tillgate.merchant import Merchant
from tillgate.sandbox.shop.orders import OrderBook

PACKAGE = "tillgate.sandbox.shop"
NAME = "Maison Lin"
CURRENCY = "HKD"
ASK_BYTES_MAX = 4 * 1024
NOTIFICATION_BYTES_MAX = 64 * 1024
SEED_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class Wanted(msgspec.Struct, frozen=True):
    """What the page posts, as the seed's page does."""

    mid: str
    amount: str


@final
class ShopDoor:
    """Answers at `/shop…` and `/sbs-api/…`."""

    def __init__(
        self, merchant: Merchant, book: OrderBook, story: Story, *, origin: str, gateway: str
    ) -> None:
        """Sell in the name of `merchant`, on `origin`, paid through `gateway`."""
        self._merchant = merchant
        self._book = book
        self._story = story
        self._origin = origin
        self._gateway = gateway
        self._pages = Pages(PACKAGE)
        self._static = static_files("/static/shop", PACKAGE)
        self._context = {
            "bridge_url": f"{gateway}/bridge.js",
            "merchant_id": merchant.merchant_id,
            "currency": CURRENCY,
            "shop_name": NAME,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = Incoming(scope, receive)
        if incoming.path.startswith("/static/"):
            await self._static(scope, receive, send)
            return
        match incoming.path, incoming.method:
            case "/shop", "GET" | "HEAD":
                await self._page(incoming, send, "shop.html")
            case "/shop/seed", "GET" | "HEAD":
                await self._page(incoming, send, "seed.html", scripts=seed_script_hash())
            case "/shop/result", "GET" | "HEAD":
                await self._result(incoming, send)
            case "/shop/notify", "POST":
                await self._notified(incoming, send)
            case "/sbs-api/debug/bsu/wap/pay", "POST":
                await self._order(incoming, send)
            case _:
                await reply_json(send, 404, {"memo": "The shop has nothing at this address."})

    async def _page(
        self,
        incoming: Incoming,
        send: Send,
        name: str,
        *,
        scripts: str = "",
        more: dict[str, Any] | None = None,
    ) -> None:
        context = {**self._context, "lang": language(incoming), **(more or {})}
        safe = policy(
            ancestors=f"'self' {self._gateway}",
            scripts=f"{self._gateway} {scripts}".strip(),
            connects=self._gateway,
        )
        await self._pages.page(send, name, policy=safe, context=context)

    async def _order(self, incoming: Incoming, send: Send) -> None:
        """Sign an order for the page: `{"mid","amount"}` to `{"order_string"}`."""
        try:
            wanted = msgspec.json.decode(await incoming.body(ASK_BYTES_MAX), type=Wanted)
            if wanted.mid != self._merchant.merchant_id:
                raise ValueError("mid is not this shop's merchantId")
            order = self._book.place(wanted.amount, currency=CURRENCY, shop=self._origin)
            signed = self._merchant.order_str(order)
        except (Refused, ValueError) as error:
            await reply_json(send, 400, {"error": str(error)})
            return
        self._story.tell(
            StepKind.ORDER_SIGNED,
            "The shop's server signed an order",
            f"{order.money} for {order.title}",
            merchant_trans_id=order.merchant_trans_id,
            detail={"merchantTransId": order.merchant_trans_id, "amount": str(order.money)},
            raw=signed,
        )
        await reply_json(send, 200, {"order_string": signed})

    async def _notified(self, incoming: Incoming, send: Send) -> None:
        """Take a notification: verify it, note it, acknowledge it."""
        try:
            raw = await incoming.body(NOTIFICATION_BYTES_MAX)
            event = self._merchant.notification(raw, expect=self._book.find)
        except TillgateError as error:
            await reply_json(send, 400, {"error": str(error)})
            return
        self._book.paid(event.merchant_trans_id, is_paid=event.paid)
        await reply(send, 200, self._merchant.acknowledge(event))

    async def _result(self, incoming: Incoming, send: Send) -> None:
        """Show the buyer what the redirect says, if it is signed by the gateway."""
        reason = None
        order = None
        is_paid = False
        try:
            event = self._merchant.return_url(incoming.query, expect=self._book.find)
            is_paid = event.paid
            known = self._book.known(event.merchant_trans_id)
            if known is not None:
                order = {
                    "merchant_trans_id": event.merchant_trans_id,
                    "title": known.order.title,
                    "amount": str(known.order.money),
                    "status": known.status,
                }
        except TillgateError as error:
            reason = str(error)
        more = {
            "verified": reason is None,
            "is_paid": is_paid,
            "reason": reason,
            "fields": parse_qsl(incoming.query, keep_blank_values=True, max_num_fields=64),
            "order": order,
        }
        await self._page(incoming, send, "result.html", more=more)


def seed_script_hash() -> str:
    """Return the policy's name for the sample page's own script, which is inline as printed."""
    page = (resources.files(PACKAGE) / "templates" / "seed.html").read_bytes()
    found = SEED_SCRIPT.search(page)
    if found is None:
        raise ValueError("seed.html has lost its script")
    return f"'sha256-{base64.b64encode(hashlib.sha256(found[1]).digest()).decode()}'"
