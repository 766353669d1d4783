"""The routes of `/wallet…`: session, signing page, history, agreements, the phone; bare ASGI.

All but the phone and the story are for every wallet; those two are mounted in a sandbox only. What
must hold: a session's cookie is HttpOnly and SameSite=Strict; a foreign page is never answered, and
no page but the wallet's own may frame one of these.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import final

from tillgate.acquiring.payer import Payer
from tillgate.edge.answers import Answer, not_signed_in, other_method, refused
from tillgate.edge.asgi import Incoming, Receive, Scope, Send, reply, reply_json
from tillgate.edge.desk import Desk
from tillgate.edge.pages import Pages, language, policy, static_files
from tillgate.edge.sessions import sign_out
from tillgate.edge.shown import payer_json, payers_json, session_json
from tillgate.edge.signing_in import sign_in
from tillgate.edge.who import Visitor, is_foreign, session_cookie, signed_in, visitor
from tillgate.kernel.errors import Refused, TillgateError
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import CallbackCode, Result
from tillgate.protocol import tradepay
from tillgate.walletapp import allowed, signing
from tillgate.walletapp.history import history
from tillgate.walletapp.telling import tell_story

HOME_CURRENCY = "HKD"
TOKEN_CHARACTERS_MAX = 64
TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}")
SIGNING = "/wallet/agreement/"
READS = frozenset({"GET", "HEAD"})
Own = Callable[[Desk, PayerId, bytes], Awaitable[Answer]]
OWN: Mapping[str, Own] = {
    "/wallet/agreements/cancel": allowed.cancel,
    "/wallet/agreements/limits": allowed.limit,
}
"""What a payer posts about what is their own."""
Act = Callable[[Desk, signing.Page, bytes], Awaitable[Answer]]
ACTS: Mapping[str, Act] = {"sign": signing.sign, "decline": signing.decline}
"""What is posted at a signing page."""


@final
class WalletDoor:
    """Answers at `/wallet` and below it."""

    def __init__(self, desk: Desk) -> None:
        """Serve from this desk."""
        self._desk = desk
        self._pages = Pages("tillgate.walletapp")
        self._static = static_files("/static/wallet", "tillgate.walletapp")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        incoming = Incoming(scope, receive)
        path, is_sandbox = incoming.path, self._desk.settings.is_sandbox
        if path.startswith("/static/"):
            await self._static(scope, receive, send)
        elif path == "/wallet/story" and is_sandbox:
            await self._story(incoming, receive, send)
        elif path == "/wallet" and is_sandbox:
            await self._phone(incoming, send)
        elif _is_signing_page(incoming):
            await self._at_home(incoming, send, "agreement.html", safe=policy())
        else:
            try:
                answer = await self._act(incoming)
            except TillgateError as error:
                answer = refused(error)
            await reply_json(send, answer.status, answer.body, headers=answer.headers)

    async def _act(self, incoming: Incoming) -> Answer:
        who = await visitor(self._desk, incoming)
        if who.is_foreign:
            raise Refused(Result.ACCESS_DENIED, "The wallet is used from its own pages only.")
        path, method = incoming.path, incoming.method
        if path == "/wallet/session" and method == "POST":
            return await self._sign_in(incoming)
        if path == "/wallet/session" and method == "DELETE":
            return await self._sign_out(who)
        if path == "/wallet/session":
            return other_method("DELETE, POST")
        if path.startswith(SIGNING):
            return await self._sign(incoming)
        return await self._own(incoming, who)

    async def _sign_in(self, incoming: Incoming) -> Answer:
        said = tradepay.read_door(tradepay.SignIn, await incoming.body(tradepay.DOOR_BYTES_MAX))
        payer_id = PayerId(said.payer)
        try:
            outcome = await sign_in(self._desk, incoming, payer_id, said.pin)
        except Refused as refusal:
            answer = refused(refusal)
            if refusal.result in (Result.USER_NOT_EXIST, Result.USER_STATUS_ABNORMAL):
                answer.body["resultCode"] = CallbackCode.FAILED.code
            return answer
        if not isinstance(outcome, Payer):
            return not_signed_in(outcome, status=401)
        token, cookies = signed_in(self._desk, outcome)
        body = await session_json(self._desk, outcome, HOME_CURRENCY, token=token)
        return Answer(200, body, cookies)

    async def _sign_out(self, who: Visitor) -> Answer:
        """End the session on this side, too: a token that was copied opens nothing any more."""
        if who.payer is not None:
            await sign_out(self._desk, who.payer)
        return Answer(200, {"signedOut": True}, (session_cookie(self._desk, "", life_s=0),))

    async def _sign(self, incoming: Incoming) -> Answer:
        """Answer what is read and posted at a signing page."""
        rest = incoming.path.removeprefix(SIGNING)
        token, _, act = rest.partition("/")
        found = ACTS.get(act)
        is_look = incoming.method in READS and rest.endswith(".json")
        token = token.removesuffix(".json") if is_look else token
        if not 0 < len(token) <= TOKEN_CHARACTERS_MAX or not (found or is_look):
            raise Refused(Result.TARGET_NOT_FOUND, "There is nothing at this address.")
        if found and incoming.method != "POST":
            return other_method("POST")
        raw = await incoming.body(tradepay.DOOR_BYTES_MAX) if found else b""
        page = await signing.open_page(self._desk, incoming, token)
        return await (found(self._desk, page, raw) if found else signing.look(self._desk, page))

    async def _own(self, incoming: Incoming, who: Visitor) -> Answer:
        """Answer what is a payer's own business."""
        desk, found = self._desk, OWN.get(incoming.path)
        is_read = incoming.path in {"/wallet/me", "/wallet/history", "/wallet/agreements"}
        if not is_read and found is None:
            raise Refused(Result.ORDER_NOT_EXIST, "There is nothing at this address.")
        if incoming.method not in (READS if is_read else {"POST"}):
            return other_method("GET, HEAD" if is_read else "POST")
        payer = who.payer
        if payer is None:
            return signing.NOBODY
        if found:
            return await found(desk, payer.payer_id, await incoming.body(tradepay.DOOR_BYTES_MAX))
        if incoming.path == "/wallet/history":
            return await history(desk, payer.payer_id, incoming.query)
        if incoming.path == "/wallet/agreements":
            return await allowed.agreements(desk, payer.payer_id)
        return Answer(200, await payer_json(desk, payer, HOME_CURRENCY))

    async def _phone(self, incoming: Incoming, send: Send) -> None:
        shop = self._desk.settings.shop_origin
        more = {
            "shop_url": f"{shop}/shop",
            "seed_url": f"{shop}/shop/seed",
            "payers": await payers_json(self._desk),
        }
        safe = policy(frames=f"'self' {shop}")
        await self._at_home(incoming, send, "wallet.html", safe=safe, **more)

    async def _at_home(
        self, incoming: Incoming, send: Send, name: str, *, safe: bytes, **more: object
    ) -> None:
        """Send a page; under another host name it would be another site, so lead home."""
        origin = self._desk.settings.wallet_origin
        if incoming.headers.get("host", "").lower() != origin.partition("://")[2]:
            to = (b"location", f"{origin}{incoming.path}".encode())
            await reply(send, 302, b"", kind=b"text/plain", headers=(to,))
            return
        context = {"lang": language(incoming), **more}
        await self._pages.page(send, name, policy=safe, context=context)

    async def _story(self, incoming: Incoming, receive: Receive, send: Send) -> None:
        if is_foreign(self._desk, incoming):
            await reply(send, 403, b"", kind=b"text/plain")
            return
        await tell_story(self._desk, incoming, receive, send)


def _is_signing_page(incoming: Incoming) -> bool:
    """Tell whether a browser asks for the page, whatever it will then learn from its door."""
    token = incoming.path.removeprefix(SIGNING)
    is_token = token != incoming.path and TOKEN.fullmatch(token) is not None
    return is_token and incoming.method in READS
