"""The doors of a sandbox behind the header `X-Tillgate-Fault`: what goes wrong, goes wrong here.

It stands before a door and spoils its answers, or answers in its place; it knows no function. What
must hold: a request without the header passes through unread; what a fault leaves unexecuted never
reaches the door; an answer that a fault makes up or rewrites is signed by the gateway's own key,
as a replayed one would be, and only for a client whose own signature the request carries; no crowd
of delayed answers keeps others out.
"""

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, final

import msgspec

from tillgate.cashier.trade_pay import CORS
from tillgate.edge.asgi import App, Receive, Scope, Send, reply, reply_json
from tillgate.edge.desk import Desk
from tillgate.kernel.clock import rfc3339
from tillgate.kernel.errors import Refused
from tillgate.kernel.results import CallbackCode, Result, Status
from tillgate.protocol.envelope import Claims, Kind, cut, wrap_unsigned
from tillgate.protocol.functions import write_raw
from tillgate.protocol.keys import PrivateKey
from tillgate.protocol.messages.common import ResultInfo
from tillgate.protocol.messages.head import VERSIONS, ResponseHead
from tillgate.protocol.profile import Profile
from tillgate.protocol.signature import seal, verify
from tillgate.sandbox.chosen.callbacks import TRADE_PAY
from tillgate.sandbox.chosen.exchange import Exchange, Kept, exchange
from tillgate.sandbox.chosen.faults import HEADER, Asked, Fault, NotAFault, Where, read_faults
from tillgate.sandbox.chosen.sender import forged

_NAME: Final = HEADER.encode()
_ALLOWED: Final = b"access-control-allow-headers"
_HTML: Final = b"<!doctype html><title>Error</title><h1>The proxy could not be served</h1>"
_GARBAGE: Final = b"\x00\xffnot the answer you are looking for\xfe"
_JSON: Final = ((b"content-type", b"application/json;charset=utf-8"),)
_SOON: Final = ((b"retry-after", b"1"),)
DELAYED_MAX: Final = 32
"""Answers that are delayed at once, at all doors together; anybody may ask for one."""
_CROWDED: Final = (
    f"X-Tillgate-Fault: {DELAYED_MAX} answers are being delayed already, and there are no more at"
    " once; nothing was executed, so ask again in a moment."
)

Change = Callable[[dict[str, Any]], None]
"""Changes the content of an answer, which is then signed anew."""


