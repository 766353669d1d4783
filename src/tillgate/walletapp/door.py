"""The routes of `/wallet…`: session, page, story; bare ASGI.

Signing in is for every wallet; the page and the story are mounted in a sandbox only. What must
hold: a session's cookie is HttpOnly and SameSite=Strict; a foreign page is never answered.
"""

import asyncio
from typing import final

import msgspec

from tillgate.acquiring.payer import Payer
from tillgate.edge.answers import Answer, refused, wrong_pin
from tillgate.edge.asgi import Incoming, Receive, Scope, Send, reply, reply_json
from tillgate.edge.desk import Desk
from tillgate.edge.pages import Pages, language, policy, static_files
from tillgate.edge.sessions import WrongPinLeft, issue, sign_in
from tillgate.edge.shown import payer_json, payers_json, session_json
from tillgate.edge.who import session_cookie, visitor
from tillgate.kernel.errors import Refused, TillgateError
from tillgate.kernel.ids import PayerId
from tillgate.kernel.results import CallbackCode, Result
from tillgate.protocol import tradepay

HOME_CURRENCY = "HKD"
HEARTBEAT_S = 15
STEP_DIGITS_MAX = 18


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
        is_sandbox = self._desk.settings.is_sandbox
        if incoming.path == "/wallet/story" and is_sandbox:
            await self._story(incoming, receive, send)
        elif incoming.path == "/wallet" and is_sandbox:
            await self._page(incoming, send)
        elif incoming.path.startswith("/static/") and is_sandbox:
            await self._static(scope, receive, send)
        else:
            try:
                answer = await self._act(incoming)
            except TillgateError as error:
                answer = refused(error)
            await reply_json(send, answer.status, answer.body, headers=answer.headers)

    async def _act(self, incoming: Incoming) -> Answer:
        who = visitor(self._desk, incoming)
        if who.is_foreign:
            raise Refused(Result.ACCESS_DENIED, "The wallet is used from its own pages only.")
        match incoming.path, incoming.method:
            case "/wallet/session", "POST":
                return await self._sign_in(incoming)
            case "/wallet/session", "DELETE":
                ended = session_cookie(self._desk, "", life_s=0)
                return Answer(200, {"signedOut": True}, (ended,))
            case "/wallet/me", "GET":
                return await self._me(who.payer_id)
            case _:
                raise Refused(Result.ORDER_NOT_EXIST, "There is nothing at this address.")

    async def _sign_in(self, incoming: Incoming) -> Answer:
        said = tradepay.read_door(tradepay.SignIn, await incoming.body(tradepay.DOOR_BYTES_MAX))
        payer_id = PayerId(said.payer)
        try:
            outcome = await sign_in(self._desk, payer_id, said.pin)
        except Refused as refusal:
            answer = refused(refusal)
            if refusal.result in (Result.USER_NOT_EXIST, Result.USER_STATUS_ABNORMAL):
                answer.body["resultCode"] = CallbackCode.FAILED.code
            return answer
        if isinstance(outcome, WrongPinLeft):
            return wrong_pin(outcome, status=401)
        token = issue(self._desk, payer_id)
        body = await session_json(self._desk, outcome, HOME_CURRENCY, token=token)
        cookie = session_cookie(self._desk, token, life_s=self._desk.settings.session_life_s)
        return Answer(200, body, (cookie,))

    async def _me(self, payer_id: PayerId | None) -> Answer:
        payer = None if payer_id is None else await self._desk.reader.get(Payer, payer_id)
        if payer is None:
            return Answer(401, {"memo": "Nobody is signed in."})
        return Answer(200, await payer_json(self._desk, payer, HOME_CURRENCY))

    async def _page(self, incoming: Incoming, send: Send) -> None:
        """Send the wallet; under the shop's host name it is another site, so lead home."""
        origin = self._desk.settings.wallet_origin
        if incoming.headers.get("host", "").lower() != origin.partition("://")[2]:
            to = (b"location", f"{origin}/wallet".encode())
            await reply(send, 302, b"", kind=b"text/plain", headers=(to,))
            return
        shop = self._desk.settings.shop_origin
        context = {
            "shop_url": f"{shop}/shop",
            "seed_url": f"{shop}/shop/seed",
            "payers": await payers_json(self._desk),
            "lang": language(incoming),
        }
        safe = policy(frames=f"'self' {shop}")
        await self._pages.page(send, "wallet.html", policy=safe, context=context)

    async def _story(self, incoming: Incoming, receive: Receive, send: Send) -> None:
        """Send the story as server-sent events until the browser goes away."""
        if visitor(self._desk, incoming).is_foreign:
            await reply(send, 403, b"", kind=b"text/plain")
            return
        after = _step_seen(incoming.headers.get("last-event-id", ""))
        telling = asyncio.ensure_future(_tell(self._desk, send, after))
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            telling.cancel()


def _step_seen(text: str) -> int:
    """Return the number of the step a browser saw last; whatever is no number of ours is 0."""
    is_number = text.isascii() and text.isdigit() and len(text) <= STEP_DIGITS_MAX
    return int(text) if is_number else 0


async def _tell(desk: Desk, send: Send, after: int) -> None:
    headers = [
        (b"content-type", b"text/event-stream; charset=utf-8"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    steps = desk.story.follow(after)
    waiting = asyncio.ensure_future(anext(steps))
    try:
        while True:
            done, _ = await asyncio.wait({waiting}, timeout=HEARTBEAT_S)
            chunk = b": still here\n\n"
            if done and isinstance(waiting.exception(), StopAsyncIteration):
                # Too many follow already; the browser asks again by itself.
                await send({"type": "http.response.body", "body": b""})
                return
            if done:
                step = waiting.result()
                data = msgspec.json.encode(step)
                chunk = b"id: %d\nevent: step\ndata: %b\n\n" % (step.id, data)
                waiting = asyncio.ensure_future(anext(steps))
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        waiting.cancel()
