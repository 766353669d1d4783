"""The routes of `/cashier/…` and `/bridge.js`: bare ASGI, one small table.

What must hold: every refusal is JSON with a sentence, or the page that shows it; nothing here
raises to the server.
"""

import re
from collections.abc import Awaitable, Callable
from typing import final

from tillgate.cashier import counter
from tillgate.cashier.trade_pay import CORS, trade_pay
from tillgate.edge.answers import Answer, other_method, refused
from tillgate.edge.asgi import Incoming, Receive, Scope, Send, reply, reply_json
from tillgate.edge.desk import Desk
from tillgate.edge.pages import Pages, language, policy, static_files
from tillgate.kernel.errors import Refused, TillgateError
from tillgate.kernel.results import Result
from tillgate.protocol.tradepay import DOOR_BYTES_MAX

TOKEN_CHARACTERS_MAX = 64
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
Act = Callable[[Desk, counter.Visit, bytes], Awaitable[Answer]]
ACTS: dict[str, Act] = {
    "confirm": counter.confirm,
    "cancel": counter.cancel,
    "sign-in": counter.sign_in_here,
}


@final
class CashierDoor:
    """Answers below `/cashier/` and at `/bridge.js`."""

    def __init__(self, desk: Desk) -> None:
        """Serve from this desk."""
        self._desk = desk
        self._pages = Pages("tillgate.cashier")
        self._static = static_files("/static/cashier", "tillgate.cashier")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = Incoming(scope, receive)
        if incoming.path == "/cashier/trade-pay":
            await self._trade_pay(incoming, send)
        elif incoming.path == "/bridge.js":
            anyone = ((b"access-control-allow-origin", b"*"),)
            await self._pages.script(send, "bridge.js", headers=anyone)
        elif incoming.path.startswith("/static/"):
            await self._static(scope, receive, send)
        else:
            await self._counter(incoming, send)

    async def _trade_pay(self, incoming: Incoming, send: Send) -> None:
        if incoming.method == "OPTIONS":
            await reply(send, 204, b"", headers=CORS)
        elif incoming.method != "POST":
            allow = (b"allow", b"OPTIONS, POST")
            memo = "Post the orderStr here."
            await reply_json(send, 405, {"memo": memo}, headers=(*CORS, allow))
        else:
            await trade_pay(self._desk, incoming, send)

    async def _counter(self, incoming: Incoming, send: Send) -> None:
        token, _, act = incoming.path.removeprefix("/cashier/").partition("/")
        is_read = incoming.method in {"GET", "HEAD"} and TOKEN.fullmatch(token) and not act
        if is_read and "text/html" in incoming.headers.get("accept", ""):
            await self._page(incoming, send)
            return
        try:
            answer = await self._act(incoming, token, act)
        except TillgateError as error:
            answer = refused(error)
        await reply_json(send, answer.status, answer.body, headers=answer.headers)

    async def _act(self, incoming: Incoming, token: str, act: str) -> Answer:
        found = ACTS.get(act)
        if not 0 < len(token) <= TOKEN_CHARACTERS_MAX or (act and found is None):
            raise Refused(Result.ORDER_NOT_EXIST, "There is nothing at this address.")
        if (found is None) != (incoming.method in {"GET", "HEAD"}):
            return other_method("POST" if found else "GET, HEAD")
        raw = await incoming.body(DOOR_BYTES_MAX) if found else b""
        at = await counter.visit(self._desk, incoming, token)
        return await (found(self._desk, at, raw) if found else counter.look(self._desk, at))

    async def _page(self, incoming: Incoming, send: Send) -> None:
        """Send the frame; the module in it fetches the order, and shows a refusal as well."""
        await self._pages.page(
            send, "cashier.html", policy=policy(), context={"lang": language(incoming)}
        )