@final
class FaultDoor:
    """A door, and what may go wrong with it."""

    def __init__(self, app: App, desk: Desk, late: asyncio.Semaphore) -> None:
        """Stand before this door; `late` has the places of delayed answers, for all doors."""
        self._app = app
        self._desk = desk
        self._late = late

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        said = next((value for name, value in scope["headers"] if name == _NAME), None)
        where = _where(scope["path"]) if said is not None and scope["method"] == "POST" else None
        if said is None or where is None:
            is_asked_first = scope["method"] == "OPTIONS" and scope["path"] == TRADE_PAY
            await self._app(scope, receive, _allowing(send) if is_asked_first else send)
            return
        try:
            asked = read_faults(said.decode("latin-1"), where)
        except NotAFault as error:
            memo = f"X-Tillgate-Fault: {error}"
            await reply_json(send, 400, {"memo": memo}, headers=CORS)
            return
        held = await exchange(self._app, scope, receive)
        if not held.is_whole:
            await held.pass_on(send)
        elif not asked.delay_ms:
            await self._fail(held, asked, where, send)
        elif self._late.locked():
            await reply_json(send, 429, {"memo": _CROWDED}, headers=(*_SOON, *CORS))
        else:
            async with self._late:
                await self._fail(held, asked, where, send)

    async def _fail(self, held: Exchange, asked: Asked, where: Where, send: Send) -> None:
        fault = asked.fault
        is_executed = fault is None or fault.is_executed or asked.is_after
        answer = await held.answer() if is_executed else None
        if asked.delay_ms:
            await held.linger(asked.delay_ms)
        if fault is Fault.DROP:
            await held.drop()
        elif fault is Fault.STATUS:
            kind = b"text/html;charset=utf-8"
            await reply(send, int(asked.value), _HTML, kind=kind, headers=CORS)
        elif fault in {Fault.RESULT, Fault.CALLBACK}:
            told = await self._told(held, asked, where)
            await (told or answer or await held.answer()).send(send)
        elif answer is not None:
            await (await self._spoilt(held, answer, fault)).send(send)

    async def _told(self, held: Exchange, asked: Asked, where: Where) -> Kept | None:
        """Return the answer that says what was asked for, in place of the door's own.

        It is None for a request that did not prove who sent it: that one is the door's to refuse.
        """
        if where is Where.TRADE_PAY:
            return Kept(status=200, headers=(*_JSON, *CORS), body=_callback(asked))
        try:
            claims, profile = await self._asker(held)
        except Refused:
            return None
        info = {"resultInfo": ResultInfo.of(Result[asked.value])}
        content = write_raw(self._head(claims), msgspec.json.encode(info))
        raw = seal(Kind.RESPONSE, content, self._desk.key_ring.private, profile)
        return Kept(status=200, headers=_JSON, body=raw)

    async def _spoilt(self, held: Exchange, answer: Kept, fault: Fault | None) -> Kept:
        """Return an answer with this fault."""
        match fault:
            case None:
                return answer
            case Fault.GARBAGE:
                return answer.saying(_GARBAGE, status=200)
            case Fault.CUT:
                return answer.saying(answer.body[: len(answer.body) // 2])
            case Fault.EMPTY:
                return answer.saying(b"", status=200)
            case _:
                return await self._rewritten(held, answer, fault)

    async def _rewritten(self, held: Exchange, answer: Kept, fault: Fault) -> Kept:
        """Return an envelope changed or signed otherwise; what is none stays as it is.

        Taking a signature away or breaking it is done for everybody, since it proves nothing.
        """
        try:
            taken = cut(answer.body, Kind.RESPONSE)
        except Refused:
            return answer
        signature = taken.signature
        if not signature:
            return answer
        if fault is Fault.BAD_SIGNATURE:
            return answer.saying(forged(answer.body, signature))
        if fault is Fault.UNSIGNED:
            return answer.saying(wrap_unsigned(Kind.RESPONSE, taken.signed))
        try:
            _, profile = await self._asker(held)
        except Refused:
            return answer
        if fault is Fault.OTHER_KEY:
            stranger = await asyncio.to_thread(PrivateKey.generate)
            return answer.saying(seal(Kind.RESPONSE, taken.signed, stranger, profile))
        content = taken.unverified
        CHANGES[fault](content)
        signed = msgspec.json.encode(content)
        raw = seal(Kind.RESPONSE, signed, self._desk.key_ring.private, profile)
        return answer.saying(raw)

    async def _asker(self, held: Exchange) -> tuple[Claims, Profile]:
        """Return what a request says of its verified sender, and how answers to it are signed.

        Raises:
            Refused: it is no envelope, of a client that is not known, or not signed by that client.
        """
        taken = cut(held.body, Kind.REQUEST)
        client = await self._desk.directory.client(taken.claims.client_id)
        if client is None:
            raise Refused(Result.INVALID_CLIENT)
        verified = verify(taken, client.keys_at(self._desk.clock.now_ms()), client.profile)
        return verified.claims, client.profile

    def _head(self, claims: Claims) -> ResponseHead:
        return ResponseHead(
            version=claims.version if claims.version in VERSIONS else VERSIONS[0],
            function=claims.function or "-",
            client_id=claims.client_id or "-",
            resp_time=rfc3339(self._desk.clock.now_ms()),
            req_msg_id=claims.req_msg_id or "-",
            reserve="{}",
        )


def _allowing(send: Send) -> Send:
    """Return a `send` that lets pages of other sites send the header, too."""

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                (name, b"%b, %b" % (value, _NAME) if name == _ALLOWED else value)
                for name, value in message["headers"]
            ]
        await send(message)

    return sent


def _where(path: str) -> Where | None:
    """Return what is asked at a path, or None where nothing goes wrong by a header."""
    path = path.lower()
    if path.startswith("/api/"):
        return Where.FUNCTIONS
    is_paying = path == TRADE_PAY or (path.startswith("/cashier/") and path.endswith("/confirm"))
    return Where.TRADE_PAY if is_paying else None


def _callback(asked: Asked) -> bytes:
    if asked.fault is Fault.CALLBACK:
        code = CallbackCode.of(asked.value)
        memo = f"{code.name}: {code.sentence}"
    else:
        result = Result[asked.value]
        is_known = result.status is Status.FAILURE
        code = CallbackCode.FAILED if is_known else CallbackCode.PROCESSING
        memo = f"{result.name}: {result.sentence}"
    return msgspec.json.encode({"resultCode": code.code, "memo": memo})


def _in_head(name: str, value: str) -> Change:
    def changed(content: dict[str, Any]) -> None:
        content["head"][name] = value

    return changed


def _other_order(content: dict[str, Any]) -> None:
    body = content["body"]
    for name in ("acquirementId", "merchantTransId", "merchantRefundId", "merchantAgreementId"):
        if name in body:
            body[name] = f"{body[name][:-5]}other"


CHANGES: Final[Mapping[Fault, Change]] = {
    Fault.WRONG_REQ_MSG_ID: _in_head("reqMsgId", "0123456789abcdef0123456789abcdef"),
    Fault.WRONG_CLIENT_ID: _in_head("clientId", "SOMEBODYELSE0000"),
    Fault.WRONG_FUNCTION: _in_head("function", "alipay.intl.oauth.auth.queryByAuthInfo"),
    Fault.WRONG_ORDER: _other_order,
}
"""What the faults that rewrite an answer change in it."""
