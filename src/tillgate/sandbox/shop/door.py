"""The shop's addresses: its pages, and what its server does when they post.

What must hold: the shop's private key and its customers' tokens never leave this process; a
notification is acknowledged only after it was verified against what was ordered; a page of another
origin can post nothing here.
"""

import base64
import hashlib
import re
from importlib import resources
from typing import Any, final

import msgspec

from tillgate.edge.asgi import Headers, Incoming, Receive, Scope, Send, reply, reply_json
from tillgate.edge.pages import Pages, language, policy, static_files
from tillgate.edge.story import StepKind, Story
from tillgate.kernel.errors import Refused
from tillgate.merchant import (
    UNCHECKED,
    AgreementEvent,
    AgreementPage,
    AsyncMerchant,
    Order,
    PaymentEvent,
)
from tillgate.merchant.adapters.answer import READ_BYTES_MAX, Receiver, run
from tillgate.sandbox.shop.after import After
from tillgate.sandbox.shop.automatic import Automatic, Outcome
from tillgate.sandbox.shop.customers import Customers, set_cookie
from tillgate.sandbox.shop.orders import ANY, CLUB, OrderBook
from tillgate.sandbox.shop.showing import agreed_view, order_view, result_view

PACKAGE = "tillgate.sandbox.shop"
NAME = "Maison Lin"
CURRENCY = "HKD"
CLUB_PRICE = "48.00"
ASK_BYTES_MAX = 4 * 1024
ORDERS = "/shop/orders/"
SEED_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


class Wanted(msgspec.Struct, frozen=True, rename="camel"):
    """What the page posts, as the seed's page does; how to pay is this shop's own."""

    mid: str
    amount: str
    product_code: str = ANY


class GiveBack(msgspec.Struct, frozen=True, rename="camel"):
    """What an order's page posts to give a part back."""

    refund_id: str
    amount: str


@final
class ShopDoor:
    """Answers at `/shop…` and `/sbs-api/…`."""

    def __init__(
        self, merchant: AsyncMerchant, book: OrderBook, story: Story, *, origin: str, gateway: str
    ) -> None:
        """Sell in the name of `merchant`, on `origin`, paid through `gateway`."""
        self._merchant = merchant
        self._book = book
        self._story = story
        self._origin = origin
        self._gateway = gateway
        self._customers = Customers(book.ids)
        self._automatic = Automatic(merchant, way_back=f"{origin}/shop/agreed")
        self._after = After(merchant)
        self._receivers = {
            "/shop/notify": Receiver(merchant=merchant, find_order=book.find, handle=self._paid),
            "/shop/told": Receiver(
                merchant=merchant,
                find_order=UNCHECKED,
                handle=_passed_over,
                handle_agreement=self._ended,
            ),
        }
        self._pages = Pages(PACKAGE)
        self._static = static_files("/static/shop", PACKAGE)
        self._context = {
            "bridge_url": f"{gateway}/bridge.js",
            "merchant_id": merchant.merchant_id,
            "currency": CURRENCY,
            "shop_name": NAME,
            "club_price": CLUB_PRICE,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = Incoming(scope, receive)
        if incoming.path.startswith("/static/"):
            await self._static(scope, receive, send)
        elif incoming.method in {"GET", "HEAD"}:
            await self._show(incoming, send)
        elif incoming.method == "POST" and incoming.path in self._receivers:
            await self._notified(incoming, send)
        elif incoming.headers.get("origin", self._origin) != self._origin:
            await reply_json(send, 403, {"error": "The shop is used from its own pages only."})
        else:
            await self._posted(incoming, send)

    # --- pages ---

    async def _show(self, incoming: Incoming, send: Send) -> None:
        customer = self._customers.of(incoming.headers.get("cookie", ""))
        match incoming.path:
            case "/shop":
                await self._page(incoming, send, "shop.html", more={"customer": customer})
            case "/shop/seed":
                await self._page(incoming, send, "seed.html", scripts=seed_script_hash())
            case "/shop/result":
                more = result_view(self._merchant, self._book, incoming.query)
                await self._page(incoming, send, "result.html", more=await self._with(more))
            case "/shop/agreed":
                back = await self._automatic.came_back(customer, incoming.query)
                await self._page(incoming, send, "agreed.html", more=agreed_view(back))
            case path if self._order(path):
                more = await self._with({"number": path.removeprefix(ORDERS)})
                await self._page(incoming, send, "order.html", more=more)
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

    async def _with(self, more: dict[str, Any]) -> dict[str, Any]:
        """Add the order's card, with its state as the gateway tells it now."""
        known = self._book.known(more["number"])
        if known is None:
            return {**more, "order": None}
        standing = await self._after.standing(known.order)
        return {**more, "order": order_view(known, standing, refund_id=self._book.refund_id(known))}

    def _order(self, path: str) -> Order | None:
        number = path.removeprefix(ORDERS)
        return None if number == path else self._book.find(number.partition("/")[0])

    # --- what pages post ---

    async def _posted(self, incoming: Incoming, send: Send) -> None:
        try:
            status, body, headers = await self._act(incoming)
        except (Refused, ValueError, msgspec.MsgspecError) as error:
            status, body, headers = 400, {"error": str(error)}, ()
        await reply_json(send, status, body, headers=headers)

    async def _act(self, incoming: Incoming) -> tuple[int, dict[str, Any], Headers]:
        raw = await incoming.body(ASK_BYTES_MAX)
        order = self._order(incoming.path)
        act = incoming.path.rpartition("/")[2]
        customer = self._customers.of(incoming.headers.get("cookie", ""))
        match incoming.path:
            case "/sbs-api/debug/bsu/wap/pay":
                return 200, self._signed(msgspec.json.decode(raw, type=Wanted)), ()
            case "/shop/agreement" if customer is None or not customer.is_allowed:
                return await self._asked(incoming)
            case "/shop/agreement/stop" if customer is not None:
                return _told(await self._automatic.stop(customer))
            case "/shop/renew" if customer is not None:
                club = self._book.place(
                    CLUB_PRICE, currency=CURRENCY, shop=self._origin, goods=CLUB
                )
                paid = await self._automatic.collect(customer, club)
                return _told(paid, order=f"{ORDERS}{club.merchant_trans_id}")
            case _ if order is not None and act == "refund":
                said = msgspec.json.decode(raw, type=GiveBack)
                refund = {"refund_id": said.refund_id, "amount": said.amount}
                return _told(await self._after.refund(order, **refund))
            case _ if order is not None and act == "cancel":
                return _told(await self._after.cancel(order))
            case _:
                return 404, {"error": "The shop has nothing to do at this address."}, ()

    def _signed(self, wanted: Wanted) -> dict[str, Any]:
        """Sign an order for the page: `{"mid","amount"}` to `{"order_string"}`."""
        if wanted.mid != self._merchant.merchant_id:
            raise ValueError("mid is not this shop's merchantId")
        order = self._book.place(
            wanted.amount, currency=CURRENCY, shop=self._origin, product=wanted.product_code
        )
        signed = self._merchant.order_str(order)
        self._story.tell(
            StepKind.ORDER_SIGNED,
            "The shop's server signed an order",
            f"{order.money} for {order.title}",
            merchant_trans_id=order.merchant_trans_id,
            detail={"merchantTransId": order.merchant_trans_id, "amount": str(order.money)},
            raw=signed,
        )
        return {"order_string": signed}

    async def _asked(self, incoming: Incoming) -> tuple[int, dict[str, Any], Headers]:
        """Ask for the wallet's page, and give the browser the cookie that its way back needs."""
        value, customer = self._customers.asks(incoming.headers.get("cookie", ""))
        asked = await self._automatic.page_for(customer)
        if isinstance(asked, AgreementPage):
            return 200, {"url": asked.url}, (set_cookie(value),)
        return _told(asked)

    # --- what the gateway posts ---

    async def _notified(self, incoming: Incoming, send: Send) -> None:
        """Take a notification: verify it, note it, acknowledge it."""
        try:
            raw = await incoming.body(READ_BYTES_MAX)
        except Refused as refused:
            await reply_json(send, 413, {"error": str(refused)})
            return
        answer = run(self._receivers[incoming.path].answer(raw))
        await reply(send, answer.status, answer.body, kind=answer.content_type.encode())

    def _paid(self, event: PaymentEvent) -> None:
        self._book.paid(event.merchant_trans_id, is_paid=event.paid)

    def _ended(self, event: AgreementEvent) -> None:
        self._customers.ended(event.agreement_id)


def _passed_over(event: PaymentEvent) -> None:
    """Do nothing for an order that another program of this merchant placed.

    Such an order names no address of its own and so comes to the registered one. It is true, and
    it is taken, since nobody else would take it.
    """


def _told(outcome: Outcome, **more: str) -> tuple[int, dict[str, Any], Headers]:
    """Answer a page with what came of its wish."""
    status = {"done": 200, "refused": 409}.get(outcome.done, 202)
    return status, {"outcome": outcome.done, "sentence": outcome.sentence, **more}, ()


def seed_script_hash() -> str:
    """Return the policy's name for the sample page's own script, which is inline as printed."""
    page = (resources.files(PACKAGE) / "templates" / "seed.html").read_bytes()
    found = SEED_SCRIPT.search(page)
    if found is None:
        raise ValueError("seed.html has lost its script")
    return f"'sha256-{base64.b64encode(hashlib.sha256(found[1]).digest()).decode()}'"
